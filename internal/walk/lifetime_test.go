package walk

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// poll is how late the library may notice that a time has come: its timers look at the clock every five seconds.
const poll = 5 * time.Second

// TestA18TokenSaysItsLifetime: with T=60 and renewal off the decoded token lives for 60 seconds, and the page shows it.
func TestA18TokenSaysItsLifetime(t *testing.T) {
	p, b := walk(t)
	p.setAccessTokenLifetime(60)
	b.signIn("Mick", "MickPassword")
	if got := b.claims().lifetime(); got != 60 {
		t.Errorf("exp - iat = %d, want 60", got)
	}
	b.open("/settings")
	b.waitVisible("#token-view")
	b.waitText("#token-view", "exp")
}

// TestA19RemoveTheDatabaseAndStartAgain: the lifetime is that of the seed again.
func TestA19RemoveTheDatabaseAndStartAgain(t *testing.T) {
	p, _ := walk(t)
	p.setAccessTokenLifetime(60)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code after an interrupt: %d, want 0", code)
	}
	p.removeDatabase()
	p.start()
	if got := ask[int](t, p, "SELECT AccessTokenLifetime FROM Clients WHERE ClientId = 'spa-client'"); got != 600 {
		t.Errorf("AccessTokenLifetime = %d, want 600", got)
	}
}

// TestA20EditByPageAndBySQL: an edit counts for the next token issued, without a restart; tokens already issued keep theirs.
func TestA20EditByPageAndBySQL(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	first := b.claims()
	if first.lifetime() != 600 {
		t.Fatalf("the seed's token lives %d s, want 600", first.lifetime())
	}

	p.setAccessTokenLifetime(77)
	if b.claims() != first {
		t.Error("the edit changed a token that was issued before it")
	}
	b.renewNow()
	if got := b.claims().lifetime(); got != 77 {
		t.Errorf("after the SQL edit the next token lives %d s, want 77", got)
	}

	b.open("/settings")
	b.waitFor(`document.querySelector("#lifetime").value === "77"`, patience) // what the row says
	b.fill("#lifetime", "88")
	b.click("#lifetime-save")
	p.waitEvent(0, patience, is("client.changed"))
	if got := ask[int](t, p, "SELECT AccessTokenLifetime FROM Clients WHERE ClientId = 'spa-client'"); got != 88 {
		t.Errorf("the page wrote %d, want 88", got)
	}
	b.renewNow()
	if got := b.claims().lifetime(); got != 88 {
		t.Errorf("after the edit in the page the next token lives %d s, want 88", got)
	}
}

// TestA24LeewayInThePage: the API refuses an expired token; with a leeway of five minutes it takes the same one. The page
// shows both.
func TestA24LeewayInThePage(t *testing.T) {
	p, b := walk(t)
	p.setAccessTokenLifetime(2)
	b.signIn("Mick", "MickPassword")
	p.waitEvent(0, patience, is("access_token.expired"))
	b.open("/settings")
	answer := `[data-panel="api"] [data-answer]`
	b.click(`[data-call="expired"]`)
	b.waitText(answer, "invalid_token")

	b.do("choose 5 min", chromedp.SetValue(chromedp.CSS("#api-leeway"), "300"))
	b.click(`[data-panel="api"] button[type="submit"]`)
	b.waitText(`[data-panel="api"] [data-result]`, "Saved")
	b.click(`[data-call="expired"]`)
	b.waitText(answer, "200")
}

// TestA21A22A23ExpiryShowsLogin: without renewal Login comes back by itself between one second and one poll after the expiry,
// with no reload and no click. A22: the expired token is never sent. A23: the provider's session outlives it, so pressing
// Login asks for no password.
func TestA21A22A23ExpiryShowsLogin(t *testing.T) {
	p, b := walk(t)
	p.setAccessTokenLifetime(4)
	b.open("/")
	b.renewOff()
	b.signIn("Mick", "MickPassword")
	eval[bool](b, "window.sameDocument = true")
	received := p.waitEvent(0, patience, is("user.loaded"))

	b.waitSignedOut(4*time.Second + poll + 2*time.Second)
	expired := p.waitEvent(0, patience, is("access_token.expired"))
	if after := expired.Time.Sub(received.Time); after < 4*time.Second || after > 4*time.Second+poll+2*time.Second {
		t.Errorf("expired %s after the token came, want 5 to 10 s", after)
	}
	b.seesNot(`nav a[href="/companies"]`)
	b.seesNot(`nav a[href="/privacy"]`)
	b.waitBadge("expired", patience)
	if !eval[bool](b, "window.sameDocument === true") {
		t.Error("the page was reloaded")
	}

	// A22
	if eval[bool](b, `import("/static/js/auth.js").then(auth => auth.accessToken() !== undefined)`) {
		t.Error("the expired token is still handed out")
	}
	before := len(b.network.to(""))
	if status := b.callAPI("/api/companies"); status != http.StatusUnauthorized {
		t.Errorf("API call after the expiry: %d, want 401", status)
	}
	b.open("/companies")
	b.waitPage("unauthorized")
	for _, r := range b.network.to("")[before:] {
		if len(r.Authorization) > len("Bearer ") {
			t.Errorf("%s was sent the expired token", r.URL)
		}
	}

	// A23
	p.setAccessTokenLifetime(600)
	mark := p.log.mark()
	b.open("/")
	b.click("#login")
	b.waitSignedIn()
	p.waitEvent(mark, patience, is("token"))
	if forms := p.events(mark, is("login.form")); len(forms) > 0 {
		t.Errorf("a password form was shown: %v", forms)
	}
	authorize := b.network.to(p.idp + "/connect/authorize")
	if last := authorize[len(authorize)-1]; !strings.HasPrefix(last.Location, p.spa+"/signin-callback?") {
		t.Errorf("authorize led to %s, want straight back", last.Location)
	}
}
