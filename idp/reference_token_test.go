package idp

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// reference signs Mick in at bff-client, whose access tokens are handles now.
func (s *site) reference() tokenResponse {
	s.t.Helper()
	dbtest.Exec(s.t, s.db, `UPDATE "Clients" SET "AccessTokenType" = 1`)
	return s.offline()
}

func TestRFC7662ReferenceTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		s := newSeededSite(t, store)
		tokens := s.reference()
		if strings.Contains(tokens.AccessToken, ".") || tokens.TokenType != "Bearer" {
			t.Fatalf("got %+v", tokens)
		}
		if got := claimsOf(t, tokens.IDToken)["at_hash"]; got != leftHalfHash(jose.RS256, tokens.AccessToken) {
			t.Errorf("at_hash: %v", got)
		}
		if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK || decode[map[string]any](t, got)["name"] != "Mick Mining" {
			t.Errorf("userinfo: %d %s", got.StatusCode, got.Body)
		}
		said := decode[map[string]any](t, s.introspect(tokens.AccessToken, basic("bff-client", "bff-secret")))
		for claim, want := range map[string]any{"active": true, "iss": testIssuer, "aud": "companyApi", "client_id": "bff-client", "role": "Admin", "scope": tokens.Scope, "token_type": "Bearer"} {
			if said[claim] != want {
				t.Errorf("introspection: %s is %v, want %v", claim, said[claim], want)
			}
		}
		if lifetime := said["exp"].(float64) - said["iat"].(float64); lifetime != 600 {
			t.Errorf("it lives %v s", lifetime)
		}
		wantInactive(t, s.introspect(tokens.AccessToken, basic("company-employee", "codemazesecret")))

		next := s.refresh(tokens.RefreshToken)
		s.revoke(url.Values{"client_id": {"bff-client"}, "client_secret": {"bff-secret"}, "token": {next.AccessToken}})
		wantError(t, s.userinfo(next.AccessToken), http.StatusUnauthorized, InvalidToken)
		if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
			t.Errorf("the other token: %d", got.StatusCode)
		}
		s.wantRefused(tokens.RefreshToken) // reuse: the family goes
		wantError(t, s.userinfo(tokens.AccessToken), http.StatusUnauthorized, InvalidToken)
	})
}

func TestReferenceTokensLiveAsLongAsTheRowSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		token := s.reference().AccessToken
		time.Sleep(600*time.Second - 2*time.Second)
		if got := s.userinfo(token); got.StatusCode != http.StatusOK {
			t.Errorf("in time: %d", got.StatusCode)
		}
		time.Sleep(2 * time.Second)
		wantError(t, s.userinfo(token), http.StatusUnauthorized, InvalidToken)
	})
}

func TestReferenceTokenOfAClientThatActsForItself(t *testing.T) {
	s := newSite(t)
	s.exec(`UPDATE "Clients" SET "AccessTokenType" = 1, "IncludeJwtId" = false`)
	token := decode[tokenResponse](t, s.token(employeeForm())).AccessToken
	credentials := basic("company-employee", "codemazesecret")
	if said := decode[map[string]any](t, s.introspect(token, credentials)); said["active"] != true || said["sub"] != "company-employee" {
		t.Errorf("got %v", said)
	}
	wantError(t, s.userinfo(token), http.StatusForbidden, InsufficientScope)
	s.revoke(url.Values{"token": {token}}, "Authorization", credentials)
	wantInactive(t, s.introspect(token, credentials))
}

func TestI11ReferenceTokensEndWithTheSessionByOption(t *testing.T) {
	for _, option := range []string{"false", "true"} {
		s := newSite(t)
		s.exec(`UPDATE "Clients" SET "AccessTokenType" = 1`)
		s.setOption(tokensEndWithSessionOption.name, option)
		b := s.browser()
		tokens := s.redeem(s.signIn(b, "Mick"))
		b.get(s.issuer + "/connect/endsession?id_token_hint=" + tokens.IDToken)
		if got := s.userinfo(tokens.AccessToken).StatusCode == http.StatusOK; got != (option == "false") {
			t.Errorf("option %s: the token counts after logout: %t", option, got)
		}
	}
}
