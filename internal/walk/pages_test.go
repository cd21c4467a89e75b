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

	b.signIn("Mick", "MickPassword")
	b.network.complaints()
	for _, path := range append(anybody, "/companies", "/companies/new", "/privacy") {
		look(p.spa + path)
		if !strings.Contains(path, "assets") {
			b.waitSignedIn()
		}
	}
	look(p.idp + "/account/logout")
}
