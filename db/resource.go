package db

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// IdentityResource is a scope value that stands for claims about the user (OIDC Core §5.4).
type IdentityResource struct {
	Name, DisplayName, Description                        string
	Enabled, Required, Emphasize, ShowInDiscoveryDocument bool
	NonEditable                                           bool
	Claims                                                []string
}

// APIScope is a scope value that stands for access to an API (RFC 6749 §3.3).
type APIScope struct {
	Name, DisplayName, Description                        string
	Enabled, Required, Emphasize, ShowInDiscoveryDocument bool
	Claims                                                []string
}

// APIResource is an API: the audience of access tokens with one of its scope values (RFC 9068 §3).
type APIResource struct {
	Name, DisplayName, Description   string
	ResourceURI                      string // by which clients name it (RFC 8707 §2), "" for none
	Enabled, ShowInDiscoveryDocument bool
	NonEditable                      bool
	Scopes, Claims                   []string // the scope values it accepts; what its access tokens tell about the user
}

// NewIdentityResource returns a scope value with the defaults the columns have.
func NewIdentityResource(name string) IdentityResource {
	return IdentityResource{Name: name, Enabled: true, ShowInDiscoveryDocument: true}
}

// NewAPIScope returns a scope value with the defaults the columns have.
func NewAPIScope(name string) APIScope {
	return APIScope{Name: name, Enabled: true, ShowInDiscoveryDocument: true}
}

// NewAPIResource returns an API with the defaults the columns have.
func NewAPIResource(name string) APIResource {
	return APIResource{Name: name, Enabled: true, ShowInDiscoveryDocument: true}
}

// Resources is everything a scope value can stand for.
type Resources struct {
	Identity  []IdentityResource
	APIScopes []APIScope
	APIs      []APIResource
}

// standardIdentity are the scope values of OIDC Core §5.4 that the tutorial's tables lack (A2) and most applications ask for. They need no
// row; where there is one of that name, it counts instead, so a row that is not Enabled switches them off.
var standardIdentity = []IdentityResource{
	{Name: "email", DisplayName: "Your email address", Enabled: true, ShowInDiscoveryDocument: true, Claims: []string{"email", "email_verified"}},
	{Name: "phone", DisplayName: "Your phone number", Enabled: true, ShowInDiscoveryDocument: true, Claims: []string{"phone_number", "phone_number_verified"}},
}

// The rows. Texts that are NULL read as empty.
type (
	identityResourceRow struct {
		ID                                           int
		Enabled                                      bool
		Name                                         string
		DisplayName                                  string `gorm:"default:null"`
		Description                                  string `gorm:"default:null"`
		Required, Emphasize, ShowInDiscoveryDocument bool
		Created                                      time.Time
		Updated                                      *time.Time
		NonEditable                                  bool
	}
	apiScopeRow struct {
		ID                                           int
		Enabled                                      bool
		Name                                         string
		DisplayName                                  string `gorm:"default:null"`
		Description                                  string `gorm:"default:null"`
		Required, Emphasize, ShowInDiscoveryDocument bool
	}
	identityResourceClaim struct {
		ID, IdentityResourceID int
		Type                   string
	}
	apiScopeClaim struct {
		ID, ScopeID int
		Type        string
	}
	apiResourceScope struct {
		ID            int
		APIResourceID int `gorm:"column:ApiResourceId"`
		Scope         string
	}
	apiResourceClaim struct {
		ID            int
		APIResourceID int `gorm:"column:ApiResourceId"`
		Type          string
	}
	apiResourceRow struct {
		ID                      int
		Enabled                 bool
		Name                    string
		DisplayName             string `gorm:"default:null"`
		Description             string `gorm:"default:null"`
		ShowInDiscoveryDocument bool
		ResourceURI             string `gorm:"default:null"`
		Created                 time.Time
		Updated                 *time.Time
		NonEditable             bool
	}
)

