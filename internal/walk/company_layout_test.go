package walk

import (
	"strings"
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

// TestNamesThatAreHardToShow: one endless word, markup, and a script that runs the other way. On a phone none of them makes the page
// wider, and each reads in its own direction.
func TestNamesThatAreHardToShow(t *testing.T) {
	p, b := walk(t)
	const id, markup = "27c56fab-161d-5678-8491-72eb3e022301", `<b>Bold</b> & "Co"`
	endless := strings.Repeat("X", 200)
	b.signIn("Mick", "MickPassword")
	b.do("hold a phone", chromedp.EmulateViewport(375, 812))
	narrow := func(what string) {
		t.Helper()
		if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > 375 {
			t.Errorf("%s is %d pixels wide", what, wide)
		}
	}
	for _, name := range []string{endless, markup, `חברה בע"מ (Israel) 1`} {
		p.sql("UPDATE Companies SET Name = ?, Address = ? WHERE Id = ?", name, strings.Repeat("Y", 400), id)
		b.open("/companies")
		b.waitText("#companies", name)
		narrow("the list")
		b.click("#company-" + id)
		b.waitPage("company")
		b.waitText("h1", name)
		narrow("the company")
		if alone := eval[string](b, `getComputedStyle(document.querySelector("h1 bdi")).unicodeBidi`); alone != "isolate" {
			t.Errorf("the name is laid out with what stands beside it: %s", alone)
		}
		b.click(`.Heading a[href$="/edit"]`)
		b.waitPage("company-form")
		b.waitText("h1", "Edit "+name)
		narrow("the form")
		b.click(`main a[href="/companies/` + id + `"]`)
		b.waitPage("company")
		b.click("[data-delete] button")
		b.waitVisible("#undo")
		b.waitText("#undo", name+" is deleted.")
		narrow("the undo")
		b.click("#undo [data-undo]")
		b.waitText("main", "Restored.")
	}
	b.open("/companies?search=" + endless)
	b.waitText("main", "No company matches")
	narrow("an empty list")
}
