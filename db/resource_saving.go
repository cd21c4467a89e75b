package db

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
)

// ChangeResources changes what scope values can stand for: nobody else changes it between its reading and its writing. The function gets all
// there is, whether Enabled or not, may be called once only, and its error calls the change off; so do new [Resources.Faults]. What has the
// name of a row is written into that row, and rows whose name is gone are deleted. The next request already obeys (decision 10).
func (d *DB) ChangeResources(ctx context.Context, change func(r *Resources) error) error {
	var refused error
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		if err := lockResources(tx); err != nil {
			return err
		}
		before, err := readResources(tx)
		if err != nil {
			return err
		}
		after := before.clone()
		if refused = change(&after); refused == nil {
			refused = newFaults(before, after)
		}
		if refused != nil {
			return refused
		}
		return writeResources(tx, before, after, moment(time.Now()))
	})
	if err != nil && refused == nil {
		return fmt.Errorf("db: change resources: %w", err)
	}
	return err
}

// AddScopesOf adds the scope values that an API lists and nobody has described, with the defaults of the columns, and returns their names.
func (r *Resources) AddScopesOf(api APIResource) (names []string) {
	for _, scope := range api.Scopes {
		if !slices.Contains(r.scopeNames(), scope) && !slices.Contains(r.identityNames(), scope) {
			r.APIScopes = append(r.APIScopes, NewAPIScope(scope))
			names = append(names, scope)
		}
	}
	return names
}

// lockResources lets one change in at a time. On SQLite a writing transaction already is alone.
func lockResources(tx *gorm.DB) error {
	if tx.Name() != "postgres" {
		return nil
	}
	return tx.Exec(`LOCK TABLE "ApiResources" IN EXCLUSIVE MODE`).Error
}

// clone copies the lists; the lists within the rows are replaced as a whole and never written into.
func (r Resources) clone() Resources {
	return Resources{slices.Clone(r.Identity), slices.Clone(r.APIScopes), slices.Clone(r.APIs)}
}

// newFaults returns the faults that a change brings in, as [ResourceFaults]; those of rows edited by hand were there before.
func newFaults(before, after Resources) error {
	known := before.Faults()
	fresh := slices.DeleteFunc(after.Faults(), func(fault *ResourceFault) bool {
		return slices.ContainsFunc(known, func(old *ResourceFault) bool { return *old == *fault })
	})
	if len(fresh) == 0 {
		return nil
	}
	return fresh
}

func writeResources(tx *gorm.DB, before, after Resources, now time.Time) error {
	for _, r := range after.Identity {
		if !slices.ContainsFunc(before.Identity, func(old IdentityResource) bool { return reflect.DeepEqual(old, r) }) {
			if err := writeIdentityResource(tx, r, now); err != nil {
				return err
			}
		}
	}
	for _, s := range after.APIScopes {
		if !slices.ContainsFunc(before.APIScopes, func(old APIScope) bool { return reflect.DeepEqual(old, s) }) {
			if err := writeAPIScope(tx, s); err != nil {
				return err
			}
		}
	}
	for _, api := range after.APIs {
		if !slices.ContainsFunc(before.APIs, func(old APIResource) bool { return reflect.DeepEqual(old, api) }) {
			if err := writeAPIResource(tx, api, now); err != nil {
				return err
			}
		}
	}
	for _, gone := range []struct {
		row   any
		names []string
	}{
		{&identityResourceRow{}, missing(before.identityNames(), after.identityNames())},
		{&apiScopeRow{}, missing(before.scopeNames(), after.scopeNames())},
		{&apiResourceRow{}, missing(before.apiNames(), after.apiNames())},
	} {
		if len(gone.names) == 0 {
			continue
		}
		if err := tx.Delete(gone.row, `"Name" IN ?`, gone.names).Error; err != nil { // its children go with it
			return err
		}
	}
	return nil
}