func (identityResourceRow) TableName() string   { return "IdentityResources" }
func (apiScopeRow) TableName() string           { return "ApiScopes" }
func (apiResourceRow) TableName() string        { return "ApiResources" }
func (identityResourceClaim) TableName() string { return "IdentityResourceClaims" }
func (apiScopeClaim) TableName() string         { return "ApiScopeClaims" }
func (apiResourceScope) TableName() string      { return "ApiResourceScopes" }
func (apiResourceClaim) TableName() string      { return "ApiResourceClaims" }

// resourceChildren reads the claims and scope values of all three kinds in one go.
const resourceChildren = `
	SELECT 'identity' AS "Kind", "IdentityResourceId" AS "Parent", "Id", "Type" AS "Value" FROM "IdentityResourceClaims"
	UNION ALL SELECT 'scope', "ScopeId", "Id", "Type" FROM "ApiScopeClaims"
	UNION ALL SELECT 'api', "ApiResourceId", "Id", "Type" FROM "ApiResourceClaims"
	UNION ALL SELECT 'api_scope', "ApiResourceId", "Id", "Scope" FROM "ApiResourceScopes"
	ORDER BY 1, 3`

// Resources returns every enabled resource as it is now, in the order of registration, the standard ones last. Its lists are shared and must not
// be changed.
func (d *DB) Resources(ctx context.Context) (Resources, error) {
	configured, err := d.configured(ctx)
	if err != nil {
		return Resources{}, err
	}
	resources, err := keep(&configured.remembered, configured.resources, "all", func() (Resources, error) {
		all, err := readResources(d.read(ctx))
		return all.enabled(), err
	})
	if err != nil {
		return Resources{}, fmt.Errorf("db: read resources: %w", err)
	}
	return resources, nil
}

// AllResources is [DB.Resources] with those that are not Enabled.
func (d *DB) AllResources(ctx context.Context) (Resources, error) {
	resources, err := readResources(d.read(ctx))
	if err != nil {
		return Resources{}, fmt.Errorf("db: read resources: %w", err)
	}
	return resources, nil
}

func (r Resources) enabled() Resources {
	r.Identity = slices.DeleteFunc(r.Identity, func(r IdentityResource) bool { return !r.Enabled })
	r.APIScopes = slices.DeleteFunc(r.APIScopes, func(s APIScope) bool { return !s.Enabled })
	r.APIs = slices.DeleteFunc(r.APIs, func(api APIResource) bool { return !api.Enabled })
	return r
}

func readResources(tx *gorm.DB) (Resources, error) {
	var identities []identityResourceRow
	var scopes []apiScopeRow
	var apis []apiResourceRow
	for _, rows := range []any{&identities, &scopes, &apis} {
		if err := tx.Order(`"Id"`).Find(rows).Error; err != nil {
			return Resources{}, err
		}
	}
	var children []struct {
		Kind   string
		Parent int
		Value  string
	}
	if err := tx.Raw(resourceChildren).Scan(&children).Error; err != nil {
		return Resources{}, err
	}
	of := func(kind string, parent int) (values []string) {
		for _, child := range children {
			if child.Kind == kind && child.Parent == parent {
				values = append(values, child.Value)
			}
		}
		return slices.Clip(values)
	}

	var r Resources
	named := map[string]bool{}
	for _, row := range identities {
		named[row.Name] = true
		r.Identity = append(r.Identity, IdentityResource{row.Name, row.DisplayName, row.Description,
			row.Enabled, row.Required, row.Emphasize, row.ShowInDiscoveryDocument, row.NonEditable, of("identity", row.ID)})
	}
	for _, standard := range standardIdentity {
		if !named[standard.Name] {
			r.Identity = append(r.Identity, standard)
		}
	}
	for _, row := range scopes {
		r.APIScopes = append(r.APIScopes, APIScope{row.Name, row.DisplayName, row.Description,
			row.Enabled, row.Required, row.Emphasize, row.ShowInDiscoveryDocument, of("scope", row.ID)})
	}
	for _, row := range apis {
		r.APIs = append(r.APIs, APIResource{row.Name, row.DisplayName, row.Description, row.ResourceURI,
			row.Enabled, row.ShowInDiscoveryDocument, row.NonEditable, of("api_scope", row.ID), of("api", row.ID)})
	}
	return r, nil
}
