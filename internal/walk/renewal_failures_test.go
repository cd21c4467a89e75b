package walk

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// offline takes the network away from a tab, or gives it back.
func (b *browser) offline(away bool) {
	b.t.Helper()
	params := network.OverrideNetworkStateParams{Offline: away, DownloadThroughput: -1, UploadThroughput: -1}
	if _, err := chromedp.Call(b.ctx, network.OverrideNetworkState, params); err != nil {
		b.t.Fatal(err)
	}
	emulate := network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: -1, Offline: away}}}
	if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, emulate); err != nil {
		b.t.Fatal(err)
	}
}

// TestR11Offline: without a network the token expires and the user stays signed in, refresh token and all; back online the
// renewal follows at once, with no login page.
func TestR11Offline(t *testing.T) {
	p, b, _ := walkWithFaults(t, map[string]any{"strategy": "refresh", "monitorSession": false})
	p.setAccessTokenLifetime(6)
	b.signIn("Mick", "MickPassword")
	b.offline(true)
	b.waitNotice("offline")
	b.waitBadge("expired", patience)
	b.sees("#logout")
	b.waitText("#token-badge", "offline")
	if !eval[bool](b, `import("/static/js/auth.js").then(auth => Boolean(auth.user().refresh_token))`) {
		t.Error("the refresh token is gone")
	}
	p.setAccessTokenLifetime(600)
	mark := p.log.mark()
	b.offline(false)
	b.waitBadge("alive", patience)
	b.waitGone("#renewal")
	b.sees("#logout")
	if asked := p.events(mark, is("login.form", "authorize")); len(asked) > 0 {
		t.Errorf("the user was sent to the provider: %v", asked)
	}
}

// TestR14R15CookiesBlocked: the provider is another site and its cookie does not reach the frame. One renewal, then a banner
// that names the cause, no redirect and no loop; with a refresh token, chosen in the banner, renewals work.
func TestR14R15CookiesBlocked(t *testing.T) {
	t.Parallel()
	chromium.start(t)
	p := startOnTwoSites(t)
	b := openBrowser(t, p)
	p.setAccessTokenLifetime(12)
	b.open("/")
	b.configure(map[string]any{"strategy": "iframe"})
	b.signIn("Mick", "MickPassword")
	mark := p.log.mark()
	b.waitNotice("cookiesBlocked")
	b.waitText("#renewal", "login_required")
	b.waitText("#renewal", "cookie")
	b.waitSignedOut(patience)
	p.never(p.log.mark(), 4*time.Second, is("authorize", "token"))
	var redirects []string
	for _, r := range b.network.to(p.idp + "/connect/authorize") {
		if r.path() == p.idp+"/connect/authorize" && r.query().Get("prompt") != "none" {
			redirects = append(redirects, r.URL)
		}
	}
	if len(redirects) != 1 { // the user's own sign-in
		t.Errorf("%d redirects to the provider, want 1: %v", len(redirects), redirects)
	}
	b.waitText("#renewal", "Use a refresh token")
	if forms := p.events(mark, is("login.form")); len(forms) > 0 {
		t.Errorf("redirected by itself: %v", forms)
	}

	mark = p.log.mark()
	b.click(`#renewal [data-strategy="refresh"]`)
	b.waitSignedIn()
	if forms := p.events(mark, is("login.form")); len(forms) > 0 {
		t.Errorf("a password form was shown: %v", forms)
	}
	p.waitEvent(mark, patience, with(is("user.loaded"), "renewed", "true"))
	b.waitGone("#renewal")
}

