package idp

import (
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
)

func TestResolveScope(t *testing.T) {
	s := newSite(t)
	p := s.provider()
	client, err := s.db.Client(t.Context(), "spa-client")
	if err != nil {
		t.Fatal(err)
	}
	client.Scopes = append(client.Scopes, "notRegistered")
	for _, row := range []struct {
		name, asked string
		granted     string // empty = refused
		want        Code
	}{
		{"what the row lists", "openid profile companyApi", "openid profile companyApi", ""},
		{"in the order asked for, none twice", "companyApi openid companyApi", "companyApi openid", ""},
		{"an API alone is plain OAuth 2.0", "companyApi", "companyApi", ""},
		{"offline_access where the row allows it (OIDC Core §11)", "openid offline_access", "openid offline_access", ""},
		{"nothing (RFC 6749 §3.3)", "", "", InvalidScope},
		{"spaces only", "   ", "", InvalidScope},
		{"a value nobody registered", "openid everything", "", InvalidScope},
		{"a value of the row that no resource stands behind", "openid notRegistered", "", InvalidScope},
		{"a value of another client", "openid roles", "", InvalidScope},
		{"values are case-sensitive (RFC 6749 §3.3)", "OpenID", "", InvalidScope},
		{"claims about the user without openid", "profile companyApi", "", InvalidScope},
		{"offline_access alone", "offline_access", "", InvalidScope},
		{"more than 300 characters", strings.Repeat("a", 301), "", InvalidScope},
		{"not a scope value", "openid\x00", "", InvalidScope},
	} {
		t.Run(row.name, func(t *testing.T) {
			granted, err := p.resolveScope(t.Context(), client, parseScope(row.asked))
			wantCode(t, err, row.want)
			if got := granted.Scope.String(); err == nil && got != row.granted {
				t.Errorf("granted %q, want %q", got, row.granted)
			}
		})
	}
}

func TestResourcesBehindAScope(t *testing.T) {
	all := db.Resources{
		Identity:  []db.IdentityResource{{Name: "openid", Claims: []string{"sub"}}, {Name: "profile", Claims: []string{"name"}}},
		APIScopes: []db.APIScope{{Name: "read", Claims: []string{"country"}}, {Name: "write"}},
		APIs:      []db.APIResource{{Name: "one", Scopes: []string{"read", "write"}, Claims: []string{"role"}}, {Name: "two", Scopes: []string{"other"}}},
	}
	granted := resourcesOf(parseScope("openid read"), all)
	if len(granted.APIs) != 1 || granted.APIs[0].Name != "one" {
		t.Errorf("APIs: %v", granted.APIs)
	}
	if got, want := granted.accessTokenClaims(), []string{"role", "country"}; !slices.Equal(got, want) {
		t.Errorf("access token claims: %v, want %v", got, want)
	}
	if got, want := granted.identityClaims(), []string{"sub"}; !slices.Equal(got, want) {
		t.Errorf("identity claims: %v, want %v", got, want)
	}
}

// A parsed scope has no empty value, none twice, none that was not sent, and reads the same when it is sent again.
func FuzzParseScope(f *testing.F) {
	for _, seed := range []string{"", "openid", "openid profile openid", "  a  b ", "a\tb", "\x00", "é è"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		scope := parseScope(sent)
		for i, value := range scope {
			if value == "" || strings.Contains(value, " ") || slices.Contains(scope[:i], value) || !strings.Contains(sent, value) {
				t.Errorf("%q became %q", sent, scope)
			}
		}
		if again := parseScope(scope.String()); !slices.Equal(again, scope) {
			t.Errorf("%q became %q and then %q", sent, scope, again)
		}
	})
}
