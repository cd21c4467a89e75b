package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
)

// loginForm opens the login page of a new authorization request.
func (s *site) loginForm(b *browser) page {
	s.t.Helper()
	return b.follow(b.get(s.authorizeURL()))
}

func TestA3BothUsersCanLogIn(t *testing.T) {
	s := newSite(t)
	for username := range testPasswords {
		if s.signIn(s.browser(), username) == "" {
			t.Errorf("%s: no code", username)
		}
	}
}

func TestA3RefusedLoginsAllLookTheSame(t *testing.T) {
	s := newSite(t)
	s.exec(`UPDATE Users SET Enabled = 0 WHERE Username = 'Jane'`)
	for name, row := range map[string]struct{ username, password string }{
		"wrong password":       {"Mick", "wrong"},
		"password of another":  {"Mick", "JanePassword"},
		"password in lower":    {"Mick", "mickpassword"},
		"no password":          {"Mick", ""},
		"no username":          {"", "MickPassword"},
		"nothing":              {"", ""},
		"unknown user":         {"Nobody", "MickPassword"},
		"disabled user":        {"Jane", "JanePassword"},
		"username with NUL":    {"Mick\x00", "MickPassword"},
		"username with quotes": {"' OR 1=1 --", "x"},
		"username not UTF-8":   {"\xff\xfe", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.browser()
			b.address = fmt.Sprintf("198.51.100.%d:1", len(name)) // each from an address of its own
			answer := b.submitLogin(s.loginForm(b), row.username, row.password, "RememberLogin", "true")
			if answer.StatusCode != http.StatusOK || !strings.Contains(answer.Body, "Invalid username or password") {
				t.Errorf("got %d %s", answer.StatusCode, answer.Header.Get("Location"))
			}
			if len(answer.Cookies()) > 0 {
				t.Errorf("a refused login sets cookies: %v", answer.Cookies())
			}
			document := answer.document(t)
			printable := utf8.ValidString(row.username) && !strings.Contains(row.username, "\x00")
			if got := document.Find("#username").AttrOr("value", ""); printable && got != row.username {
				t.Errorf("the username typed is gone: got %q", got)
			}
			if _, checked := document.Find("#remember").Attr("checked"); !checked {
				t.Error("the tick at Remember My Login is gone")
			}
			if strings.Contains(answer.Body, row.password) && len(row.password) > 5 {
				t.Error("the page repeats the password")
			}
			if e := s.events("login"); e[len(e)-1].Outcome != string(AccessDenied) {
				t.Errorf("event: got %+v", e[len(e)-1])
			}
		})
	}
}

func TestA9CancelGoesBackWithAccessDenied(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	answer := b.submit(s.loginForm(b), "cancel")
	wantRedirectError(t, answer, AccessDenied)
	if answer.StatusCode != http.StatusSeeOther {
		t.Errorf("got %d, want 303", answer.StatusCode)
	}
	if n := len(s.events("login.cancelled")); n != 1 {
		t.Errorf("got %d login.cancelled events, want 1", n)
	}
}

