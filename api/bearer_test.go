package api

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestA13ValidTokenOpensTheCompanies(t *testing.T) {
	p := newPlace(t)
	got := p.get("/api/companies", p.issuer.token(mick()))
	if got.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	if named := p.get("/api/companies", p.issuer.token(mick().with("aud", []string{"https://other.example", "http://" + testHost}))); named.StatusCode != http.StatusOK {
		t.Errorf("a token for our URL (RFC 8707 §2): status %d: %s", named.StatusCode, named.body)
	}
	if got := got.Header.Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("Cache-Control %q", got)
	}
}

// Each row is a sentence of RFC 9068 §4, RFC 7519 §4.1 or RFC 6750 §3.1.
func TestBearerTokenIsRefused(t *testing.T) {
	p := newPlace(t)
	stranger := newKey(t, "k1") // the right name on the wrong key
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pss := jose.JSONWebKey{Key: rsaKey, KeyID: "k1", Algorithm: "PS256"}
	hmac := jose.JSONWebKey{Key: []byte(strings.Repeat("k", 32)), KeyID: "k1", Algorithm: "HS256"}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + ".e30."
	now := time.Now().Unix()
	for _, tc := range []struct {
		name, token string
		status      int
		code        Code
	}{
		{"expired (RFC 7519 §4.1.4)", p.issuer.token(mick().with("exp", now-1)), 401, InvalidToken},
		{"no exp at all", p.issuer.token(mick().with("exp", nil)), 401, InvalidToken},
		{"not before (RFC 7519 §4.1.5)", p.issuer.token(mick().with("nbf", now+30)), 401, InvalidToken},
		{"absurd nbf", p.issuer.token(mick().with("nbf", 1e30)), 401, InvalidToken},
		{"other issuer (RFC 9068 §4)", p.issuer.token(mick().with("iss", "https://evil.example")), 401, InvalidToken},
		{"other audience (RFC 9068 §4)", p.issuer.token(mick().with("aud", "otherApi")), 401, InvalidToken},
		{"no audience", p.issuer.token(mick().with("aud", nil)), 401, InvalidToken},
		{"an ID token (RFC 9068 §4)", signed(t, p.issuer.keys[0], "JWT", mick()), 401, InvalidToken},
		{"no typ", signed(t, p.issuer.keys[0], "", mick()), 401, InvalidToken},
		{"wrong signature", signed(t, stranger, "at+jwt", mick()), 401, InvalidToken},
		{"algorithm PS256", signed(t, pss, "at+jwt", mick()), 401, InvalidToken},
		{"algorithm HS256", signed(t, hmac, "at+jwt", mick()), 401, InvalidToken},
		{"algorithm none", none, 401, InvalidToken},
		{"not a JWT", "abc", 401, InvalidToken},
		{"bad characters", "a b\"c", 401, InvalidToken},
		{"JSON serialization", `{"payload":""}`, 401, InvalidToken},
		{"empty", " ", 401, InvalidToken},
		{"too long", strings.Repeat("a", maxToken+1), 401, InvalidToken},
		{"scope is missing (RFC 6750 §3.1)", p.issuer.token(mick().with("scope", "openid profile")), 403, InsufficientScope},
		{"scope is a longer word", p.issuer.token(mick().with("scope", "companyApi2")), 403, InsufficientScope},
		{"no scope", p.issuer.token(mick().with("scope", nil)), 403, InsufficientScope},
		{"scope is a number", p.issuer.token(mick().with("scope", 7)), 401, InvalidToken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := p.get("/api/companies", tc.token)
			if got.StatusCode != tc.status {
				t.Fatalf("status %d, want %d: %s", got.StatusCode, tc.status, got.body)
			}
			challenge := got.Header.Get("WWW-Authenticate")
			if !strings.HasPrefix(challenge, `Bearer realm="companies", error="`+string(tc.code)+`", error_description="`) {
				t.Errorf("WWW-Authenticate: %s", challenge)
			}
			if detail := got.problem(t); detail.Code != tc.code || detail.Detail == "" {
				t.Errorf("problem %+v", detail)
			}
			if got := p.last().Outcome; got != string(tc.code) {
				t.Errorf("event outcome %q, want %q", got, tc.code)
			}
		})
	}
}

func TestOtherShapesOfAValidToken(t *testing.T) {
	p := newPlace(t)
	for name, c := range map[string]claims{
		"aud is an array (RFC 7519 §4.1.3)":        mick().with("aud", []string{"x", "companyApi"}),
		"scope is an array (IdentityServer4)":      mick().with("scope", []string{"openid", "companyApi"}),
		"no nbf":                                   mick().with("nbf", nil),
		"application/at+jwt is tried below":        mick(),
		"role is an array, and no client_id":       mick().with("role", []string{"Visitor", "Admin"}).with("client_id", nil),
		"fractional exp (RFC 7519 §2 NumericDate)": mick().with("exp", float64(time.Now().Unix())+60.5),
	} {
		if got := p.get("/api/companies", p.issuer.token(c)); got.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d: %s", name, got.StatusCode, got.body)
		}
	}
	if got := p.get("/api/companies", signed(t, p.issuer.keys[0], "application/AT+JWT", mick())); got.StatusCode != http.StatusOK {
		t.Errorf("application/at+jwt in any case: status %d: %s", got.StatusCode, got.body)
	}
	r := httptest.NewRequest(http.MethodGet, "/api/companies", nil)
	r.Header.Set("Authorization", "bEARER  "+p.issuer.token(mick()))
	if got := p.do(r); got.StatusCode != http.StatusOK {
		t.Errorf("scheme in another case: status %d", got.StatusCode)
	}
}

