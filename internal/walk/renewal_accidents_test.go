package walk

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// answerNever has requests to a path wait until the test ends.
func (f *faults) answerNever(t *testing.T, path string) {
	t.Helper()
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	f.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path {
			return false
		}
		select {
		case <-ended:
		case <-r.Context().Done():
		}
		return true
	})
}

// openAfresh opens a page in a tab that takes nothing from the browser's cache any more.
func (b *browser) openAfresh(path string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
		b.t.Fatal(err)
	}
	b.open(path)
}

// TestR1LifetimesThatWouldLoop: a provider may leave expires_in out (RFC 6749 §5.1), or say what leaves no time to do anything.
func TestR1LifetimesThatWouldLoop(t *testing.T) {
	_, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "loadUserInfo": false, "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	for _, row := range []struct {
		name, want string
		change     func(token map[string]any)
		most       int // token requests within six seconds
	}{
		{"no expires_in", "", func(token map[string]any) { delete(token, "expires_in") }, 0},
		{"no time at all", "token_expired", func(token map[string]any) { token["expires_in"] = 0 }, 0},
		{"a second", "", func(token map[string]any) { token["expires_in"] = 1 }, 3},
	} {
		f.alter(alterJSON(row.change))
		if got := b.tryRenew(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		before := f.count("POST /connect/token")
		time.Sleep(6 * time.Second)
		if n := f.count("POST /connect/token") - before; n > row.most {
			t.Errorf("%s: %d token requests in 6 s, want %d at most", row.name, n, row.most)
		}
	}
}

// TestR10ACallDoesNotWaitForever: the token has expired and the provider wants to be left alone for ten minutes. A call of
// the API is answered now; and it can be given up while it waits for a renewal.
func TestR10ACallDoesNotWaitForever(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "monitorSession": false})
	p.setAccessTokenLifetime(4)
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Query().Get("prompt") == "none" // an empty page: the frame says nothing
	})
	b.signIn("Mick", "MickPassword")
	p.waitEvent(0, patience, is("access_token.expired"))
	took := eval[int](b, `import("/static/js/auth.js").then(async (auth) => {
		const began = performance.now();
		await auth.send(`+quote(p.api+"/api/companies")+`, { signal: AbortSignal.timeout(500) }).catch(() => {});
		return Math.round(performance.now() - began);
	})`)
	if took > 3000 {
		t.Errorf("a call that was given up after 0.5 s ended after %d ms", took)
	}
	f.answer(failToken(http.StatusServiceUnavailable, "", "Retry-After", "600"))
	p.waitEvent(0, patience, with(is("silent_renew.error"), "outcome", "http_503"))
	b.waitNotice("retrying")
	before := f.count("POST /connect/token")
	began := time.Now()
	if got := eval[int](b, fmt.Sprintf(callCompanies, quote(p.api+"/api/companies"))); got != http.StatusUnauthorized {
		t.Errorf("the call: %d, want 401", got)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the call was answered after %s", took)
	}
	if n := f.count("POST /connect/token") - before; n != 0 {
		t.Errorf("%d requests although the provider asked for ten minutes", n)
	}
}

// TestR12NothingHangs: discovery that never answers, and an answer that begins and never ends. Neither keeps the lock of all tabs.
func TestR12NothingHangs(t *testing.T) {
	_, b, f := walkWithFaults(t, map[string]any{"strategy": "refresh", "silentRequestTimeoutInSeconds": 1, "loadUserInfo": false, "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	tab := b.newTab()
	tab.open("/")
	tab.waitSignedIn()
	f.answerNever(t, "/.well-known/openid-configuration")
	b.openAfresh("/") // a page that has not seen the document
	if got := b.tryRenew(); got != "timeout" {
		t.Errorf("discovery hangs: %q, want timeout", got)
	}
	f.answer(nil)
	if got := tab.tryRenew(); got != "" {
		t.Errorf("the other tab: %q", got)
	}

	half := make(chan struct{})
	t.Cleanup(func() { close(half) })
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/connect/token" || r.Method != http.MethodPost {
			return false
		}
		allowOrigin(w, r)
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte("{"))
		w.(http.Flusher).Flush()
		<-half
		return true
	})
	began := time.Now()
	if got := b.tryRenew(); got != "timeout" {
		t.Errorf("half an answer: %q, want timeout", got)
	}
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("half an answer was waited for %s", took)
	}
	f.answer(nil)
	if got := tab.tryRenew(); got != "" {
		t.Errorf("the other tab: %q", got)
	}
}

