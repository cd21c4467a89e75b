package declaration

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// A warning says where what it is about stands; a page that would renew every second is one (I24).
func TestWarningsHaveAPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.yaml")
	content := `
clients:
  - client_id: page
    redirect_uris: http://localhost:3000/cb
    access_token_lifetime: 1m
    scopes: [openid, prfile]
  - client_id: patient
    redirect_uris: http://localhost:3000/cb
    access_token_lifetime: 60
    renew_lead_hint: 10
  - client_id: keys
    grant_types: client_credentials
    jwks_uri: http://keys.example/jwks
`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	declared, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	done, err := declared.Apply(t.Context(), dbtest.Seeded(t), nil)
	if err != nil || len(done.Warnings) != 3 {
		t.Fatalf("got %q, %v", done.Warnings, err)
	}
	for i, want := range []string{
		":5:28: client page has an AccessTokenLifetime (60 s = 1 minute) that is not longer than the lead of a renewing page (60 s = 1 minute): it would renew every second",
		`:6:22: client page lists the scope "prfile"`,
		":13:15: client keys publishes its keys without TLS: they are fetched with --outgoing-private only",
	} {
		if !strings.HasPrefix(done.Warnings[i], file+want) {
			t.Errorf("got %s, want %s", done.Warnings[i], want)
		}
	}
}

// A team's own API: its scope values, its audience, its URI. An API implies the scope values that nobody describes.
func TestAPIsAndScopesAreApplied(t *testing.T) {
	const content = `
apis:
  - name: ordersApi
    resource_uri: http://localhost:3001
    scopes: [orders.read, orders.write]
    user_claims: [role]
  - billing
scopes: [{name: orders.write, display_name: Change orders, emphasize: yes, claims: department}]
identity_resources: [{name: department, claims: department}, {name: phone, enabled: no, claims: phone_number}]
`
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA, Declared: true}); err != nil {
			t.Fatal(err)
		}
		first := apply(t, d, content)
		want := "identity resource department, scope orders.write, scope orders.read, API ordersApi, scope billing, API billing"
		if strings.Join(first.Added, ", ") != want || len(first.Changed) != 1 { // phone needs no row, until it is switched off
			t.Errorf("added %q, changed %q", first.Added, first.Changed)
		}
		resources, err := d.Resources(t.Context())
		if err != nil || len(resources.APIs) != 2 || len(resources.APIScopes) != 3 {
			t.Fatalf("got %+v, %v", resources, err)
		}
		orders, write := resources.APIs[0], resources.APIScopes[0]
		wanted := db.APIResource{Name: "ordersApi", ResourceURI: "http://localhost:3001", Enabled: true, ShowInDiscoveryDocument: true,
			Scopes: []string{"orders.read", "orders.write"}, Claims: []string{"role"}}
		if !reflect.DeepEqual(orders, wanted) || write.DisplayName != "Change orders" || !write.Emphasize || write.Claims[0] != "department" {
			t.Errorf("got %+v, %+v", orders, write)
		}
		if slices.ContainsFunc(resources.Identity, func(r db.IdentityResource) bool { return r.Name == "phone" }) {
			t.Error("phone was switched off and is there")
		}
		if again := apply(t, d, content); len(again.Added)+len(again.Changed) > 0 {
			t.Errorf("the second start did %+v", again)
		}
		dbtest.Exec(t, d, `UPDATE "ApiResources" SET "ResourceUri" = NULL`)
		if again := apply(t, d, content); len(again.Changed) != 1 || again.Changed[0] != "API ordersApi" {
			t.Errorf("after an edit by hand: %+v", again)
		}
		if again := apply(t, d, "apis: [{name: ordersApi, scopes: orders.read}]"); len(again.Changed) != 1 {
			t.Errorf("with less: %+v", again)
		}
		if resources, _ = d.Resources(t.Context()); len(resources.APIs[0].Scopes) != 1 || resources.APIs[0].ResourceURI != "" || len(resources.APIScopes) != 3 {
			t.Errorf("with less: %+v", resources)
		}
	})
}

