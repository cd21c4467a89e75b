package walk

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestRealTime walks through A33 to A40 with the article's own numbers: the loop at T=60, its end at T=120, one renewal a
// minute, and a user who is still signed in when the article's first token would have been long dead.
func TestRealTime(t *testing.T) {
	inRealTime(t)
	p, b := walk(t)

	// A33: T=60, L=60.
	p.setAccessTokenLifetime(60)
	b.open("/")
	b.renewWithLead(60)
	b.signIn("Mick", "MickPassword")
	p.sees5RenewalsIn10s(0)
	b.waitVisible("#loop-warning")

	// A34: T=120, by the database.
	p.setAccessTokenLifetime(120)
	b.waitGone("#loop-warning")
	last := func() renewLine { lines := p.renewLines(0); return lines[len(lines)-1] }
	firstLong := last()
	began := firstLong.token.Time
	mark := p.log.mark()
	identity := b.claims()

	// A40: at 180 s the menu is the signed-in one, and the API answers.
	b.waitUntil(began.Add(180 * time.Second))
	b.sees("#logout")
	b.seesNot("#login")
	if status := b.callAPI("/api/companies"); status != http.StatusOK {
		t.Errorf("API call at 180 s: %d, want 200", status)
	}
	b.keepPicture("mid-renewal.png")

	// A35: five renewals in 330 s, each 60 to 66 s after the one before.
	b.waitUntil(began.Add(330 * time.Second))
	lines := p.renewLines(mark)
	if len(lines) != 5 {
		t.Errorf("%d renewals in 330 s, want 5", len(lines))
	}
	previous := began
	for i, l := range lines {
		if gap := l.token.Time.Sub(previous); gap < 60*time.Second || gap > 66*time.Second {
			t.Errorf("renewal %d came %s after the one before, want 60 to 66 s", i+1, gap)
		}
		previous = l.token.Time

		// A36 to A38 for each of them.
		if l.authorize.get("prompt") != "none" || l.authorize.get("outcome") != "ok" || l.token.get("status") != "200" || l.userinfo.get("status") != "200" {
			t.Errorf("renewal %d: %s, %s, %s", i+1, l.authorize, l.token, l.userinfo)
		}
	}
	seen := map[string]bool{}
	for _, r := range b.network.to(p.idp + "/connect/authorize") {
		if r.query().Get("prompt") != "none" {
			continue
		}
		if state := r.query().Get("state"); seen[state] {
			t.Errorf("state %s was used twice", state)
		} else {
			seen[state] = true
		}
		if !strings.HasPrefix(r.Location, p.spa+"/assets/silent-callback.html?") {
			t.Errorf("a renewal led to %s", r.Location)
		}
	}

	// A39
	now := b.claims()
	if now.ID == identity.ID || now.Expires <= identity.Expires || now.SessionID != identity.SessionID ||
		now.AuthTime != identity.AuthTime || now.Subject != identity.Subject {
		t.Errorf("%+v, then %+v: want another token of the same session", identity, now)
	}
	b.waitFor(`document.querySelectorAll("iframe").length <= 1`, patience)
	b.sees("#logout")
}

// TestRealTimeCookie walks through A43 and A44 with the article's own numbers: T=120, L=60, a cookie of four minutes.
func TestRealTimeCookie(t *testing.T) {
	inRealTime(t)
	p, b := walk(t, "--cookie-lifetime=240s")
	p.setAccessTokenLifetime(120)
	b.open("/")
	b.renewWithLead(60)
	b.signIn("Mick", "MickPassword")
	began := p.waitEvent(0, patience, is("session.started")).Time

	// A43: three renewals, then the first one at or after 240 s is refused.
	b.waitUntil(began.Add(230 * time.Second))
	if n := len(p.renewLines(0)); n != 3 {
		t.Errorf("%d renewals in 230 s, want 3", n)
	}
	failed := p.waitEvent(0, 40*time.Second, with(is("silent_renew.error"), "outcome", "login_required"))
	if after := failed.Time.Sub(began); after < 240*time.Second {
		t.Errorf("login_required at %s, want 240 s or later", after)
	}
	b.sees("#logout") // the token lives on

	// A44: Login appears when the last good token has ended.
	b.waitSignedOut(90 * time.Second)
	if after := p.waitEvent(0, patience, is("access_token.expired")).Time.Sub(began); after < 300*time.Second || after > 326*time.Second {
		t.Errorf("signed out at %s, want 300 to 326 s", after)
	}
	if failures := p.events(0, is("silent_renew.error")); len(failures) != 1 {
		t.Errorf("%d renew errors, want 1: %v", len(failures), failures)
	}
	b.click("#login")
	b.waitLoginForm()
}

