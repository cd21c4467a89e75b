package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// seededIdentity is an identity resource that we bring along: a scope value and the claims it stands for.
type seededIdentity struct {
	row    identityResourceRow
	claims []string
}

// tutorialIdentities are three scope values of OIDC Core §5.4 and the tutorial's three (A2).
var tutorialIdentities = []seededIdentity{
	{identityResourceRow{Name: "openid", DisplayName: "Your user identifier", Required: true}, []string{"sub"}},
	{identityResourceRow{Name: "profile", DisplayName: "User profile", Description: "Your name and the like", Emphasize: true},
		[]string{"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
			"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"}},
	{identityResourceRow{Name: "address", DisplayName: "Your postal address"}, []string{"address"}},
	{identityResourceRow{Name: "roles", DisplayName: "Your role(s)"}, []string{"role"}},
	{identityResourceRow{Name: "position", DisplayName: "Your position"}, []string{"position"}},
	{identityResourceRow{Name: "country", DisplayName: "Your country"}, []string{"country"}},
}

// furtherIdentities are the other two of OIDC Core §5.4, for clients that are not the tutorial's.
var furtherIdentities = []seededIdentity{
	{identityResourceRow{Name: "email", DisplayName: "Your e-mail address", Emphasize: true}, []string{"email", "email_verified"}},
	{identityResourceRow{Name: "phone", DisplayName: "Your telephone number", Emphasize: true}, []string{"phone_number", "phone_number_verified"}},
}

// seedIdentityResources registers the scope values that stand for claims.
func seedIdentityResources(tx *gorm.DB, now time.Time) (int, error) {
	for _, resource := range tutorialIdentities {
		if err := resource.insert(tx, now); err != nil {
			return 0, err
		}
	}
	return len(tutorialIdentities), nil
}

func (i seededIdentity) insert(tx *gorm.DB, now time.Time) error {
	row := i.row
	row.Enabled, row.ShowInDiscoveryDocument, row.Created = true, true, moment(now)
	if err := tx.Create(&row).Error; err != nil {
		return err
	}
	for _, claim := range i.claims {
		if err := tx.Create(&identityResourceClaim{IdentityResourceID: row.ID, Type: claim}).Error; err != nil {
			return err
		}
	}
	return nil
}

// AddStandardScopes registers email and phone where they are not (OIDC Core §5.4): the tutorial has no use for them (A2), a client
// of somebody's own has. A row that is there, a disabled one included, stays as it is.
func (d *DB) AddStandardScopes(ctx context.Context) error {
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		if err := lockForSeed(tx); err != nil {
			return err
		}
		for _, resource := range furtherIdentities {
			var rows int64
			err := tx.Model(&identityResourceRow{}).Where(`"Name" = ?`, resource.row.Name).Count(&rows).Error
			if err == nil && rows == 0 {
				err = resource.insert(tx, time.Now())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("db: add standard scopes: %w", err)
	}
	return nil
}

func seedAPIScopes(tx *gorm.DB, _ time.Time) (int, error) {
	scope := apiScopeRow{Enabled: true, Name: "companyApi", DisplayName: "Companies API", Description: "Read and add companies",
		Emphasize: true, ShowInDiscoveryDocument: true}
	return 1, tx.Create(&scope).Error
}

// seedAPIResources registers the companies API. Its claims travel in the access token, because the API decides by role.
func (urls SeedURLs) seedAPIResources(tx *gorm.DB, now time.Time) (int, error) {
	api := apiResourceRow{Enabled: true, Name: "companyApi", DisplayName: "Companies API", ShowInDiscoveryDocument: true,
		ResourceURI: urls.API, Created: moment(now)}
	if err := tx.Create(&api).Error; err != nil {
		return 0, err
	}
	for _, row := range []any{
		&apiResourceScope{APIResourceID: api.ID, Scope: "companyApi"},
		&apiResourceClaim{APIResourceID: api.ID, Type: "role"},
		&apiResourceClaim{APIResourceID: api.ID, Type: "name"},
	} {
		if err := tx.Create(row).Error; err != nil {
			return 0, err
		}
	}
	return 1, nil
}
