package walk

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

const callCompanies = `import("/static/js/auth.js").then(auth => auth.send(%s, {})).then(answer => answer.status)`

// TestR1TheLeadCannotLoop: a lifetime shorter than the lead is the loop of A33 under the library. Here the lead is never more
// than a third of the lifetime: T=12 with a lead of 60 renews after 8 s and after 16 s, and not in between.
func TestR1TheLeadCannotLoop(t *testing.T) {
	p, b, _ := walkWithFaults(t, map[string]any{"strategy": "iframe", "accessTokenExpiringNotificationTimeInSeconds": 60})
	p.setAccessTokenLifetime(12)
	mark := p.log.mark()
	b.signIn("Mick", "MickPassword")
	signedIn := p.waitEvent(mark, patience, is("token"))
	second := p.waitRenewLines(mark, 2, patience)[1]
	if early := second.authorize.Time.Sub(signedIn.Time); early < 15*time.Second {
		t.Errorf("the second renewal came %s after the first token, want 16 s", early)
	}
	b.seesNot("#loop-warning")
}

// TestR2OneRenewalAtATime: ten calls that are all answered 401 lead to one exchange, and are all repeated with its token.
func TestR2OneRenewalAtATime(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	b.signIn("Mick", "MickPassword")
	before := f.count("POST /connect/token")
	b.spoilToken()
	mark := p.log.mark()
	statuses := eval[[]int](b, `import("/static/js/auth.js").then(auth => Promise.all(Array.from({length: 10}, (_, i) =>
		auth.send(`+quote(p.api+"/api/companies?limit=1&page=")+` + i, {}).then(answer => answer.status))))`)
	for i, status := range statuses {
		if status != http.StatusOK {
			t.Errorf("call %d: %d, want 200", i, status)
		}
	}
	if n := f.count("POST /connect/token") - before; n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
	if refused := p.events(mark, with(is("api.request"), "status", "401")); len(refused) != 10 {
		t.Errorf("%d calls were refused first, want 10", len(refused))
	}
}

// spoilToken breaks the signature of the access token that the page holds and has stored, so that the API refuses it while
// it lives.
func (b *browser) spoilToken() {
	b.t.Helper()
	eval[bool](b, `import("/static/js/auth.js").then(auth => {
		const spoiled = auth.user().access_token.slice(0, -8) + "AAAAAAAA";
		for (const store of [sessionStorage, localStorage]) for (const key of Object.keys(store)) {
			if (key.startsWith("oidc.user:")) store.setItem(key, JSON.stringify({...JSON.parse(store.getItem(key)), access_token: spoiled}));
		}
		auth.user().access_token = spoiled;
		return true;
	})`)
}

// TestR8OneRetryAfter401: an API that always answers 401 is called exactly twice, with one renewal in between.
func TestR8OneRetryAfter401(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	b.signIn("Mick", "MickPassword")
	before := f.count("POST /connect/token")
	eval[bool](b, `(() => {
		const real = fetch;
		window.calls = [];
		window.fetch = async (input, init) => {
			const request = new Request(input, init);
			if (!request.url.startsWith(`+quote(p.api)+`)) return real(input, init);
			window.calls.push(request.headers.get("Authorization"));
			return new Response("", {status: 401});
		};
		return true;
	})()`)
	if got := eval[int](b, fmt.Sprintf(callCompanies, quote(p.api+"/api/companies"))); got != http.StatusUnauthorized {
		t.Errorf("status %d, want the 401", got)
	}
	calls := eval[[]string](b, "window.calls")
	if len(calls) != 2 || calls[0] == calls[1] {
		t.Errorf("%d calls, want exactly 2 with two tokens", len(calls))
	}
	if n := f.count("POST /connect/token") - before; n != 1 {
		t.Errorf("%d renewals, want 1", n)
	}
}

