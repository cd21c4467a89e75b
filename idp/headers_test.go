package idp

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"silentrenew/db/dbtest"
)

func TestI3I16Headers(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	login := b.follow(b.get(s.authorizeURL()))
	token := s.redeem(s.signIn(b, "Mick"))
	consent := b.follow(b.get(s.authorizeURL("prompt", "consent")))
	for name, row := range map[string]struct {
		answer    page
		framed    string // the directive, "" when anybody may
		mayScript bool
		mayPost   bool
	}{
		"login":               {login, "frame-ancestors 'none'", false, true},
		"consent":             {consent, "frame-ancestors 'none'", false, true},
		"logout question":     {b.get(s.endSessionURL()), "frame-ancestors 'none'", false, true},
		"home":                {b.get(s.issuer + "/"), "frame-ancestors 'none'", false, true},
		"check session":       {b.get(s.issuer + "/connect/checksession"), "", true, false},
		"authorize, code":     {s.renew(b), "", false, false},
		"authorize, error":    {s.renew(s.browser()), "", false, false},
		"authorize, page":     {b.get(s.authorizeURL("redirect_uri", "x:y")), "", false, false},
		"authorize, callback": {b.get(s.issuer + callbackPath + "?" + authorizeParameters().Encode()), "", false, false},
		"not found":           {b.get(s.issuer + "/nowhere"), "", false, false},
		"logged out":          {s.browser().get(s.endSessionURL()), "frame-ancestors 'none'", false, false},
		"logged out, with a way back": {
			s.browser().get(s.endSessionURL("id_token_hint", token.IDToken, "post_logout_redirect_uri", testSignedOut)),
			"frame-ancestors " + testSPA, true, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := row.answer.Header
			for header, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
			} {
				if got := h.Get(header); got != want {
					t.Errorf("%s: got %q, want %q", header, got, want)
				}
			}
			csp := h.Get("Content-Security-Policy")
			if strings.Contains(csp, "unsafe") {
				t.Errorf("unsafe: %s", csp)
			}
			if row.answer.StatusCode < 300 || row.answer.StatusCode >= 400 {
				if !strings.HasPrefix(csp, "default-src 'none'") && strings.Contains(h.Get("Content-Type"), "html") {
					t.Errorf("policy: %s", csp)
				}
				if got := strings.Contains(csp, "script-src"); got != row.mayScript {
					t.Errorf("scripts: %s", csp)
				}
				if strings.Contains(row.answer.Body, "<form") && !row.mayPost {
					t.Error("a form where none belongs")
				}
			}
			if got := strings.Contains(csp, "frame-ancestors"); got != (row.framed != "") || !strings.Contains(csp, row.framed) {
				t.Errorf("framing: got %s, want %q", csp, row.framed)
			}
			if deny := h.Get("X-Frame-Options") == "DENY"; deny != (row.framed == "frame-ancestors 'none'") {
				t.Errorf("X-Frame-Options: %q", h.Get("X-Frame-Options"))
			}
			for _, inline := range []string{"<style", " style=", "onclick=", "javascript:"} {
				if strings.Contains(row.answer.Body, inline) {
					t.Errorf("the page has %s, which its own policy forbids", inline)
				}
			}
		})
	}
}

func TestClearAnswersToWrongPathsAndMethods(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, row := range []struct {
		method, path, accept string
		status               int
		contentType, says    string
	}{
		{"GET", "/nowhere", "text/html", 404, "text/html", "not_found"},
		{"GET", "/nowhere", "*/*", 404, "application/json", "not_found"},
		{"GET", "/connect/authorize/", "text/html", 404, "text/html", "not_found"},
		{"GET", "/connect/token", "application/json", 405, "application/json", "use POST"},
		{"DELETE", "/connect/authorize", "text/html", 405, "text/html", "method_not_allowed"},
		{"PUT", "/account/login", "*/*", 405, "application/json", "method_not_allowed"},
	} {
		r := httptest.NewRequest(row.method, s.issuer+row.path, nil)
		r.Header.Set("Accept", row.accept)
		answer := b.do(r)
		if answer.StatusCode != row.status || !strings.HasPrefix(answer.Header.Get("Content-Type"), row.contentType) || !strings.Contains(answer.Body, row.says) {
			t.Errorf("%s %s: got %d %s\n%s", row.method, row.path, answer.StatusCode, answer.Header.Get("Content-Type"), answer.Body)
		}
		if row.status == 405 && answer.Header.Get("Allow") == "" {
			t.Errorf("%s %s: Allow is missing (RFC 9110 §15.5.6)", row.method, row.path)
		}
	}
	head := b.do(httptest.NewRequest(http.MethodHead, s.issuer+"/healthz", nil))
	if head.StatusCode != http.StatusOK {
		t.Errorf("HEAD /healthz: got %d", head.StatusCode)
	}
}

