package walk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// renewLine is one renewal as the log shows it: authorize with prompt=none, token, userinfo (A36).
type renewLine struct{ authorize, token, userinfo line }

// renewLines returns the complete renewals after a mark, in order.
func (p *program) renewLines(mark int) []renewLine {
	var lines []renewLine
	byID := map[string]*renewLine{}
	for _, e := range p.events(mark, is("authorize", "token", "userinfo")) {
		id := e.get("correlation_id")
		switch l := byID[id]; {
		case e.Message == "authorize" && e.get("prompt") == "none":
			byID[id] = &renewLine{authorize: e}
		case e.Message == "token" && l != nil:
			l.token = e
		case e.Message == "userinfo" && l != nil && l.token.Message != "":
			l.userinfo = e
			lines = append(lines, *l)
			delete(byID, id)
		}
	}
	return lines
}

// waitRenewLines waits for n complete renewals after a mark.
func (p *program) waitRenewLines(mark, n int, within time.Duration) []renewLine {
	p.t.Helper()
	deadline := time.After(within)
	for {
		_, more := p.log.since(mark, is())
		if lines := p.renewLines(mark); len(lines) >= n {
			return lines
		}
		select {
		case <-more:
		case <-deadline:
			p.t.Fatalf("%d renewals of %d within %s", len(p.renewLines(mark)), n, within)
		}
	}
}

// renewNow has the page renew its token by the hidden frame, at once.
func (b *browser) renewNow() {
	b.t.Helper()
	eval[bool](b, `import("/static/js/auth.js").then(auth => auth.renew()).then(() => true)`)
}

// effective waits until the settings view shows a value for a setting, as JSON.
func (b *browser) effective(name, want string) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf(`document.querySelector('[data-effective="%s"] code')?.textContent === %s`, name, quote(want)), patience)
}

// TestA30SettingsPage: both settings can be changed in the running app, and the settings view shows each change.
func TestA30SettingsPage(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/settings")
	b.effective("automaticSilentRenew", "false")
	b.click(`input[name="automaticSilentRenew"]`)
	b.effective("automaticSilentRenew", "true")
	p.waitEvent(0, patience, with(is("settings.changed"), "automaticSilentRenew", "true"))

	wrong := p.spa + "/assets/silent-callback.htm"
	b.fill(`input[name="silent_redirect_uri"]`, wrong)
	b.do("leave the field", chromedp.Blur(chromedp.CSS(`input[name="silent_redirect_uri"]`)))
	b.effective("silent_redirect_uri", quote(wrong))
	b.sees("#logout") // nobody was signed out by it
}

// TestA6MisspeltSettingIsReported: every setting of the article is shown under its name; the name that the article's
// silent-callback page misspells is reported with the right one, not ignored.
func TestA6MisspeltSettingIsReported(t *testing.T) {
	_, b := walk(t)
	b.open("/settings")
	for _, name := range []string{
		"authority", "client_id", "redirect_uri", "scope", "response_type", "post_logout_redirect_uri",
		"automaticSilentRenew", "silent_redirect_uri", "accessTokenExpiringNotificationTimeInSeconds",
	} {
		b.waitFor(`document.querySelector('[data-effective="`+name+`"]')`, patience)
	}
	eval[bool](b, `(() => {
		const editor = document.querySelector("#settings-json");
		editor.closest("details").open = true;
		editor.value = JSON.stringify({...JSON.parse(editor.value), clientId: "spa-client"});
		return true;
	})()`)
	b.click("#settings-apply")
	b.waitText("#settings-problems", "clientId")
	b.waitText("#settings-problems", "client_id")
}

// TestA31SilentURIMustMatch: one character too few, and the learner reads both values, sooner than the time-out.
func TestA31SilentURIMustMatch(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	wrong := p.spa + "/assets/silent-callback.htm"
	b.configure(map[string]any{"silent_redirect_uri": wrong})
	b.waitSignedIn()
	eval[bool](b, `import("/static/js/auth.js").then(auth => { void auth.renew().catch(() => {}); return true; })`)
	b.waitVisible("#frame-error")
	words := b.text("#frame-error")
	for _, want := range []string{wrong + "\n", p.spa + "/assets/silent-callback.html"} {
		if !strings.Contains(words+"\n", want) {
			t.Errorf("the page does not name %q:\n%s", want, words)
		}
	}
	p.waitEvent(0, patience, with(is("frame.error"), "outcome", "invalid_request"))
}

