package walk

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestA7MenuShowsWhatTheUserMayDo: anonymous sees Login, Jane (Visitor) Companies, Mick (Admin) Privacy too.
func TestA7MenuShowsWhatTheUserMayDo(t *testing.T) {
	p, b := walk(t)
	const companies, privacy = `nav a[href="/companies"]`, `nav a[href="/privacy"]`

	b.open("/")
	b.waitVisible("#login")
	b.waitText("body", "CompanyEmployees Home")
	for _, hidden := range []string{companies, privacy, "#logout"} {
		b.seesNot(hidden)
	}

	b.signIn("Jane", "JanePassword")
	b.waitVisible(companies)
	b.seesNot(privacy)
	b.seesNot("#login")

	other := openBrowser(t, p)
	other.signIn("Mick", "MickPassword")
	other.waitVisible(companies)
	other.waitVisible(privacy)
	other.seesNot("#login")
}

// TestA8LoginGoesToAuthorize: the Login button starts a code flow with PKCE, and the provider asks for the password with a
// local return URL.
func TestA8LoginGoesToAuthorize(t *testing.T) {
	p, b := walk(t)
	b.pressLogin()
	b.waitLoginForm()

	sent := b.network.to(p.idp + "/connect/authorize")
	if len(sent) != 1 {
		t.Fatalf("%d authorization requests, want 1", len(sent))
	}
	query := sent[0].query()
	for name, want := range map[string]string{
		"client_id": "spa-client", "response_type": "code", "code_challenge_method": "S256",
		"redirect_uri": p.spa + "/signin-callback", "scope": "openid profile companyApi",
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if query.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if sent[0].Status != 302 {
		t.Errorf("authorize answered %d, want 302", sent[0].Status)
	}
	login, err := url.Parse(sent[0].Location)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(login.Path, "/account/login") {
		t.Errorf("redirect to %s, want the login page", login.Path)
	}
	if back := login.Query().Get("returnUrl"); !strings.HasPrefix(back, "/connect/authorize/callback?") {
		t.Errorf("returnUrl = %q, want a local path", back)
	}
}

// TestA9CancelAndLogin: Cancel returns access_denied with the state that was sent; Login returns a code.
func TestA9CancelAndLogin(t *testing.T) {
	p, b := walk(t)
	b.pressLogin()
	b.waitLoginForm()
	state := b.network.to(p.idp + "/connect/authorize")[0].query().Get("state")
	b.click("#cancel")
	b.waitFor("location.href.startsWith("+quote(p.spa)+")", patience)
	b.waitFor("document.querySelector('main')", patience)

	back := b.network.to(p.spa + "/signin-callback")
	if len(back) != 1 {
		t.Fatalf("%d requests to the callback, want 1", len(back))
	}
	if query := back[0].query(); query.Get("error") != "access_denied" || query.Get("state") != state || query.Get("iss") != p.idp {
		t.Errorf("callback got error=%q state=%q iss=%q, want access_denied, %q, %q",
			query.Get("error"), query.Get("state"), query.Get("iss"), state, p.idp)
	}
	b.waitText("main", "access_denied")

	b.signIn("Mick", "MickPassword")
	back = b.network.to(p.spa + "/signin-callback")
	if query := back[len(back)-1].query(); query.Get("code") == "" || query.Get("state") == "" {
		t.Errorf("callback got %v, want a code and a state", query)
	}
}

// TestA3WrongPassword: a wrong password says so and sets no session cookie.
func TestA3WrongPassword(t *testing.T) {
	_, b := walk(t)
	b.pressLogin()
	b.submitLogin("Mick", "mickpassword")
	b.waitText("body", "Invalid username or password")
	if cookies := b.cookies(); cookies["idsrv"] != nil || cookies["idsrv.session"] != nil {
		t.Errorf("a failed login set a session cookie: %v", cookies)
	}
}

// TestA10CallbackLeavesNoTrace: after login the address has no code, Back does not redeem it again, and the menu changed
// without a reload.
func TestA10CallbackLeavesNoTrace(t *testing.T) {
	p, b := walk(t)
	b.open("/")
	b.signIn("Mick", "MickPassword")
	b.waitLocation("/")

	history, err := chromedp.Run(b.ctx, chromedp.NavigationEntries())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range history.Entries {
		if strings.Contains(entry.URL, "code=") && strings.HasPrefix(entry.URL, p.spa) {
			t.Errorf("the history holds the code: %s", entry.URL)
		}
	}

	redeemed := func() int { return len(p.events(0, is("token"))) }
	p.waitEvent(0, patience, is("callback.signin"))
	tokens := redeemed()
	b.do("Back", chromedp.NavigateBack())
	b.open("/companies")
	b.waitPage("companies")
	if again := redeemed(); again != tokens || tokens != 1 {
		t.Errorf("%d token requests after login, %d after Back, want 1 and 1", tokens, again)
	}
}

// TestA11ExchangeThenUserinfo: the page redeems the code, then asks for userinfo; one correlation id runs through both.
func TestA11ExchangeThenUserinfo(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	steps := p.waitEvents(0, 2, patience, is("token", "userinfo"))
	if steps[0].Message != "token" || steps[1].Message != "userinfo" {
		t.Fatalf("order: %s, %s, want token, userinfo", steps[0].Message, steps[1].Message)
	}
	for _, step := range steps {
		if step.get("status") != "200" || step.get("outcome") != "ok" {
			t.Errorf("%s: status %s, outcome %s, want 200, ok", step.Message, step.get("status"), step.get("outcome"))
		}
	}
	if id := steps[0].get("correlation_id"); id == "" || id != steps[1].get("correlation_id") {
		t.Errorf("correlation ids %q and %q, want the same", id, steps[1].get("correlation_id"))
	}
}

// TestA12TwoCookies: the session cookie is HttpOnly; the session-id cookie can be read by script and does not expire.
func TestA12TwoCookies(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	cookies := b.cookies()
	if c := cookies["idsrv"]; c == nil || !c.HTTPOnly {
		t.Errorf("idsrv = %+v, want an HttpOnly cookie", c)
	}
	if c := cookies["idsrv.session"]; c == nil || c.HTTPOnly || !c.Session {
		t.Errorf("idsrv.session = %+v, want a readable cookie without expiry", c)
	}
	b.openURL(p.idp + "/connect/checksession")
	if !strings.Contains(eval[string](b, "document.cookie"), "idsrv.session=") {
		t.Error("the check-session page cannot read idsrv.session")
	}
}
