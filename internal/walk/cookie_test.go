package walk

import (
	"testing"
	"time"
)

// TestA43A44CookieEndsTheRenewals: the provider's session is absolute, so renewals go on while it lives; the first one
// after it gets login_required, raises one error and no loop; the last token lives to its end, then Login is there and
// asks for the password. The numbers are a tenth of the article's: T=12, L=6, cookie 24 s.
func TestA43A44CookieEndsTheRenewals(t *testing.T) {
	p, b := walk(t, "--cookie-lifetime=24s")
	p.setAccessTokenLifetime(12)
	b.open("/")
	b.renewWithLead(6)
	b.signIn("Mick", "MickPassword")
	started := p.waitEvent(0, patience, is("session.started"))

	failed := p.waitEvent(0, 50*time.Second, with(is("authorize"), "outcome", "login_required"))
	if age := failed.Time.Sub(started.Time); age < 24*time.Second {
		t.Errorf("login_required %s after the login, want 24 s or later", age)
	}
	lines := p.renewLines(0)
	if len(lines) < 2 {
		t.Errorf("%d renewals before the cookie ended, want 2 or more", len(lines))
	}
	p.waitEvent(0, patience, with(is("silent_renew.error"), "outcome", "login_required"))

	b.waitSignedOut(12*time.Second + poll + 3*time.Second) // A44
	lastToken := lines[len(lines)-1].token.Time
	expired := p.waitEvent(0, patience, is("access_token.expired"))
	if after := expired.Time.Sub(lastToken); after < 12*time.Second || after > 13*time.Second+poll+2*time.Second {
		t.Errorf("signed out %s after the last token, want 13 to 18 s", after)
	}
	if failures := p.events(0, is("silent_renew.error")); len(failures) != 1 {
		t.Errorf("%d renew errors, want 1: %v", len(failures), failures)
	}
	// The renewal was refused once; the session monitor may have asked once more what became of the session.
	if tries := p.events(0, with(is("authorize"), "outcome", "login_required")); len(tries) > 2 {
		t.Errorf("%d refused authorization requests, want at most 2", len(tries))
	}

	b.click("#login")
	b.waitLoginForm()
}

// TestA42CookieLifetimeInThePage: the option can be edited in the page and counts for the next session.
func TestA42CookieLifetimeInThePage(t *testing.T) {
	p, b := walk(t)
	b.open("/settings")
	b.waitFor(`document.querySelector("#cookie-lifetime").value !== ""`, patience) // what counts now
	b.fill("#cookie-lifetime", "4m")
	b.click("#cookie-save")
	changed := p.waitEvent(0, patience, is("option.changed"))
	if got := ask[string](t, p, "SELECT Value FROM ServerOptions WHERE Name = 'Authentication.CookieLifetime'"); got != "4m0s" && got != "240s" && got != "4m" {
		t.Errorf("Authentication.CookieLifetime = %q, want 4 minutes (%s)", got, changed)
	}
	b.signIn("Mick", "MickPassword")
	life := ask[float64](t, p, "SELECT (julianday(Expires) - julianday(Created)) * 86400 FROM ServerSideSessions")
	if life < 239 || life > 241 {
		t.Errorf("the session lives %.1f s, want 240", life)
	}
}

// TestA46RememberMyLogin: ticked, the sign-in has its own 30 days, and the short cookie lifetime ends nothing.
func TestA46RememberMyLogin(t *testing.T) {
	p, b := walk(t, "--cookie-lifetime=6s")
	p.setAccessTokenLifetime(8)
	b.open("/")
	b.renewWithLead(5)
	b.pressLogin()
	b.waitLoginForm()
	b.click("#remember")
	b.submitLogin("Mick", "MickPassword")
	b.waitSignedIn()
	started := p.waitEvent(0, patience, is("session.started"))

	lines := p.waitRenewLines(0, 3, 30*time.Second)
	if age := lines[2].authorize.Time.Sub(started.Time); age < 6*time.Second {
		t.Errorf("the third renewal came %s after the login, too early to prove anything", age)
	}
	if refused := p.events(0, with(is("authorize"), "outcome", "login_required")); len(refused) > 0 {
		t.Errorf("a renewal was refused: %v", refused)
	}
	if c := b.cookies()["idsrv"]; c == nil || c.Session {
		t.Errorf("idsrv = %+v, want a cookie that outlives the browser", c)
	}
	b.open("/settings")
	b.waitText(`[data-panel="session"]`, "2592000 s (30 d)")
	b.waitText(`[data-panel="session"]`, "ticked")
}

// TestA47ThreeCases walks through what the page shows: cookie and token alive, token dead (the renewal works), cookie dead
// (the API works, the renewal fails), both dead.
func TestA47ThreeCases(t *testing.T) {
	_, b := walk(t)
	b.open("/")
	b.configure(map[string]any{"monitorSession": false}) // else the page notices the end of the session and drops the token too
	b.signIn("Mick", "MickPassword")
	b.open("/cases")
	now := func(name string) {
		t.Helper()
		b.waitFor(`document.querySelector("[data-case][data-current]")?.dataset.case === `+quote(name), patience)
	}
	try := func(what, want string) {
		t.Helper()
		b.click(`[data-try="` + what + `"]`)
		b.waitText(`[data-panel="cases"] [data-result]`, want)
	}
	now("both-alive")
	try("drop", "expired")
	now("token-dead")
	try("api", "401")
	b.click(`[data-try="renew"]`)
	now("both-alive")

	tab := b.newTab()
	tab.openURL(b.p.idp + "/account/logout")
	tab.click("#logout")
	tab.waitText("h1", "You are now logged out")
	now("cookie-dead")
	try("api", "200")
	try("renew", "login_required")
	try("drop", "expired")
	now("both-dead")
}

// TestA48SessionMonitor: with monitorSession on, a logout at the provider in another tab is noticed within two polls; the
// mere end of the cookie's life is noticed at the next failed renewal (A43).
func TestA48SessionMonitor(t *testing.T) {
	p, b := walk(t)
	b.open("/")
	b.configure(map[string]any{"monitorSession": true, "checkSessionIntervalInSeconds": 2})
	b.signIn("Mick", "MickPassword")
	p.waitEvent(0, patience, is("checksession"))

	other := b.newTab()
	other.openURL(p.idp + "/connect/endsession")
	other.waitVisible("#logout")
	mark := p.log.mark()
	other.click("#logout")
	other.waitText("h1", "You are now logged out")
	loggedOut := p.waitEvent(mark, patience, is("session.ended"))

	noticed := p.waitEvent(mark, patience, is("user.signed_out"))
	if after := noticed.Time.Sub(loggedOut.Time); after > 2*2*time.Second+3*time.Second { // and the time to ask why
		t.Errorf("noticed after %s, want at most two polls of 2 s", after)
	}
	b.waitSignedOut(patience)
}
