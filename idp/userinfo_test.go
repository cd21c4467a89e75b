package idp

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
)

// The sample's profile service tells every claim whatever scope was granted; that is how the menu learns the role (A7).
func TestA7UserinfoTellsEveryClaim(t *testing.T) {
	s := newSite(t)
	tokens := s.redeem(s.insertCode(nil))
	for _, answer := range []page{
		s.userinfo(tokens.AccessToken),
		s.call(http.MethodGet, "/connect/userinfo", nil, "Authorization", "bearer  "+tokens.AccessToken),
		s.call(http.MethodPost, "/connect/userinfo", nil, "Authorization", "Bearer "+tokens.AccessToken),
		s.call(http.MethodPost, "/connect/userinfo", url.Values{"access_token": {tokens.AccessToken}}), // RFC 6750 §2.2
	} {
		claims := decode[map[string]any](t, answer)
		if answer.StatusCode != http.StatusOK || claims["role"] != "Admin" || claims["given_name"] != "Mick" {
			t.Errorf("%s: %d %v", answer.Request.Method, answer.StatusCode, claims)
		}
		if claims["sub"] != claimsOf(t, tokens.IDToken)["sub"] { // OIDC Core §5.3.2
			t.Errorf("sub: %v", claims["sub"])
		}
		if _, object := claims["address"].(map[string]any); !object {
			t.Errorf("address is no object (OIDC Core §5.1.1): %v", claims["address"])
		}
		if got := answer.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control: %q", got)
		}
	}
}

func TestUserinfoByScopeWhenStrict(t *testing.T) {
	s := newSite(t)
	if err := s.db.SetOption(t.Context(), "Userinfo.StrictScopes", "true"); err != nil {
		t.Fatal(err)
	}
	for scope, want := range map[string][]string{
		"openid":         {"sub"},
		"openid profile": {"family_name", "given_name", "name", "sub"},
		"openid roles":   {"role", "sub"},
		"openid address": {"address", "sub"},
	} {
		tokens := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.Scopes = parseScope(scope) }))
		claims := decode[map[string]any](t, s.userinfo(tokens.AccessToken))
		if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) {
			t.Errorf("scope %q: got %v, want %v", scope, got, want)
		}
	}
}