// TestR4ARotatedRefreshTokenIsKept: the provider has given new tokens, and what comes after them fails. They are kept, or the
// old refresh token was not spent: nothing is lost either way.
func TestR4ARotatedRefreshTokenIsKept(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "refresh", "dpop": true, "loadUserInfo": true, "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	was := b.claims()
	down := func(path string) {
		f.answer(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != path || r.Method == http.MethodOptions {
				return false
			}
			allowOrigin(w, r)
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		})
	}
	down("/connect/userinfo")
	if got := b.tryRenew(); got != "" || b.claims().ID == was.ID {
		t.Errorf("userinfo is down: %q", got)
	}
	if roles := eval[string](b, `import("/static/js/auth.js").then(auth => auth.roles().join())`); roles != "Admin" {
		t.Errorf("roles are %q: what userinfo said before is gone", roles)
	}
	b.openAfresh("/") // a page that has not seen the keys
	down("/.well-known/openid-configuration/jwks")
	if got := b.tryRenew(); got != "http_503" {
		t.Errorf("the keys are not to be had: %q, want http_503", got)
	}
	f.answer(nil)
	if got := b.tryRenew(); got != "" {
		t.Errorf("afterwards: %q", got)
	}
	if refused := p.events(0, with(is("token"), "outcome", "invalid_grant")); len(refused) > 0 {
		t.Errorf("a refresh token was used twice: %v", refused)
	}
}

// TestR16WhatTheFirstTokenDidNotSay: auth_time and sid are optional (OIDC Core §2). A renewal that names them for the first time
// contradicts nothing.
func TestR16WhatTheFirstTokenDidNotSay(t *testing.T) {
	_, b, _ := walkWithFaults(t, map[string]any{"strategy": "iframe", "includeIdTokenInSilentRenew": false})
	b.signIn("Mick", "MickPassword")
	eval[bool](b, `import("/static/js/auth.js").then(auth => {
		const [head, body, signature] = auth.user().id_token.split(".");
		const { auth_time, sid, ...rest } = JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/")));
		const shorter = [head, btoa(JSON.stringify(rest)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""), signature].join(".");
		for (const key of Object.keys(sessionStorage)) {
			if (key.startsWith("oidc.user:")) sessionStorage.setItem(key, JSON.stringify({...JSON.parse(sessionStorage.getItem(key)), id_token: shorter}));
		}
		auth.user().id_token = shorter;
		return true;
	})`)
	if got := b.tryRenew(); got != "" {
		t.Errorf("%q, want a new token", got)
	}
}

// TestR18LogoutWhileTheTokensAreStored: the new tokens are on their way into the store when the user presses Logout.
func TestR18LogoutWhileTheTokensAreStored(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "refresh", "loadUserInfo": false, "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	f.answer(func(_ http.ResponseWriter, r *http.Request) bool { // the page is still there when the store is ready
		if r.URL.Path == "/connect/revocation" {
			time.Sleep(time.Second)
		}
		return false
	})
	p.waitEvent(0, patience, with(is("login.changed"), "logged_in", "true")) // the page tells its events a little later
	p.waitEvent(0, patience, is("user.loaded"))
	mark := p.log.mark()
	eval[bool](b, `import("/static/js/auth.js").then(auth => {
		const put = IDBObjectStore.prototype.put;
		IDBObjectStore.prototype.put = function (...args) {
			IDBObjectStore.prototype.put = put;
			void auth.logout();
			return put.apply(this, args);
		};
		void auth.renew().catch(() => {});
		return true;
	})`)
	b.waitSignedOut(patience)
	b.waitLocation("/")
	p.waitEvent(mark, patience, with(is("login.changed"), "logged_in", "false"))
	p.never(mark, 2*time.Second, with(is("login.changed"), "logged_in", "true"))
	if back := p.events(mark, is("user.loaded")); len(back) > 0 {
		t.Errorf("signed in again: %v", back)
	}
	if left := eval[int](b, `[sessionStorage, localStorage].flatMap(store => Object.keys(store)).filter(key => /^oidc\.(user|renew):/.test(key)).length`); left != 0 {
		t.Errorf("%d entries are in the store after the logout", left)
	}
}

