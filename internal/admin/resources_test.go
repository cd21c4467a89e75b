package admin

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
)

// A team's own API from the command line: its scope values, its audience, its URI.
func TestAPIsAndScopes(t *testing.T) {
	s := newShell(t)
	var api struct {
		Name, ResourceURI, DisplayName string
		Scopes, Claims                 []string
		Enabled                        bool
	}
	if out := s.must("apis add ordersApi Scopes=orders.read,orders.write ResourceUri=http://localhost:3001 claims=role"); !strings.Contains(out, "API ordersApi is registered") || !strings.Contains(out, "Scope orders.write is new") {
		t.Errorf("got %q", out)
	}
	s.json("apis show ordersApi", &api)
	if api.Name != "ordersApi" || api.ResourceURI != "http://localhost:3001" || !slices.Equal(api.Scopes, []string{"orders.read", "orders.write"}) || !slices.Equal(api.Claims, []string{"role"}) || !api.Enabled {
		t.Errorf("got %+v", api)
	}
	s.json("apis add billing", &api)
	if !slices.Equal(api.Scopes, []string{"billing"}) {
		t.Errorf("an API without scopes: %+v", api)
	}
	if changed := s.must("apis set ordersApi Scopes+=orders.delete Scopes-=orders.read DisplayName=Orders"); !strings.Contains(changed, "Scopes: orders.write orders.delete (was orders.read orders.write)\n") ||
		!strings.Contains(changed, "DisplayName: Orders (was not set)") || !strings.Contains(changed, "Scope orders.delete is new") {
		t.Errorf("got %q", changed)
	}

	if out := s.must("scopes add department --identity Claims=department"); !strings.Contains(out, "Scope department is new") {
		t.Errorf("got %q", out)
	}
	s.must("scopes add orders.list --api ordersApi DisplayName=List Required=yes")
	if _, warned, refused := s.run("scopes add orphan"); refused != "" || !strings.Contains(warned, "no API accepts scope orphan") {
		t.Errorf("warned %q, refused %q", warned, refused)
	}
	if changed := s.must("scopes set orders.list Emphasize=yes"); !strings.HasPrefix(changed, "Emphasize: yes (was no)\n") {
		t.Errorf("got %q", changed)
	}
	s.must("scopes set email Enabled=no") // it had no row
	var scopes []struct {
		Name, Kind   string
		Claims       []string
		APIResources []string `json:"ApiResources"`
		Enabled      bool
	}
	s.json("scopes list", &scopes)
	found := map[string]string{}
	for _, scope := range scopes {
		found[scope.Name] = scope.Kind + " " + strings.Join(append(scope.APIResources, scope.Claims...), " ")
		if scope.Enabled == (scope.Name == "email") {
			t.Errorf("%s: Enabled %v", scope.Name, scope.Enabled)
		}
	}
	for name, want := range map[string]string{"department": "IdentityResource department", "orders.list": "ApiScope ordersApi", "orders.read": "ApiScope ", "roles": "IdentityResource role"} {
		if found[name] != want {
			t.Errorf("%s: %q, want %q", name, found[name], want)
		}
	}
	for _, want := range []string{"\norders.read    API     ", "no API accepts it\n", "\nemail          claims  email email_verified", "disabled\n", "… (14)"} {
		if listed := s.must("scopes list"); !strings.Contains(listed, want) {
			t.Errorf("scopes list lacks %q:\n%s", want, listed)
		}
	}

	s.must("clients set spa-client Scopes+=orders.list")
	if _, warned, _ := s.run("clients set spa-client ClientName=x"); warned != "" {
		t.Errorf("warned %q", warned)
	}
	s.must("scopes remove orders.list --yes")
	if _, warned, _ := s.run("clients set spa-client ClientName=x"); !strings.Contains(warned, `scope "orders.list"`) {
		t.Errorf("warned %q", warned)
	}
	var removed struct{ Scopes []string }
	s.json("apis remove ordersApi --yes", &removed)
	if !slices.Equal(removed.Scopes, []string{"orders.write", "orders.delete"}) {
		t.Errorf("removed %+v", removed)
	}
	resources, err := s.store.Resources(t.Context())
	if err != nil || len(resources.APIs) != 2 || len(resources.APIScopes) != 4 { // companyApi, billing; and orders.read, orphan
		t.Errorf("left %+v, %v", resources, err)
	}
}