// TestR5R6R7AwakeAfterExpiry: the page is frozen past the expiry of its token. Thawed, it renews within five seconds and a
// click on Companies waits for that: one renewal, then 200; the API never sees the old token.
func TestR5R6R7AwakeAfterExpiry(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	p.setAccessTokenLifetime(8)
	b.signIn("Mick", "MickPassword")
	b.freeze(true)
	frozen := p.log.mark()
	p.never(frozen, 10*time.Second, is("silent_renew.started"))
	before, mark, thawed := f.count("POST /connect/token"), p.log.mark(), time.Now()
	p.setAccessTokenLifetime(600)
	b.freeze(false)
	b.click(`nav a[href="/companies"]`)
	b.waitText("main", "IT_Solutions Ltd")
	renewed := p.waitEvent(mark, patience, is("token"))
	if after := renewed.Time.Sub(thawed); after > 5*time.Second {
		t.Errorf("renewed %s after the page was thawed, want 5 s at most", after)
	}
	if n := f.count("POST /connect/token") - before; n != 1 {
		t.Errorf("%d renewals, want 1", n)
	}
	calls := p.events(mark, is("api.request"))
	if len(calls) == 0 || calls[0].get("status") != "200" || calls[0].Time.Before(renewed.Time) {
		t.Errorf("the API was called with the old token: %v", calls)
	}
}

// TestR3R4TabsTakeTurns: four tabs share a rotating refresh token without grace; in each of fifty rounds all renew at once,
// and there is one token request and no invalid_grant. With the Web Locks API taken away the lease in IndexedDB does it.
func TestR3R4TabsTakeTurns(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "refresh", "loadUserInfo": false, "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	tabs := []*browser{b}
	for range 3 {
		tab := b.newTab()
		tab.open("/")
		tab.waitSignedIn()
		tabs = append(tabs, tab)
	}
	round := func(rounds int) {
		t.Helper()
		before, mark := f.count("POST /connect/token"), p.log.mark()
		for i := range rounds {
			old := b.claims().ID
			done := make(chan error, len(tabs))
			for _, tab := range tabs {
				go func() { // whoever still holds the token of this round renews it
					_, err := tryEval[bool](tab, `import("/static/js/auth.js").then(auth => auth.accessTokenClaims().jti === `+quote(old)+` && auth.renew()).then(() => true)`)
					done <- err
				}()
			}
			for range tabs {
				if err := <-done; err != nil {
					t.Fatalf("round %d: %v", i, err)
				}
			}
		}
		requests := f.count("POST /connect/token") - before
		t.Logf("%d token requests in %d rounds of 4 tabs", requests, rounds)
		if requests != rounds {
			t.Errorf("%d token requests in %d rounds, want one each", requests, rounds)
		}
		if refused := p.events(mark, with(is("token"), "outcome", "invalid_grant")); len(refused) > 0 {
			t.Errorf("refused: %v", refused)
		}
	}
	round(50)
	for _, tab := range tabs {
		eval[bool](tab, `(Object.defineProperty(navigator, "locks", {value: undefined, configurable: true}), true)`)
	}
	round(10)

	// R4: tab 1 gets invalid_grant although tab 0 has stored new tokens meanwhile: it adopts them.
	held, arrived := make(chan struct{}), make(chan struct{})
	var first sync.Once
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		mine := false
		if r.URL.Path == "/connect/token" && r.Method == http.MethodPost {
			first.Do(func() { mine = true })
		}
		if !mine {
			return false
		}
		close(arrived)
		<-held
		return failToken(http.StatusBadRequest, `{"error":"invalid_grant"}`)(w, r)
	})
	eval[bool](tabs[1], `import("/static/js/auth.js").then(auth => { window.outcome = ""; void auth.renew().then(() => { window.outcome = "renewed"; }, (e) => { window.outcome = e.error; }); return true; })`)
	<-arrived
	eval[bool](b, `new Promise((resolve, reject) => { // else tab 0 would wait for the lease
		const opening = indexedDB.open("renew");
		opening.onsuccess = () => {
			const transaction = opening.result.transaction("written", "readwrite");
			const keys = transaction.objectStore("written").getAllKeys();
			keys.onsuccess = () => keys.result.filter(key => key.endsWith(":lease")).forEach(key => transaction.objectStore("written").delete(key));
			transaction.oncomplete = () => resolve(keys.result.some(key => key.endsWith(":lease")));
		};
		opening.onerror = reject;
	})`)
	if got := b.tryRenew(); got != "" {
		t.Fatalf("tab 0: %s", got)
	}
	close(held)
	tabs[1].waitFor(`window.outcome !== ""`, patience)
	if got := eval[string](tabs[1], "window.outcome"); got != "renewed" {
		t.Errorf("tab 1: %s, want the tokens of tab 0", got)
	}
	if a, c := b.claims(), tabs[1].claims(); a.ID != c.ID {
		t.Errorf("tab 1 has token %s, tab 0 has %s", c.ID, a.ID)
	}
	b.sees("#logout")
}
