package walk

import (
	"testing"
	"time"
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