func TestLimits(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	if answer := b.get(s.issuer + "/connect/authorize?" + strings.Repeat("a", maxQuery+1)); answer.StatusCode != http.StatusRequestURITooLong {
		t.Errorf("a long query: got %d", answer.StatusCode)
	}
	for _, path := range []string{"/connect/authorize", "/account/login", "/consent", "/connect/endsession", "/account/logout"} {
		answer := b.post(s.issuer+path, url.Values{"Username": {strings.Repeat("a", maxBody)}})
		if answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s with a long body: got %d", path, answer.StatusCode)
		}
	}
	for _, name := range []string{"Username", "Password"} {
		answer := b.post(s.issuer+"/account/login", url.Values{name: {strings.Repeat("a", 201)}})
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(answer.Body, name) {
			t.Errorf("a long %s: got %d", name, answer.StatusCode)
		}
	}
}

func TestABodyThatStallsIsToldApart(t *testing.T) { // RFC 9110 §15.5.9
	s := newSite(t)
	stalled := io.MultiReader(strings.NewReader("grant_type="), iotest.ErrReader(os.ErrDeadlineExceeded))
	r := httptest.NewRequest(http.MethodPost, s.issuer+"/connect/token", stalled)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	wantError(t, s.serve(r), http.StatusRequestTimeout, InvalidRequest)
}

func TestNobodyMakesUsRepeatALongText(t *testing.T) { // RFC 6749 §5.2: error_description is for the developer to read
	s := newSite(t)
	answer := s.token(url.Values{"client_id": {"spa-client"}, "grant_type": {strings.Repeat("a", maxBody/2)}})
	wantError(t, answer, http.StatusBadRequest, UnsupportedGrantType)
	if len(answer.Body) > 2*maxDescription {
		t.Errorf("the answer has %d bytes", len(answer.Body))
	}
	if reason := s.events("token")[0].Reason; len(reason) > 2*maxReason {
		t.Errorf("the event's reason has %d bytes", len(reason))
	}
}

func TestAClosedConnectionIsNotOurFailure(t *testing.T) {
	s := newSite(t)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for _, target := range []string{s.authorizeURL(), s.authorizeURL("prompt", "none"), s.issuer + "/account/logout"} {
		r := httptest.NewRequestWithContext(gone, http.MethodGet, target, nil)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: "a"})
		if answer := s.serve(r); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d", r.URL.Path, answer.StatusCode)
		}
	}
	for _, e := range s.events() {
		if e.Outcome == string(ServerError) {
			t.Errorf("%s: outcome %s", e.Kind, e.Outcome)
		}
	}
}

// A20 is an edit by hand; an SQL tool that has not committed it yet keeps every writer out.
func TestA20AnEditThatIsNotCommittedIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		code := s.signIn(b, "Mick")
		tool, err := dbtest.Shell(t, s.db).Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		edit := func(statement string) {
			if _, err := tool.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		edit("BEGIN IMMEDIATE")
		edit("UPDATE Clients SET AccessTokenLifetime = 61 WHERE ClientId = 'spa-client'")
		started := time.Now()
		refused := s.renew(b)
		wantRedirectError(t, refused, TemporarilyUnavailable)
		if why := refused.sent("error_description"); !strings.Contains(why, "another program has locked the database") {
			t.Errorf("error_description %q", why)
		}
		if waited := time.Since(started); waited >= 10*time.Second {
			t.Errorf("waited %v, longer than oidc-client-ts does for a hidden frame", waited)
		}
		wantError(t, s.token(tokenForm(code)), http.StatusServiceUnavailable, TemporarilyUnavailable)

		edit("COMMIT")
		if got := s.redeem(code).ExpiresIn; got != 61 {
			t.Errorf("afterwards the same code gives a token for %d s, want 61", got)
		}
		tool.Close()
	})
}

