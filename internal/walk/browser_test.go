package walk

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// browser is a person at one tab of a browser.
type browser struct {
	t       *testing.T
	p       *program
	ctx     context.Context
	network *networkLog
}

// openBrowser opens a tab in a fresh profile: no cookies, no storage, nothing from other walks.
func openBrowser(t *testing.T, p *program) *browser {
	t.Helper()
	return newTab(t, p, chromium.start(t), chromedp.WithNewBrowserContext())
}

// newTab opens another tab of the same profile.
func (b *browser) newTab() *browser { return newTab(b.t, b.p, b.ctx) }

func newTab(t *testing.T, p *program, parent context.Context, options ...chromedp.ContextOption) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	b := &browser{t: t, p: p, ctx: ctx, network: newNetworkLog()}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	if err := chromedp.Listen(ctx, b.network.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b.keepEvidence()
		}
	})
	return b
}

// walk starts a program and opens a browser: what most tests begin with.
func walk(t *testing.T, flags ...string) (*program, *browser) {
	t.Helper()
	t.Parallel()
	return walkAlone(t, flags...)
}

// walkAlone is walk for a test that measures seconds: while it runs, no other browser test does.
func walkAlone(t *testing.T, flags ...string) (*program, *browser) {
	t.Helper()
	chromium.start(t) // before the program, so that a machine without a browser builds nothing
	p := startProgram(t, flags...)
	return p, openBrowser(t, p)
}

// do runs browser actions that must succeed soon.
func (b *browser) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// open goes to a page of the front end by its path, as if typed into the address bar, and waits until it is alive.
func (b *browser) open(path string) {
	b.t.Helper()
	b.openURL(b.p.spa + path)
	b.waitReady()
}

// waitReady waits until the script of a page has started and every live part of it is connected. A page without the
// script is ready at once.
func (b *browser) waitReady() {
	b.t.Helper()
	b.waitFor(`!document.querySelector("#client-config") || document.documentElement.dataset.booted &&
		!document.querySelector("[data-panel]:not([data-ready])")`, patience)
}

func (b *browser) openURL(url string) {
	b.t.Helper()
	b.do("open "+url, chromedp.Navigate(url))
}

// click clicks what the selector finds, once it can be seen and lies still: a field that takes the focus may scroll the page.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.waitFor(`document.readyState === "complete" && `+visible(selector), patience)
	_, _ = tryEval[bool](b, "new Promise(still => requestAnimationFrame(() => requestAnimationFrame(() => still(true))))")
	b.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// fill selects the text of an input and types over it: into whatever has the focus, because a node that is looked up can be gone when
// the page has just come.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.waitFor(`document.readyState === "complete" && `+visible(selector), patience)
	eval[bool](b, fmt.Sprintf("(e => { e.focus(); e.select(); return true; })(document.querySelector(%s))", quote(selector)))
	b.do("fill "+selector, chromedp.KeyEvent(text))
}

// eval returns what an expression gives in the page; a promise is waited for.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	value, err := tryEval[T](b, expression)
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func tryEval[T any](b *browser, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// waitFor waits until an expression is true in the page. The page may navigate meanwhile.
func (b *browser) waitFor(expression string, within time.Duration) {
	b.t.Helper()
	if !b.becomes(expression, within) {
		b.t.Fatalf("not within %s: %s", within, expression)
	}
}

// becomes reports whether an expression became true in time.
func (b *browser) becomes(expression string, within time.Duration) bool {
	deadline := time.After(within)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := tryEval[bool](b, "!!("+expression+")"); err == nil && ok {
			return true
		}
		select {
		case <-deadline:
			return false
		case <-b.ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// quote writes a Go string as a JavaScript one.
func quote(s string) string {
	out, _ := json.Marshal(s)
	return string(out)
}

// visible is the expression that says whether a selector finds something that can be seen.
func visible(selector string) string {
	return fmt.Sprintf("[...document.querySelectorAll(%s)].some(e => e.checkVisibility({visibilityProperty: true}))", quote(selector))
}

func (b *browser) waitVisible(selector string) { b.t.Helper(); b.waitFor(visible(selector), patience) }
func (b *browser) waitGone(selector string)    { b.t.Helper(); b.waitFor("!"+visible(selector), patience) }

// sees asserts what can be seen now.
func (b *browser) sees(selector string) {
	b.t.Helper()
	if !eval[bool](b, visible(selector)) {
		b.t.Errorf("%s cannot be seen on %s", selector, b.location())
	}
}

// seesNot asserts what cannot be seen now.
func (b *browser) seesNot(selector string) {
	b.t.Helper()
	if eval[bool](b, visible(selector)) {
		b.t.Errorf("%s can be seen on %s", selector, b.location())
	}
}

// text returns the words that can be read in what a selector finds.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quote(selector)))
}

// waitText waits until the words can be read on the page.
func (b *browser) waitText(selector, words string) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf("document.querySelector(%s)?.innerText.includes(%s)", quote(selector), quote(words)), patience)
}

// waitPage waits until a page of the front end is shown, by its name in main[data-page].
func (b *browser) waitPage(name string) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf("document.querySelector('main')?.dataset.page === %s", quote(name)), patience)
}

// waitLocation waits until the address bar shows this path of the front end, whatever its query.
func (b *browser) waitLocation(path string) {
	b.t.Helper()
	b.waitFor("location.origin + location.pathname === "+quote(b.p.spa+path), patience)
}

func (b *browser) location() string { b.t.Helper(); return eval[string](b, "location.href") }

// waitLoginForm waits for the provider's password form.
func (b *browser) waitLoginForm() {
	b.t.Helper()
	b.waitFor("location.href.startsWith("+quote(b.p.idp)+") && "+visible("#password"), patience)
}

