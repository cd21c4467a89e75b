package walk

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// tokenShape is how a JWT begins and goes on: base64url of {" and a good deal more.
var tokenShape = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`)

// walkBFF starts a program and a browser whose strategy is bff.
func walkBFF(t *testing.T, flags ...string) (*program, *browser) {
	t.Helper()
	p, b := walk(t, flags...)
	b.configure(map[string]any{"strategy": "bff"})
	return p, b
}

// setBFFLifetime changes the access token lifetime of bff-client, in seconds.
func (p *program) setBFFLifetime(seconds int) {
	p.t.Helper()
	p.sql("UPDATE Clients SET AccessTokenLifetime = ? WHERE ClientId = 'bff-client'", seconds)
}

// TestE6BFFNoTokenInTheBrowser: the same pages as ever, and nowhere in the browser is a token: not in a storage, a cookie, the document, a
// request or answer of the page's script, nor anywhere in its memory.
func TestE6BFFNoTokenInTheBrowser(t *testing.T) {
	p, b := walkBFF(t)
	p.setBFFLifetime(12)
	b.signIn("Mick", "MickPassword")
	b.open("/companies")
	b.waitText("main", "IT_Solutions Ltd")
	b.open("/privacy")
	b.waitText("main", "Admin")
	b.waitRenewals(1, 30*time.Second)
	b.open("/sequence") // every event of it all
	b.waitFor(`document.querySelectorAll('#sequence [data-kind="bff.renewed"]').length > 0`, patience)
	if got := eval[bool](b, `import("/static/js/auth.js").then(auth => auth.accessToken() === undefined && auth.accessTokenClaims() === null)`); !got {
		t.Error("auth.js hands out a token")
	}

	places := map[string]string{
		"storage":          eval[string](b, `JSON.stringify([{...localStorage}, {...sessionStorage}])`),
		"document":         eval[string](b, `document.documentElement.outerHTML`),
		"script's cookies": eval[string](b, `document.cookie`),
		"addresses":        eval[string](b, `JSON.stringify(performance.getEntries().map(e => e.name))`),
		"memory":           b.heap(),
	}
	cookies, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{p.spa, p.idp, p.api}})
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range cookies.Cookies {
		places["cookie "+cookie.Name] = cookie.Value
		if cookie.Name == "bff" && (!cookie.HTTPOnly || cookie.SameSite != network.CookieSameSiteStrict) {
			t.Errorf("cookie bff: HttpOnly %v, SameSite %s", cookie.HTTPOnly, cookie.SameSite)
		}
	}
	for _, r := range b.network.to("") {
		places["request "+r.path()] += r.URL + r.Authorization + r.Location
	}
	for place, text := range places {
		if found := tokenShape.FindString(text); found != "" {
			t.Errorf("a token in the %s: %.60s…", place, found)
		}
	}
	if len(places["memory"]) < 100_000 {
		t.Errorf("the memory has %d bytes: nothing was searched", len(places["memory"]))
	}
	if asked := append(b.network.to(p.idp+"/connect/token"), b.network.to(p.api)...); len(asked) > 0 {
		t.Errorf("the browser went to the token endpoint or the API itself: %v", asked)
	}
}

// heap returns everything the page's script holds, as text.
func (b *browser) heap() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	var mu sync.Mutex
	var text strings.Builder
	if err := chromedp.Listen(ctx, func(event any) {
		if chunk, ok := event.(*heapprofiler.EventAddHeapSnapshotChunk); ok {
			mu.Lock()
			text.WriteString(chunk.Chunk)
			mu.Unlock()
		}
	}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, heapprofiler.TakeHeapSnapshot, heapprofiler.TakeHeapSnapshotParams{}); err != nil {
		b.t.Fatalf("heap snapshot: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	return text.String()
}

// TestBFFSurvivesARestart: the session is a row, so a server that was killed and started again goes on with it.
func TestBFFSurvivesARestart(t *testing.T) {
	p, b := walkBFF(t)
	b.signIn("Mick", "MickPassword")
	p.restart()
	b.open("/companies")
	b.waitText("main", "IT_Solutions Ltd")
}

// TestR1BFFMonthlyTokens: a token that lives for a month is not renewed all the time, although no timer of a browser counts so far.
func TestR1BFFMonthlyTokens(t *testing.T) {
	p, b := walkBFF(t)
	p.setBFFLifetime(30 * 24 * 3600)
	b.signIn("Mick", "MickPassword")
	p.never(p.log.mark(), 4*time.Second, is("bff.renewed"))
}

// TestR18R19BFFLogoutReachesEverything: three tabs; one logs out while another's request is under way. All show Login within a second, the answer
// that comes late is not shown, and a draft is still there.
func TestR18R19BFFLogoutReachesEverything(t *testing.T) {
	p, b := walkBFF(t)
	b.signIn("Mick", "MickPassword")
	form := b.newTab()
	form.open("/companies/new")
	form.fill(`#company-form [name="name"]`, "Half a Company")
	list := b.newTab()
	list.open("/companies")
	list.waitText("main", "IT_Solutions Ltd")

	mark := p.log.mark()
	outcome := eval[string](b, `import("/static/js/auth.js").then(async auth => {
		window.leaving = true;
		const call = auth.send(location.origin + "/companies", {headers: {"HX-Request": "true"}});
		const leave = auth.logout();
		const [answer] = await Promise.allSettled([call]);
		return answer.status + " " + (answer.reason?.name ?? "");
	})`)
	if outcome != "rejected AbortError" {
		t.Errorf("the call under way: %s, want rejected AbortError", outcome)
	}
	left := p.waitEvent(mark, patience, is("bff.signout")).Time
	for _, tab := range []*browser{form, list} {
		tab.waitSignedOut(patience)
	}
	for _, heard := range p.waitEvents(mark, 3, patience, with(is("login.changed"), "logged_in", "false")) {
		if late := heard.Time.Sub(left); late > time.Second {
			t.Errorf("Login after %s, want within 1 s in each tab", late)
		}
	}
	if got := eval[string](form, `document.querySelector('#company-form [name="name"]')?.value`); got != "Half a Company" {
		t.Errorf("the draft says %q", got)
	}
	if status := eval[int](list, `fetch("/companies", {headers: {"HX-Request": "true", "X-CSRF": "1"}}).then(r => r.status)`); status != http.StatusUnauthorized {
		t.Errorf("a request afterwards: %d, want 401", status)
	}
	b.waitFor("!window.leaving", patience) // it has been at the provider
	b.waitSignedOut(patience)
	b.waitLocation("/")
	b.pressLogin()
	b.waitLoginForm() // the provider's session is over too (A29)
}

