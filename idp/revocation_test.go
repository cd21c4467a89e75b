package idp

import (
	"net/http"
	"net/url"
	"testing"

	"silentrenew/db"
)

func (s *site) revoke(form url.Values, headers ...string) page {
	s.t.Helper()
	return s.call(http.MethodPost, "/connect/revocation", form, headers...)
}

func TestA4RevocationTakesTheTokenBack(t *testing.T) {
	s := newSite(t)
	tokens, other := s.redeem(s.insertCode(nil)), s.redeem(s.insertCode(nil))
	form := url.Values{"client_id": {"spa-client"}, "token": {tokens.AccessToken}, "token_type_hint": {"access_token"}}
	for range 2 { // again changes nothing (RFC 7009 §2.2)
		if answer := s.revoke(form, "Origin", testSPA); answer.StatusCode != http.StatusOK || answer.Body != "" || answer.Header.Get("Access-Control-Allow-Origin") != testSPA {
			t.Errorf("got %d %q %v", answer.StatusCode, answer.Body, answer.Header)
		}
	}
	wantError(t, s.userinfo(tokens.AccessToken), http.StatusUnauthorized, InvalidToken)
	if got := s.userinfo(other.AccessToken); got.StatusCode != http.StatusOK {
		t.Errorf("another token of the same client: %d", got.StatusCode)
	}
	if e := s.events("revocation")[0]; e.ClientID != "spa-client" || e.Subject == "" || e.Parameters["token"] != "***" {
		t.Errorf("event: %+v", e)
	}
}

// RFC 7009 §2.2: 200 says that the token is invalid from now on, also to who may sign in again before it would have expired.
func TestRFC7009TheTokenOfADisabledUserIsTakenBack(t *testing.T) {
	s := newSite(t)
	tokens := s.redeem(s.insertCode(nil))
	s.exec(`UPDATE "Users" SET "Enabled" = false`)
	if answer := s.revoke(url.Values{"client_id": {"spa-client"}, "token": {tokens.AccessToken}}); answer.StatusCode != http.StatusOK {
		t.Errorf("got %d %s", answer.StatusCode, answer.Body)
	}
	s.exec(`UPDATE "Users" SET "Enabled" = true`)
	wantError(t, s.userinfo(tokens.AccessToken), http.StatusUnauthorized, InvalidToken)
}

func TestI22Revocation(t *testing.T) {
	s := newSite(t)
	s.addClient("without-jti", func(c *db.Client) { c.IncludeJWTID = false })
	tokens := s.redeem(s.insertCode(nil))
	nameless := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.ClientID = "without-jti" }), "client_id", "without-jti")
	for _, row := range []struct {
		name   string
		form   url.Values
		status int
		want   Code // "" = an empty answer
	}{
		{"an unknown token is as good as revoked (RFC 7009 §2.2)", url.Values{"client_id": {"spa-client"}, "token": {"unknown"}}, 200, ""},
		{"a hint nobody knows is ignored (§2.2.1)", url.Values{"client_id": {"spa-client"}, "token": {"unknown"}, "token_type_hint": {"saml"}}, 200, ""},
		{"an ID token is no token to revoke", url.Values{"client_id": {"spa-client"}, "token": {tokens.IDToken}}, 200, ""},
		{"a token of another client (§2.1)", url.Values{"client_id": {"bff-client"}, "client_secret": {"bff-secret"}, "token": {tokens.AccessToken}}, 400, InvalidGrant},
		{"a token nobody can recognise (§2.2.1)", url.Values{"client_id": {"without-jti"}, "token": {nameless.AccessToken}}, 400, UnsupportedTokenType},
		{"no client", url.Values{"token": {tokens.AccessToken}}, 401, InvalidClient},
		{"a wrong secret", url.Values{"client_id": {"bff-client"}, "client_secret": {"wrong"}, "token": {tokens.AccessToken}}, 401, InvalidClient},
		{"no token", url.Values{"client_id": {"spa-client"}}, 400, InvalidRequest},
		{"a token twice", url.Values{"client_id": {"spa-client"}, "token": {"a", "b"}}, 400, InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := s.revoke(row.form)
			if row.want != "" {
				wantError(t, answer, row.status, row.want)
			} else if answer.StatusCode != row.status || answer.Body != "" {
				t.Errorf("got %d %q", answer.StatusCode, answer.Body)
			}
		})
	}
	if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
		t.Errorf("a stranger's request revoked the token: %d", got.StatusCode)
	}
}
