package walk

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestR17AnotherUser: while Mick is at work in one tab, Jane signs in at the provider in another. The next renewal swaps
// nobody: the page asks, renews no more, and goes on as the one who was chosen.
func TestR17AnotherUser(t *testing.T) {
	p, b, _ := walkWithFaults(t, map[string]any{"strategy": "iframe", "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	was := b.claims()

	other := b.newTab()
	other.openURL(p.idp + "/account/logout")
	other.click("#logout")
	other.waitText("h1", "You are now logged out")
	other.open("/")
	other.signIn("Jane", "JanePassword")

	if got := b.tryRenew(); got != "login_required" {
		t.Errorf("the renewal: %q, want login_required", got)
	}
	b.waitVisible("#user-changed")
	b.waitText("#user-changed", "Jane")
	p.waitEvent(0, patience, is("user.changed"))
	if now := b.claims(); now.Subject != was.Subject {
		t.Errorf("the token was swapped silently")
	}
	if got := eval[string](b, `import("/static/js/auth.js").then(auth => auth.send(`+quote(p.api+"/api/companies")+`, {})).then(answer => String(answer.status))`); got != "401" {
		t.Errorf("a call in whose name? %s", got)
	}
	mark := p.log.mark()
	b.click(`#user-changed [value="change"]`)
	b.waitText("#who", "Jane")
	if now := b.claims(); now.Subject == was.Subject {
		t.Error("still Mick after choosing Jane")
	}
	if forms := p.events(mark, is("login.form")); len(forms) > 0 {
		t.Errorf("a password form was shown: %v", forms)
	}
}

// TestR17AnotherUserAtTheProvider: Jane signs in at the provider itself, in Mick's place. Mick's refresh token would go on; the
// session monitor notices, also when it has never seen Mick's session, and the page asks.
func TestR17AnotherUserAtTheProvider(t *testing.T) {
	p, b, _ := walkWithFaults(t, map[string]any{"strategy": "refresh"})
	b.signIn("Mick", "MickPassword")
	was := b.claims()
	other := b.newTab()
	other.openURL(p.idp + "/account/login")
	other.submitLogin("Jane", "JanePassword")
	b.waitVisible("#user-changed")
	b.waitText("#user-changed", "Jane")
	if now := b.claims(); now.Subject != was.Subject {
		t.Error("the token was swapped silently")
	}
}

// TestR17TabsThatShareTheUser: one store for all tabs, and Jane signs in through one of them. The other one asks before it becomes hers.
func TestR17TabsThatShareTheUser(t *testing.T) {
	for _, choice := range []string{"change", "stay"} {
		t.Run(choice, func(t *testing.T) {
			p, b, _ := walkWithFaults(t, map[string]any{"strategy": "refresh", "monitorSession": false})
			b.signIn("Mick", "MickPassword")
			mick := b.claims().Subject
			eval[bool](b, `import("/static/js/auth.js").then(auth => { // a call under way, whose token the API will not take
				const real = window.fetch;
				let calls = 0;
				window.fetch = async (input, init) => {
					if (!new Request(input, init).url.startsWith(`+quote(p.api)+`)) return real(input, init);
					calls++;
					await new Promise(done => { window.release = done; });
					return new Response("", {status: 401});
				};
				window.outcome = auth.send(`+quote(p.api+"/api/companies")+`, {method: "POST"}).then(answer => String(answer.status), error => error.name)
					.then(outcome => outcome + " after " + calls + " call");
				return true;
			})`)
			other := b.newTab()
			other.openURL(p.idp + "/account/login")
			other.submitLogin("Jane", "JanePassword")
			other.waitGone("#password")
			other.open("/")
			eval[bool](other, `import("/static/js/auth.js").then(auth => { void auth.login(); return true; })`)
			other.waitText("#who", "Jane")

			b.waitText("#user-changed", "Jane")
			if got := eval[string](b, `import("/static/js/auth.js").then(auth => auth.user().profile.sub)`); got != mick {
				t.Error("the tab was swapped silently")
			}
			b.click(`#user-changed [value="` + choice + `"]`)
			if choice == "change" {
				b.waitText("#who", "Jane")
				if got := eval[string](b, "window.release(), window.outcome"); got != "AbortError after 1 call" {
					t.Errorf("what Mick began: %s, want AbortError after 1 call", got)
				}
				return
			}
			b.submitLogin("Mick", "MickPassword") // Mick's session at the provider is over
			b.waitText("#who", "Mick")
			if now := b.claims(); now.Subject != mick {
				t.Error("not Mick any more")
			}
			other.waitText("#user-changed", "Mick")
		})
	}
}

// TestR18LogoutWins: a renewal whose token answer takes three seconds does not survive a Logout meanwhile.
func TestR18LogoutWins(t *testing.T) {
	for _, strategy := range []string{"iframe", "refresh"} {
		t.Run(strategy, func(t *testing.T) {
			p, b, f := walkWithFaults(t, map[string]any{"strategy": strategy})
			b.signIn("Mick", "MickPassword")
			arrived := make(chan struct{}, 10)
			f.answer(func(_ http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/connect/token" && r.Method == http.MethodPost {
					arrived <- struct{}{}
					<-time.After(3 * time.Second)
				}
				return false
			})
			eval[bool](b, `import("/static/js/auth.js").then(auth => { void auth.renew().catch(() => {}); return true; })`)
			<-arrived
			mark := p.log.mark()
			b.click("#logout")
			b.waitSignedOut(patience)
			b.waitLocation("/")
			p.never(mark, 4*time.Second, with(is("login.changed"), "logged_in", "true"))
			if left := eval[int](b, `[sessionStorage, localStorage].flatMap(store => Object.keys(store)).filter(key => key.startsWith("oidc.user:")).length`); left != 0 {
				t.Errorf("%d users are in the store after the logout", left)
			}
		})
	}
}

// TestR19LogoutReachesTheOtherTabs: three tabs, one logs out; the others show Login within a second, without the session
// monitor, and keep the draft.
func TestR19LogoutReachesTheOtherTabs(t *testing.T) {
	p, b, _ := walkWithFaults(t, map[string]any{"strategy": "refresh", "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	tabs := []*browser{b.newTab(), b.newTab()}
	for _, tab := range tabs {
		tab.open("/")
		tab.waitSignedIn()
	}
	eval[bool](tabs[0], `(localStorage.setItem("silentrenew.draft.probe", "kept"), true)`)
	mark := p.log.mark()
	b.click("#logout")
	for _, tab := range tabs {
		tab.waitSignedOut(patience)
	}
	out := p.waitEvents(mark, 3, patience, with(is("login.changed"), "logged_in", "false"))
	if after := out[2].Time.Sub(out[0].Time); after > time.Second {
		t.Errorf("the last tab heard of it %s after the first", after)
	}
	if got := eval[string](tabs[0], `localStorage.getItem("silentrenew.draft.probe")`); got != "kept" {
		t.Errorf("the draft is %q", got)
	}
}

// TestR20EventsInOrder: each event of a token's life is told once, in order.
func TestR20EventsInOrder(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "monitorSession": false})
	p.setAccessTokenLifetime(6)
	b.signIn("Mick", "MickPassword")
	first := p.waitEvent(0, patience, with(is("user.loaded"), "renewed", "true"))
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/connect/authorize" {
			return false
		}
		to := r.URL.Query()
		http.Redirect(w, r, to.Get("redirect_uri")+"?error=consent_required&state="+to.Get("state")+"&iss="+p.idp, http.StatusFound)
		return true
	})
	b.waitNotice("ended")
	b.waitText("#renewal", "consent_required")
	b.waitSignedOut(patience)
	p.waitEvent(0, patience, is("access_token.expired"))
	f.answer(nil)
	eval[bool](b, `import("/static/js/auth.js").then(auth => { void auth.logout(); return true; })`) // the menu says Login by now
	p.waitEvent(0, patience, is("user.signed_out"))
	var got []string
	for _, e := range p.events(0, is("access_token.expiring", "silent_renew.started", "user.loaded", "silent_renew.error", "access_token.expired", "user.signed_out")) {
		if !e.Time.Before(first.Time) {
			got = append(got, e.Message)
		}
	}
	tail := []string{"access_token.expiring", "silent_renew.started", "silent_renew.error", "access_token.expired", "user.signed_out"}
	if len(got) < 6 || got[0] != "user.loaded" || !slices.Equal(got[len(got)-5:], tail) {
		t.Errorf("the end: %s\nwant a renewed token, then %s", strings.Join(got, ", "), strings.Join(tail, ", "))
	}
	for i := 0; i+3 < len(got)-5; i += 3 {
		if want := []string{"user.loaded", "access_token.expiring", "silent_renew.started"}; !slices.Equal(got[i:i+3], want) {
			t.Errorf("at %d: %v, want %v", i, got[i:i+3], want)
		}
	}
}