// TestE22BackChannelLogoutReachesTheBFF: the user logs out at the provider itself. Its server tells ours, and the page shows Login within
// two looks at its session.
func TestE22BackChannelLogoutReachesTheBFF(t *testing.T) {
	p, b := walkBFF(t)
	b.signIn("Mick", "MickPassword")
	other := b.newTab()
	other.openURL(p.idp + "/account/logout")
	mark := p.log.mark()
	other.click("#logout")
	other.waitText("h1", "You are now logged out")
	told := p.waitEvent(mark, patience, is("bff.backchannel_logout"))
	if told.get("outcome") != "ok" || told.get("sessions_ended") != "1" {
		t.Errorf("back channel: %v", told)
	}
	b.waitSignedOut(4*time.Second + poll)
}

// TestE6SwitchingToTheBFFAndBack: the strategy changes in the running page. The tokens of one way are forgotten before the other begins, and the
// provider, which still knows the user, asks for no password.
func TestE6SwitchingToTheBFFAndBack(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/settings")
	choose := func(strategy string) {
		b.waitVisible("#setting-strategy")
		eval[bool](b, `(() => {
			const select = document.querySelector("#setting-strategy");
			select.value = `+quote(strategy)+`;
			return select.dispatchEvent(new Event("change", {bubbles: true}));
		})()`)
		b.waitSignedOut(patience)
	}
	if !tokenShape.MatchString(b.heap()) {
		t.Error("a token that is in the browser is not found in its memory: the search is worth nothing")
	}
	mark := p.log.mark()
	choose("bff")
	if kept := eval[string](b, `JSON.stringify([{...localStorage}, {...sessionStorage}])`); tokenShape.MatchString(kept) {
		t.Error("the tokens of the strategy before are still in a storage")
	}
	b.click("#login")
	b.waitSignedIn()
	b.waitFor(`import("/static/js/auth.js").then(auth => auth.strategyName() === "bff")`, patience)
	b.open("/companies")
	b.waitText("main", "IT_Solutions Ltd")

	b.open("/settings")
	choose("iframe")
	b.click("#login")
	b.waitSignedIn()
	b.open("/companies")
	b.waitText("main", "IT_Solutions Ltd")
	if status := eval[string](b, `fetch("/bff/session").then(r => r.json()).then(s => String(s.signed_in))`); status != "false" {
		t.Error("the BFF's session goes on beside the tokens in the browser")
	}
	if forms := p.events(mark, is("login.form")); len(forms) > 0 {
		t.Errorf("a password form was shown: %v", forms)
	}
}
