package idp

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
)

func (s *site) introspect(token string, credentials string) page {
	s.t.Helper()
	return s.call(http.MethodPost, "/connect/introspect", url.Values{"token": {token}}, "Authorization", credentials)
}

func TestA4IntrospectionTellsWhatATokenIsWorth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.addClient("companyApi", func(c *db.Client) { // the API as a client of its own: it is the token's audience
			c.RequireClientSecret = true
			c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("api-secret")}}
		})
		tokens := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.SessionID = "sid-1" }))
		answer := decode[map[string]any](t, s.introspect(tokens.AccessToken, basic("companyApi", "api-secret")))
		said := claimsOf(t, tokens.AccessToken)
		for _, claim := range []string{"iss", "sub", "client_id", "scope", "sid", "jti", "iat", "nbf", "exp"} {
			if answer[claim] != said[claim] {
				t.Errorf("%s: got %v, the token says %v", claim, answer[claim], said[claim])
			}
		}
		if answer["active"] != true || answer["token_type"] != "Bearer" {
			t.Errorf("got %v", answer)
		}
		time.Sleep(600 * time.Second)
		wantInactive(t, s.introspect(tokens.AccessToken, basic("companyApi", "api-secret")))
	})
}

// Of a token that is not active, for whatever reason, nothing else is told (RFC 7662 §2.2).
func TestI22IntrospectionTellsNothingElse(t *testing.T) {
	s := newSite(t)
	bff := func() tokenResponse {
		code := s.insertCode(func(c *db.AuthorizationCode) { c.ClientID = "bff-client" })
		return s.redeem(code, "client_id", "bff-client", "client_secret", "bff-secret")
	}
	own := bff()
	if decode[map[string]any](t, s.introspect(own.AccessToken, basic("bff-client", "bff-secret")))["active"] != true {
		t.Fatal("the client's own token is not active")
	}
	wantInactive(t, s.introspect("unknown", basic("bff-client", "bff-secret")))
	wantInactive(t, s.introspect(own.IDToken, basic("bff-client", "bff-secret")))
	wantInactive(t, s.introspect(own.AccessToken, basic("company-employee", "codemazesecret"))) // not concerned (§4)

	revoked := bff()
	s.revoke(url.Values{"client_id": {"bff-client"}, "client_secret": {"bff-secret"}, "token": {revoked.AccessToken}})
	wantInactive(t, s.introspect(revoked.AccessToken, basic("bff-client", "bff-secret")))
	s.exec(`UPDATE "Users" SET "Enabled" = false`)
	wantInactive(t, s.introspect(own.AccessToken, basic("bff-client", "bff-secret")))

	wantError(t, s.introspect(own.AccessToken, basic("bff-client", "wrong")), http.StatusUnauthorized, InvalidClient)
	wantError(t, s.call(http.MethodPost, "/connect/introspect", url.Values{"token": {own.AccessToken}}), http.StatusUnauthorized, InvalidClient)
	wantError(t, s.call(http.MethodPost, "/connect/introspect", url.Values{"token": {own.AccessToken}, "client_id": {"spa-client"}}), http.StatusUnauthorized, InvalidClient)
	wantError(t, s.introspect("", basic("bff-client", "bff-secret")), http.StatusBadRequest, InvalidRequest)
}

func wantInactive(t *testing.T, answer page) {
	t.Helper()
	if answer.StatusCode != http.StatusOK || answer.Body != `{"active":false}` {
		t.Errorf("got %d %s", answer.StatusCode, answer.Body)
	}
}
