package walk

import "testing"

// TestRefreshWithBoundKeys: the strategy refresh with DPoP. Token and refresh token are bound to a key that no script can read;
// the pages, the API and the renewals work; the token alone is worth nothing.
func TestRefreshWithBoundKeys(t *testing.T) {
	_, b := walk(t)
	b.open("/")
	b.configure(map[string]any{"strategy": "refresh", "dpop": true})
	b.signIn("Mick", "MickPassword")
	if kind := eval[string](b, `import("/static/js/auth.js").then(auth => auth.user().token_type)`); kind != "DPoP" {
		t.Fatalf("token_type %q, want DPoP", kind)
	}
	b.waitVisible(`nav a[href="/privacy"]`) // the role comes from userinfo, with a proof
	was := b.claims()
	if got := b.tryRenew(); got != "" || b.claims().ID == was.ID {
		t.Fatalf("the renewal: %q", got)
	}
	b.click(`nav a[href="/companies"]`)
	b.waitText("main", "IT_Solutions Ltd")
	b.click(`nav a[href="/privacy"]`)
	b.waitText("main", "cnf")
	status := eval[int](b, `import("/static/js/auth.js").then(auth => auth.send(`+quote(b.p.api+"/api/companies?limit=1")+`, {})).then(answer => answer.status)`)
	if status != 200 {
		t.Errorf("the API with a proof: %d", status)
	}
	if status := b.callAPI("/api/companies"); status != 401 {
		t.Errorf("the token as Bearer: %d, want 401", status)
	}
	b.click("#logout")
	b.waitSignedOut(patience)
}
