package walk

import (
	"testing"
	"time"
)

// TestA49TheFormThatTakesTooLong: without renewal a form that takes longer than the token lives cannot be submitted, and
// the draft survives the new login; with renewal the submit succeeds.
func TestA49TheFormThatTakesTooLong(t *testing.T) {
	p, b := walk(t)
	p.setAccessTokenLifetime(6)
	b.open("/")
	b.renewOff()
	b.signIn("Mick", "MickPassword")
	b.open("/companies/new")
	b.waitVisible("#company-form")
	b.fill(`#company-form [name="name"]`, "Slow Writers Ltd")
	b.fill(`#company-form [name="address"]`, "1 Long Road")
	b.fill(`#company-form [name="country"]`, "Norway")
	p.waitEvent(0, 20*time.Second, is("access_token.expired"))
	b.waitBadge("expired", patience)
	b.click(`#company-form [type="submit"]`)
	if n := ask[int](t, p, "SELECT count(*) FROM Companies WHERE Name = 'Slow Writers Ltd'"); n != 0 {
		t.Errorf("%d companies were created with an expired token", n)
	}

	p.setAccessTokenLifetime(10)
	b.renewWithLead(5)
	mark := p.log.mark()
	b.pressLogin() // the provider's session still lives: no password
	b.waitSignedIn()
	b.open("/companies/new")
	b.waitVisible("#company-form")
	b.waitFor(`document.querySelector('#company-form [name="name"]').value === "Slow Writers Ltd"`, patience)
	b.waitFor(`document.querySelector('#company-form [name="country"]').value === "Norway"`, patience)
	p.waitRenewLines(mark, 2, 40*time.Second) // the reader takes longer than one token lives
	b.click(`#company-form [type="submit"]`)
	b.waitText("main", "Slow Writers Ltd")
	if n := ask[int](t, p, "SELECT count(*) FROM Companies WHERE Name = 'Slow Writers Ltd'"); n != 1 {
		t.Errorf("%d companies after the submit, want 1", n)
	}
}

// TestA50StolenToken: the page says what a thief can do, and for how long.
func TestA50StolenToken(t *testing.T) {
	_, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.open("/stolen-token")
	b.waitPage("stolen-token")
	b.waitText("main", "10 min") // of the seed's 600 seconds
}
