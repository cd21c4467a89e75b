package walk

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestA13Companies: the page shows the companies of the API, which was called with the token.
func TestA13Companies(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	mark := p.log.mark()
	b.click(`nav a[href="/companies"]`)
	b.waitPage("companies")
	b.waitText("main", "IT_Solutions Ltd")
	words := b.text("main")
	if !strings.Contains(words, "Admin_Solutions Ltd") {
		t.Errorf("Admin_Solutions Ltd is missing:\n%s", words)
	}
	// fullAddress = address + space + country
	full := ask[string](t, p, "SELECT Address || ' ' || Country FROM Companies WHERE Name = 'IT_Solutions Ltd'")
	if !strings.Contains(words, full) {
		t.Errorf("the page does not show %q:\n%s", full, words)
	}
	call := p.waitEvent(mark, patience, is("api.request"))
	if call.get("status") != "200" || call.get("sub") == "" {
		t.Errorf("the API call: %v, want 200 for a subject", call)
	}
}

// TestA14BearerStaysHome: script of this page that asks another origin sends no Authorization header.
func TestA14BearerStaysHome(t *testing.T) {
	p, b := walk(t)
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "*")
		seen = append(seen, r.Method+" "+r.Header.Get("Authorization")+r.Header.Get("Access-Control-Request-Headers"))
	}))
	defer elsewhere.Close()
	b.signIn("Mick", "MickPassword")
	b.click(`nav a[href="/companies"]`)
	b.waitText("main", "IT_Solutions Ltd")

	eval[string](b, `import("htmx.org").then(({default: htmx}) => htmx.ajax("GET", `+quote(elsewhere.URL+"/")+`, {target: "main", swap: "none"})).then(() => "sent", String)`)
	for _, headers := range seen {
		if strings.Contains(strings.ToLower(headers), "authorization") || strings.Contains(headers, "Bearer") {
			t.Errorf("another origin was sent the token: %s", headers)
		}
	}
	for _, r := range b.network.to("") {
		allowed := strings.HasPrefix(r.URL, p.spa+"/") || strings.HasPrefix(r.URL, p.api+"/") || r.path() == p.idp+"/connect/userinfo"
		if strings.HasPrefix(r.Authorization, "Bearer ") && !allowed {
			t.Errorf("%s was sent the token", r.URL)
		}
	}
}

// TestA15RefusalsLeadToUnauthorized: without a token the page asks to log in; Jane on an Admin's page is told to come as
// somebody else.
func TestA15RefusalsLeadToUnauthorized(t *testing.T) {
	p, b := walk(t)
	b.open("/unauthorized")
	b.waitText("main", "log in first")
	if status := b.callAPI("/api/companies"); status != http.StatusUnauthorized {
		t.Errorf("API without a token: %d, want 401", status)
	}

	b.signIn("Jane", "JanePassword")
	if status := b.callAPI("/api/companies/privacy"); status != http.StatusForbidden {
		t.Errorf("API as Jane: %d, want 403", status)
	}
	refused := p.waitEvent(0, patience, with(is("api.request"), "status", "403"))
	if refused.get("outcome") != "insufficient_scope" {
		t.Errorf("outcome %q, want insufficient_scope", refused.get("outcome"))
	}
	b.open("/privacy")
	b.waitPage("unauthorized")
	b.waitText("main", "log out and log in with a different user")
}

// TestA16RouteGuard: deep links lead where the menu would not, to /unauthorized; unknown paths to the 404 page.
func TestA16RouteGuard(t *testing.T) {
	_, b := walk(t)
	b.open("/companies")
	b.waitLocation("/unauthorized")
	b.waitPage("unauthorized")
	b.open("/privacy")
	b.waitLocation("/unauthorized")

	b.signIn("Jane", "JanePassword")
	b.open("/privacy")
	b.waitLocation("/unauthorized")
	b.open("/companies")
	b.waitText("main", "IT_Solutions Ltd")

	b.open("/no-such-page")
	b.waitPage("not-found")
}

// TestA17PrivacyShowsWhatTheAPISaw: Mick sees his claims, the role among them.
func TestA17PrivacyShowsWhatTheAPISaw(t *testing.T) {
	_, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.click(`nav a[href="/privacy"]`)
	b.waitPage("privacy")
	b.waitText("main", "Admin")
	words := b.text("main")
	for _, want := range []string{"role", "Admin", "sub", "companyApi"} {
		if !strings.Contains(words, want) {
			t.Errorf("the privacy page does not say %q:\n%s", want, words)
		}
	}
}

// TestA15LoginLeadsBackToWhatWasRefused: whoever opens a shared address without being signed in sees it after the login,
// and whoever types, deletes or restores as the token dies goes on where the refusal came.
func TestA15LoginLeadsBackToWhatWasRefused(t *testing.T) {
	_, b := walk(t)
	b.open("/companies?country=KR&search=sams")
	b.waitPage("unauthorized")
	b.click("main [data-login]")
	b.submitLogin("Mick", "MickPassword")
	b.waitSignedIn()
	b.waitQuery("?country=KR&search=sams")
	b.waitText(countOfTable, "in South Korea matching “sams”")

	expire := func() {
		eval[bool](b, `import("/static/js/auth.js").then(auth => auth.dropAccessToken()).then(() => true)`)
		b.waitSignedOut(patience)
	}
	logInAgain := func(refused string) {
		b.waitPage("unauthorized")
		b.click("main [data-login]") // the provider's session lives: no password
		b.waitSignedIn()
		b.waitFor("location.pathname + location.search === "+quote(refused), patience)
	}
	expire()
	b.click("#search")
	b.press("u")
	logInAgain("/companies?search=samsu&country=KR")
	b.waitText(countOfTable, "matching “samsu”")

	expire()
	b.click("#login") // at once, without waiting for a refusal
	b.waitSignedIn()
	b.waitQuery("?search=samsu&country=KR")

	b.click("#companies [data-row]")
	b.waitPage("company")
	company := eval[string](b, "location.pathname")
	b.waitVisible("[data-delete] button")
	expire()
	eval[bool](b, `(document.querySelector("[data-delete]").requestSubmit(), true)`)
	logInAgain(company)
	b.click("[data-delete] button")
	b.waitVisible("#undo")
	expire()
	b.click("#undo [data-undo]")
	logInAgain(company)
	b.waitText("main", "There is no such company")
	b.click("#undo [data-undo]") // still offered
	b.waitText("main", "Restored.")
}
