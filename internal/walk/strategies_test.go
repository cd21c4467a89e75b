package walk

import (
	"strings"
	"testing"
	"time"
)

// TestE6StrategiesSideBySide: the page switches between the strategies, and its evidence says where the tokens are under each, what the
// provider answers to a hidden frame, and which hops a renewal takes.
func TestE6StrategiesSideBySide(t *testing.T) {
	_, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/strategies")
	try := func(what string) string {
		b.click("[data-try=" + what + "]")
		result := "document.querySelector('[data-result=" + what + "]')"
		b.waitFor(result+".innerText.length > 3 && !document.querySelector('[data-try="+what+"]').disabled", patience)
		return b.text("[data-result=" + what + "]")
	}
	for _, row := range []struct{ strategy, stored, hops string }{
		{"iframe", `Yes: sessionStorage`, "authorize token userinfo"},
		{"refresh", `Yes: localStorage`, "token"},
		{"bff", `No:`, "token bff.renewed"},
	} {
		b.click("[data-way=" + row.strategy + "] [data-use]")
		b.waitFor(`document.querySelector("[data-way=`+row.strategy+`]").hasAttribute("data-current")`, patience)
		if b.becomes(visible("#login"), poll) {
			b.click("#login") // without a password
			b.waitSignedIn()
		}
		if row.strategy == "refresh" {
			try("renew") // it may have to fetch its refresh token first
		}
		if got := try("search"); !strings.HasPrefix(got, row.stored) {
			t.Errorf("%s: search says %q, want %q", row.strategy, got, row.stored)
		}
		if got := try("frame"); !strings.HasPrefix(got, "Yes") {
			t.Errorf("%s: the frame says %q", row.strategy, got)
		}
		if got := try("renew"); !strings.HasPrefix(got, "Renewed") {
			t.Errorf("%s: renew says %q", row.strategy, got)
		}
		hops := b.text("[data-hops]")
		for _, hop := range strings.Fields(row.hops) {
			if !strings.Contains(hops, ": "+hop) {
				t.Errorf("%s: no %s among %q", row.strategy, hop, hops)
			}
		}
		if row.strategy != "iframe" && strings.Contains(hops, "authorize") {
			t.Errorf("%s: a renewal went to the authorization endpoint: %q", row.strategy, hops)
		}
		b.sees("[data-way=" + row.strategy + "] [data-measured]")
	}
}

// TestE6EveryPairOfStrategies: from each strategy to each other one, in one sitting. Nobody signs in anew where the tokens can go along; what the
// strategy before kept is gone: its copy of the user, its refresh token, its session on the server, its frames, its timers.
func TestE6EveryPairOfStrategies(t *testing.T) {
	p, b := walk(t)
	strategies := []string{"article", "none", "iframe", "refresh", "bff"}
	b.configure(map[string]any{"strategy": strategies[0], "automaticSilentRenew": true})
	b.signIn("Mick", "MickPassword")
	b.open("/settings")
	choose := func(strategy string) {
		b.waitVisible("#setting-strategy")
		eval[bool](b, `(() => {
			const select = document.querySelector("#setting-strategy");
			select.value = `+quote(strategy)+`;
			return select.dispatchEvent(new Event("change", {bubbles: true}));
		})()`)
		b.waitFor(`import("/static/js/auth.js").then(auth => auth.strategyName() === `+quote(strategy)+`)`, patience)
		if strategy != "bff" {
			b.waitText("[data-panel=settings] [data-result]", "In use now: strategy")
		}
	}
	mark, now := p.log.mark(), 0
	for step := 1; step < len(strategies); step++ { // five is prime, so that these rounds cross every pair once
		for range strategies {
			from, to := strategies[now], strategies[(now+step)%len(strategies)]
			now = (now + step) % len(strategies)
			if to == "none" {
				p.setAccessTokenLifetime(3)
			}
			choose(to)
			if from == "bff" || to == "bff" {
				b.waitSignedOut(patience)
				b.click("#login") // without a password
			}
			b.waitSignedIn()
			b.open("/settings")
			b.waitSignedIn()
			b.waitFor(storedAsIn[to], patience)
			if got := eval[string](b, `fetch("/bff/session").then(r => r.json()).then(s => String(s.signed_in))`); got != map[bool]string{true: "true", false: "false"}[to == "bff"] {
				t.Errorf("%s → %s: the session on the server: %s", from, to, got)
			}
			if status := eval[int](b, `import("/static/js/auth.js").then(auth => auth.send(`+quote(p.api+"/api/companies")+`, {})).then(answer => answer.status)`); status != 200 {
				t.Errorf("%s → %s: the API answers %d", from, to, status)
			}
			if frames := eval[int](b, `document.querySelectorAll("iframe").length`); frames > 1 { // the session monitor's
				t.Errorf("%s → %s: %d frames", from, to, frames)
			}
			if to == "none" {
				if from != "bff" { // one that lives three seconds
					b.renewNow()
				}
				quiet := p.log.mark()
				p.never(quiet, 5*time.Second, is("token"))
				p.setAccessTokenLifetime(600)
				b.renewNow()
			}
		}
	}
	if forms := p.events(mark, is("login.form")); len(forms) > 0 {
		t.Errorf("a password form was shown: %v", forms)
	}
}

// TestR3TabsWithStoresOfTheirOwn: after a switch from refresh to iframe each tab keeps its user for itself. None waits for what another one writes.
func TestR3TabsWithStoresOfTheirOwn(t *testing.T) {
	_, b := walk(t)
	b.configure(map[string]any{"strategy": "refresh", "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	b.open("/settings")
	b.waitVisible("#setting-strategy")
	eval[bool](b, `(() => {
		const select = document.querySelector("#setting-strategy");
		select.value = "iframe";
		return select.dispatchEvent(new Event("change", {bubbles: true}));
	})()`)
	b.waitText("[data-panel=settings] [data-result]", "In use now: strategy")
	other := b.newTab()
	other.open("/")
	other.click("#login") // without a password
	other.waitSignedIn()
	for _, tab := range []*browser{b, other, b} {
		eval[bool](tab, `(() => {
			const begin = IDBDatabase.prototype.transaction;
			window.asked = 0; // what other tabs have written
			IDBDatabase.prototype.transaction = function (...args) { asked++; return begin.apply(this, args); };
			return true;
		})()`)
		if got := tab.tryRenew(); got != "" {
			t.Errorf("%q", got)
		}
		if asked := eval[int](tab, "window.asked"); asked > 0 {
			t.Errorf("a tab looked %d times for what others have written", asked)
		}
	}
}

// storedAsIn says, as an expression, what the browser's stores hold under each strategy: one user at most, in the right one, with a refresh
// token only for who uses it.
var storedAsIn = map[string]string{
	"article": usersAre(`session`), "none": usersAre(`session`), "iframe": usersAre(`session`), "refresh": usersAre(`local refresh_token`), "bff": usersAre(``),
}

func usersAre(want string) string {
	return `(() => {
		const found = [];
		for (const [name, store] of Object.entries({session: sessionStorage, local: localStorage})) for (const key of Object.keys(store)) {
			if (key.startsWith("oidc.user:")) found.push(name + (JSON.parse(store.getItem(key)).refresh_token ? " refresh_token" : ""));
		}
		return found.join() === ` + quote(want) + `;
	})()`
}
