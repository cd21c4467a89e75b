package walk

import (
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// sumShifts adds up the layout shifts of each document, those right after an input too.
const sumShifts = `window.shifts = 0;
	new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifts += entry.value; }).observe({type: "layout-shift", buffered: true});`

// TestNothingJumpsWhileAPageComes: the frame of a page has the place of what the token brings and of what only an Admin sees,
// on a desk and on a phone. A shift is the part of the window that moves, times how far.
func TestNothingJumpsWhileAPageComes(t *testing.T) {
	_, b := walk(t)
	b.signIn("Mick", "MickPassword")
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: sumShifts}); err != nil {
		t.Fatal(err)
	}
	const nobody = "/companies/00000000-0000-4000-8000-000000000000"
	for _, width := range []int64{1200, 375} {
		b.do("viewport", chromedp.EmulateViewport(width, 800))
		for _, path := range []string{"/companies", "/companies?search=gmbh&country=DE", "/companies?search=zzqq", "/companies/new", nobody, nobody + "/edit", "/privacy"} {
			b.open(path)
			b.waitFor("!document.querySelector('#main').hasAttribute('data-needs-token')", patience)
			b.waitReady()
			if shifts := eval[float64](b, "new Promise(drawn => requestAnimationFrame(() => setTimeout(() => drawn(window.shifts), 50)))"); shifts > 0.01 {
				t.Errorf("%s at %d px: %.3f", path, width, shifts)
			}
		}
	}
}
