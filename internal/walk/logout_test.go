package walk

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestA25A26A27A29Logout: Logout tells the page first, the provider asks nothing because it knows the ID token, shows that
// the session is over, comes back by itself, and nothing of the session is left.
func TestA25A26A27A29Logout(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	mark := p.log.mark()
	b.click("#logout")
	b.waitText("h1", "You are now logged out")
	b.sees(`a[href^="` + p.spa + `/signout-callback?state="]`)
	b.seesNot("meta[http-equiv=refresh]") // the script leads back: one way, not two
	b.waitSignedOut(patience)
	b.waitLocation("/")

	// A25: user cleared, then loginChanged(false), then the response processed.
	p.waitEvent(mark, patience, is("callback.signout"))
	var order []string
	for _, e := range p.events(mark, is("user.unloaded", "login.changed", "callback.signout")) {
		order = append(order, e.Message)
	}
	last := len(order) - 1
	if last < 2 || order[0] != "user.unloaded" || order[last-1] != "login.changed" || order[last] != "callback.signout" {
		t.Errorf("order: %s, want user.unloaded, login.changed, callback.signout", strings.Join(order, ", "))
	}

	// A26
	end := b.network.to(p.idp + "/connect/endsession")[0]
	query := end.query()
	if query.Get("id_token_hint") == "" || query.Get("state") == "" || query.Get("post_logout_redirect_uri") != p.spa+"/signout-callback" {
		t.Errorf("end session was sent %v, want id_token_hint, state and the post-logout URI", query)
	}
	if asked := p.events(mark, is("logout.form")); len(asked) > 0 {
		t.Errorf("the user was asked although the hint is valid: %v", asked)
	}

	// A27: the state came back, once.
	back := b.network.to(p.spa + "/signout-callback")
	if len(back) != 1 || back[0].query().Get("state") != query.Get("state") {
		t.Errorf("signout-callback got %v, want state %q", back, query.Get("state"))
	}

	// A29
	if cookies := b.cookies(); cookies["idsrv"] != nil || cookies["idsrv.session"] != nil {
		t.Errorf("cookies are left: %v", cookies)
	}
	authorize := b.network.to(p.idp + "/connect/authorize")[0]
	if got := b.authorizeSilently(authorize).Get("error"); got != "login_required" {
		t.Errorf("prompt=none after logout: error=%q, want login_required", got)
	}
}

// TestA26LogoutWithoutHintAsks: a link that anybody could have planted ends nothing by itself.
func TestA26LogoutWithoutHintAsks(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	b.openURL(p.idp + "/connect/endsession")
	b.waitVisible("#logout")
	if b.cookies()["idsrv"] == nil {
		t.Fatal("the session was ended without asking")
	}
	b.click("#logout")
	b.waitText("h1", "You are now logged out")
	if b.cookies()["idsrv"] != nil {
		t.Error("the session is still there")
	}
}

// TestA28UnregisteredPostLogoutURI: the user is logged out but not sent to an address nobody registered.
func TestA28UnregisteredPostLogoutURI(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	hint := eval[string](b, `import("/static/js/auth.js").then(auth => auth.user().id_token)`)
	b.openURL(p.idp + "/connect/endsession?" + url.Values{
		"id_token_hint": {hint}, "post_logout_redirect_uri": {p.spa + "/elsewhere"}, "state": {"s"},
	}.Encode())
	b.waitFor(visible("h1"), patience)
	if eval[bool](b, visible("#logout")) { // the provider may ask when something in the request is wrong
		b.click("#logout")
	}
	b.waitText("h1", "You are now logged out")
	b.seesNot(`a[href*="/elsewhere"]`)
	b.seesNot("#return")
	if len(b.network.to(p.spa+"/elsewhere")) > 0 {
		t.Error("the browser was sent to an unregistered address")
	}
}

// authorizeSilently repeats an authorization request with prompt=none at the top of the window and returns the answer.
func (b *browser) authorizeSilently(original request) url.Values {
	b.t.Helper()
	query := original.query()
	query.Set("prompt", "none")
	query.Set("redirect_uri", b.p.spa+"/assets/silent-callback.html")
	b.openURL(b.p.idp + "/connect/authorize?" + query.Encode())
	b.waitFor("location.href.startsWith("+quote(b.p.spa)+")", patience)
	answers := b.network.to(b.p.spa + "/assets/silent-callback.html")
	return answers[len(answers)-1].query()
}

// TestI14AHangingLogoutFrame: a client whose logout page never answers holds nobody up (Front-Channel Logout §2).
func TestI14AHangingLogoutFrame(t *testing.T) {
	p, b := walk(t)
	over := make(chan struct{})
	asked := make(chan string, 1)
	client := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- r.URL.RawQuery
		<-over
	}))
	defer client.Close()
	defer close(over)
	p.sql("UPDATE Clients SET FrontChannelLogoutUri = ? WHERE ClientId = 'spa-client'", client.URL+"/logout")
	b.signIn("Mick", "MickPassword")
	b.click("#logout")
	b.waitText("h1", "You are now logged out")
	b.waitSignedOut(patience)
	b.waitLocation("/")
	if query := <-asked; !strings.Contains(query, "iss=") || !strings.Contains(query, "sid=") {
		t.Errorf("the frame was asked %q, want iss and sid", query)
	}
}