// missing returns the names that are not there any more.
func missing(before, after []string) []string {
	return slices.DeleteFunc(before, func(name string) bool { return slices.Contains(after, name) })
}

func writeIdentityResource(tx *gorm.DB, r IdentityResource, now time.Time) error {
	row := identityResourceRow{Created: now}
	if err := tx.Where(`"Name" = ?`, r.Name).Limit(1).Find(&row).Error; err != nil {
		return err
	}
	row.Enabled, row.Name, row.DisplayName, row.Description, row.Required = r.Enabled, r.Name, r.DisplayName, r.Description, r.Required
	row.Emphasize, row.ShowInDiscoveryDocument, row.NonEditable = r.Emphasize, r.ShowInDiscoveryDocument, r.NonEditable
	if row.ID != 0 {
		row.Updated = &now
	}
	if err := putRow(tx, &row, row.ID); err != nil {
		return err
	}
	return replaceChildren(tx, &identityResourceClaim{}, "IdentityResourceId", row.ID, r.Claims, func(claim string) any {
		return &identityResourceClaim{IdentityResourceID: row.ID, Type: claim}
	})
}

func writeAPIScope(tx *gorm.DB, s APIScope) error {
	var row apiScopeRow
	if err := tx.Where(`"Name" = ?`, s.Name).Limit(1).Find(&row).Error; err != nil {
		return err
	}
	row.Enabled, row.Name, row.DisplayName, row.Description = s.Enabled, s.Name, s.DisplayName, s.Description
	row.Required, row.Emphasize, row.ShowInDiscoveryDocument = s.Required, s.Emphasize, s.ShowInDiscoveryDocument
	if err := putRow(tx, &row, row.ID); err != nil {
		return err
	}
	return replaceChildren(tx, &apiScopeClaim{}, "ScopeId", row.ID, s.Claims, func(claim string) any {
		return &apiScopeClaim{ScopeID: row.ID, Type: claim}
	})
}

func writeAPIResource(tx *gorm.DB, api APIResource, now time.Time) error {
	row := apiResourceRow{Created: now}
	if err := tx.Where(`"Name" = ?`, api.Name).Limit(1).Find(&row).Error; err != nil {
		return err
	}
	row.Enabled, row.Name, row.DisplayName, row.Description = api.Enabled, api.Name, api.DisplayName, api.Description
	row.ShowInDiscoveryDocument, row.ResourceURI, row.NonEditable = api.ShowInDiscoveryDocument, api.ResourceURI, api.NonEditable
	if row.ID != 0 {
		row.Updated = &now
	}
	if err := putRow(tx, &row, row.ID); err != nil {
		return err
	}
	err := replaceChildren(tx, &apiResourceScope{}, "ApiResourceId", row.ID, api.Scopes, func(scope string) any {
		return &apiResourceScope{APIResourceID: row.ID, Scope: scope}
	})
	if err != nil {
		return err
	}
	return replaceChildren(tx, &apiResourceClaim{}, "ApiResourceId", row.ID, api.Claims, func(claim string) any {
		return &apiResourceClaim{APIResourceID: row.ID, Type: claim}
	})
}

// putRow inserts a row that has no Id yet, or writes all its columns.
func putRow[T any](tx *gorm.DB, row *T, id int) error {
	if id == 0 {
		return tx.Create(row).Error
	}
	columns, err := columnsOf(tx, *row)
	if err != nil {
		return err
	}
	return tx.Model(new(T)).Where(`"Id" = ?`, id).Updates(columns).Error
}

// replaceChildren writes the rows of a list anew.
func replaceChildren(tx *gorm.DB, table any, parent string, id int, values []string, row func(value string) any) error {
	if err := tx.Delete(table, fmt.Sprintf(`"%s" = ?`, parent), id).Error; err != nil {
		return err
	}
	for _, value := range values {
		if err := tx.Create(row(value)).Error; err != nil {
			return err
		}
	}
	return nil
}