func TestAPIsAndScopesRefusals(t *testing.T) {
	s := newShell(t)
	for line, want := range map[string]string{
		"apis show companyapi":                        `there is no API "companyapi": did you mean companyApi?`,
		"apis show other":                             `there is no API "other" (silentrenew apis list)`,
		"apis set companyApi Lifetime=3":              `an API has no "Lifetime" (--help lists the names)`,
		"apis set companyApi Scops=a":                 `an API has no "Scops": did you mean Scopes?`,
		"apis set companyApi Scopes=":                 `API "companyApi": Scopes must list at least one scope value`,
		"apis set companyApi Scopes+=openid":          `Scopes "openid" stands for claims about the user, not for access to an API`,
		"apis set companyApi ResourceUri=/x":          `ResourceUri "/x" must be an absolute URI without a fragment`,
		"apis add mine ResourceUri=urn:x#y":           "must be an absolute URI without a fragment",
		"apis add companyApi":                         "API companyApi is there already: silentrenew apis set changes it",
		"apis remove companyApi":                      "say --yes to do it",
		`scopes add a"b`:                              "Name must be printable ASCII without space, quotation mark and backslash (RFC 6749 §3.3)",
		"scopes add offline_access":                   "is the protocol's own (OIDC Core §11)",
		"scopes add openid":                           "scope openid is there already",
		"scopes add department --identity":            "must name at least one claim about the user",
		"scopes add x --identity --api companyApi":    "choose one",
		"scopes add x --api other":                    `there is no API "other"`,
		"scopes set profil DisplayName=x":             `there is no scope "profil": did you mean profile?`,
		"scopes set profile Enabled=maybe":            "Enabled must be true or false",
		"scopes remove openid --yes":                  `identity resource "openid": Enabled must be there and switched on`,
		"scopes set openid Enabled=no":                `identity resource "openid": Enabled must be there and switched on`,
		"scopes remove email --yes":                   "silentrenew scopes set email Enabled=no switches it off",
		"scopes remove companyApi --yes":              `API "companyApi": Scopes must list at least one scope value`,
		"clients set spa-client Jwks=nowhere.json":    "Jwks: open nowhere.json: ",
		"clients set spa-client Jwks+={}":             "Jwks is a whole set: write Jwks=file",
		"clients set spa-client Jwks={}":              "Jwks must have 1 to 20 keys for signatures",
		"clients set spa-client Claims.=x":            "write Claims.type=value",
		"clients set spa-client Properties.a+=x":      "write Properties.key=value",
		"clients set spa-client Claims=x":             "write Claims.type=value",
		"clients set bff-client jwks_uri=ftp://a/b":   `JwksUri "ftp://a/b" must be an http or https URL`,
		"clients set spa-client Claims.a=b Claims.a=": "Claims.a is given twice",
	} {
		t.Run(line, func(t *testing.T) {
			out, _, refused := s.run(line)
			if !strings.Contains(refused, want) || strings.Contains(refused, "\n") || out != "" {
				t.Errorf("printed %q, refused with %q, want %q", out, refused, want)
			}
		})
	}
	s.must("apis set companyApi NonEditable=yes")
	for _, line := range []string{"apis set companyApi DisplayName=x", "apis remove companyApi --yes", "scopes add x --api companyApi"} {
		if _, _, refused := s.run(line); !strings.Contains(refused, "NonEditable") {
			t.Errorf("%s: refused with %q", line, refused)
		}
	}
}

// Public keys follow the rules of dynamic registration (RFC 7591 §2), whether from a file or as JSON.
func TestClientsPublicKeysClaimsAndProperties(t *testing.T) {
	s := newShell(t)
	const key = `{"kty":"EC","crv":"P-256","kid":"one","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(`{"keys": [`+key+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var client struct {
		ClientSecret string
		Secrets      []any
		JWKS         struct{ Keys []struct{ Kid string } }
		Claims       []db.ClientClaim
		Properties   map[string]string
	}
	s.json("clients add signer GrantTypes=client_credentials TokenEndpointAuthMethod=private_key_jwt Jwks="+file+" Claims.department=Sales Properties.assertion_audience=token_endpoint", &client)
	if client.ClientSecret != "" || len(client.Secrets) != 0 || len(client.JWKS.Keys) != 1 || client.JWKS.Keys[0].Kid != "one" || client.Properties["assertion_audience"] == "" {
		t.Errorf("got %+v", client)
	}
	if shown := s.must("clients show signer"); !strings.Contains(shown, "EC P-256, kid one\n") || !strings.Contains(shown, "department = Sales\n") {
		t.Errorf("got\n%s", shown)
	}
	changed := s.must("clients set signer Claims.department+=Support claims.level=1 Properties.assertion_audience= ClientName=Signer")
	for _, want := range []string{"Claims.department: Sales, Support (was Sales)\n", "Claims.level: 1 (was not set)\n", "Properties.assertion_audience: not set (was token_endpoint)\n", "ClientName: Signer (was not set)\n"} {
		if !strings.Contains(changed, want) {
			t.Errorf("got %q, want %q", changed, want)
		}
	}
	if changed := s.must("clients set signer Claims.department-=Sales Claims.level="); !strings.Contains(changed, "Claims.department: Support (was Sales, Support)\nClaims.level: not set (was 1)\n") {
		t.Errorf("got %q", changed)
	}
	if _, _, refused := s.run("clients set signer JwksUri=https://keys.example/jwks"); !strings.Contains(refused, "must not be given together with Jwks (OIDC Registration §2)") {
		t.Errorf("two places: refused with %q", refused)
	}
	if changed := s.must("clients set signer Jwks= JwksUri=https://keys.example/jwks"); !strings.Contains(changed, "Jwks: not set (was EC P-256, kid one)\n") {
		t.Errorf("got %q", changed)
	}
	for jwks, want := range map[string]string{
		`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`:                                    "Jwks key 1 is not a public key",
		`{"keys":[{"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("w", 171) + `"}]}`: "Jwks key 1 is an RSA key of less than 2048 bits",
		`{"keys":[` + key + `,{"kty":"EC"}]}`:                                        "Jwks key 2 is not a JWK",
	} {
		if _, _, refused := s.run("clients set spa-client Jwks=" + jwks); !strings.Contains(refused, want) {
			t.Errorf("%s: refused with %q, want %q", jwks, refused, want)
		}
	}
}
