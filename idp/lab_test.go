package idp

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/internal/event"
)

func newLab(t testing.TB) *site {
	t.Helper()
	return newSite(t, func(c *Config) { c.Lab = true })
}

// patch sends a change as the page does. Headers come in pairs and replace the ones of an honest request; the value "" removes one.
func (s *site) patch(path, body string, headers ...string) page {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPatch, s.issuer+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", testSPA)
	r.Header.Set("Sec-Fetch-Site", "same-site")
	for i := 0; i+1 < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			r.Host = headers[i+1]
		case headers[i+1] == "":
			r.Header.Del(headers[i])
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return s.serve(r)
}

func TestA20LabChangesTheLifetimeOfTheNextToken(t *testing.T) {
	s := newLab(t)
	code := s.insertCode(nil)
	answer := s.patch("/lab/clients/spa-client", `{"AccessTokenLifetime":120}`)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", answer.StatusCode, answer.Body)
	}
	for _, settings := range []clientSettings{
		decode[clientSettings](t, answer), decode[clientSettings](t, s.call(http.MethodGet, "/lab/clients/spa-client", nil)),
	} {
		if settings.AccessTokenLifetime != 120 || settings.Updated == nil || len(settings.RedirectURIs) != 2 {
			t.Errorf("settings: %+v", settings)
		}
	}
	if got := s.redeem(code).ExpiresIn; got != 120 {
		t.Errorf("the next token lives %d s, want 120", got)
	}
	changes := s.events("client.changed")
	if len(changes) != 1 || changes[0].ClientID != "spa-client" || changes[0].Parameters["AccessTokenLifetime"] != "120" || !changes[0].OK() {
		t.Errorf("events: %+v", changes)
	}
}

func TestA42LabChangesTheCookieOptions(t *testing.T) {
	s := newLab(t)
	if got := decode[map[string]string](t, s.call(http.MethodGet, "/lab/options", nil)); got["Authentication.CookieLifetime"] != "10h0m0s" || got["Authentication.CookieSlidingExpiration"] != "false" {
		t.Errorf("defaults: %v", got)
	}
	answer := s.patch("/lab/options", `{"Authentication.CookieLifetime":"4m","Authentication.CookieSlidingExpiration":true}`)
	got := decode[map[string]string](t, answer)
	if answer.StatusCode != http.StatusOK || got["Authentication.CookieLifetime"] != "4m" || got["Authentication.CookieSlidingExpiration"] != "true" {
		t.Errorf("got %d %v", answer.StatusCode, got)
	}
	changes := s.events("option.changed")
	if len(changes) != 1 || changes[0].Parameters["Authentication.CookieLifetime"] != "4m" {
		t.Errorf("events: %+v", changes)
	}
}