// TestRealTimeR1: T=60, L=60, and renew.js in charge: two renewals at most in the first minute.
func TestRealTimeR1(t *testing.T) {
	inRealTime(t)
	p, b, _ := walkWithFaults(t, map[string]any{"strategy": "iframe", "accessTokenExpiringNotificationTimeInSeconds": 60})
	p.setAccessTokenLifetime(60)
	b.signIn("Mick", "MickPassword")
	began := p.waitEvent(0, patience, is("user.loaded")).Time
	b.waitUntil(began.Add(time.Minute))
	if n := len(p.renewLines(0)); n < 1 || n > 2 {
		t.Errorf("%d renewals in the first minute, want 1 or 2", n)
	}
	b.sees("#logout")
}

// TestRealTimeR10: the token endpoint answers 503 for 40 s of a lead of 60 s. Six attempts at most, and nobody is logged out.
func TestRealTimeR10(t *testing.T) {
	inRealTime(t)
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "accessTokenExpiringNotificationTimeInSeconds": 60})
	p.setAccessTokenLifetime(180)
	b.signIn("Mick", "MickPassword")
	before, mark := f.count("POST /connect/token"), p.log.mark()
	f.answer(failToken(http.StatusServiceUnavailable, ""))
	first := p.waitEvent(mark, 150*time.Second, with(is("silent_renew.error"), "outcome", "http_503"))
	b.waitUntil(first.Time.Add(40 * time.Second))
	f.answer(nil)
	b.waitRenewals(1, 25*time.Second) // while the token lives
	if n := f.count("POST /connect/token") - before; n > 6 {
		t.Errorf("%d attempts, want 6 at most", n)
	}
	if ended := p.events(mark, is("access_token.expired", "user.unloaded", "user.signed_out")); len(ended) > 0 {
		t.Errorf("the session suffered: %v", ended)
	}
	b.sees("#logout")
}

// TestRealTimeR22: loaded five minutes after the expiry of its token, with a live cookie, the page is signed in without a click.
func TestRealTimeR22(t *testing.T) {
	inRealTime(t)
	p, b, _ := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	p.setAccessTokenLifetime(3)
	b.signIn("Mick", "MickPassword")
	b.openURL("about:blank")
	b.waitUntil(time.Now().Add(3*time.Second + 5*time.Minute))
	p.setAccessTokenLifetime(600)
	mark := p.log.mark()
	b.open("/")
	b.waitSignedIn()
	b.waitBadge("alive", patience)
	if asked := p.events(mark, is("login.form")); len(asked) > 0 {
		t.Errorf("a login form was shown: %v", asked)
	}
}

// inRealTime skips a test that takes minutes unless it was asked for.
func inRealTime(t *testing.T) {
	t.Helper()
	if os.Getenv("SILENTRENEW_REALTIME") != "1" {
		t.Skip("takes six minutes: set SILENTRENEW_REALTIME=1")
	}
}

// waitUntil waits for a moment while the page lives on, and fails as soon as the page is gone.
func (b *browser) waitUntil(moment time.Time) {
	b.t.Helper()
	select {
	case <-time.After(time.Until(moment)):
	case <-b.p.exited:
		b.t.Fatalf("the program ended:\n%s", b.p.log.tail(30))
	case <-b.ctx.Done():
		b.t.Fatalf("the browser ended: %v", b.ctx.Err())
	}
}

// keepPicture saves a screenshot where `go test -artifacts` collects them.
func (b *browser) keepPicture(name string) {
	b.t.Helper()
	image, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.t.ArtifactDir()+"/"+name, image, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
