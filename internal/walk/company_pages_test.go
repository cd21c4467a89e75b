package walk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// press presses keys where the focus is.
func (b *browser) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.do(fmt.Sprintf("press %q", keys), chromedp.KeyEvent(keys, options...))
}

// tabTo presses Tab until the focus is on what the selector finds, as somebody without a mouse does.
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	b.waitVisible(selector)
	var seen []string
	for range 120 {
		if eval[bool](b, "document.activeElement?.matches("+quote(selector)+") ?? false") {
			return
		}
		b.press(kb.Tab)
		seen = append(seen, eval[string](b, "document.activeElement?.id || document.activeElement?.textContent?.trim().slice(0, 20) || ''"))
	}
	b.t.Fatalf("Tab never reaches %s, but %q", selector, seen)
}

// waitQuery waits until the address has exactly this query.
func (b *browser) waitQuery(query string) {
	b.t.Helper()
	b.waitFor("location.search === "+quote(query), patience)
	b.waitFor(`!document.documentElement.hasAttribute("data-loading")`, patience)
}

const countOfTable = "#company-count"

// TestCompaniesSearchFilterSortPages: the address is the state of the list, and Back leads through all of it.
func TestCompaniesSearchFilterSortPages(t *testing.T) {
	_, b := walk(t)
	b.signIn("Jane", "JanePassword")
	b.open("/companies")
	b.waitText(countOfTable, "50 of 18,4")

	// One search is one entry of the history, however many letters it has, and the field keeps the focus.
	b.click("#search")
	entries := eval[int](b, "history.length")
	b.press("nokia")
	b.waitQuery("?search=nokia")
	b.waitText(countOfTable, "companies matching “nokia”")
	b.press(" ")
	b.press("s")
	b.waitQuery("?search=nokia+s")
	if got := eval[int](b, "history.length"); got != entries+1 {
		t.Errorf("%d entries for one search, want 1", got-entries)
	}
	if got := eval[string](b, "document.activeElement.id + ' ' + document.activeElement.value"); got != "search nokia s" {
		t.Errorf("focus and value %q", got)
	}
	if said := b.text("#announcer"); !strings.Contains(said, "matching “nokia s”") {
		t.Errorf("the swap announced %q", said)
	}

	// A click in the chart filters, and the choice shows it.
	b.fill("#search", "int")
	b.waitQuery("?search=int")
	b.click("#in-US")
	b.waitQuery("?country=US&search=int")
	b.waitText(countOfTable, "in USA matching “int”")
	if chosen := eval[string](b, `document.querySelector("#country").value`); chosen != "US" {
		t.Errorf("the filter says %q", chosen)
	}
	eval[bool](b, `(c => { c.value = "DE"; return c.dispatchEvent(new Event("change", {bubbles: true})); })(document.querySelector("#country"))`)
	b.waitQuery("?search=int&country=DE")
	b.waitText(countOfTable, "in Germany")

	// The order, with the direction said to screen readers and the focus where it was.
	b.open("/companies?country=US")
	b.click("#sort-blocks")
	b.waitQuery("?country=US&sort=-blocks")
	b.waitFor(`document.querySelector("#sort-blocks").closest("th").ariaSort === "descending" && document.activeElement.id === "sort-blocks"`, patience)
	if said := b.text("#announcer"); !strings.HasSuffix(said, "sorted by blocks, descending") {
		t.Errorf("the order announced %q", said)
	}

	// Pages, both ways, and from a row back to the very row.
	first := b.text("#companies tbody th")
	b.click(`[data-pager] a:last-child`)
	b.waitFor(`new URLSearchParams(location.search).has("cursor") && document.activeElement.id === "company-count"`, patience)
	second := b.text("#companies tbody th")
	if first == second {
		t.Errorf("both pages begin with %s", first)
	}
	eval[bool](b, `(document.querySelectorAll("[data-row]")[30].scrollIntoView({block: "center"}), true)`)
	row := eval[string](b, `document.querySelectorAll("[data-row]")[30].id`)
	top := eval[float64](b, "scrollY")
	b.click("#" + row)
	b.waitPage("company")
	if !eval[bool](b, `document.querySelector(".Footer").getBoundingClientRect().top >= innerHeight`) {
		t.Error("the footer, which was below a long list, jumps up into a short page")
	}
	b.do("back", chromedp.NavigateBack())
	b.waitPage("companies")
	b.waitFor(fmt.Sprintf("document.activeElement.id === %s && Math.abs(scrollY - %f) < 30", quote(row), top), patience)
	b.do("back", chromedp.NavigateBack()) // to where Next was pressed, with the focus still there
	b.waitFor(fmt.Sprintf(`document.querySelector("#companies tbody th").innerText === %s && document.activeElement.id === "page-next"`, quote(first)), patience)
	b.press(kb.Enter)
	b.waitFor(fmt.Sprintf("document.querySelector('#companies tbody th').innerText === %s", quote(second)), patience)
	b.click("#page-previous")
	b.waitFor(fmt.Sprintf("document.querySelector('#companies tbody th').innerText === %s", quote(first)), patience)

	// A shared address shows the same, and a cursor from elsewhere says what to do.
	b.open("/companies?country=US&sort=-blocks&cursor=elsewhere")
	b.waitText("#company-results [role=alert]", "Begin again at the first page.")
	b.click("#company-results [role=alert] a")
	b.waitText(countOfTable, "50 of 18,4")
	b.waitReady()
	b.press("/")
	b.waitFor(`document.activeElement.id === "search"`, patience)
	b.press(kb.ArrowDown)
	b.waitFor(`document.activeElement === document.querySelector("[data-row]")`, patience)
}