func TestLabRefusesAndNamesTheField(t *testing.T) {
	s := newLab(t)
	for _, row := range []struct {
		name, path, body string
		status           int
		field            string
	}{
		{"zero seconds", "/lab/clients/spa-client", `{"AccessTokenLifetime":0}`, 400, "AccessTokenLifetime"},
		{"negative", "/lab/clients/spa-client", `{"AccessTokenLifetime":-1}`, 400, "AccessTokenLifetime"},
		{"more than ten years", "/lab/clients/spa-client", `{"AccessTokenLifetime":315360001}`, 400, "AccessTokenLifetime"},
		{"beyond any integer", "/lab/clients/spa-client", `{"AccessTokenLifetime":1e99}`, 400, "AccessTokenLifetime"},
		{"half a second", "/lab/clients/spa-client", `{"AccessTokenLifetime":1.5}`, 400, "AccessTokenLifetime"},
		{"a text", "/lab/clients/spa-client", `{"AccessTokenLifetime":"60"}`, 400, "AccessTokenLifetime"},
		{"null", "/lab/clients/spa-client", `{"AccessTokenLifetime":null}`, 400, "AccessTokenLifetime"},
		{"a column that is not for the page", "/lab/clients/spa-client", `{"RequirePkce":false}`, 400, "RequirePkce"},
		{"one good and one bad field", "/lab/clients/spa-client", `{"AccessTokenLifetime":60,"Nonsense":1}`, 400, "Nonsense"},
		{"an unknown client", "/lab/clients/nobody", `{"AccessTokenLifetime":60}`, 404, ""},
		{"a client_id of no text", "/lab/clients/%00%ff", `{"AccessTokenLifetime":60}`, 404, ""},
		{"an empty object", "/lab/clients/spa-client", `{}`, 400, ""},
		{"an array", "/lab/clients/spa-client", `[]`, 400, ""},
		{"no JSON", "/lab/clients/spa-client", `AccessTokenLifetime=60`, 400, ""},
		{"two objects", "/lab/clients/spa-client", `{"AccessTokenLifetime":60}{}`, 400, ""},
		{"more than 4 kB", "/lab/clients/spa-client", `{"AccessTokenLifetime":60` + strings.Repeat(" ", maxLabBody) + `}`, 413, ""},
		{"an unknown option", "/lab/options", `{"IssuerUri":"http://evil.example"}`, 400, "IssuerUri"},
		{"not a duration", "/lab/options", `{"Authentication.CookieLifetime":"240"}`, 400, "Authentication.CookieLifetime"},
		{"a number", "/lab/options", `{"Authentication.CookieLifetime":240}`, 400, "Authentication.CookieLifetime"},
		{"half a second", "/lab/options", `{"Authentication.CookieLifetime":"1.5s"}`, 400, "Authentication.CookieLifetime"},
		{"below one second", "/lab/options", `{"Authentication.CookieLifetime":"0s"}`, 400, "Authentication.CookieLifetime"},
		{"not a switch", "/lab/options", `{"Authentication.CookieSlidingExpiration":"maybe"}`, 400, "Authentication.CookieSlidingExpiration"},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := s.patch(row.path, row.body)
			got := decode[problem](t, answer)
			if answer.StatusCode != row.status || got.Status != row.status || got.Field != row.field || got.Title == "" {
				t.Errorf("got %d %+v", answer.StatusCode, got)
			}
			if got := answer.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type: %q", got)
			}
		})
	}
	client, err := s.db.Client(t.Context(), "spa-client")
	if err != nil || client.AccessTokenLifetime != 600 || client.Updated != nil {
		t.Errorf("a refused change changed the row: %d %v %v", client.AccessTokenLifetime, client.Updated, err)
	}
}

// The lab knows no user, so it must know where a request comes from.
func TestLabKeepsStrangersOut(t *testing.T) {
	s := newLab(t)
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"the SPA", nil, 200},
		{"a command line: no Origin", []string{"Origin", "", "Sec-Fetch-Site", ""}, 200},
		{"JSON with a charset", []string{"Content-Type", "application/json; charset=utf-8"}, 200},
		{"a page of an origin nobody registered", []string{"Origin", strangersOrigin}, 403},
		{"a sandboxed page", []string{"Origin", "null"}, 403},
		{"a page that hides its origin", []string{"Origin", "", "Sec-Fetch-Site", "cross-site"}, 403},
		{"what a form can send", []string{"Content-Type", "text/plain"}, 415},
		{"no Content-Type", []string{"Content-Type", ""}, 415},
		{"another Host: DNS rebinding", []string{"Host", "attacker.example:5005"}, 421},
		{"our host on another port", []string{"Host", "localhost:80"}, 421},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := s.patch("/lab/clients/spa-client", `{"AccessTokenLifetime":60}`, row.headers...)
			if answer.StatusCode != row.status {
				t.Errorf("got %d %s", answer.StatusCode, answer.Body)
			}
		})
	}
	t.Run("reading under another Host", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, s.issuer+"/lab/session", nil)
		r.Host = "attacker.example"
		if answer := s.serve(r); answer.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("got %d", answer.StatusCode)
		}
	})
	t.Run("preflight", func(t *testing.T) {
		for origin, want := range map[string]string{testSPA: "true", strangersOrigin: ""} {
			answer := s.call(http.MethodOptions, "/lab/clients/spa-client", nil, "Origin", origin,
				"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "content-type,x-correlation-id")
			if got := answer.Header.Get("Access-Control-Allow-Credentials"); got != want || answer.StatusCode != http.StatusNoContent {
				t.Errorf("from %s: %d, credentials %q, want %q", origin, answer.StatusCode, got, want)
			}
		}
	})
	t.Run("without Lab there is no lab", func(t *testing.T) {
		if answer := newSite(t).call(http.MethodGet, "/lab/options", nil); answer.StatusCode != http.StatusNotFound {
			t.Errorf("got %d", answer.StatusCode)
		}
	})
}