// TestA32SilentCallbackPage: a small static page that hands on its address and starts nothing of its own.
func TestA32SilentCallbackPage(t *testing.T) {
	p, b := walk(t)
	b.open("/assets/silent-callback.html")
	if size := eval[int](b, "performance.getEntriesByType('navigation')[0].decodedBodySize"); size == 0 || size >= 5000 {
		t.Errorf("the page has %d bytes, want less than 5 kB", size)
	}
	for _, shell := range []string{"nav", "main", "#token-badge", "link[rel=stylesheet]"} {
		if eval[bool](b, "!!document.querySelector("+quote(shell)+")") {
			t.Errorf("the page has %s: it loads the app's shell", shell)
		}
	}
	for _, r := range b.network.to(p.spa + "/static/js/") {
		if strings.HasSuffix(r.path(), "app.js") || strings.HasSuffix(r.path(), "auth.js") {
			t.Errorf("the page loads %s", r.URL)
		}
	}
	if asked := b.network.to(p.idp); len(asked) > 0 {
		t.Errorf("the page asked the provider: %v", asked)
	}
}

// sees5RenewalsIn10s is A33: at least five renew lines in the first ten seconds after the sign-in.
func (p *program) sees5RenewalsIn10s(mark int) {
	p.t.Helper()
	signedIn := p.waitEvent(mark, patience, is("token"))
	fifth := p.waitRenewLines(mark, 5, patience)[4]
	if took := fifth.userinfo.Time.Sub(signedIn.Time); took > 10*time.Second {
		p.t.Errorf("the fifth renewal came %s after the first token, want at most 10 s", took)
	}
}

// TestA33A34LoopAndItsEnd: T=60 with a lead of 60 renews every second, at least five times in the first ten seconds, and
// the page says why; T=120 in the database ends the loop with the next renewal. The numbers are the article's own.
func TestA33A34LoopAndItsEnd(t *testing.T) {
	p, b := walkAlone(t)
	p.setAccessTokenLifetime(60)
	b.open("/")
	b.renewWithLead(60)
	mark := p.log.mark()
	b.signIn("Mick", "MickPassword")
	p.sees5RenewalsIn10s(mark)
	b.waitVisible("#loop-warning")
	if words := b.text("#loop-warning"); !strings.Contains(words, "60 s") {
		t.Errorf("the warning does not name the two times:\n%s", words)
	}
	p.waitEvent(mark, patience, is("renew.loop_warning"))

	tab := b.newTab() // the sequence view of another tab of the same person shows the loop
	tab.open("/sequence")
	tab.waitFor(`document.querySelectorAll('#sequence [data-kind="authorize"]').length >= 5`, patience)

	p.setAccessTokenLifetime(120) // A34
	b.waitGone("#loop-warning")
	quiet := p.log.mark()
	p.never(quiet, 5*time.Second, with(is("authorize"), "prompt", "none"))
}

// TestA33TheLoopAfterAnotherStrategy: whoever comes back from the last chapters finds out that renew.js is in charge, puts the library back with
// one click, and sees the loop.
func TestA33TheLoopAfterAnotherStrategy(t *testing.T) {
	p, b := walk(t)
	p.setAccessTokenLifetime(60)
	b.configure(map[string]any{"strategy": "iframe", "automaticSilentRenew": true, "accessTokenExpiringNotificationTimeInSeconds": 60})
	b.signIn("Mick", "MickPassword")
	b.open("/workshop/the-loop-and-the-fix")
	b.waitText("[data-panel=renew]", "The strategy iframe is in charge")
	mark := p.log.mark()
	b.click("[data-panel=renew] [data-article]")
	b.waitSignedIn()
	p.waitRenewLines(mark, 5, patience)
	b.waitVisible("#loop-warning")
	b.seesNot("[data-panel=renew] [data-article]")
}

