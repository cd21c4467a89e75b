package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// inFragment returns the response parameters of a redirect that keeps them from the client's server.
func (p page) inFragment() url.Values {
	u := p.location()
	if u == nil || u.RawQuery != "" {
		return nil
	}
	values, _ := url.ParseQuery(u.EscapedFragment())
	return values
}

func grantTypesFor(response string) []string {
	switch response {
	case "code":
		return []string{"authorization_code"}
	case "code id_token":
		return []string{"authorization_code", "implicit"}
	}
	return []string{"implicit"}
}

// A Dynamic OpenID Provider knows these response types (OIDC Core §15.2, OIDC Discovery §3).
func TestOIDCCore152ResponseTypes(t *testing.T) {
	s, rp := newSite(t, openLab), newClientServer(t)
	for _, response := range []string{"id_token", "id_token token", "token id_token", "code id_token", "id_token code"} {
		t.Run(response, func(t *testing.T) {
			registered := parseResponseType(response, everyResponseType).String()
			w := s.walk(rp, map[string]any{"response_types": []string{response}, "grant_types": grantTypesFor(registered)})
			if !slices.Contains(w.client.ResponseTypes, registered) || !slices.Equal(w.client.GrantTypes, grantTypesFor(registered)) {
				t.Errorf("registered %v with %v", w.client.ResponseTypes, w.client.GrantTypes)
			}
			answer := w.follow(w.authorizeURL("response_type", response, "scope", "openid profile")).inFragment()
			if answer.Get("iss") != testIssuer || answer.Get("state") != "s" {
				t.Fatalf("answer %v", answer)
			}
			claims := s.verified(answer.Get("id_token"))
			if claims["nonce"] != "n" || claims["aud"] != w.client.ClientID || claims["sub"] == nil {
				t.Errorf("ID token %v", claims)
			}
			asksCode, asksToken := strings.Contains(response, "code"), strings.Contains(registered, " token")
			if got, want := claims["name"] == "Mick Mining", !asksCode && !asksToken; got != want { // OIDC Core §5.4: userinfo cannot tell
				t.Errorf("name in the ID token: %v", claims["name"])
			}
			if claims["at_hash"] != hashIf(asksToken, answer.Get("access_token")) || claims["c_hash"] != hashIf(asksCode, answer.Get("code")) {
				t.Errorf("at_hash %v and c_hash %v of %v", claims["at_hash"], claims["c_hash"], answer)
			}
			if answer.Has("access_token") != asksToken || answer.Has("code") != asksCode || answer.Has("token_type") != asksToken || answer.Has("expires_in") != asksToken {
				t.Errorf("answer %v", answer)
			}
			if asksToken {
				if told := decode[map[string]any](t, s.userinfo(answer.Get("access_token"))); told["sub"] != claims["sub"] || answer.Get("token_type") != "Bearer" {
					t.Errorf("userinfo %v with a token of type %s", told, answer.Get("token_type"))
				}
			}
			if asksCode {
				if second := s.verified(w.redeem(answer.Get("code")).IDToken); second["sub"] != claims["sub"] || second["nonce"] != "n" || second["c_hash"] != nil {
					t.Errorf("ID token of the token endpoint: %v", second)
				}
			}
		})
	}
}

func hashIf(wanted bool, value string) any {
	if !wanted {
		return nil
	}
	return leftHalfHash(jose.RS256, value)
}