func TestServerErrorsShowNothingInside(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	s.exec(`ALTER TABLE ServerSideSessions RENAME TO Elsewhere`)
	back := s.renew(b)
	if back.sent("error") != string(ServerError) || back.sent("error_description") != "" {
		t.Errorf("redirect: got %s", back.Header.Get("Location"))
	}
	s.exec(`ALTER TABLE ConfigurationVersion RENAME TO Gone`)
	shown := s.renew(b)
	if shown.StatusCode != http.StatusInternalServerError {
		t.Errorf("page: got %d", shown.StatusCode)
	}
	for _, inside := range []string{"SQL", "sqlite", "no such table", "ConfigurationVersion", ".go:"} {
		if strings.Contains(shown.Body, inside) {
			t.Errorf("the page says %q", inside)
		}
	}
	for _, e := range s.events("authorize") {
		if strings.Contains(e.Reason, "table") {
			t.Errorf("the event says %q", e.Reason)
		}
	}
}

func TestPanicsBecomeServerErrors(t *testing.T) {
	s := newSite(t)
	broken := &Provider{issuer: testIssuer, base: must(url.Parse(testIssuer)), bus: s.bus} // no database
	w := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, testIssuer+"/?client_id=a&redirect_uri=b", nil)
	broken.alone("authorize", broken.authorize).ServeHTTP(w, request)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("got %d\n%s", w.Code, w.Body)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestIssuerMustBeUsable(t *testing.T) { // OIDC Discovery §3
	s := newSite(t)
	for _, issuer := range []string{
		"", "localhost:5005", "ftp://idp.example", "http://", "https://idp.example/", "https://idp.example/a/", "https://idp.example?a=b",
		"https://idp.example#a", "https://user@idp.example", "https://idp.example/{a}", "https://idp.example/:a", "https://idp.example/*a", "https://idp.example/a b",
	} {
		if _, err := New(Config{Issuer: issuer}, s.db, s.bus); err == nil {
			t.Errorf("%q is accepted", issuer)
		}
	}
}

func TestCheckSessionPage(t *testing.T) { // Session Management §3.2
	s := newSite(t)
	answer := s.browser().get(s.issuer + "/connect/checksession")
	if answer.StatusCode != http.StatusOK || !strings.Contains(answer.Body, sessionIDCookie) || len(answer.Cookies()) > 0 {
		t.Errorf("got %d, cookies %v\n%s", answer.StatusCode, answer.Cookies(), answer.Body)
	}
	src, _ := answer.document(t).Find("script[src]").Attr("src")
	if script := s.browser().get(s.issuer + src); script.StatusCode != http.StatusOK {
		t.Errorf("its script %s: got %d", src, script.StatusCode)
	}
}

func TestHealth(t *testing.T) {
	s := newSite(t)
	if answer := s.browser().get(s.issuer + "/healthz"); answer.StatusCode != http.StatusOK || len(s.events()) != 0 {
		t.Errorf("got %d and %d events", answer.StatusCode, len(s.events()))
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if answer := s.browser().get(s.issuer + "/healthz"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a database: got %d", answer.StatusCode)
	}
}

func TestHomeLeadsToTheApplicationInTheLab(t *testing.T) {
	for _, lab := range []bool{true, false} {
		s := newSite(t, func(c *Config) { c.Lab = lab })
		home := s.browser().get(s.issuer + "/")
		if got := home.document(t).Find(`a.Button[href^="`+testSPA+`"]`).Length() > 0; home.StatusCode != http.StatusOK || got != lab {
			t.Errorf("lab %v: got %d, a link to the application: %v", lab, home.StatusCode, got)
		}
	}
}