// TestR22ReloadAfterExpiry: loaded with a token that has expired, and a live cookie, the page is signed in without a click.
func TestR22ReloadAfterExpiry(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	p.setAccessTokenLifetime(3)
	b.signIn("Mick", "MickPassword")
	b.openURL("about:blank")
	p.never(p.log.mark(), 5*time.Second, is("silent_renew.started"))
	p.setAccessTokenLifetime(600)
	before, mark := f.count("POST /connect/token"), p.log.mark()
	b.open("/")
	b.waitSignedIn()
	b.waitBadge("alive", patience)
	if n := f.count("POST /connect/token") - before; n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
	if asked := p.events(mark, is("login.form")); len(asked) > 0 {
		t.Errorf("a login form was shown: %v", asked)
	}
}

// TestR13NotInAFrame: the application does not start inside a frame, and a message that only looks like an answer is ignored.
func TestR13NotInAFrame(t *testing.T) {
	p, b, _ := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	b.signIn("Mick", "MickPassword")
	was := b.claims()
	eval[bool](b, `(() => {
		const forge = setInterval(() => window.postMessage({source: "oidc-client", url: location.origin + "/assets/silent-callback.html?code=x&state=y"}, "*"), 20);
		setTimeout(() => clearInterval(forge), 5000);
		return true;
	})()`)
	if got := b.tryRenew(); got != "" || b.claims().ID == was.ID {
		t.Errorf("a forged message from the page itself disturbed the renewal: %q", got)
	}
	silent := b.network.to(p.spa + "/assets/silent-callback.html")
	if len(silent) == 0 {
		t.Error("the silent page was not used")
	}
	if frames := eval[int](b, `document.querySelectorAll("iframe").length`); frames > 1 { // the session monitor's
		t.Errorf("%d frames are left", frames)
	}
	// The application's own pages refuse to be framed (frame-ancestors); where a browser does not know that, the entry module refuses.
	framed := `(() => { const frame = document.createElement("iframe"); frame.src = "/"; frame.id = "framed"; document.body.append(frame); return true; })()`
	eval[bool](b, framed)
	b.waitFor(`(() => { try { return !document.querySelector("#framed").contentDocument; } catch { return true; } })()`, patience)
	eval[bool](b, `(document.querySelector("#framed").remove(), true)`)
	b.withoutPolicies()
	eval[bool](b, framed)
	b.waitFor(`document.querySelector("#framed").contentDocument?.body?.innerText.includes("does not run inside a frame")`, patience)
	if eval[bool](b, `Boolean(document.querySelector("#framed").contentDocument.documentElement.dataset.booted)`) {
		t.Error("the application has started inside the frame")
	}
}

