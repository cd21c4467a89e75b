package attribute

import (
	"reflect"
	"strings"
	"testing"

	"silentrenew/db"
)

func TestNamesPeopleUse(t *testing.T) {
	for given, want := range map[string]string{
		"AccessTokenLifetime": "AccessTokenLifetime", "access_token_lifetime": "AccessTokenLifetime", "accessTokenLifetime": "AccessTokenLifetime",
		"redirect_uris": "RedirectUris", "RedirectURIs": "RedirectUris", "AllowedScopes": "Scopes", "scope": "Scopes", "cors-origins": "CorsOrigins",
		"require_pkce": "RequirePkce", "backchannel_logout_uri": "BackChannelLogoutUri", "client_name": "ClientName",
	} {
		if a, _, ok := Clients.Find(given); !ok || a.Name != want {
			t.Errorf("%s: got %q, %v; want %s", given, a.Name, ok, want)
		}
	}
	for given, want := range map[string]string{"AccesTokenLifetime": "AccessTokenLifetime", "redirect_url": "RedirectUris", "colour": "", "offline": "AllowOfflineAccess", "lifetime": ""} {
		if _, meant, ok := Clients.Find(given); ok || meant != want {
			t.Errorf("%s: meant %q, %v; want %q", given, meant, ok, want)
		}
	}
}

// Every column can be said, so that a file can declare what a row can hold.
func TestEveryFieldIsAnAttributeOrExceptedByName(t *testing.T) {
	row := reflect.TypeFor[db.Client]()
	if got, want := len(Clients.All), row.NumField()-len(notSaid); got != want {
		t.Errorf("%d attributes, want %d: give the new field's type a kind", got, want)
	}
	for _, name := range notSaid {
		if _, ok := row.FieldByName(name); !ok {
			t.Errorf("%s is not a field any more", name)
		}
	}
}

func TestSetAndShow(t *testing.T) {
	for _, row := range []struct{ name, text, show, refused string }{
		{"AccessTokenLifetime", "120", "120 s = 2 minutes", ""},
		{"AccessTokenLifetime", "1h30m", "5400 s = 1 hour 30 minutes", ""},
		{"AbsoluteRefreshTokenLifetime", "30d", "2592000 s = 30 days", ""},
		{"AbsoluteRefreshTokenLifetime", "0", "0 s", ""},
		{"AccessTokenLifetime", "1.5s", "", "whole seconds"},
		{"AccessTokenLifetime", "soon", "", "whole seconds"},
		{"AccessTokenLifetime", "", "", "whole seconds"},
		{"AccessTokenLifetime", "99999999999d", "", "whole seconds"},
		{"UserSsoLifetime", "8h", "28800 s = 8 hours", ""},
		{"UserSsoLifetime", "", "not set", ""},
		{"RefreshTokenUsage", "reuse", "ReUse (0)", ""},
		{"RefreshTokenUsage", "1", "OneTimeOnly (1)", ""},
		{"RefreshTokenUsage", "2", "", "ReUse (0) or OneTimeOnly (1)"},
		{"AccessTokenType", "Reference", "Reference (1)", ""},
		{"RequirePkce", "off", "no", ""},
		{"RequirePkce", "maybe", "", "true or false"},
		{"CoordinateLifetimeWithUserSession", "yes", "yes", ""},
		{"CoordinateLifetimeWithUserSession", "", "not set", ""},
		{"Scopes", "openid, profile companyApi", "openid profile companyApi", ""},
		{"ClientName", "My, app", "My, app", ""},
	} {
		t.Run(row.name+"="+row.text, func(t *testing.T) {
			c := db.NewClient("c")
			a, _, ok := Clients.Find(row.name)
			if !ok {
				t.Fatal("unknown")
			}
			err := a.Set(&c, row.text)
			if row.refused != "" {
				if err == nil || !strings.Contains(err.Error(), row.refused) {
					t.Errorf("got %v, want %q", err, row.refused)
				}
				return
			}
			if got := a.Show(c); err != nil || got != row.show {
				t.Errorf("got %q, %v; want %q", got, err, row.show)
			}
		})
	}
}