// TestA36A37A38A39OneRenewal looks closely at a renewal that happens by itself.
func TestA36A37A38A39OneRenewal(t *testing.T) {
	p, b := walk(t)
	p.setAccessTokenLifetime(8)
	b.open("/")
	b.renewWithLead(4)
	b.signIn("Mick", "MickPassword")
	first := b.claims()
	mark := p.log.mark()
	b.waitRenewals(2, 30*time.Second)
	lines := p.waitRenewLines(mark, 2, patience)

	// A36: order, and what each line says.
	for _, l := range lines {
		if !l.authorize.Time.Before(l.token.Time) || !l.token.Time.Before(l.userinfo.Time) {
			t.Errorf("order: authorize %s, token %s, userinfo %s", l.authorize.Time, l.token.Time, l.userinfo.Time)
		}
		for _, e := range []line{l.authorize, l.token, l.userinfo} {
			if e.get("client_id") != "spa-client" || e.get("sub") == "" || e.get("outcome") != "ok" || e.get("duration_ms") == "" {
				t.Errorf("%s says too little: %s", e.Message, e)
			}
		}
		if l.token.get("code") != "***" || l.token.get("code_verifier") != "***" {
			t.Errorf("the token request is not masked: %s", l.token)
		}
	}

	// A37: prompt=none, everything fresh.
	var silent []request
	for _, r := range b.network.to(p.idp + "/connect/authorize") {
		if r.query().Get("prompt") == "none" {
			silent = append(silent, r)
		}
	}
	if len(silent) < 2 {
		t.Fatalf("%d silent authorization requests, want 2", len(silent))
	}
	for _, name := range []string{"state", "nonce", "code_challenge", "correlation_id"} {
		if one, two := silent[0].query().Get(name), silent[1].query().Get(name); one == "" || one == two {
			t.Errorf("%s = %q and %q, want two fresh values", name, one, two)
		}
	}

	// A38: the answer goes to the silent page; the frame is hidden, and gone afterwards.
	for _, name := range []string{"code", "state", "session_state"} {
		location := request{URL: silent[0].Location}
		if location.path() != p.spa+"/assets/silent-callback.html" || location.query().Get(name) == "" {
			t.Errorf("authorize led to %s without %s", location.path(), name)
		}
	}
	b.waitFor(`![...document.querySelectorAll("iframe")].some(frame => frame.checkVisibility({visibilityProperty: true}))`, patience)
	b.waitFor(`document.querySelectorAll("iframe").length <= 1`, patience) // one may belong to the session monitor

	// A39: another token for the same session; the next call uses it.
	renewed := b.claims()
	if renewed.ID == first.ID || renewed.IssuedAt <= first.IssuedAt || renewed.Expires <= first.Expires {
		t.Errorf("the token was not replaced: %+v, then %+v", first, renewed)
	}
	if renewed.Subject != first.Subject || renewed.SessionID != first.SessionID || renewed.AuthTime != first.AuthTime {
		t.Errorf("the session changed: %+v, then %+v", first, renewed)
	}
	if status := b.callAPI("/api/companies"); status != 200 {
		t.Errorf("API call with the new token: %d, want 200", status)
	}
	b.sees("#logout")

	b.open("/sequence")
	b.waitFor(`[...document.querySelectorAll('#sequence [data-kind="authorize"]')].some(e => e.innerText.includes("none"))`, patience)
}

// TestA37IDTokenHintWhenConfigured: includeIdTokenInSilentRenew sends the ID token along; the log masks it.
func TestA37IDTokenHintWhenConfigured(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.configure(map[string]any{"includeIdTokenInSilentRenew": true})
	b.waitSignedIn()
	mark := p.log.mark()
	b.renewNow()
	e := p.waitEvent(mark, patience, with(is("authorize"), "prompt", "none"))
	if e.get("id_token_hint") != "***" || e.get("outcome") != "ok" {
		t.Errorf("authorize with a hint: %s", e)
	}
}

// TestA41NoFormInTheFrame: whatever the user's state, prompt=none answers with a redirect.
func TestA41NoFormInTheFrame(t *testing.T) {
	p, b := walk(t)
	b.pressLogin()
	b.waitLoginForm()
	original := b.network.to(p.idp + "/connect/authorize")[0]
	if got := b.authorizeSilently(original).Get("error"); got != "login_required" {
		t.Errorf("signed out: error=%q, want login_required", got)
	}

	b.signIn("Mick", "MickPassword")
	p.sql("UPDATE Clients SET RequireConsent = 1 WHERE ClientId = 'spa-client'")
	if got := b.authorizeSilently(original).Get("error"); got != "consent_required" {
		t.Errorf("no consent yet: error=%q, want consent_required", got)
	}
	p.sql("UPDATE Clients SET RequireConsent = 0 WHERE ClientId = 'spa-client'")
	if got := b.authorizeSilently(original); got.Get("code") == "" || got.Get("session_state") == "" {
		t.Errorf("signed in: %v, want a code", got)
	}
}