// submitLogin fills the provider's login form and presses Login.
func (b *browser) submitLogin(username, password string) {
	b.t.Helper()
	b.waitLoginForm()
	b.fill("#username", username)
	b.fill("#password", password)
	b.click("#login")
}

// signIn presses Login in the menu, signs in at the provider, and waits until the page has told of it: it tells in batches, and
// a test that looks for what happens afterwards must not find the sign-in.
func (b *browser) signIn(username, password string) {
	b.t.Helper()
	mark := b.p.log.mark()
	b.pressLogin()
	b.submitLogin(username, password)
	b.waitSignedIn()
	b.p.waitEvent(mark, patience, with(is("login.changed"), "logged_in", "true"))
}

func (b *browser) pressLogin() {
	b.t.Helper()
	if !strings.HasPrefix(b.location(), b.p.spa) || !eval[bool](b, visible("#login")) {
		b.open("/")
	}
	b.click("#login")
}

// waitSignedIn waits until the front end shows the signed-in menu.
func (b *browser) waitSignedIn() {
	b.t.Helper()
	b.waitFor("location.href.startsWith("+quote(b.p.spa)+") && !location.pathname.endsWith('callback') && "+visible("#logout"), patience)
	b.waitReady()
}

// waitSignedOut waits until the front end shows Login in the menu.
func (b *browser) waitSignedOut(within time.Duration) {
	b.t.Helper()
	b.waitFor("location.href.startsWith("+quote(b.p.spa)+") && "+visible("#login"), within)
}

// waitBadge waits for a state of the token badge: none, alive, expiring, expired.
func (b *browser) waitBadge(state string, within time.Duration) {
	b.t.Helper()
	b.waitFor("document.querySelector('#token-badge')?.dataset.state === "+quote(state), within)
}

// waitRenewals waits until the badge has counted n renewals.
func (b *browser) waitRenewals(n int, within time.Duration) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf("Number(document.querySelector('#token-badge')?.dataset.renewals) >= %d", n), within)
}

// cookies returns the cookies that the browser would send to the provider, by name.
func (b *browser) cookies() map[string]*network.Cookie {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{b.p.idp + "/connect/authorize"}})
	if err != nil {
		b.t.Fatal(err)
	}
	found := map[string]*network.Cookie{}
	for _, cookie := range result.Cookies {
		found[cookie.Name] = cookie
	}
	return found
}

// keepEvidence saves what the person saw and what the program logged.
func (b *browser) keepEvidence() {
	dir, err := os.MkdirTemp("", "silentrenew-"+strings.ReplaceAll(b.t.Name(), "/", "-")+"-")
	if err != nil {
		b.t.Log(err)
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
		os.WriteFile(filepath.Join(dir, "page.png"), image, 0o600)
	}
	if html, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.documentElement.outerHTML")); err == nil {
		os.WriteFile(filepath.Join(dir, "page.html"), []byte(html), 0o600)
	}
	os.WriteFile(filepath.Join(dir, "network.txt"), []byte(b.network.String()+strings.Join(b.network.complaints(), "\n")), 0o600)
	os.WriteFile(filepath.Join(dir, "program.log"), []byte(b.p.log.tail(2000)), 0o600)
	b.t.Logf("screenshot, HTML, requests and log are in %s", dir)
}

// configure changes settings of the front end's UserManager as its settings page does, and loads the page with them.
func (b *browser) configure(settings map[string]any) {
	b.t.Helper()
	if !strings.HasPrefix(b.location(), b.p.spa) {
		b.open("/")
	}
	b.writeSettings(settings)
	b.open("/")
}

// writeSettings changes settings for the next time that the page is loaded.
func (b *browser) writeSettings(settings map[string]any) {
	b.t.Helper()
	changes, err := json.Marshal(settings)
	if err != nil {
		b.t.Fatal(err)
	}
	eval[bool](b, fmt.Sprintf(`(() => {
		const key = "silentrenew.settings";
		localStorage.setItem(key, JSON.stringify({...JSON.parse(localStorage.getItem(key) ?? "{}"), ...%s}));
		return true;
	})()`, changes))
}

// renewWithLead switches the silent renewal on, so many seconds before the token expires.
func (b *browser) renewWithLead(seconds int) {
	b.t.Helper()
	b.configure(map[string]any{"automaticSilentRenew": true, "accessTokenExpiringNotificationTimeInSeconds": seconds})
}

// renewOff switches the silent renewal off.
func (b *browser) renewOff() {
	b.t.Helper()
	b.configure(map[string]any{"automaticSilentRenew": false})
}

// claims returns what the access token of the page says.
func (b *browser) claims() tokenClaims {
	b.t.Helper()
	return eval[tokenClaims](b, `import("/static/js/auth.js").then(auth => auth.accessTokenClaims())`)
}

// tokenClaims are the claims of an access token that the walk looks at (RFC 9068 §2.2).
type tokenClaims struct {
	Subject   string `json:"sub"`
	SessionID string `json:"sid"`
	AuthTime  int64  `json:"auth_time"`
	IssuedAt  int64  `json:"iat"`
	Expires   int64  `json:"exp"`
	ID        string `json:"jti"`
}

func (c tokenClaims) lifetime() int64 { return c.Expires - c.IssuedAt }

// callAPI has the page's own script call the API with the token it holds, and returns the status.
func (b *browser) callAPI(path string) int {
	b.t.Helper()
	return eval[int](b, fmt.Sprintf(`import("/static/js/auth.js").then(auth =>
		fetch(%s, {headers: {Authorization: "Bearer " + (auth.accessToken() ?? "")}})).then(response => response.status)`,
		quote(b.p.api+path)))
}
