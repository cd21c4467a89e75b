package spa

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"silentrenew/db/dbtest"
)

// jwtShape is how a token of this program looks to a person who searches for one.
var jwtShape = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}`)

func TestBFFSignsInAndKeepsTheTokens(t *testing.T) {
	p := newHouse(t).replica().person()
	if got := p.status(); got.SignedIn {
		t.Fatalf("before: %+v", got)
	}
	begin := p.get(houseSPA + "/bff/login?returnTo=/companies")
	asked, err := begin.Location()
	if err != nil {
		t.Fatalf("%d %s", begin.StatusCode, begin.body)
	}
	for name, want := range map[string]string{"client_id": "bff-client", "response_type": "code", "code_challenge_method": "S256",
		"redirect_uri": houseSPA + "/bff/callback", "scope": bffScope} {
		if got := asked.Query().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge", "correlation_id"} {
		if asked.Query().Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	p.signIn("Mick")
	status := p.status()
	if !status.SignedIn || status.Name == "" || len(status.Roles) != 1 || status.Roles[0] != "Admin" || status.Session == "" || status.Expires-status.Issued != 600 {
		t.Errorf("status: %+v", status)
	}
	page := p.partial("/companies")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "IT_Solutions Ltd") {
		t.Errorf("companies: %d\n%s", page.StatusCode, page.body)
	}
	for name, a := range map[string]answer{"session": p.get(houseSPA + "/bff/session"), "page": page, "frame": p.get(houseSPA + "/companies"), "renew": p.post("/bff/renew")} {
		if found := jwtShape.FindString(a.body + strings.Join(a.Header.Values("Set-Cookie"), "")); found != "" {
			t.Errorf("%s: a token in the browser: %s", name, found)
		}
		if got := a.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
	}
}

// Who holds a copy of the database holds no token and no cookie: each record opens with its own cookie only.
func TestBFFRecordsAreSealed(t *testing.T) {
	h := newHouse(t)
	p := h.replica().person()
	p.signIn("Mick")
	var key, data string
	if err := dbtest.Shell(t, h.db).QueryRow(`SELECT "Key", "Data" FROM "BffRecords" WHERE "SessionId" <> ''`).Scan(&key, &data); err != nil {
		t.Fatal(err)
	}
	handle := p.sessionCookie()
	if strings.Contains(key+data, handle) || strings.Contains(data, "access_token") {
		t.Error("the row says what the cookie is, or what the tokens are")
	}
	var session bffSession
	if openRecord(recordSession, newHandle(), data, &session) || openRecord(recordLogin, handle, data, &session) {
		t.Error("the record opens with another handle, or as another kind")
	}
	if !openRecord(recordSession, handle, data, &session) || session.RefreshToken == "" {
		t.Error("the record does not open with its own handle")
	}
	dbtest.Exec(t, h.db, `UPDATE "BffRecords" SET "Data" = '{"sub":"admin"}'`)
	if p.status().SignedIn {
		t.Error("a row that was written by hand signs somebody in")
	}
}

func TestBFFCookies(t *testing.T) {
	t.Run("http: HttpOnly, Strict, plain name", func(t *testing.T) {
		p := newHouse(t).replica().person()
		a := p.callback(p.toCallback("Mick", "/"))
		found := false
		for _, cookie := range a.Cookies() {
			if cookie.Name == "bff" {
				found = cookie.HttpOnly && cookie.SameSite == http.SameSiteStrictMode && cookie.Path == "/" && cookie.Domain == "" && cookie.MaxAge == 0
			}
		}
		if !found {
			t.Errorf("cookies: %v", a.Header.Values("Set-Cookie"))
		}
	})
	t.Run("https: __Host- and Secure", func(t *testing.T) {
		site := newHouse(t).replica(func(cfg *Config) { cfg.URL = "https://localhost:4200" })
		w := httptest.NewRecorder()
		site.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://localhost:4200/bff/login", nil))
		cookies := w.Result().Cookies()
		if len(cookies) != 1 || !strings.HasPrefix(cookies[0].Name, "__Host-bff-login-") || !cookies[0].Secure || !cookies[0].HttpOnly ||
			cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/" || cookies[0].Domain != "" {
			t.Errorf("cookies: %v", w.Header().Values("Set-Cookie"))
		}
	})
}

// A handle that somebody planted before the sign-in is worth nothing after it (session fixation).
func TestBFFSessionIDChangesAtSignIn(t *testing.T) {
	p := newHouse(t).replica().person()
	site, _ := url.Parse(houseSPA)
	p.jar.SetCookies(site, []*http.Cookie{{Name: "bff", Value: "planted"}})
	p.signIn("Mick")
	first := p.sessionCookie()
	if first == "planted" || first == "" {
		t.Fatalf("handle %q", first)
	}
	p.signIn("Mick")
	if p.sessionCookie() == first {
		t.Error("the handle stayed at the second sign-in")
	}
	if _, version, _, err := p.h.db.BFFRecord(t.Context(), recordKey(recordSession, first), time.Now()); version != 0 || err != nil {
		t.Errorf("the earlier session goes on: version %d, %v", version, err)
	}
}

func TestBFFReturnToIsLocal(t *testing.T) {
	for given, want := range map[string]string{
		"/companies?search=a%20b": "/companies?search=a%20b", "/": "/", "": "/", "companies": "/", "https://evil.example/": "/",
		"//evil.example": "/", `/\evil.example`: "/", `/x\..\y`: "/", "/%0d%0aSet-Cookie:x=1": "/%0d%0aSet-Cookie:x=1", "/\r\nX: y": "/",
		"javascript:alert(1)": "/", "/" + strings.Repeat("a", 3000): "/", "\t//evil.example": "/", "/\t/evil.example": "/",
	} {
		if got := localReturn(given); got != want {
			t.Errorf("%.40q: %q, want %q", given, got, want)
		}
	}
}

func FuzzBFFReturnTo(f *testing.F) {
	for _, seed := range []string{"/companies", "//evil.example", `/\evil.example`, "/a//b", "/?x=//y", "/%5cevil.example", "/\x00"} {
		f.Add(seed)
	}
	base, _ := url.Parse(houseSPA + "/bff/callback")
	f.Fuzz(func(t *testing.T, given string) {
		target, err := base.Parse(localReturn(given))
		if err != nil || target.Scheme != "http" || target.Host != base.Host {
			t.Errorf("%q leads to %v, %v", given, target, err)
		}
	})
}

// Each row is an attack on the callback. None of them signs anybody in.
func TestBFFCallbackRefuses(t *testing.T) {
	change := func(a answer, pairs ...string) string {
		u, _ := a.Location()
		query := u.Query()
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i+1] == "" {
				query.Del(pairs[i])
			} else {
				query.Set(pairs[i], pairs[i+1])
			}
		}
		u.RawQuery = query.Encode()
		return u.String()
	}
	for name, row := range map[string]struct {
		status int
		target func(p *person, a answer) string
	}{
		"a state of nobody's (RFC 6749 §10.12)": {400, func(_ *person, a answer) string { return change(a, "state", newHandle()) }},
		"no state":                              {400, func(_ *person, a answer) string { return change(a, "state", "") }},
		"a state that only begins like ours": {400, func(_ *person, a answer) string {
			u, _ := a.Location()
			return change(a, "state", u.Query().Get("state")[:8]+"x")
		}},
		"another provider's iss (RFC 9207 §2.4)":   {502, func(_ *person, a answer) string { return change(a, "iss", "https://evil.example") }},
		"no iss although ours sends it (RFC 9207)": {502, func(_ *person, a answer) string { return change(a, "iss", "") }},
		"a code that is not ours":                  {502, func(_ *person, a answer) string { return change(a, "code", newHandle()) }},
		"no code":                                  {502, func(_ *person, a answer) string { return change(a, "code", "") }},
		"two codes (RFC 6749 §3.1)":                {502, func(_ *person, a answer) string { u, _ := a.Location(); return u.String() + "&code=x" }},
		"an error (RFC 6749 §4.1.2.1)":             {502, func(_ *person, a answer) string { return change(a, "code", "", "error", "access_denied") }},
		"a megabyte of state":                      {400, func(_ *person, a answer) string { return change(a, "state", strings.Repeat("s", 1<<20)) }},
		"the answer to a victim's browser (CSRF)": {400, func(p *person, a answer) string {
			p.jar = nil
			*p = *(&bffSite{p.h, p.site}).person()
			return change(a)
		}},
		"another sign-in's code with our own state (code injection, RFC 9700 §4.5)": {502, func(p *person, a answer) string {
			thief := (&bffSite{p.h, p.site}).person()
			u, _ := thief.toCallback("Jane", "/").Location()
			return change(a, "code", u.Query().Get("code"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newHouse(t).replica().person()
			redirect := p.toCallback("Mick", "/companies")
			a := p.get(row.target(p, redirect))
			if a.StatusCode != row.status || p.sessionCookie() != "" || p.status().SignedIn {
				t.Errorf("%d, want %d; cookie %q\n%s", a.StatusCode, row.status, p.sessionCookie(), a.body)
			}
		})
	}
	t.Run("the same answer twice", func(t *testing.T) {
		p := newHouse(t).replica().person()
		redirect := p.toCallback("Mick", "/companies")
		jar := p.jar
		if a := p.callback(redirect); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("first: %d", a.StatusCode)
		}
		p.jar = jar
		if a := p.callback(redirect); a.StatusCode != http.StatusBadRequest {
			t.Errorf("again: %d, want 400", a.StatusCode)
		}
		if !p.status().SignedIn {
			t.Error("the replay has ended the session that the first answer began")
		}
	})
	t.Run("eleven minutes later", func(t *testing.T) {
		h := newHouse(t)
		p := h.replica().person()
		redirect := p.toCallback("Mick", "/companies")
		dbtest.Exec(t, h.db, `UPDATE "BffRecords" SET "Expires" = ?`, time.Now().UTC().Add(-time.Minute))
		if a := p.callback(redirect); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%d, want 400", a.StatusCode)
		}
	})
}

func TestBFFLoginIsBegunHere(t *testing.T) {
	p := newHouse(t).replica().person()
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 303, "none": 303, "": 303} {
		if a := p.get(houseSPA+"/bff/login", "Sec-Fetch-Site", site); a.StatusCode != want {
			t.Errorf("Sec-Fetch-Site %q: %d, want %d", site, a.StatusCode, want)
		}
	}
}

// Two tabs that sign in at once both come home.
func TestBFFTwoSignInsAtOnce(t *testing.T) {
	p := newHouse(t).replica().person()
	first, second := p.toCallback("Mick", "/companies"), p.toCallback("Mick", "/privacy")
	for redirect, want := range map[*answer]string{&first: "/companies", &second: "/privacy"} {
		if a := p.callback(*redirect); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("%d to %q, want %q", a.StatusCode, a.Header.Get("Location"), want)
		}
	}
	for range 20 { // a browser that begins again and again does not drown in cookies
		p.get(houseSPA + "/bff/login")
	}
	site, _ := url.Parse(houseSPA)
	if n := len(p.jar.Cookies(site)); n > maxLogins+3 { // and three of sessions
		t.Errorf("%d cookies", n)
	}
}

func TestBFFUnsafeRequestsOfStrangersAreRefused(t *testing.T) {
	p := newHouse(t).replica().person()
	p.signIn("Mick")
	for name, headers := range map[string][]string{
		"no header":                           {"Sec-Fetch-Site", "same-origin"},
		"another site":                        {csrfHeader, "1", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"another port of this machine":        {csrfHeader, "1", "Sec-Fetch-Site", "same-site", "Origin", "http://localhost:5005"},
		"an old browser, an Origin elsewhere": {csrfHeader, "1", "Origin", "https://evil.example"},
		"a form without an origin":            {"Sec-Fetch-Site", "cross-site", "Origin", "null"},
	} {
		for _, path := range []string{"/bff/renew", "/bff/logout"} {
			if a := p.do(http.MethodPost, houseSPA+path, "", headers...); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %s: %d, want 403", name, path, a.StatusCode)
			}
		}
		if name != "no header" {
			if a := p.do(http.MethodPost, houseSPA+"/companies", "name=x", append(headers, "Content-Type", "application/x-www-form-urlencoded")...); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s: /companies: %d, want 403", name, a.StatusCode)
			}
		}
	}
	if !p.status().SignedIn || p.status().Renewals != 0 {
		t.Error("one of them did something")
	}
	if a := p.get(houseSPA+"/companies", "HX-Request", "true"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a page without the header: %d, want 401", a.StatusCode)
	}
}

// The relay reads from the API for the page, and is no way to anywhere else.
func TestBFFRelaysReadsOfTheAPI(t *testing.T) {
	p := newHouse(t).replica().person()
	anonymous := p.get(houseSPA+"/bff/api/companies?limit=1", csrfHeader, "1")
	if anonymous.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %d", anonymous.StatusCode)
	}
	p.signIn("Jane")
	for target, want := range map[string]int{
		"/bff/api/companies?limit=1": 200, "/bff/api/companies/privacy": 403, "/bff/api/nothing": 404,
		"/bff/api/": 404, "/bff/api/../connect/token": 404, "/bff/api/%2e%2e/lab/options": 404, "/bff/api/companies//x": 404, "/bff/api/a@b": 404,
	} {
		if a := p.get(houseSPA+target, csrfHeader, "1"); a.StatusCode != want || jwtShape.MatchString(a.body) {
			t.Errorf("%s: %d, want %d: %.200s", target, a.StatusCode, want, a.body)
		}
	}
	if a := p.get(houseSPA + "/bff/api/companies?limit=1"); a.StatusCode != http.StatusForbidden {
		t.Errorf("without the header: %d, want 403", a.StatusCode)
	}
	if a := p.do(http.MethodPost, houseSPA+"/bff/api/companies", "{}", csrfHeader, "1", "Sec-Fetch-Site", "same-origin"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a write: %d, want 405", a.StatusCode)
	}
}
