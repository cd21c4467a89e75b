package walk

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestA49TheFormThatTakesTooLong: without renewal a form that takes longer than the token lives cannot be submitted, and
// the draft survives the new login; with renewal the submit succeeds.
func TestA49TheFormThatTakesTooLong(t *testing.T) {
	p, b := walk(t)
	p.setAccessTokenLifetime(8)
	b.open("/")
	b.renewOff()
	b.signIn("Mick", "MickPassword")
	b.open("/companies/new")
	b.fill(`#company-form [name="name"]`, "Slow Writers Ltd")
	b.fill(`#company-form [name="address"]`, "1 Long Road")
	b.fill(`#company-form [name="country"]`, "Norway")
	p.waitEvent(0, 20*time.Second, is("access_token.expired"))
	created := func() int { return ask[int](t, p, "SELECT count(*) FROM Companies WHERE Name = 'Slow Writers Ltd'") }
	mark := p.log.mark()
	b.click(`#company-form [type="submit"]`)
	p.waitEvent(mark, patience, with(is("fragment"), "status", "401"))
	if n := created(); n != 0 {
		t.Errorf("%d companies were created with an expired token", n)
	}

	b.writeSettings(map[string]any{"automaticSilentRenew": true, "accessTokenExpiringNotificationTimeInSeconds": 4})
	mark = p.log.mark()
	b.click("main [data-login]") // the provider's session still lives: no password
	b.waitSignedIn()
	b.waitLocation("/companies/new")
	for name, want := range map[string]string{"name": "Slow Writers Ltd", "address": "1 Long Road", "country": "Norway"} {
		b.waitFor(`document.querySelector('#company-form [name="`+name+`"]')?.value === `+quote(want), patience)
	}
	p.waitRenewLines(mark, 2, 40*time.Second) // the reader takes longer than one token lives
	b.click(`#company-form [type="submit"]`)
	b.waitText("main", "Created")
	if n := created(); n != 1 {
		t.Errorf("%d companies after the submit, want 1", n)
	}
	b.open("/companies/new")
	b.waitFor(`document.querySelector('#company-form [name="name"]')?.value === ""`, patience)
}

// TestR24TheDraftSurvivesACrash: the tab dies with a half-filled form in it. Another tab of the browser has the draft, for
// the user who typed it and for nobody else.
func TestR24TheDraftSurvivesACrash(t *testing.T) {
	_, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/companies/new")
	b.fill(`#company-form [name="name"]`, "Crashed Ltd")
	b.fill(`#company-form [name="address"]`, "1 Blue Screen")
	eval[bool](b, "new Promise(written => setTimeout(() => written(true), 200))") // the renderer hands its storage over at once, not in no time
	other := b.newTab()
	other.open("/")
	go func() { _, _ = chromedp.Call(b.ctx, page.Crash, cdp.Empty{}) }() // nobody answers

	other.click("#login") // the provider's session lives: no password
	other.waitSignedIn()
	other.waitVisible(`[data-panel="offer"]`)
	other.open("/companies/new")
	other.waitFor(`document.querySelector('#company-form [name="name"]')?.value === "Crashed Ltd"`, patience)
	other.waitText("[data-draft-note]", "Your draft is back.")

	// The next user of this browser does not see it, the first one finds it again.
	other.click("#logout")
	other.waitSignedOut(patience)
	other.signIn("Jane", "JanePassword")
	other.seesNot(`[data-panel="offer"]`)
	other.open("/companies/new")
	other.waitFor(`document.querySelector('#company-form')?.dataset.form === "new"`, patience)
	other.waitReady()
	if got := eval[string](other, `document.querySelector('#company-form [name="name"]').value`); got != "" {
		t.Errorf("Jane sees Mick's draft: %q", got)
	}
	other.click("#logout")
	other.waitSignedOut(patience)
	other.signIn("Mick", "MickPassword")
	other.open("/companies/new")
	other.waitFor(`document.querySelector('#company-form [name="name"]')?.value === "Crashed Ltd"`, patience)
	other.click(`#company-form [type="reset"]`)
	other.open("/")
	other.seesNot(`[data-panel="offer"]`)
}

