package idp

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/keyring"
)

// call sends a request as a script or a server does: without cookies, from nowhere in particular. Headers are pairs of
// name and value.
func (s *site) call(method, path string, form url.Values, headers ...string) page {
	s.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, s.issuer+path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return s.serve(r)
}

// serve hands the handler one request as it is.
func (s *site) serve(r *http.Request) page {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	response := w.Result()
	response.Request = r
	return page{Response: response, Body: w.Body.String()}
}

// decode reads a JSON body.
func decode[T any](t testing.TB, p page) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(p.Body), &v); err != nil {
		t.Fatalf("%s %s: %d is not JSON: %v\n%s", p.Request.Method, p.Request.URL, p.StatusCode, err, p.Body)
	}
	return v
}

// wantError checks status and registered code of a JSON error.
func wantError(t testing.TB, p page, status int, code Code) {
	t.Helper()
	got := decode[errorBody](t, p)
	if p.StatusCode != status || got.Error != code {
		t.Errorf("got %d %s (%s), want %d %s", p.StatusCode, got.Error, got.Description, status, code)
	}
	if p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control of the error: got %q, want no-store", p.Header.Get("Cache-Control"))
	}
}

// insertCode stores an authorization code for Mick at spa-client, with the live session it belongs to, as the
// authorization endpoint would. It costs no password hash.
func (s *site) insertCode(change func(*db.AuthorizationCode)) string {
	s.t.Helper()
	mick, err := s.db.UserByName(s.t.Context(), "Mick")
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	code := db.AuthorizationCode{
		ClientID: "spa-client", RedirectURI: testCallback, Scopes: []string{"openid", "profile", "companyApi"},
		Subject: mick.SubjectID, SessionID: rand.Text(), Nonce: "nonce-1", CodeChallenge: testChallenge, CodeChallengeMethod: "S256",
		AuthTime: now, AMR: []string{"pwd"}, Created: now, Expires: now.Add(5 * time.Minute),
	}
	if change != nil {
		change(&code)
	}
	session := db.Session{
		Key: rand.Text(), Subject: code.Subject, SessionID: code.SessionID, DisplayName: "Mick", Created: now, Renewed: now,
		Expires: now.Add(10 * time.Hour), AuthTime: now, Lifetime: 10 * time.Hour, AMR: code.AMR,
	}
	if err := s.db.InsertSession(s.t.Context(), session); err != nil {
		s.t.Fatal(err)
	}
	handle := rand.Text()
	if err := s.db.InsertAuthorizationCode(s.t.Context(), handle, code); err != nil {
		s.t.Fatal(err)
	}
	return handle
}

// tokenForm is a valid token request of spa-client. Pairs change it; the value "" leaves the parameter out.
func tokenForm(code string, pairs ...string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"spa-client"}, "code": {code},
		"redirect_uri": {testCallback}, "code_verifier": {testVerifier},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		} else {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	return form
}

// token posts a token request.
func (s *site) token(form url.Values, headers ...string) page {
	s.t.Helper()
	return s.call(http.MethodPost, "/connect/token", form, headers...)
}

// redeem exchanges a code that must be good.
func (s *site) redeem(code string, pairs ...string) tokenResponse {
	s.t.Helper()
	answer := s.token(tokenForm(code, pairs...))
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("token: got %d %s", answer.StatusCode, answer.Body)
	}
	return decode[tokenResponse](s.t, answer)
}

// userinfo asks who the token is about.
func (s *site) userinfo(token string) page {
	s.t.Helper()
	return s.call(http.MethodGet, "/connect/userinfo", nil, "Authorization", "Bearer "+token)
}

// headerOf and claimsOf read a JWT without verifying it.
func headerOf(t testing.TB, token string) map[string]any { t.Helper(); return jwtPart(t, token, 0) }
func claimsOf(t testing.TB, token string) map[string]any { t.Helper(); return jwtPart(t, token, 1) }

func jwtPart(t testing.TB, token string, part int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	decoded, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(decoded, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// exec changes the database as a learner does, with an SQL client of their own.
func (s *site) exec(statement string, args ...any) {
	s.t.Helper()
	dbtest.Exec(s.t, s.db, statement, args...)
}

// provider returns the provider without its routes, for what no request reaches directly.
func (s *site) provider() *Provider {
	s.t.Helper()
	keys, err := openKeys(s.db, keyring.New(s.db, nil), s.bus)
	if err != nil {
		s.t.Fatal(err)
	}
	return &Provider{issuer: s.issuer, db: s.db, bus: s.bus, keys: keys}
}

// addClient registers one more client, made from the defaults of the columns.
func (s *site) addClient(id string, change func(*db.Client)) {
	s.t.Helper()
	client := db.NewClient(id)
	client.GrantTypes = []string{grantAuthorizationCode}
	client.RedirectURIs = []string{testCallback}
	client.Scopes = []string{"openid", "profile", "companyApi"}
	client.RequireClientSecret = false
	change(&client)
	if err := s.db.InsertClient(s.t.Context(), client); err != nil {
		s.t.Fatal(err)
	}
}