// withoutPolicies has the tab load documents as a browser does that knows no content security policies.
func (b *browser) withoutPolicies() {
	b.t.Helper()
	err := chromedp.Listen(b.ctx, func(event any) {
		paused, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() {
			page, err := http.Get(paused.Request.URL)
			if err != nil {
				return // the page does not come, and the test says so
			}
			defer page.Body.Close()
			body, _ := io.ReadAll(page.Body)
			chromedp.Call(b.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: paused.RequestID, ResponseCode: int64(page.StatusCode),
				ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "text/html; charset=utf-8"}}, Body: body})
		}()
	})
	if err == nil {
		_, err = chromedp.Call(b.ctx, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{ResourceType: network.ResourceTypeDocument}}})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestR28TheMonitorGivesUp: when the session-id cookie has gone and the provider goes on saying that it is the same user, the
// session monitor asks three times at most and then says so.
func TestR28TheMonitorGivesUp(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "checkSessionIntervalInSeconds": 1})
	b.signIn("Mick", "MickPassword")
	p.waitEvent(0, patience, is("checksession"))
	b.waitFor(`sessionStorage.getItem("silentrenew.monitored")`, patience)
	mark := p.log.mark()
	f.alter(func(answer *http.Response) { // nor does it come back
		kept := slices.DeleteFunc(answer.Header["Set-Cookie"], func(cookie string) bool { return strings.HasPrefix(cookie, "idsrv.session=") })
		answer.Header["Set-Cookie"] = kept
	})
	if _, err := chromedp.Call(b.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: "idsrv.session", URL: p.idp + "/"}); err != nil {
		t.Fatal(err)
	}
	p.waitEvent(mark, patience, with(is("session.changed"), "outcome", "loop"))
	b.waitText("#failure", "session monitor was stopped")
	if asked := p.events(mark, with(is("authorize"), "prompt", "none")); len(asked) > 3 {
		t.Errorf("%d questions, want 3 at most", len(asked))
	}
	b.sees("#logout")
}