// RFC 6750 §3.1, each with its exact code and challenge.
func TestI22UserinfoRefuses(t *testing.T) {
	s := newSite(t)
	tokens := s.redeem(s.insertCode(nil))
	noOpenID := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.Scopes = []string{"companyApi"} }))
	ecKey := testKeys()[1]
	forged := maps.Clone(claimsOf(t, tokens.AccessToken))
	forged["iss"] = "https://elsewhere.example"
	future := maps.Clone(claimsOf(t, tokens.AccessToken))
	future["nbf"] = float64(time.Now().Add(time.Hour).Unix())
	body := url.Values{"access_token": {tokens.AccessToken}}
	for _, row := range []struct {
		name, method, query string
		form                url.Values
		authorization       []string
		status              int
		want                Code
		challenge           string
	}{
		{"no token: the bare challenge", "GET", "", nil, nil, 401, InvalidToken, "Bearer"},
		{"another scheme counts as none", "GET", "", nil, []string{basic("spa-client", "x")}, 401, InvalidToken, "Bearer"},
		{"an empty form counts as none", "POST", "", url.Values{}, nil, 401, InvalidToken, "Bearer"},
		{"not a token", "GET", "", nil, []string{"Bearer nonsense"}, 401, InvalidToken, `Bearer error="invalid_token"`},
		{"an empty token", "GET", "", nil, []string{"Bearer "}, 400, InvalidRequest, `Bearer error="invalid_request"`},
		{"in the query (RFC 9700 §4.3.2)", "GET", "?" + body.Encode(), nil, nil, 400, InvalidRequest, `Bearer error="invalid_request"`},
		{"in the header and in the query", "GET", "?" + body.Encode(), nil, []string{"Bearer " + tokens.AccessToken}, 400, InvalidRequest, `Bearer error="invalid_request"`},
		{"in the header and in the body", "POST", "", body, []string{"Bearer " + tokens.AccessToken}, 400, InvalidRequest, `Bearer error="invalid_request"`},
		{"twice in the body", "POST", "", url.Values{"access_token": {"a", "b"}}, nil, 400, InvalidRequest, `Bearer error="invalid_request"`},
		{"two headers", "GET", "", nil, []string{"Bearer " + tokens.AccessToken, "Bearer x"}, 400, InvalidRequest, `Bearer error="invalid_request"`},
		{"an ID token", "GET", "", nil, []string{"Bearer " + tokens.IDToken}, 401, InvalidToken, `Bearer error="invalid_token"`},
		{"our signature under another issuer", "GET", "", nil, []string{"Bearer " + signed(t, jose.ES256, ecKey, ecKey.KeyID, "at+jwt", forged)}, 401, InvalidToken, `Bearer error="invalid_token"`},
		{"not valid yet", "GET", "", nil, []string{"Bearer " + signed(t, jose.ES256, ecKey, ecKey.KeyID, "at+jwt", future)}, 401, InvalidToken, `Bearer error="invalid_token"`},
		{"no openid in its scope", "GET", "", nil, []string{"Bearer " + noOpenID.AccessToken}, 403, InsufficientScope, `Bearer error="insufficient_scope"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var headers []string
			for _, value := range row.authorization {
				headers = append(headers, "Authorization", value)
			}
			answer := s.call(row.method, "/connect/userinfo"+row.query, row.form, headers...)
			wantError(t, answer, row.status, row.want)
			got := answer.Header.Get("WWW-Authenticate")
			if !strings.HasPrefix(got, row.challenge) || row.challenge == "Bearer" && got != "Bearer" {
				t.Errorf("WWW-Authenticate: got %q, want %q", got, row.challenge)
			}
			if row.status == 403 && !strings.Contains(got, `scope="openid"`) {
				t.Errorf("the challenge does not name the scope (RFC 6750 §3): %q", got)
			}
		})
	}
	t.Run("a body that is no form is not looked at", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, s.issuer+"/connect/userinfo", strings.NewReader(`{"access_token":"x"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
		if answer := s.serve(r); answer.StatusCode != http.StatusOK {
			t.Errorf("got %d %s", answer.StatusCode, answer.Body)
		}
	})
}

func TestAccessTokenDiesAtItsSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		tokens := s.redeem(s.insertCode(nil))
		time.Sleep(600*time.Second - time.Millisecond)
		if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
			t.Errorf("just before exp: %d %s", got.StatusCode, got.Body)
		}
		time.Sleep(time.Millisecond)
		wantError(t, s.userinfo(tokens.AccessToken), http.StatusUnauthorized, InvalidToken)
	})
}

func TestI5UserinfoOfADisabledUser(t *testing.T) {
	s := newSite(t)
	tokens := s.redeem(s.insertCode(nil))
	s.exec(`UPDATE "Users" SET "Enabled" = false`)
	wantError(t, s.userinfo(tokens.AccessToken), http.StatusUnauthorized, InvalidToken)
}

// A fault of ours is no challenge: a client that hears one throws its token away (RFC 6750 §3).
func TestAFaultOfOursIsNoChallenge(t *testing.T) {
	for status, failure := range map[int]*Error{
		http.StatusInternalServerError: {Code: ServerError}, http.StatusServiceUnavailable: {Code: TemporarilyUnavailable, Description: "try again"},
	} {
		recorder := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(recorder)
		c.Request = httptest.NewRequest(http.MethodGet, "/connect/userinfo", nil)
		writeBearerError(c, failure)
		if challenge := recorder.Header().Values("WWW-Authenticate"); recorder.Code != status || len(challenge) != 0 {
			t.Errorf("%s: %d with the challenge %q", failure.Code, recorder.Code, challenge)
		}
	}
}
