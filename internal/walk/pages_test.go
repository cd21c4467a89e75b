package walk

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestEveryPageIsSound opens every page a reader can reach, signed out and as Admin: the browser's console reports no
// error (a violated content security policy is one), and nothing is wider than a phone.
func TestEveryPageIsSound(t *testing.T) {
	p, b := walk(t)
	b.do("hold a phone", chromedp.EmulateViewport(375, 812))
	anybody := []string{"/", "/settings", "/sequence", "/cases", "/strategies", "/stolen-token", "/workshop", "/unauthorized", "/assets/silent-callback.html"}
	look := func(url string) {
		t.Helper()
		b.openURL(url)
		b.waitReady()
		for _, complaint := range b.network.complaints() {
			t.Errorf("%s: %s", url, complaint)
		}
		if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > 375 {
			t.Errorf("%s is %d pixels wide on a phone", url, wide)
		}
	}
	for _, path := range anybody {
		look(p.spa + path)
	}
	b.open("/workshop")
	for _, chapter := range eval[[]string](b, `[...new Set([...document.querySelectorAll('main a[href^="/workshop/"]')].map(a => a.href))]`) {
		look(chapter)
	}
	look(p.idp + "/")
	look(p.idp + "/account/login")
	b.open("/")
	header := func(who string) {
		t.Helper()
		if covered := eval[string](b, headerOverlaps); covered != "" {
			t.Errorf("%s: in the header %s", who, covered)
		}
		if beside := eval[bool](b, `(() => { const y = (s) => { const r = document.querySelector(s).getBoundingClientRect(); return r.top + r.height / 2 };
			return Math.abs(y(".Header-brand") - y(".Header-user")) < 4 })()`); !beside {
			t.Errorf("%s: Login is not in the first row of the header", who)
		}
	}
	header("signed out")

	b.signIn("Mick", "MickPassword")
	b.network.complaints()
	for _, path := range append(anybody, "/companies", "/companies/new", "/privacy") {
		look(p.spa + path)
		if !strings.Contains(path, "assets") {
			b.waitSignedIn()
		}
	}
	b.open("/")
	b.waitSignedIn()
	header("signed in")
	look(p.idp + "/account/logout")
}

// headerOverlaps names two parts of the header that cover one another, "" when none do.
const headerOverlaps = `(() => {
	const parts = [...document.querySelectorAll(".Header-brand, .Header-row .Menu a, .Badge, .Header-user")].map((e) => [e.className || e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.width > 0);
	for (const [i, [one, a]] of parts.entries())
		for (const [other, b] of parts.slice(i + 1))
			if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) return one + " covers " + other;
	return "";
})()`
