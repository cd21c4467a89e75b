package db

import (
	"time"

	"gorm.io/gorm"
)

// seedIdentityResources registers the scope values that stand for claims: three of OIDC Core §5.4 and the tutorial's three.
func seedIdentityResources(tx *gorm.DB, now time.Time) (int, error) {
	resources := []struct {
		row    identityResourceRow
		claims []string
	}{
		{identityResourceRow{Name: "openid", DisplayName: "Your user identifier", Required: true}, []string{"sub"}},
		{identityResourceRow{Name: "profile", DisplayName: "User profile", Description: "Your name and the like", Emphasize: true},
			[]string{"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
				"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"}},
		{identityResourceRow{Name: "address", DisplayName: "Your postal address"}, []string{"address"}},
		{identityResourceRow{Name: "roles", DisplayName: "Your role(s)"}, []string{"role"}},
		{identityResourceRow{Name: "position", DisplayName: "Your position"}, []string{"position"}},
		{identityResourceRow{Name: "country", DisplayName: "Your country"}, []string{"country"}},
	}
	for _, resource := range resources {
		row := resource.row
		row.Enabled, row.ShowInDiscoveryDocument, row.Created = true, true, moment(now)
		if err := tx.Create(&row).Error; err != nil {
			return 0, err
		}
		for _, claim := range resource.claims {
			if err := tx.Create(&identityResourceClaim{IdentityResourceID: row.ID, Type: claim}).Error; err != nil {
				return 0, err
			}
		}
	}
	return len(resources), nil
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