func TestA15NoTokenIsChallengedWithoutACode(t *testing.T) {
	p := newPlace(t)
	for name, change := range map[string]func(r *http.Request){
		"nothing":                             func(*http.Request) {},
		"another scheme":                      func(r *http.Request) { r.SetBasicAuth("Mick", "MickPassword") },
		"a token in the URL is not looked at": func(r *http.Request) { r.URL.RawQuery = "access_token=" + p.issuer.token(mick()) },
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/companies", nil)
		change(r)
		got := p.do(r)
		if got.StatusCode != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") != `Bearer realm="companies"` {
			t.Errorf("%s: status %d, WWW-Authenticate %q (RFC 6750 §3.1)", name, got.StatusCode, got.Header.Get("WWW-Authenticate"))
		}
		got.problem(t)
		if e := p.last(); strings.Contains(e.Parameters["access_token"], ".") {
			t.Errorf("%s: the event carries the token", name)
		}
	}
	if n := p.issuer.asked("/tenant/keys"); n != 0 {
		t.Errorf("the provider was asked %d times for requests without a token", n)
	}
}

func TestTwoAuthorizationHeadersAreAnInvalidRequest(t *testing.T) {
	p := newPlace(t)
	r := httptest.NewRequest(http.MethodGet, "/api/companies", nil)
	r.Header["Authorization"] = []string{"Bearer " + p.issuer.token(mick()), "Bearer x"}
	if got := p.do(r); got.StatusCode != http.StatusBadRequest || got.problem(t).Code != InvalidRequest {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
}

func TestA24LeewayDecidesAtExpiry(t *testing.T) {
	for _, tc := range []struct {
		name, leeway string
		after        time.Duration // after exp
		want         int
	}{
		{"leeway 0, one second before exp", "0s", -time.Second, 200},
		{"leeway 0, at exp (RFC 7519 §4.1.4: on or after)", "0s", 0, 401},
		{"leeway 0, one second after exp", "0s", time.Second, 401},
		{"leeway 300, one second after exp", "300s", time.Second, 200},
		{"leeway 300, one second before its end", "300s", 299 * time.Second, 200},
		{"leeway 300, at its end", "300s", 300 * time.Second, 401},
		{"a row that makes no sense counts as 0", "soon", time.Second, 401},
		{"a negative row counts as 0", "-5m", -time.Second, 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				p.option(t, tc.leeway)
				token := p.issuer.token(mick())
				time.Sleep(60*time.Second + tc.after)
				got := p.get("/api/companies", token)
				if got.StatusCode != tc.want {
					t.Fatalf("status %d, want %d: %s", got.StatusCode, tc.want, got.body)
				}
				if tc.want == 401 && !strings.Contains(got.Header.Get("WWW-Authenticate"), `error="invalid_token", error_description="the access token expired at`) {
					t.Errorf("WWW-Authenticate %q", got.Header.Get("WWW-Authenticate"))
				}
			})
		})
	}
}

func TestEventOfARequest(t *testing.T) {
	p := newPlace(t)
	r := httptest.NewRequest(http.MethodGet, "/api/companies?search=it", nil)
	r.Header.Set("Authorization", "Bearer "+p.issuer.token(mick()))
	r.Header.Set("X-Correlation-ID", "renewal-0042")
	got := p.do(r)
	if got.Header.Get("X-Correlation-ID") != "renewal-0042" {
		t.Errorf("X-Correlation-ID %q", got.Header.Get("X-Correlation-ID"))
	}
	e := p.last()
	if e.Kind != "api.request" || e.Role != "api" || e.Subject != "mick" || e.ClientID != "spa-client" || e.Status != 200 ||
		e.Outcome != "ok" || e.CorrelationID != "renewal-0042" || e.Parameters["path"] != "/api/companies" || e.Parameters["method"] != "GET" {
		t.Errorf("event %+v", e)
	}
}

func FuzzBearerTokenNeverFailsWithoutAnAnswer(f *testing.F) {
	p := newPlace(f)
	f.Add("Bearer " + p.issuer.token(mick()))
	f.Add("Bearer a.b.c")
	f.Add("Bearer eyJhbGciOiJub25lIn0..")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/api/companies", nil)
		r.Header.Set("Authorization", header)
		got := p.do(r)
		if got.StatusCode >= 500 {
			t.Errorf("status %d for %q", got.StatusCode, header)
		}
		if challenge := got.Header.Get("WWW-Authenticate"); got.StatusCode == 401 && !strings.HasPrefix(challenge, "Bearer ") {
			t.Errorf("challenge %q for %q", challenge, header)
		}
	})
}