// TestR24SentTwiceSavedOnce: the answer to the first submit is lost on its way. The draft is kept, says so after a reload,
// and is sent again under the same key: there is one company.
func TestR24SentTwiceSavedOnce(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/companies/new")
	for name, text := range map[string]string{"name": "Lost Answer Ltd", "address": "1 Long Wire", "country": "Norway"} {
		b.fill(`#company-form [name="`+name+`"]`, text)
	}
	eval[bool](b, `(real => { window.fetch = async (url, init) => {
		const answer = await real(url, init);
		if (init?.method === "POST" && new URL(url, location.href).pathname === "/companies") throw new TypeError("the wire broke");
		return answer;
	}; return true; })(window.fetch)`)
	mark := p.log.mark()
	b.click(`#company-form [type="submit"]`)
	p.waitEvent(mark, patience, with(is("fragment"), "status", "201"))
	b.waitVisible("#offline")
	created := func() int { return ask[int](t, p, "SELECT count(*) FROM Companies WHERE Name = 'Lost Answer Ltd'") }
	if n := created(); n != 1 {
		t.Fatalf("%d companies after the first submit, want 1", n)
	}
	b.open("/companies/new")
	b.waitText("[data-draft-note]", "no answer came back")
	mark = p.log.mark()
	b.click(`#company-form [type="submit"]`)
	b.waitText("main", "Created.")
	if n := created(); n != 1 {
		t.Errorf("%d companies after the second submit, want 1", n)
	}
	if n := len(p.events(mark, with(is("fragment"), "method", "POST"))); n != 1 {
		t.Errorf("%d submits for one press of the button", n)
	}
	b.open("/companies/new")
	b.waitFor(`document.querySelector('#company-form [name="name"]')?.value === ""`, patience)
}

// TestA49AnEditSurvivesTheEndOfEverything: token and cookie die while a company is edited. After the password the changes
// are back, and they are saved when the user says so.
func TestA49AnEditSurvivesTheEndOfEverything(t *testing.T) {
	p, b := walk(t)
	p.setAccessTokenLifetime(10)
	b.open("/")
	b.renewOff()
	b.signIn("Mick", "MickPassword")
	id := ask[string](t, p, "SELECT Id FROM Companies WHERE Name = 'IT_Solutions Ltd'")
	b.open("/companies/" + id + "/edit")
	b.fill(`#company-form [name="address"]`, "2 Survivor Street")
	p.waitEvent(0, 20*time.Second, is("access_token.expired"))
	p.sql("DELETE FROM ServerSideSessions") // the cookie opens nothing any more
	p.setAccessTokenLifetime(600)
	b.click(`#company-form [type="submit"]`)
	b.waitText("main", "your access token has expired")
	b.click("main [data-login]")
	b.submitLogin("Mick", "MickPassword")
	b.waitSignedIn()
	b.waitLocation("/companies/" + id + "/edit")
	b.waitFor(`document.querySelector('#company-form [name="address"]')?.value === "2 Survivor Street"`, patience)
	address := func() string { return ask[string](t, p, "SELECT Address FROM Companies WHERE Id = ?", id) }
	if got := address(); got == "2 Survivor Street" {
		t.Error("the form was sent without the user")
	}
	b.click(`#company-form [type="submit"]`)
	b.waitText("main", "Saved.")
	if got := address(); got != "2 Survivor Street" {
		t.Errorf("saved %q", got)
	}
}