// TestR18CallsUnderWay: what the API answers after a Logout is not shown to anybody.
func TestR18CallsUnderWay(t *testing.T) {
	_, b, _ := walkWithFaults(t, map[string]any{"strategy": "refresh", "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	outcome := eval[string](b, `import("/static/js/auth.js").then(async auth => {
		const call = auth.send(location.origin + "/companies", {headers: {"HX-Request": "true"}});
		await new Promise(done => setTimeout(done));
		void auth.logout();
		const [answer] = await Promise.allSettled([call]);
		return answer.status + " " + (answer.reason?.name ?? answer.value.status);
	})`)
	if outcome != "rejected AbortError" {
		t.Errorf("the call under way: %s, want rejected AbortError", outcome)
	}
}

// TestR8NoRenewalsForAnAPIThatIsWrong: once the provider has said no for good, an API that answers 401 starts no further renewals.
func TestR8NoRenewalsForAnAPIThatIsWrong(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	p.sql("UPDATE Clients SET RequireConsent = 1 WHERE ClientId = 'spa-client'")
	if got := b.tryRenew(); got != "consent_required" {
		t.Fatalf("%q, want consent_required", got)
	}
	b.spoilToken()
	before := f.count("GET /connect/authorize")
	for range 3 {
		if got := eval[int](b, fmt.Sprintf(callCompanies, quote(p.api+"/api/companies"))); got != http.StatusUnauthorized {
			t.Errorf("status %d, want the 401", got)
		}
	}
	if n := f.count("GET /connect/authorize") - before; n != 0 {
		t.Errorf("%d questions after the last word", n)
	}
}

// TestR20AListenerThatFails: an error in the application's own listener is the application's. It is reported, and the renewal has worked.
func TestR20AListenerThatFails(t *testing.T) {
	_, b, f := walkWithFaults(t, map[string]any{"strategy": "refresh", "loadUserInfo": false, "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	b.network.complaints()
	eval[bool](b, `import("/static/js/auth.js").then(auth => { auth.onTokenChanged(() => { throw new TypeError("a bug elsewhere"); }); return true; })`)
	before := f.count("POST /connect/token")
	if got := b.tryRenew(); got != "" {
		t.Errorf("%q, want a new token", got)
	}
	time.Sleep(3 * time.Second) // longer than the first pause of the back-off
	if n := f.count("POST /connect/token") - before; n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
	if said := strings.Join(b.network.complaints(), "\n"); !strings.Contains(said, "a bug elsewhere") {
		t.Errorf("the error was swallowed: %q", said)
	}
}

// TestI8ReloadDuringARefresh: the page is loaded anew while the answer with the new tokens is on its way, so that nobody gets it. With a grace the
// old refresh token gives the same successor; without one the family ends, and the user signs in again without a password.
func TestI8ReloadDuringARefresh(t *testing.T) {
	for name, grace := range map[string]int{"with a grace": 60, "without": 0} {
		t.Run(name, func(t *testing.T) {
			p, b, f := walkWithFaults(t, map[string]any{"strategy": "refresh", "loadUserInfo": false, "monitorSession": false})
			p.sql("UPDATE Clients SET RefreshTokenReuseGraceSeconds = ? WHERE ClientId = 'spa-client'", grace)
			b.signIn("Mick", "MickPassword")
			mark := p.log.mark()
			f.alter(func(answer *http.Response) {
				if answer.Request.URL.Path == "/connect/token" {
					time.Sleep(3 * time.Second)
				}
			})
			eval[bool](b, `import("/static/js/auth.js").then(auth => { void auth.renew().catch(() => {}); return true; })`)
			p.waitEvent(mark, patience, is("token"))
			b.open("/")
			f.alter(nil)
			b.waitSignedIn()
			if got := b.tryRenew(); got != map[bool]string{true: "", false: "invalid_grant"}[grace > 0] {
				t.Errorf("the next renewal: %q", got)
			}
			if grace > 0 {
				return
			}
			b.waitNotice("ended")
			mark = p.log.mark()
			b.click("#renewal [data-login]")
			p.waitEvent(mark, patience, is("callback.signin"))
			b.waitSignedIn()
			b.waitGone("#renewal")
			if forms := p.events(mark, is("login.form")); len(forms) > 0 {
				t.Errorf("a password form was shown: %v", forms)
			}
		})
	}
}

// TestR22StartedTwice: a framework may start an effect, end it and start it again at once. There is one renewal of the expired token, and whoever
// waits for a start gets its result.
func TestR22StartedTwice(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "loadUserInfo": false, "monitorSession": false})
	p.setAccessTokenLifetime(3)
	b.signIn("Mick", "MickPassword")
	b.configure(map[string]any{"strategy": "none"}) // nothing of the page's own renews
	p.waitEvent(0, patience, is("access_token.expired"))
	before := f.count("POST /connect/token")
	p.setAccessTokenLifetime(600)
	got := eval[string](b, `Promise.all([import("oidc-client-ts"), import("/static/js/renew.js")]).then(async ([{ UserManager, WebStorageStateStore }, { createRenewal }]) => {
		const renewal = createRenewal(new UserManager({ authority: `+quote(p.idp)+`, client_id: "spa-client", scope: "openid profile companyApi",
			redirect_uri: location.origin + "/signin-callback", silent_redirect_uri: location.origin + "/assets/silent-callback.html",
			userStore: new WebStorageStateStore({ store: sessionStorage }), automaticSilentRenew: false, loadUserInfo: false }));
		void renewal.start();
		renewal.stop();
		const [one, two] = await Promise.all([renewal.start(), renewal.start()]);
		const said = [one === two, one?.expired, renewal.status().kind].join();
		renewal.stop();
		return said;
	})`)
	if got != "true,false,ready" {
		t.Errorf("%s, want the same user twice, with a new token", got)
	}
	if n := f.count("POST /connect/token") - before; n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}