// What a client must not do with tokens in the front channel, each with its code, where the client looks for it.
func TestOIDCCore322Refuses(t *testing.T) {
	s, rp := newSite(t, openLab), newClientServer(t)
	implicit := s.walk(rp, map[string]any{"response_types": []string{"id_token", "id_token token"}, "grant_types": []string{"implicit"}})
	only := s.walk(rp, map[string]any{"response_types": []string{"id_token"}, "grant_types": []string{"implicit"}})
	hybrid := s.walk(rp, map[string]any{"response_types": []string{"code id_token"}, "grant_types": []string{"authorization_code", "implicit"}})
	code := s.walk(rp, nil)
	for _, row := range []struct {
		clause string
		w      walker
		asking []string
		want   Code
	}{
		{"OIDC Core §3.2.2.1: nonce is required", implicit, []string{"response_type", "id_token token", "nonce", ""}, InvalidRequest},
		{"OIDC Core §3.3.2.1: nonce is required", hybrid, []string{"response_type", "code id_token", "nonce", ""}, InvalidRequest},
		{"OAuth MRT §5: no tokens in the query", implicit, []string{"response_type", "id_token", "response_mode", "query"}, InvalidRequest},
		{"OIDC Core §3.2.2.1: openid", implicit, []string{"response_type", "id_token", "scope", "profile"}, InvalidScope},
		{"OIDC Registration §2: not a type of this client", code, []string{"response_type", "id_token"}, UnauthorizedClient},
		{"OIDC Registration §2: not a type of this client", code, []string{"response_type", "code id_token"}, UnauthorizedClient},
		{"OIDC Registration §2: not a type of this client", hybrid, []string{"response_type", "id_token token"}, UnauthorizedClient},
		{"OIDC Registration §2: no access token in the browser", only, []string{"response_type", "id_token token"}, UnauthorizedClient},
		{"RFC 9449 §5: nothing to bind", implicit, []string{"response_type", "id_token token", "dpop_jkt", strings.Repeat("a", 43)}, InvalidRequest},
		{"OIDC Core §3.1.2.6: prompt=none", implicit, []string{"response_type", "id_token", "prompt", "none"}, LoginRequired},
	} {
		answer := row.w.browser.get(row.w.authorizeURL(row.asking...))
		if got := answer.inFragment(); got.Get("error") != string(row.want) || got.Get("state") != "s" || got.Has("id_token") {
			t.Errorf("%s: got %v (%s), want %s", row.clause, got, answer.Header.Get("Location"), row.want)
		}
	}
	s.exec(`INSERT INTO "ClientScopes" ("ClientId", "Scope") SELECT "Id", 'companyApi' FROM "Clients" WHERE "ClientId" = ?`, implicit.client.ClientID)
	answer := implicit.browser.get(implicit.authorizeURL("response_type", "id_token token", "scope", "companyApi")).inFragment()
	if answer.Get("error") != string(InvalidScope) || answer.Has("id_token") {
		t.Errorf("OIDC Core §3.2.2.1: an ID token without openid: %v", answer)
	}
	for _, response := range []string{"token", "code token", "code id_token token", "none", "id_token id_token"} { // RFC 9700 §2.1.2
		if got := implicit.browser.get(implicit.authorizeURL("response_type", response)).sent("error"); got != string(UnsupportedResponseType) {
			t.Errorf("response_type %s: %q", response, got)
		}
	}
	if got := hybrid.browser.get(hybrid.authorizeURL("response_type", "code")).sent("error"); got != string(UnauthorizedClient) {
		t.Errorf("code for a hybrid client: %q", got)
	}
	s.exec(`UPDATE "Clients" SET "AllowOfflineAccess" = true WHERE "ClientId" = ?`, implicit.client.ClientID)
	answer = implicit.follow(implicit.authorizeURL("response_type", "id_token token", "scope", "openid offline_access")).inFragment()
	if answer.Get("scope") != "openid" || answer.Has("refresh_token") { // OIDC Core §11
		t.Errorf("offline_access without a code: %v", answer)
	}
}

// Where nobody registers, nothing but codes goes through the front channel, whatever a row says (RFC 9700 §2.1.2).
func TestRFC9700NoTokensInTheFrontChannelUnlessDynamic(t *testing.T) {
	closed := newSite(t)
	closed.exec(`UPDATE "ClientGrantTypes" SET "GrantType" = 'implicit' WHERE "ClientId" = (SELECT "Id" FROM "Clients" WHERE "ClientId" = 'spa-client')`)
	if got := closed.browser().get(closed.authorizeURL("response_type", "id_token")).sent("error"); got != string(UnsupportedResponseType) {
		t.Errorf("id_token: %q", got)
	}
	for name, want := range map[string][2]bool{"response_types_supported": {false, true}, "grant_types_supported": {false, true}, "claims_supported": {false, true}} {
		value := map[string]string{"response_types_supported": "id_token token", "grant_types_supported": "implicit", "claims_supported": "c_hash"}[name]
		for i, s := range []*site{closed, newSite(t, openLab)} {
			if got := slices.Contains(s.discovery()[name].([]any), any(value)); got != want[i] {
				t.Errorf("%s lists %s: %t, registration open: %t", name, value, got, i == 1)
			}
		}
	}
}

func TestOIDCRegistration2ResponseTypesGoWithTheirGrantTypes(t *testing.T) {
	s := newSite(t, openLab)
	for body, member := range map[string]string{
		`"response_types":["id_token"]`:                                                                                        "response_types", // the default grant type is authorization_code
		`"grant_types":["implicit"]`:                                                                                           "response_types", // the default response type is code
		`"grant_types":["implicit"],"response_types":["code"]`:                                                                 "response_types",
		`"grant_types":["implicit"],"response_types":["code id_token"]`:                                                        "response_types",
		`"grant_types":["authorization_code"],"response_types":["code id_token"]`:                                              "response_types",
		`"grant_types":["authorization_code","implicit"],"response_types":["code","id_token"]`:                                 "grant_types",
		`"grant_types":["authorization_code","implicit"],"response_types":["code","code id_token"]`:                            "response_types",
		`"grant_types":["implicit","refresh_token"],"response_types":["id_token token"]`:                                       "grant_types", // no code, no refresh token
		`"grant_types":["authorization_code","implicit"],"response_types":["code id_token token"]`:                             "response_types",
		`"grant_types":["implicit"],"response_types":["id_token"],"redirect_uris":["https://rp.example/cb#a"],"client_uri":""`: "redirect_uris",
	} {
		uri := `"redirect_uris":["https://rp.example/cb"],`
		if strings.Contains(body, "redirect_uris") {
			uri = ""
		}
		answer := s.register(`{` + uri + body + `}`)
		if got := decode[errorBody](t, answer); answer.StatusCode != http.StatusBadRequest || !strings.HasPrefix(got.Description, member) {
			t.Errorf("%s: %d %s %s", body, answer.StatusCode, got.Error, got.Description)
		}
	}
}