// The page shows the caller's own session at the provider, nobody else's, and looking does not count as an event.
func TestI25LabShowsTheSessionOfTheCookie(t *testing.T) {
	s := newLab(t)
	anonymous := decode[labSessionView](t, s.call(http.MethodGet, "/lab/session", nil))
	if anonymous.SignedIn || anonymous.Subject != "" {
		t.Errorf("without a cookie: %+v", anonymous)
	}
	b := s.browser()
	form := b.follow(b.get(s.authorizeURL()))
	b.follow(b.submitLogin(form, "Mick", testPasswords["Mick"], "RememberLogin", "true"))
	before := len(s.events())
	r := httptest.NewRequest(http.MethodGet, s.issuer+"/lab/session", nil)
	r.Header.Set("Origin", testSPA)
	answer := b.do(r)
	view := decode[labSessionView](t, answer)
	if !view.SignedIn || !view.Remember || view.Lifetime != 30*24*60*60 || view.Name == "" || view.SID == "" || len(view.Clients) != 1 { // A46
		t.Errorf("signed in and remembered: %+v", view)
	}
	if answer.Header.Get("Access-Control-Allow-Credentials") != "true" || answer.Header.Get("Access-Control-Allow-Origin") != testSPA {
		t.Errorf("the page cannot read it: %v", answer.Header)
	}
	if after := len(s.events()); after != before {
		t.Errorf("reading emitted %d events", after-before)
	}
}

// The page polls the session; that must not be what ends it in the browser's eyes (A43, A47).
func TestI25LookingAtADeadSessionTakesNoCookieBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLab(t)
		b := s.browser()
		s.signIn(b, "Mick")
		time.Sleep(10 * time.Hour)
		answer := b.get(s.issuer + "/lab/session")
		if decode[labSessionView](t, answer).SignedIn || len(answer.Cookies()) != 0 {
			t.Errorf("got %s and cookies %v", answer.Body, answer.Cookies())
		}
		if b.cookie(s.issuer, sessionIDCookie) == "" {
			t.Error("the check-session page would see the end of the session")
		}
	})
}

func TestCorrelationIDOfALabChange(t *testing.T) {
	s := newLab(t)
	s.patch("/lab/options", `{"Authentication.CookieLifetime":"5m"}`, event.CorrelationHeader, "change-1")
	if got := s.events("option.changed"); len(got) != 1 || got[0].CorrelationID != "change-1" {
		t.Errorf("events: %+v", got)
	}
}

// FuzzLab: whatever the page sends, it is taken or a problem comes (RFC 9457 §3), and what was taken leaves a provider that works.
func FuzzLab(f *testing.F) {
	for _, body := range []string{
		`{"AccessTokenLifetime":120}`, `{"AccessTokenLifetime":0}`, `{"AccessTokenLifetime":1e9}`, `{"AccessTokenLifetime":"120"}`, `{"AccessTokenLifetime":null}`, `{"accesstokenlifetime":5}`,
		`{"ClientId":"x"}`, `{"RedirectUris":["https://evil.example/"]}`, `{"Authentication.CookieLifetime":"4m"}`, `{"Authentication.CookieLifetime":"-4m"}`, `{"Authentication.CookieLifetime":4}`,
		`{"Authentication.CookieSlidingExpiration":true}`, `{"DPoP.RequireNonce":"maybe"}`, `{"x":1}`, `{}`, `[]`, `null`, ``, `{}{}`, `{"AccessTokenLifetime":1,"AccessTokenLifetime":2}`, strings.Repeat("[", 20_000),
	} {
		f.Add(true, body)
		f.Add(false, body)
	}
	s := newLab(f)
	f.Fuzz(func(t *testing.T, client bool, body string) {
		here := *s
		here.t = t
		path := map[bool]string{true: "/lab/clients/spa-client", false: "/lab/options"}[client]
		answer := here.patch(path, body)
		kind := answer.Header.Get("Content-Type")
		if answer.StatusCode >= 500 || answer.StatusCode >= 400 && kind != "application/problem+json" || answer.StatusCode < 400 && answer.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %d %s %s", path, body, answer.StatusCode, kind, answer.Body)
		}
		row, err := here.db.Client(t.Context(), "spa-client")
		if err != nil || row.Validate() != nil || len(row.RedirectURIs) != 2 || !row.RequirePKCE {
			t.Fatalf("%s: %v, %v, %v", body, err, row.Validate(), row.RedirectURIs)
		}
		if here.redeem(here.insertCode(nil)).ExpiresIn != row.AccessTokenLifetime {
			t.Errorf("%s: the next token does not live %d s", body, row.AccessTokenLifetime)
		}
	})
}
