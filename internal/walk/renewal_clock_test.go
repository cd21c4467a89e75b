package walk

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// haste is how many times faster the clock of a hurried page goes. What the rows say in minutes then takes seconds.
const haste = 40

// inPageTime says how long something takes by our clock that takes so long by the page's.
func inPageTime(d time.Duration) time.Duration { return d / haste }

// hurry makes the page's clock and timers go faster. While nobody looks at it, no timer of more than a second is set.
func (b *browser) hurry() {
	b.t.Helper()
	source := fmt.Sprintf(`(() => {
		if (location.protocol !== "http:") return;
		const Real = Date, began = %d, haste = %d, timeout = setTimeout, monotonic = performance.now.bind(performance), origin = monotonic();
		const now = () => Math.round(began + (Real.now() - began) * haste);
		globalThis.Date = class extends Real {
			constructor(...args) { if (args.length) super(...args); else super(now()); }
			static now() { return now(); }
		};
		performance.now = () => origin + (monotonic() - origin) * haste;
		globalThis.setTimeout = (work, delay = 0, ...args) =>
			globalThis.unseen && delay > 1000 ? 0 : timeout(work, delay / haste, ...args);
	})()`, time.Now().UnixMilli(), haste)
	params := page.AddScriptToEvaluateOnNewDocumentParams{Source: source}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, params); err != nil {
		b.t.Fatal(err)
	}
}

// hide tells the page that nobody looks at it, or that somebody does again.
func (b *browser) hide(hidden bool) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`(() => {
		globalThis.unseen = %t;
		Object.defineProperty(document, "visibilityState", { value: %q, configurable: true });
		return document.dispatchEvent(new Event("visibilitychange"));
	})()`, hidden, map[bool]string{true: "hidden", false: "visible"}[hidden]))
}

// walkHurried begins a walk whose page lives haste times faster, with access tokens that live so long by its clock.
func walkHurried(t *testing.T, lifetime time.Duration, settings map[string]any) (*program, *browser, *faults) {
	t.Helper()
	settings["monitorSession"] = false
	settings["silentRequestTimeoutInSeconds"] = 10 * haste
	p, b, f := walkWithFaults(t, settings)
	b.hurry()
	f.alter(alterJSON(func(token map[string]any) { token["expires_in"] = int(lifetime.Seconds()) }))
	b.open("/")
	return p, b, f
}

// TestR5TenMinutesWithoutTimers: the page is frozen for ten minutes, past the expiry of its token. Thawed, it renews within five seconds.
func TestR5TenMinutesWithoutTimers(t *testing.T) {
	p, b, f := walkHurried(t, 5*time.Minute, map[string]any{"strategy": "iframe"})
	b.signIn("Mick", "MickPassword")
	b.freeze(true)
	before, mark := f.count("POST /connect/token"), p.log.mark()
	time.Sleep(inPageTime(10 * time.Minute))
	if n := f.count("POST /connect/token") - before; n != 0 {
		t.Fatalf("%d renewals in a frozen page", n)
	}
	thawed := time.Now()
	b.freeze(false)
	renewed := p.waitEvent(mark, patience, is("token"))
	if after := renewed.Time.Sub(thawed); after > 5*time.Second {
		t.Errorf("renewed %s after the page was thawed, want 5 s at most", after)
	}
}

// TestR6WakesUpBeforeTheFirstCall: hidden for five minutes, the page comes into the lead between two of its throttled timers. Shown
// again, or told in another way that it is looked at, it renews at once, and not when the first API call asks for it.
func TestR6WakesUpBeforeTheFirstCall(t *testing.T) {
	for _, event := range []string{"visibilitychange", "pageshow", "online", "focus"} {
		t.Run(event, func(t *testing.T) {
			p, b, _ := walkHurried(t, 370*time.Second, map[string]any{"strategy": "iframe"})
			b.signIn("Mick", "MickPassword")
			received := p.waitEvent(0, patience, is("user.loaded")).Time
			b.hide(true)
			mark := p.log.mark()
			p.never(mark, time.Until(received.Add(inPageTime(320*time.Second))), is("silent_renew.started")) // due after 310 s
			if event == "visibilitychange" {
				b.hide(false)
			} else {
				eval[bool](b, `window.dispatchEvent(new Event(`+quote(event)+`))`)
			}
			p.waitEvent(mark, 5*time.Second, is("token"))
			if calls := p.events(mark, is("api.request")); len(calls) > 0 {
				t.Errorf("the API was called before the renewal: %v", calls)
			}
			b.waitRenewals(1, patience)
			b.click(`nav a[href="/companies"]`)
			b.waitText("main", "IT_Solutions Ltd")
			if refused := p.events(mark, with(is("api.request"), "status", "401")); len(refused) > 0 {
				t.Errorf("refused: %v", refused)
			}
		})
	}
}

// TestR23TenIdleMinutes: with a limit of five minutes nobody who is away for ten is renewed after the fifth; whoever moves the mouse
// in the fourth is renewed in the sixth.
func TestR23TenIdleMinutes(t *testing.T) {
	p, b, _ := walkHurried(t, 2*time.Minute, map[string]any{"strategy": "iframe", "idleLimitInSeconds": 300})
	b.signIn("Mick", "MickPassword")
	b.moveMouse()
	idle, mark := time.Now(), p.log.mark()
	b.waitUntil(idle.Add(inPageTime(10 * time.Minute)))
	var within int
	for _, e := range p.events(mark, is("silent_renew.started")) {
		switch after := e.Time.Sub(idle) * haste; {
		case after > 5*time.Minute+15*time.Second: // the one before was due after four minutes, the next after five and a third
			t.Errorf("renewed %s after the last move", after)
		default:
			within++
		}
	}
	if within < 2 {
		t.Errorf("%d renewals in the first five minutes, want some", within)
	}
	b.waitNotice("idle")
	mark = p.log.mark()
	b.moveMouse()
	began := time.Now()
	p.waitEvent(mark, patience, is("silent_renew.started"))
	b.waitUntil(began.Add(inPageTime(4 * time.Minute)))
	b.moveMouse()
	b.waitUntil(began.Add(inPageTime(5*time.Minute + 10*time.Second)))
	mark = p.log.mark()
	p.waitEvent(mark, patience, is("silent_renew.started"))
}

// moveMouse moves the mouse over the page.
func (b *browser) moveMouse() {
	b.t.Helper()
	for _, x := range []float64{40, 60} {
		if _, err := chromedp.Call(b.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: x}); err != nil {
			b.t.Fatal(err)
		}
	}
}
