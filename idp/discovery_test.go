package idp

import (
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with a file in testdata, or rewrites the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./idp -update rewrites it):\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

func (s *site) discovery() map[string]any {
	s.t.Helper()
	return decode[map[string]any](s.t, s.call(http.MethodGet, "/.well-known/openid-configuration", nil))
}

func TestA4DiscoveryDocument(t *testing.T) {
	s := newSite(t)
	answer := s.call(http.MethodGet, "/.well-known/openid-configuration", nil)
	if got := answer.Header.Get("Cache-Control") + answer.Header.Get("Pragma"); got != "public, max-age=60" {
		t.Errorf("Cache-Control and Pragma: %q", got)
	}
	pretty, err := json.MarshalIndent(decode[map[string]any](t, answer), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "discovery.json", string(pretty)+"\n")
}

// The issuer is the configured one byte for byte and every endpoint lies below it, also when it has a path.
func TestA4IssuerIsTheConfiguredOne(t *testing.T) {
	for _, issuer := range []string{testIssuer, "https://id.example.com", "http://localhost:8080/idp", "https://Example.com/a/b"} {
		s := newSite(t, func(c *Config) { c.Issuer = issuer })
		document := s.discovery()
		if document["issuer"] != issuer {
			t.Errorf("issuer: %v, want %s", document["issuer"], issuer)
		}
		for name, value := range document {
			if address, ok := value.(string); ok && !strings.HasPrefix(address, issuer) {
				t.Errorf("%s: %s is not below %s", name, address, issuer)
			}
		}
		at := must(url.Parse(issuer))
		at.Path = "/.well-known/oauth-authorization-server" + at.Path // RFC 8414 §3.1
		r := httptest.NewRequest(http.MethodGet, at.String(), nil)
		r.Header.Set("Origin", testSPA)
		if answer := s.serve(r); decode[map[string]any](t, answer)["issuer"] != issuer || answer.Header.Get("Access-Control-Allow-Origin") != testSPA {
			t.Errorf("%s: %d %s", at, answer.StatusCode, answer.Body)
		}
		if s.call(http.MethodGet, "/.well-known/openid-configuration/jwks", nil).StatusCode != http.StatusOK {
			t.Errorf("%s: no key set", issuer)
		}
	}
}

// What discovery advertises is what works: every endpoint answers, every listed value is accepted, and the values of the
// registries that are not listed are refused.
func TestDiscoveryAdvertisesExactlyWhatWorks(t *testing.T) {
	s := newSite(t)
	document := s.discovery()
	listed := func(name string) []string {
		var values []string
		for _, value := range document[name].([]any) {
			values = append(values, value.(string))
		}
		return values
	}

	for name, value := range document {
		address, ok := value.(string)
		if !ok || name == "issuer" {
			continue
		}
		path := strings.TrimPrefix(address, testIssuer)
		get, post := s.call(http.MethodGet, path, nil), s.call(http.MethodPost, path, url.Values{})
		if get.StatusCode == http.StatusNotFound || get.StatusCode >= 500 || post.StatusCode >= 500 {
			t.Errorf("%s: GET gives %d, POST gives %d", name, get.StatusCode, post.StatusCode)
		}
	}

	grants := listed("grant_types_supported")
	for _, grant := range []string{
		"authorization_code", "refresh_token", "client_credentials", "implicit", "password",
		"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
	} {
		refused := decode[errorBody](t, s.token(tokenForm("c", "grant_type", grant))).Error == UnsupportedGrantType
		if refused == slices.Contains(grants, grant) {
			t.Errorf("grant_type %s: listed %t, refused %t", grant, !refused, refused)
		}
	}

	methods := listed("token_endpoint_auth_methods_supported")
	if !slices.Equal(methods, []string{"none", "client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt"}) { // tests named after them use each
		t.Errorf("token_endpoint_auth_methods_supported: %v", methods)
	}

	published := make(map[string]bool)
	for _, key := range s.keySet().Keys {
		published[key.Algorithm] = true
	}
	if got, want := listed("id_token_signing_alg_values_supported"), slices.Sorted(maps.Keys(published)); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("id_token_signing_alg_values_supported: %v, keys for %v", got, want)
	}
	for _, algorithm := range listed("id_token_signing_alg_values_supported") {
		id := "signs-" + algorithm
		s.addClient(id, func(c *db.Client) { c.AllowedIdentityTokenSigningAlgorithms = algorithm })
		code := s.insertCode(func(c *db.AuthorizationCode) { c.ClientID = id })
		if got := headerOf(t, s.redeem(code, "client_id", id).IDToken)["alg"]; got != algorithm {
			t.Errorf("alg %s: got %v", algorithm, got)
		}
	}

	scopes := listed("scopes_supported")
	s.addClient("every-scope", func(c *db.Client) {
		c.Scopes, c.AllowOfflineAccess, c.GrantTypes = scopes, true, append(c.GrantTypes, grantRefreshToken)
	})
	client, err := s.db.Client(t.Context(), "every-scope")
	if err != nil {
		t.Fatal(err)
	}
	if granted, err := s.provider().resolveScope(t.Context(), client, scopes); err != nil || !slices.Equal(granted.Scope, scopes) {
		t.Errorf("scopes_supported: %v, granted %v %v", scopes, granted.Scope, err)
	}

	b := s.browser()
	s.signIn(b, "Mick")
	for name, values := range map[string][]string{
		"prompt":                {"none", "login", "consent", "select_account", "create"},
		"response_type":         {"code", "token", "id_token", "code id_token", "code token", "code id_token token", "none"},
		"response_mode":         {"query", "fragment", "form_post", "jwt"},
		"code_challenge_method": {"S256", "plain"},
	} {
		supported := listed(map[string]string{
			"prompt": "prompt_values_supported", "response_type": "response_types_supported",
			"response_mode": "response_modes_supported", "code_challenge_method": "code_challenge_methods_supported",
		}[name])
		for _, value := range values {
			answer := b.get(s.authorizeURL(name, value))
			refused := answer.sent("error") != "" || answer.StatusCode >= 400
			if refused == slices.Contains(supported, value) {
				t.Errorf("%s=%s: listed %t, refused %t (%d %s)", name, value, !refused, refused, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
	}
	if b.get(s.authorizeURL("registration", "{}")).sent("error") != string(RegistrationNotSupported) { // TestOIDCCore62 uses request_uri
		t.Error("the registration parameter is taken")
	}
	if answer := b.get(s.authorizeURL("prompt", "none")); document["authorization_response_iss_parameter_supported"] != true || answer.sent("iss") != testIssuer {
		t.Errorf("iss in the response: %q", answer.sent("iss"))
	}
}

// The claims discovery lists are those that ID token and userinfo may tell, no more.
func TestDiscoveryListsTheClaims(t *testing.T) {
	s := newSite(t)
	var listed []string
	for _, claim := range s.discovery()["claims_supported"].([]any) {
		listed = append(listed, claim.(string))
	}
	tokens := s.redeem(s.insertCode(nil))
	told := claimsOf(t, tokens.IDToken)
	maps.Copy(told, decode[map[string]any](t, s.userinfo(tokens.AccessToken)))
	for claim := range told {
		if !slices.Contains(listed, claim) {
			t.Errorf("%s is told but not listed", claim)
		}
	}
	if signatureAlgorithms[0] != jose.RS256 {
		t.Errorf("RS256 must be supported and is the default (OIDC Core §15.1): %v", signatureAlgorithms)
	}
}
