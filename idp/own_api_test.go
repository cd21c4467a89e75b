package idp

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"silentrenew/db"
)

// An API that somebody registers, by file or command, counts everywhere at once: discovery lists its scope values (OIDC Discovery §3), tokens
// name it in aud (RFC 9068 §3) or by its URI (RFC 8707 §2), and it may ask about them (RFC 7662 §2.1).
func TestA20AnAPIOfOnesOwn(t *testing.T) {
	s := newSite(t)
	s.addClient("ordersApi", func(c *db.Client) { // as whom it introspects
		c.RequireClientSecret, c.GrantTypes = true, []string{"client_credentials"}
		c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("api-secret")}}
	})
	s.exec(`INSERT INTO "ClientScopes" ("ClientId", "Scope") SELECT "Id", 'orders.read' FROM "Clients" WHERE "ClientId" = 'company-employee'`)
	supported := func() []string {
		return decode[metadata](t, s.call(http.MethodGet, "/.well-known/openid-configuration", nil)).ScopesSupported
	}
	ask := func(resources ...string) page {
		return s.call(http.MethodPost, "/connect/token", named(url.Values{"grant_type": {"client_credentials"}, "scope": {"orders.read"}}, resources...),
			"Authorization", basic("company-employee", "codemazesecret"))
	}
	if slices.Contains(supported(), "orders.read") {
		t.Fatal("it is there already")
	}
	wantError(t, ask(), http.StatusBadRequest, InvalidScope)

	err := s.db.ChangeResources(t.Context(), func(r *db.Resources) error {
		api := db.NewAPIResource("ordersApi")
		api.Scopes, api.ResourceURI = []string{"orders.read"}, "http://localhost:3001"
		r.AddScopesOf(api)
		r.APIs = append(r.APIs, api)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(supported(), "orders.read") {
		t.Errorf("scopes_supported %v", supported())
	}
	byScope, byURI := decode[tokenResponse](t, ask()).AccessToken, decode[tokenResponse](t, ask("http://localhost:3001")).AccessToken
	wantAudience(t, "by its scope", byScope, "ordersApi", "orders.read")
	wantAudience(t, "by its URI", byURI, "http://localhost:3001", "orders.read")
	wantError(t, ask("http://localhost:3002"), http.StatusBadRequest, InvalidTarget)
	for _, token := range []string{byScope, byURI} {
		if answer := decode[map[string]any](t, s.introspect(token, basic("ordersApi", "api-secret"))); answer["active"] != true || answer["scope"] != "orders.read" {
			t.Errorf("introspection tells its API %v", answer)
		}
		wantInactive(t, s.introspect(token, basic("bff-client", "bff-secret")))
	}

	err = s.db.ChangeResources(t.Context(), func(r *db.Resources) error {
		r.APIScopes[len(r.APIScopes)-1].ShowInDiscoveryDocument = false
		return nil
	})
	if err != nil || slices.Contains(supported(), "orders.read") {
		t.Errorf("it is advertised all the same: %v, %v", supported(), err)
	}
}