// TestMickEditsByKeyboardAlone: create, edit, delete and undo without a mouse.
func TestMickEditsByKeyboardAlone(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/companies")
	b.tabTo(`a[href="/companies/new"]`)
	b.press(kb.Enter)
	b.waitPage("company-form")
	b.waitReady()
	b.tabTo("#company-name")
	b.press("Keyboard & Söhne")
	b.tabTo("#company-country")
	b.press("Atlantis")
	b.press(kb.Enter) // the address is missing: the browser says so beside the field, and the focus is there
	b.waitFor(`document.activeElement.id === "company-address" && !document.querySelector("#company-address-problem").hidden`, patience)
	b.press("1 Tab Street")
	b.press(kb.Enter) // the country is none: the API says so
	b.waitText("#company-country-problem", "ISO 3166-1")
	b.waitFor(`document.activeElement.id === "company-country"`, patience)
	b.do("select all", chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.fill("#company-country", "Norway")
	b.press(kb.Enter)
	b.waitText("main", "Created.")

	b.tabTo(`.Heading a[href$="/edit"]`)
	b.press(kb.Enter)
	b.waitPage("company-form")
	b.waitReady()
	b.tabTo("#company-address")
	b.press(kb.End)
	b.press("2")
	b.press(kb.Enter)
	b.waitText("main", "Saved.")
	if got := ask[string](t, p, "SELECT Address FROM Companies WHERE Name = 'Keyboard & Söhne'"); got != "1 Tab Street2" {
		t.Errorf("the address is %q", got)
	}

	count := func() int { return ask[int](t, p, "SELECT count(*) FROM Companies WHERE Name = 'Keyboard & Söhne'") }
	eval[bool](b, `(window.said = [], new MutationObserver(() => window.said.push(document.querySelector("#announcer").textContent)).observe(document.querySelector("#announcer"), {childList: true}), true)`)
	b.tabTo("[data-delete] button")
	b.press(kb.Enter)
	b.waitPage("companies")
	b.waitVisible("#undo [data-undo]")
	if said := eval[string](b, `window.said.join("|")`); said != "Companies · Silent Renew" { // beside the notice, which speaks for itself
		t.Errorf("the deletion announced %q", said)
	}
	if count() != 0 {
		t.Error("the company is still there")
	}
	b.open("/settings") // the offer outlasts a reload, wherever it happens
	b.tabTo("[data-undo]")
	b.press(kb.Enter)
	b.waitText("main", "Restored.")
	b.waitGone("#undo")
	if count() != 1 {
		t.Error("the company did not come back")
	}
}

// TestTwoEditors: who saves second sees both versions and chooses.
func TestTwoEditors(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/companies?search=IT_Solutions")
	b.waitText("#companies", "IT_Solutions Ltd")
	b.click("#companies tbody a")
	b.waitPage("company")
	b.click(`.Heading a[href$="/edit"]`)
	b.waitPage("company-form")
	b.waitReady()
	p.sql("UPDATE Companies SET Name = 'IT_Theirs Ltd', Address = '9 Their Street' WHERE Name = 'IT_Solutions Ltd'")
	b.fill("#company-name", "IT_Mine Ltd")
	b.click(`#company-form [type="submit"]`)
	b.waitVisible(".Conflict")
	b.waitReady()
	for _, want := range []string{"IT_Mine Ltd", "IT_Theirs Ltd", "9 Their Street"} {
		if !strings.Contains(b.text(".Conflict"), want) {
			t.Errorf("the conflict does not show %q", want)
		}
	}
	b.click(`[data-take="address"]`)
	b.click(`#company-form [type="submit"]`)
	b.waitText("main", "Saved.")
	if got := ask[string](t, p, "SELECT Name || '/' || Address FROM Companies WHERE Name LIKE 'IT\\_%' ESCAPE '\\'"); got != "IT_Mine Ltd/9 Their Street" {
		t.Errorf("saved %q", got)
	}
}

// TestJaneReads: she sees nothing to edit, and a form she finds by its address says so.
func TestJaneReads(t *testing.T) {
	_, b := walk(t)
	b.signIn("Jane", "JanePassword")
	b.open("/companies?search=IT_Solutions")
	b.waitText("#companies", "IT_Solutions Ltd")
	b.seesNot(`a[href="/companies/new"]`)
	b.click("#companies tbody a")
	b.waitPage("company")
	b.waitVisible(".Standing")
	b.seesNot(`.Heading a[href$="/edit"]`)
	b.seesNot("[data-delete]")
	b.open("/companies/new")
	b.waitVisible("main .When-visitor")
	for _, field := range []string{"name", "address", "country"} {
		b.fill(`#company-form [name="`+field+`"]`, "Norway")
	}
	b.click(`#company-form [type="submit"]`)
	b.waitText("main", "Only an Admin may change companies.")
}
