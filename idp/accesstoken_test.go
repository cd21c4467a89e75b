package idp

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"silentrenew/db"
)

func TestAccessTokenClaims(t *testing.T) {
	s := newSite(t)
	tokens := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.SessionID = "sid-1" }))
	header := headerOf(t, tokens.AccessToken)
	if header["typ"] != "at+jwt" || header["alg"] != "ES256" || header["kid"] == "" { // RFC 9068 §2.1
		t.Errorf("header: %v", header)
	}
	claims := claimsOf(t, tokens.AccessToken)
	for name, want := range map[string]any{
		"iss": testIssuer, "aud": "companyApi", "client_id": "spa-client", "scope": "openid profile companyApi",
		"sid": "sid-1", "role": "Admin",
	} {
		if claims[name] != want {
			t.Errorf("%s: got %v, want %v", name, claims[name], want)
		}
	}
	want := []string{"amr", "aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "name", "nbf", "role", "scope", "sid", "sub"}
	if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) {
		t.Errorf("claims: %v\nwant:   %v", got, want)
	}
	if again := s.redeem(s.insertCode(nil)); claimsOf(t, again.AccessToken)["jti"] == claims["jti"] {
		t.Error("two tokens share a jti")
	}
}

func TestAudienceFollowsTheScope(t *testing.T) {
	s := newSite(t)
	s.exec(`INSERT INTO "ApiResources" ("Enabled", "Name", "ShowInDiscoveryDocument", "Created", "NonEditable") VALUES (true, 'otherApi', true, '2026-11-23 00:00:00+00:00', false)`)
	s.exec(`INSERT INTO "ApiResourceScopes" ("Scope", "ApiResourceId") SELECT 'companyApi', "Id" FROM "ApiResources" WHERE "Name" = 'otherApi'`)
	for scope, want := range map[string][]any{"openid": {testIssuer}, "openid companyApi": {"companyApi", "otherApi"}} {
		tokens := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.Scopes = parseScope(scope) }))
		got, several := claimsOf(t, tokens.AccessToken)["aud"].([]any)
		if !several {
			got = []any{claimsOf(t, tokens.AccessToken)["aud"]}
		}
		if !slices.Equal(got, want) { // RFC 9068 §3
			t.Errorf("scope %q: aud is %v, want %v", scope, got, want)
		}
	}
}

// A row of the user must not speak for the protocol.
func TestUserClaimsCannotOverwriteProtocolClaims(t *testing.T) {
	s := newSite(t)
	for _, claim := range []string{"sub", "iss", "aud", "exp", "scope", "client_id", "nonce"} {
		s.exec(`INSERT INTO "UserClaims" ("UserId", "Type", "Value") SELECT "Id", ?, 'forged' FROM "Users"`, claim)
		s.exec(`INSERT INTO "ApiResourceClaims" ("Type", "ApiResourceId") SELECT ?, "Id" FROM "ApiResources"`, claim)
		s.exec(`INSERT INTO "IdentityResourceClaims" ("Type", "IdentityResourceId") SELECT ?, "Id" FROM "IdentityResources"`, claim)
	}
	s.exec(`UPDATE "Clients" SET "AlwaysIncludeUserClaimsInIdToken" = true`)
	tokens := s.redeem(s.insertCode(nil))
	access, id := claimsOf(t, tokens.AccessToken), claimsOf(t, tokens.IDToken)
	for _, claim := range []string{"sub", "iss", "aud", "exp"} {
		if access[claim] == "forged" || id[claim] == "forged" {
			t.Errorf("%s comes from a row of the user", claim)
		}
	}
	if access["scope"] == "forged" || access["client_id"] == "forged" || id["nonce"] != "nonce-1" {
		t.Errorf("scope, client_id or nonce comes from a row of the user: %v %v", access, id)
	}
	if answer := s.userinfo(tokens.AccessToken); decode[map[string]any](t, answer)["sub"] != access["sub"] {
		t.Errorf("userinfo: %s", answer.Body)
	}
}

func TestClientClaimsGoIntoTheTokenWhenTheRowSaysSo(t *testing.T) {
	s := newSite(t)
	s.addClient("with-claims", func(c *db.Client) {
		c.AlwaysSendClientClaims, c.IncludeJWTID = true, false
		c.Claims = []db.ClientClaim{{Type: "tier", Value: "gold"}, {Type: "team", Value: "blue"}, {Type: "team", Value: "red"}}
	})
	code := s.insertCode(func(c *db.AuthorizationCode) { c.ClientID = "with-claims" })
	tokens := s.redeem(code, "client_id", "with-claims")
	claims := claimsOf(t, tokens.AccessToken)
	if !reflect.DeepEqual(claims["client_team"], []any{"blue", "red"}) {
		t.Errorf("client_team: %v, want both", claims["client_team"])
	}
	if claims["client_tier"] != "gold" {
		t.Errorf("client_tier: %v", claims["client_tier"])
	}
	if _, present := claims["jti"]; present {
		t.Error("IncludeJwtId is off but jti is there")
	}
	if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
		t.Errorf("userinfo: %d %s", got.StatusCode, got.Body)
	}
}