func TestA9CancelLooksAtTheRequestAgain(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	back := "/connect/authorize/callback?" + authorizeParameters("redirect_uri", "https://evil.example/").Encode()
	for _, button := range []string{"cancel", "login"} {
		answer := b.post(s.issuer+"/account/login", url.Values{
			"ReturnUrl": {back}, "button": {button}, "Username": {"Mick"}, "Password": {"MickPassword"},
		})
		if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" || answer.setCookie(sessionCookie) != nil {
			t.Errorf("%s: got %d %s, want 400 and nothing else", button, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}

func TestLoginOpenedByHandLeadsHome(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	answer := b.submitLogin(b.get(s.issuer+"/account/login"), "Mick", "MickPassword")
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/" {
		t.Errorf("got %d %s, want 303 to /", answer.StatusCode, answer.Header.Get("Location"))
	}
	if home := b.get(s.issuer + "/"); !strings.Contains(home.Body, b.cookie(s.issuer, sessionIDCookie)) {
		t.Error("the first page does not show the session")
	}
	if answer := b.post(s.issuer+"/account/login", url.Values{"button": {"cancel"}}); answer.Header.Get("Location") != "/" {
		t.Errorf("cancel: got %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
}

// openRedirects are the usual tricks to make a return URL leave the origin (RFC 9700 §4.11).
var openRedirects = []string{
	"//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/%5cevil.example", "/%2f%2fevil.example",
	"http://evil.example", "https:evil.example", "HTTPS://evil.example/connect/authorize/callback?a=b", "javascript:alert(1)",
	"data:text/html,x", " //evil.example", "\t//evil.example", "/\t/evil.example", "/\n/evil.example", "/\r\nSet-Cookie: a=b",
	"/connect/authorize/callback", "/connect/authorize/callback?", "/connect/authorize/callback/../../evil?a=b",
	"/connect/authorize/callback@evil.example?a=b", "/connect/authorize/callback.evil.example/?a=b",
	"http://localhost:5005/connect/authorize/callback?client_id=spa-client", "//localhost:5005/connect/authorize/callback?a=b",
	"/connect/authorize/callback?%zz", "/connect/authorize/callback?a;b", "?a=b", "#", "/", "/account/login", "connect/authorize/callback?a=b",
	"\x00/connect/authorize/callback?a=b", "／／evil.example", "/connect/authorize/callback?" + strings.Repeat("a", 20_001),
}

func TestReturnURLIsLocalOnly(t *testing.T) {
	s := newSite(t)
	for _, trick := range openRedirects {
		b := s.browser()
		for name, answer := range map[string]page{
			"GET":    b.get(s.issuer + "/account/login?" + url.Values{"returnUrl": {trick}}.Encode()),
			"POST":   b.post(s.issuer+"/account/login", url.Values{"ReturnUrl": {trick}, "Username": {"Mick"}, "Password": {"MickPassword"}}),
			"Cancel": b.post(s.issuer+"/account/login", url.Values{"ReturnUrl": {trick}, "button": {"cancel"}}),
			"Allow":  b.post(s.issuer+"/consent", url.Values{"ReturnUrl": {trick}, "button": {"allow"}}),
		} {
			if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
				t.Errorf("%s %.60q: got %d %q, want 400", name, trick, answer.StatusCode, answer.Header.Get("Location"))
			}
			if strings.Contains(answer.Header.Get("Set-Cookie"), sessionCookie+"=") {
				t.Errorf("%s %.60q: signed in", name, trick)
			}
		}
	}
}

func TestPromptsThatShowTheLogin(t *testing.T) { // OIDC Core §3.1.2.1
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		mick := s.redeem(s.signIn(b, "Mick"))
		time.Sleep(time.Minute)
		if answer := b.follow(b.get(s.authorizeURL())); answer.sent("code") == "" {
			t.Fatalf("A23: signed in, no prompt: got %d", answer.StatusCode)
		}
		for _, pairs := range [][]string{
			{"prompt", "login"}, {"prompt", "select_account"}, {"max_age", "30"}, {"max_age", "0"}, {"prompt", "login consent"},
		} {
			form := b.follow(b.get(s.authorizeURL(pairs...)))
			if form.document(t).Find("#password").Length() != 1 {
				t.Fatalf("%v: got %d %s, want the login form", pairs, form.StatusCode, form.Header.Get("Location"))
			}
			before := time.Now()
			answer := b.follow(b.submitLogin(form, "Mick", "MickPassword"))
			if answer.sent("code") == "" && answer.document(t).Find("#allow").Length() == 0 {
				t.Errorf("%v: after the login got %d %s", pairs, answer.StatusCode, answer.Header.Get("Location"))
			}
			if code := answer.sent("code"); code != "" {
				if got := claimsOf(t, s.redeem(code).IDToken)["auth_time"]; got != float64(before.Unix()) {
					t.Errorf("%v: auth_time is %v, want %d", pairs, got, before.Unix())
				}
			}
			time.Sleep(time.Minute)
		}

		// A hint about Mick while Jane logs in: the answer is an error, not Jane.
		form := s.browser()
		page := form.follow(form.get(s.authorizeURL("id_token_hint", mick.IDToken)))
		wantRedirectError(t, form.follow(form.submitLogin(page, "Jane", "JanePassword")), LoginRequired)
		wantRedirectError(t, b.get(s.authorizeURL("id_token_hint", "nonsense")), InvalidRequest)
	})
}

func TestLoginIsThrottledPerAccountAndAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		form := s.loginForm(b)
		for range perPair {
			if answer := b.submitLogin(form, "mick", "wrong"); answer.StatusCode != http.StatusOK {
				t.Fatalf("got %d, want the form again", answer.StatusCode)
			}
		}
		blocked := b.submitLogin(form, "Mick", "MickPassword")
		if blocked.StatusCode != http.StatusTooManyRequests || blocked.Header.Get("Retry-After") != "30" {
			t.Errorf("got %d, Retry-After %q, want 429 and 30", blocked.StatusCode, blocked.Header.Get("Retry-After"))
		}
		if text := blocked.document(t).Find("[role=alert]").Text(); !strings.Contains(text, "Too many attempts. Try again in 30 seconds.") {
			t.Errorf("message: %q", text)
		}

		elsewhere := s.browser()
		elsewhere.address = "203.0.113.9:40000"
		if s.signIn(elsewhere, "Mick") == "" { // the owner, at home
			t.Error("a stranger's wrong passwords lock the owner out")
		}
		if answer := b.submitLogin(form, "Jane", "JanePassword"); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("another account from the same address: got %d", answer.StatusCode)
		}

		time.Sleep(29 * time.Second)
		if answer := b.submitLogin(form, "Mick", "MickPassword"); answer.StatusCode != http.StatusTooManyRequests {
			t.Errorf("a second early: got %d", answer.StatusCode)
		}
		time.Sleep(time.Second)
		b.submitLogin(form, "Mick", "wrong")
		if answer := b.submitLogin(form, "Mick", "wrong"); answer.Header.Get("Retry-After") != "60" {
			t.Errorf("the next block: Retry-After %q, want 60", answer.Header.Get("Retry-After"))
		}
		time.Sleep(time.Minute)
		if answer := b.submitLogin(form, "Mick", "MickPassword"); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("the right password after the block: got %d", answer.StatusCode)
		}
		for range perPair - 1 { // the success has cleared the count
			if answer := b.submitLogin(form, "Mick", "wrong"); answer.StatusCode != http.StatusOK {
				t.Errorf("got %d", answer.StatusCode)
			}
		}
	})
}

func TestHangingUpEarlyIsNoFreeAttempt(t *testing.T) {
	s := newSite(t)
	p := s.provider()
	p.comparisons = make(chan struct{}, 1)
	attempt := func(compare func() (bool, error)) error {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		ctx, hangUp := context.WithCancel(t.Context())
		c.Request = httptest.NewRequestWithContext(ctx, http.MethodPost, "/account/login", nil)
		_, err := p.attemptLogin(c, "Mick", "", func() (bool, error) {
			hangUp() // while the password is being compared
			return compare()
		})
		return err
	}
	for range perPair {
		if err := attempt(func() (bool, error) { return false, nil }); err != nil {
			t.Fatal(err)
		}
	}
	err := attempt(func() (bool, error) { return true, nil })
	if refused, ok := errors.AsType[*loginRefused](err); !ok || refused.retryAfter == 0 {
		t.Errorf("attempt %d: got %v, want a refusal", perPair+1, err)
	}
}

func TestDistributedGuessingDoesNotLockTheOwnerOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		owner := s.browser()
		s.signIn(owner, "Mick")

		attacker := s.browser()
		form := s.loginForm(attacker)
		for i := range perAccount {
			attacker.address = "203.0.113." + strconv.Itoa(i) + ":1"
			attacker.submitLogin(form, "Mick", "wrong")
		}
		attacker.address = "203.0.113.200:1"
		answer := attacker.submitLogin(form, "Mick", "MickPassword")
		if wait, err := strconv.Atoi(answer.Header.Get("Retry-After")); answer.StatusCode != http.StatusTooManyRequests || err != nil || wait > 60 {
			t.Errorf("from everywhere: got %d, Retry-After %q, want 429 and at most 60", answer.StatusCode, answer.Header.Get("Retry-After"))
		}
		owner.address = "203.0.113.201:1"
		if answer := owner.submitLogin(s.loginFormFor(owner, "prompt", "login"), "Mick", "MickPassword"); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("the owner's own browser: got %d", answer.StatusCode)
		}

		// The mark of a browser that knows Jane is worth nothing for Mick.
		jane := s.browser()
		s.signIn(jane, "Jane")
		jane.address = "203.0.113.202:1"
		if answer := jane.submitLogin(s.loginFormFor(jane, "prompt", "login"), "Mick", "MickPassword"); answer.StatusCode != http.StatusTooManyRequests {
			t.Errorf("with another user's mark: got %d", answer.StatusCode)
		}
	})
}