// What only the database can know to be wrong has its place all the same, and nothing is written.
func TestWhatTheDatabaseHasAlreadyIsPointedAt(t *testing.T) {
	d := dbtest.Seeded(t)
	dbtest.Exec(t, d, `UPDATE "ApiResources" SET "ResourceUri" = 'http://localhost:5001'`)
	file := filepath.Join(t.TempDir(), "app.yaml")
	for content, want := range map[string]string{
		"apis:\n  - name: mine\n    resource_uri: http://localhost:5001\n":              `:3:19: API "mine": ResourceUri "http://localhost:5001" names API "companyApi" already`,
		"apis:\n  - name: mine\n    scopes: [a, profile]\n":                             `:3:17: API "mine": Scopes "profile" stands for claims about the user`,
		"scopes: [roles]\nclients: [{client_id: c, grant_types: client_credentials}]\n": `:1:10: scope "roles": Name is registered twice`,
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		declared, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = declared.Apply(t.Context(), d, nil); err == nil || err.Error() != file+want && !strings.HasPrefix(err.Error(), file+want) {
			t.Errorf("%s: %v, want %s", content, err, want)
		}
	}
	if _, err := d.Client(t.Context(), "c"); err == nil {
		t.Error("a client was made beside a scope that was refused")
	}
}

// RFC 7591 §2: public keys come as a JWK Set, in YAML or as JSON text.
func TestAClientsPublicKeys(t *testing.T) {
	const key = `{"kty":"EC","crv":"P-256","kid":"one","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	d := dbtest.Seeded(t)
	for _, jwks := range []string{`{"keys":[` + key + `]}`, `'{"keys":[` + key + `]}'`, "\n      keys:\n      - " + key} {
		apply(t, d, "clients:\n  - client_id: c\n    grant_types: client_credentials\n    token_endpoint_auth_method: private_key_jwt\n    jwks: "+jwks+"\n")
		c, err := d.Client(t.Context(), "c")
		if err != nil || !c.RequireClientSecret || len(c.Secrets) != 1 || c.Secrets[0].Type != db.JSONWebKey || !strings.Contains(c.Secrets[0].Value, `"kid":"one"`) {
			t.Errorf("%s: %+v, %v", jwks, c.Secrets, err)
		}
	}
}

// Everything that is wrong with a client is said, each with its own place, and nothing that only follows from it.
func TestEveryRuleThatAClientBreaksIsSaid(t *testing.T) {
	for content, want := range map[string][]string{
		"clients:\n  - client_id: c\n    redirect_uris: [/cb, 'http:///cb']\n    cors_origins: http://a.example/\n    access_token_lifetime: 0\n    device_code_lifetime: 0\n    logo_uri: /logo\n": {
			`3:21: client c: RedirectUri "/cb" must be an absolute URI`, `3:26: client c: RedirectUri "http:///cb" names no host`, "4:19: client c: Origin",
			"5:28: client c: AccessTokenLifetime", "6:27: client c: DeviceCodeLifetime", "7:15: client c: LogoUri",
		},
		"clients:\n  - client_id: c\n    redirect_url: http://localhost:3000/cb\n    grant_types: authorization_code\n    access_token_lifetime: 0\n": {
			"3:5: redirect_url is not a key", "5:28: client c: AccessTokenLifetime",
		},
		"clients:\n  - client_id: c\n    require_client_secret: yes\n": {"2:5: client c: GrantType must be", "2:5: client c: ClientSecret is required"},
	} {
		_, problems := read([]byte(content), parseYAML)
		lines := strings.Split(strings.ReplaceAll(describe("", problems).Error(), "\n:", "\n"), "\n")
		if len(lines) != len(want) {
			t.Errorf("%s: got\n%s", content, strings.Join(lines, "\n"))
			continue
		}
		for i, line := range lines {
			if !strings.HasPrefix(strings.TrimPrefix(line, ":"), want[i]) {
				t.Errorf("got %s, want %s", line, want[i])
			}
		}
	}
}