// TestR24EveryStrategyKeepsTheDraft: whichever way the session was kept alive, it dies at once and altogether while a company is
// edited. After the password the changes are back, and they are sent once, when the user says so.
func TestR24EveryStrategyKeepsTheDraft(t *testing.T) {
	for _, strategy := range []string{"iframe", "refresh", "bff"} {
		t.Run(strategy, func(t *testing.T) {
			p, b := walk(t)
			b.configure(map[string]any{"strategy": strategy})
			b.signIn("Mick", "MickPassword")
			id := ask[string](t, p, "SELECT Id FROM Companies WHERE Name = 'IT_Solutions Ltd'")
			edit := "/companies/" + id + "/edit"
			b.open(edit)
			b.fill(`#company-form [name="address"]`, "2 Survivor Street")
			for _, table := range []string{"ServerSideSessions", "PersistedGrants", "BffRecords"} {
				p.sql("DELETE FROM " + table)
			}
			if strategy != "bff" {
				b.spoilToken()
			}
			b.click(`#company-form [type="submit"]`)
			b.waitText("main", "Your draft is kept")
			mark := p.log.mark()
			b.click("main [data-login]")
			b.submitLogin("Mick", "MickPassword")
			b.waitSignedIn()
			b.waitLocation(edit)
			b.waitFor(`document.querySelector('#company-form [name="address"]')?.value === "2 Survivor Street"`, patience)
			saves := func() []line { return p.events(mark, with(with(is("fragment"), "method", "POST"), "status", "200")) }
			if sent := saves(); len(sent) > 0 {
				t.Errorf("the form was sent without the user: %v", sent)
			}
			b.click(`#company-form [type="submit"]`)
			b.waitText("main", "Saved.")
			if got := ask[string](t, p, "SELECT Address FROM Companies WHERE Id = ?", id); got != "2 Survivor Street" {
				t.Errorf("saved %q", got)
			}
		})
	}
}

// TestE16TheLabOfTheUnsavedForm: a form that is sent twice at once creates one company, whichever strategy keeps the tokens.
func TestE16TheLabOfTheUnsavedForm(t *testing.T) {
	for _, strategy := range []string{"article", "bff"} {
		t.Run(strategy, func(t *testing.T) {
			p, b := walk(t)
			b.configure(map[string]any{"strategy": strategy})
			b.signIn("Mick", "MickPassword")
			b.open("/companies/new")
			for name, text := range map[string]string{"name": "Twice Ltd", "address": "2 Twin Street", "country": "Norway"} {
				b.fill(`#company-form [name="`+name+`"]`, text)
			}
			b.click(".Lose summary")
			b.click(`[data-lose="twice"]`)
			mark := p.log.mark()
			b.click(`#company-form [type="submit"]`)
			b.waitText("main [role=status]", "both answers name this one company")
			p.waitEvents(mark, 2, patience, with(with(is("fragment"), "method", "POST"), "status", "201"))
			if n := ask[int](t, p, "SELECT count(*) FROM Companies WHERE Name = 'Twice Ltd'"); n != 1 {
				t.Errorf("%d companies, want 1", n)
			}
		})
	}
}

// TestA50StolenToken: the page says for how long a thief of a token has it, by lifetime, and a copy of the token works
// after its owner has logged out.
func TestA50StolenToken(t *testing.T) {
	_, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/stolen-token")
	slide := func(stop string) {
		eval[bool](b, `(() => {
			const slider = document.querySelector("#stolen-lifetime");
			slider.value = `+stop+`;
			return slider.dispatchEvent(new Event("input", {bubbles: true}));
		})()`)
	}
	slide("0")
	b.waitText("main", "1 min at worst")
	slide("10")
	b.waitText("main", "7 d at worst")

	b.click("[data-steal]")
	b.waitText(`[data-panel="stolen"] [data-result]`, "Copied")
	b.click("#logout")
	b.waitSignedOut(patience)
	b.waitLocation("/")
	b.open("/stolen-token")
	b.click("[data-replay]")
	b.waitText(`[data-panel="stolen"] [data-result]`, "200")
}