func (s *site) loginFormFor(b *browser, pairs ...string) page {
	s.t.Helper()
	return b.follow(b.get(s.authorizeURL(pairs...)))
}

func TestOneAddressTriesManyAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		form := s.loginForm(b)
		for i := range perAddress {
			b.address = "[2001:db8::" + strconv.FormatInt(int64(i+1), 16) + "]:1" // one subscriber's network
			b.submitLogin(form, "user"+strconv.Itoa(i), "wrong")
		}
		if answer := b.submitLogin(form, "Mick", "MickPassword"); answer.StatusCode != http.StatusTooManyRequests {
			t.Errorf("got %d", answer.StatusCode)
		}
		b.address = "[2001:db8:0:1::1]:1"
		if answer := b.submitLogin(form, "Mick", "MickPassword"); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("the neighbour: got %d", answer.StatusCode)
		}
	})
}

func TestForwardedForCountsOnlyFromATrustedProxy(t *testing.T) {
	for _, row := range []struct {
		trusted []string
		want    int
	}{{nil, http.StatusTooManyRequests}, {[]string{"192.0.2.0/24"}, http.StatusSeeOther}} {
		s := newSite(t, func(c *Config) { c.TrustedProxies = row.trusted })
		b := s.browser()
		b.header = http.Header{"X-Forwarded-For": {"203.0.113.1"}}
		form := s.loginForm(b)
		for range perPair {
			b.submitLogin(form, "Mick", "wrong")
		}
		b.header.Set("X-Forwarded-For", "203.0.113.2")
		if answer := b.submitLogin(form, "Mick", "MickPassword"); answer.StatusCode != row.want {
			t.Errorf("trusted %v: got %d, want %d", row.trusted, answer.StatusCode, row.want)
		}
	}
	if _, err := New(Config{Issuer: testIssuer, TrustedProxies: []string{"everybody"}}, newSite(t).db, nil); err == nil {
		t.Error("a proxy that is no address is accepted")
	}
}

func TestAnUnknownUserCostsAsMuchAsAKnownOne(t *testing.T) {
	hash, err := db.HashPassword("x")
	if err != nil {
		t.Fatal(err)
	}
	want, _, _, err := argon2id.DecodeHash(hash)
	if err != nil {
		t.Fatal(err)
	}
	got, _, _, err := argon2id.DecodeHash(decoyHash)
	if err != nil || *got != *want {
		t.Errorf("decoy: got %+v, %v, want %+v", got, err, want)
	}
}

func TestDemoUsersOnlyInTheLab(t *testing.T) {
	for _, lab := range []bool{true, false} {
		s := newSite(t, func(c *Config) { c.Lab = lab })
		form := s.loginForm(s.browser())
		if got := strings.Contains(form.Body, "MickPassword"); got != lab {
			t.Errorf("lab %v: passwords on the page: %v", lab, got)
		}
	}
}

// Only our own word about this very user, as long as it counts, makes a browser a known one.
func TestKnownBrowser(t *testing.T) {
	s := newSite(t)
	p := s.handler.(*Provider)
	soon := time.Now().Add(time.Minute).Unix()
	for _, row := range []struct {
		name   string
		typ    jose.ContentType
		claims map[string]any
		want   string
	}{
		{"ours", knownBrowserType, map[string]any{"iss": testIssuer, "sub": "mick", "jti": "browser-1", "exp": soon}, "browser-1"},
		{"about another user", knownBrowserType, map[string]any{"iss": testIssuer, "sub": "jane", "jti": "browser-1", "exp": soon}, ""},
		{"of another issuer on our keys", knownBrowserType, map[string]any{"iss": "https://elsewhere.example", "sub": "mick", "jti": "browser-1", "exp": soon}, ""},
		{"over", knownBrowserType, map[string]any{"iss": testIssuer, "sub": "mick", "jti": "browser-1", "exp": time.Now().Unix()}, ""},
		{"an ID token", idTokenType, map[string]any{"iss": testIssuer, "sub": "mick", "jti": "browser-1", "exp": soon}, ""},
	} {
		token, err := p.keys.sign(t.Context(), jose.ES256, row.typ, row.claims)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, s.issuer+"/account/login", nil)
		c.Request.AddCookie(&http.Cookie{Name: knownBrowserCookie, Value: token})
		if got := p.knownBrowser(c, "mick"); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}