// TestR21WrongClock: with the machine's clock an hour ahead or behind, the login works, renewals come when they are due, and
// a banner says how wrong the clock is.
func TestR21WrongClock(t *testing.T) {
	for _, row := range []struct {
		name   string
		offset time.Duration
		says   string
	}{
		{"an hour ahead", time.Hour, "ahead of"},
		{"an hour behind", -time.Hour, "behind"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, b := walk(t)
			b.setClock(row.offset)
			p.setAccessTokenLifetime(9)
			b.open("/")
			b.configure(map[string]any{"strategy": "iframe"})
			b.signIn("Mick", "MickPassword")
			b.waitVisible("#clock")
			b.waitText("#clock", row.says)
			if words := b.text("#clock"); !containsAny(words, "1 h", "59 min") {
				t.Errorf("the banner does not name the offset: %s", words)
			}
			first := p.waitEvent(0, patience, is("token"))
			renewed := p.waitEvents(0, 2, patience, is("token"))[1]
			if after := renewed.Time.Sub(first.Time); after < 5*time.Second || after > 9*time.Second {
				t.Errorf("renewed %s after the token came, want 6 s (T=9, a third is left)", after)
			}
			b.sees("#logout")
		})
	}
}

// TestR21WhatACacheSays: the keys come from a cache, with the Date they were put there. That says nothing about this machine's clock.
func TestR21WhatACacheSays(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "loadUserInfo": false, "monitorSession": false})
	f.alter(func(answer *http.Response) {
		if answer.Request.Method == http.MethodGet {
			answer.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		}
	})
	b.signIn("Mick", "MickPassword")
	b.openAfresh("/")
	if got := b.tryRenew(); got != "" {
		t.Errorf("%q, want a new token", got)
	}
	p.never(0, 2*time.Second, is("clock.skewed"))
	b.seesNot("#clock")
}

// TestR21TheClockIsSet: somebody puts the machine's clock an hour forward while a token lives, and later back again. The token's
// expiry moves with it, nobody is logged out, and renewals go on coming when they are due.
func TestR21TheClockIsSet(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "monitorSession": false})
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `(() => {
		const real = Date;
		globalThis.set = 0;
		globalThis.Date = class extends real {
			constructor(...args) { if (args.length) super(...args); else super(real.now() + set); }
			static now() { return real.now() + set; }
		};
	})()`}); err != nil {
		t.Fatal(err)
	}
	p.setAccessTokenLifetime(45) // due after 30 s
	b.signIn("Mick", "MickPassword")
	first := p.waitEvent(0, patience, is("token"))
	before := f.count("POST /connect/token")
	eval[bool](b, `(() => {
		const set = Storage.prototype.setItem;
		window.written = 0;
		Storage.prototype.setItem = function (key, value) { written += key.startsWith("oidc.user:"); return set.call(this, key, value); };
		return true;
	})()`)
	for _, set := range []time.Duration{-time.Hour, 0, time.Hour} {
		eval[bool](b, fmt.Sprintf("(globalThis.set = %d, true)", set.Milliseconds()))
		time.Sleep(7 * time.Second) // the clock is looked at every five
		b.sees("#logout")
		left := eval[float64](b, `import("/static/js/auth.js").then(auth => auth.user().expires_at - Date.now() / 1000)`)
		if left < 0 || left > 45 {
			t.Errorf("with the clock set to %s the token seems to live for %.0f s", set, left)
		}
	}
	if written := eval[int](b, "window.written"); written > f.count("POST /connect/token")-before {
		t.Errorf("the user was stored %d times: what another tab has stored may be newer (R4)", written)
	}
	renewed := p.waitEvents(0, 2, patience, is("token"))[1]
	if after := renewed.Time.Sub(first.Time); after > 40*time.Second {
		t.Errorf("renewed after %s, want 30 s", after)
	}
	if n := f.count("POST /connect/token") - before; n > 2 {
		t.Errorf("%d renewals", n)
	}
}

// setClock moves the clock that pages of this tab see.
func (b *browser) setClock(offset time.Duration) {
	b.t.Helper()
	source := fmt.Sprintf(`(() => {
		const real = Date, offset = %d;
		globalThis.Date = class extends real {
			constructor(...args) { if (args.length) super(...args); else super(real.now() + offset); }
			static now() { return real.now() + offset; }
		};
	})()`, offset.Milliseconds())
	params := page.AddScriptToEvaluateOnNewDocumentParams{Source: source}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, params); err != nil {
		b.t.Fatal(err)
	}
}

func containsAny(words string, wanted ...string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool { return strings.Contains(words, w) })
}
