package views

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
)

var testSite = IDPSite{Home: "/idp/", Static: "/idp/static", Host: "localhost:8080/idp"}

// rendered returns the document a component makes.
func rendered(t testing.TB, component templ.Component) *goquery.Document {
	t.Helper()
	var page strings.Builder
	if err := component.Render(t.Context(), &page); err != nil {
		t.Fatalf("render: %v", err)
	}
	document, err := goquery.NewDocumentFromReader(strings.NewReader(page.String()))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return document
}

// wantOne fails unless the selector finds exactly one element.
func wantOne(t testing.TB, document *goquery.Document, selector string) *goquery.Selection {
	t.Helper()
	found := document.Find(selector)
	if found.Length() != 1 {
		t.Fatalf("%s: got %d elements, want 1", selector, found.Length())
	}
	return found
}

// wantNone fails when the selector finds anything.
func wantNone(t testing.TB, document *goquery.Document, selector string) {
	t.Helper()
	if n := document.Find(selector).Length(); n != 0 {
		t.Errorf("%s: got %d elements, want none", selector, n)
	}
}

// text returns the words of one element with single spaces.
func text(t testing.TB, document *goquery.Document, selector string) string {
	t.Helper()
	return strings.Join(strings.Fields(wantOne(t, document, selector).Text()), " ")
}

func loginPage() IDPLoginPage {
	return IDPLoginPage{
		Site: testSite, Action: "/idp/account/login", ReturnURL: "/idp/connect/authorize/callback?client_id=spa-client&state=a%26b",
		Client: "Company Employees", RememberFor: 30 * 24 * time.Hour, SessionFor: 4 * time.Minute,
	}
}

func TestA9LoginFormWorksWithoutScript(t *testing.T) {
	document := rendered(t, IDPLogin(loginPage()))
	wantOne(t, document, `form[method=post][action="/idp/account/login"]`)
	wantOne(t, document, `form input[type=text]#username[name=Username][autocomplete=username][required][autofocus]`)
	wantOne(t, document, `form input[type=password]#password[name=Password][autocomplete=current-password][required]`)
	wantOne(t, document, `form input[type=checkbox]#remember[name=RememberLogin][value=true]:not([checked])`)
	wantOne(t, document, `form button#login[name=button][value=login]`)
	wantOne(t, document, `form button#cancel[name=button][value=cancel][formnovalidate]`)
	if got, want := wantOne(t, document, "input[name=ReturnUrl]").AttrOr("value", ""), loginPage().ReturnURL; got != want {
		t.Errorf("ReturnUrl %q, want %q", got, want)
	}
	if got := text(t, document, "label[for=remember]"); got != "Remember My Login" {
		t.Errorf("label %q", got)
	}
	if got, want := text(t, document, "#remember-note"), "30 days instead of 4 minutes"; !strings.Contains(got, want) {
		t.Errorf("note %q does not say %q", got, want)
	}
	wantNone(t, document, "script, [onclick], [style], style")
	wantNone(t, document, ".Demo")
	wantNone(t, document, "[role=alert] p")
}

func TestA3LoginSaysWhyAnAttemptFailed(t *testing.T) {
	m := loginPage()
	m.Username, m.RememberLogin, m.Message = `Mick"><script>`, true, "Invalid username or password"
	document := rendered(t, IDPLogin(m))
	if got := text(t, document, "[role=alert]"); got != "Invalid username or password" {
		t.Errorf("alert %q", got)
	}
	if got := wantOne(t, document, "#username").AttrOr("value", ""); got != m.Username {
		t.Errorf("username %q, want what was typed", got)
	}
	wantOne(t, document, "#password[autofocus]:not([value])")
	wantOne(t, document, "#remember[checked]")
	wantNone(t, document, "script")

	m.RetryAfter = 90 * time.Second
	document = rendered(t, IDPLogin(m))
	if got, want := text(t, document, "[role=alert]"), "Too many attempts. Try again in 1 minute 30 seconds."; got != want {
		t.Errorf("alert %q, want %q", got, want)
	}
}

func TestLoginOpenedByHandHasNobodyToCancelFor(t *testing.T) {
	m := loginPage()
	m.ReturnURL, m.Client = "", ""
	wantNone(t, rendered(t, IDPLogin(m)), "#cancel")
}

func TestA3LabNamesTheDemoUsers(t *testing.T) {
	m := loginPage()
	m.DemoUsers = []IDPDemoUser{{"Mick", "MickPassword", "Admin"}, {"Jane", "JanePassword", "Visitor"}}
	if got, want := text(t, rendered(t, IDPLogin(m)), ".Demo tbody tr:last-child"), "JanePasswordVisitor"; !strings.Contains(strings.ReplaceAll(got, " ", ""), want) {
		t.Errorf("row %q", got)
	}
}

func TestConsentSendsWhatIsRequiredAnyway(t *testing.T) {
	document := rendered(t, IDPConsent(IDPConsentPage{
		Site: testSite, Action: "/idp/consent", ReturnURL: "/x", Client: "<b>Client</b>", About: IDPClientLinks{Home: "javascript:alert(1)"}, User: "Mick", AllowRemember: true,
		Identity: []IDPScope{{Name: "openid", Required: true, Checked: true}, {Name: "profile", DisplayName: "Profile", Checked: true}},
		API:      []IDPScope{{Name: "companyApi", DisplayName: "Companies"}},
		Claims:   []string{"phone_number"},
	}))
	wantOne(t, document, `input#claim-phone_number[type=checkbox][name=ClaimsConsented][value=phone_number][checked]`)
	wantOne(t, document, `input[type=hidden][name=ScopesConsented][value=openid]`)
	wantOne(t, document, `#scope-openid[disabled][checked]:not([name])`)
	wantOne(t, document, `input[type=checkbox][name=ScopesConsented][value=profile][checked]`)
	wantOne(t, document, `input[type=checkbox][name=ScopesConsented][value=companyApi]:not([checked])`)
	wantOne(t, document, `button#allow[name=button][value=allow]`)
	wantOne(t, document, `button#deny[name=button][value=deny]`)
	wantNone(t, document, `a[href^="javascript"], h1 b`)
}

func TestA26LogoutAsks(t *testing.T) {
	document := rendered(t, IDPLogout(IDPLogoutPage{
		Site: testSite, Action: "/idp/account/logout", User: "Mick", Stay: "http://localhost:4200/",
		Hidden: []IDPField{{"post_logout_redirect_uri", "http://localhost:4200/signout-callback"}, {"state", `"><x`}},
	}))
	wantOne(t, document, `form[method=post][action="/idp/account/logout"] button#logout[name=button][value=logout]`)
	if got := wantOne(t, document, "input[name=state]").AttrOr("value", ""); got != `"><x` {
		t.Errorf("state %q", got)
	}
	wantOne(t, document, `a[href="http://localhost:4200/"]`)
}

func TestA27LoggedOutLeadsBack(t *testing.T) {
	m := IDPLoggedOutPage{
		Site: testSite, Client: "Company Employees", ReturnURL: "http://localhost:4200/signout-callback?state=a&b='c",
		AutoReturn: true, ReturnAfter: 2 * time.Second,
	}
	document := rendered(t, IDPLoggedOut(m))
	if got := text(t, document, "h1"); got != "You are now logged out" {
		t.Errorf("heading %q", got)
	}
	if got := text(t, document, "a#return"); got != "Return to Company Employees" {
		t.Errorf("link %q", got)
	}
	if got := wantOne(t, document, "a#return").AttrOr("href", ""); got != m.ReturnURL {
		t.Errorf("href %q, want %q", got, m.ReturnURL)
	}
	if got, want := wantOne(t, document, `head meta[http-equiv=refresh]`).AttrOr("content", ""), "2;url="+m.ReturnURL; got != want {
		t.Errorf("refresh %q, want %q", got, want)
	}
	if got := wantOne(t, document, "a#return").AttrOr("data-after", ""); got != "2" || document.Find("script").Length() != 1 {
		t.Errorf("the script leads back after %q seconds", got)
	}

	m.AutoReturn = false
	wantNone(t, rendered(t, IDPLoggedOut(m)), `meta[http-equiv=refresh], script`)
}

func TestA28LoggedOutWithoutReturn(t *testing.T) {
	document := rendered(t, IDPLoggedOut(IDPLoggedOutPage{Site: testSite, Client: "Company Employees", AutoReturn: true, ReturnAfter: time.Second}))
	if got := text(t, document, "h1"); got != "You are now logged out" {
		t.Errorf("heading %q", got)
	}
	wantNone(t, document, "#return, main a, meta[http-equiv=refresh]")
}

func TestLoggedOutRunsNothing(t *testing.T) {
	for _, address := range []string{"javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x", "java\tscript:x", "\x00"} {
		document := rendered(t, IDPLoggedOut(IDPLoggedOutPage{Site: testSite, ReturnURL: address, AutoReturn: true}))
		if got := wantOne(t, document, "#return").AttrOr("href", ""); got != "about:blank" {
			t.Errorf("%q leads to %q", address, got)
		}
	}
	document := rendered(t, IDPLoggedOut(IDPLoggedOutPage{Site: testSite, ReturnURL: "com.example.app:/signed-out"}))
	if got := wantOne(t, document, "#return").AttrOr("href", ""); got != "com.example.app:/signed-out" {
		t.Errorf("a native client's address became %q (RFC 8252 §7.1)", got)
	}
}

func TestErrorPageNamesTheCode(t *testing.T) {
	document := rendered(t, IDPError(IDPErrorPage{
		Site: testSite, Status: 400, Code: "unauthorized_client", Description: "client_id is not registered: <x>", CorrelationID: "ABCDEF123456",
	}))
	if got := text(t, document, "main"); !strings.HasPrefix(got, "error") || !strings.Contains(got, "ABCDEF123456") {
		t.Errorf("page says %q", got)
	}
	if got := text(t, document, "#error-code"); got != "unauthorized_client" {
		t.Errorf("code %q", got)
	}
	if got := text(t, document, "#error-description"); got != "client_id is not registered: <x>" {
		t.Errorf("description %q", got)
	}
	wantNone(t, document, "form, script, input, button")
}

func mismatch() IDPErrorPage {
	return IDPErrorPage{
		Site: testSite, Status: 400, Code: "invalid_request", Description: "redirect_uri is not registered",
		Redirect: &IDPRedirectMismatch{
			Parameter: "redirect_uri", Sent: "http://localhost:4200/assets/silent-callbak.html",
			Registered: []string{"http://localhost:4200/signin-callback", "http://localhost:4200/assets/silent-callback.html"},
			Origins:    []string{"http://localhost:4200"},
		},
	}
}

func TestA31ErrorPageMarksTheDifference(t *testing.T) {
	document := rendered(t, IDPError(mismatch()))
	if got, want := text(t, document, "#sent"), mismatch().Redirect.Sent; got != want {
		t.Errorf("sent %q, want %q without added spaces", got, want)
	}
	wantOne(t, document, `#sent mark.Compare-gap`)
	if got := text(t, document, `[data-registered$="silent-callback.html"] mark`); got != "c" {
		t.Errorf("marked %q, want c", got)
	}
	if got, want := text(t, document, "#difference"), "The sent value lacks “c” at character 43."; got != want {
		t.Errorf("difference %q, want %q", got, want)
	}
	wantNone(t, document, `form, [data-registered$="signin-callback"] mark`)
}

func TestA31ErrorPageTellsTheParent(t *testing.T) {
	document := rendered(t, IDPError(mismatch()))
	wantOne(t, document, `head script[type=module][src="/idp/static/js/idp-error.js"]`)
	holder := wantOne(t, document, "#frame-message[hidden]")
	var message map[string]any
	if err := json.Unmarshal([]byte(holder.AttrOr("data-message", "")), &message); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"type": "silentrenew:error", "error": "invalid_request", "error_description": "redirect_uri is not registered", "sent": mismatch().Redirect.Sent} {
		if message[name] != want {
			t.Errorf("%s = %v, want %v", name, message[name], want)
		}
	}
	if got, want := holder.AttrOr("data-origins", ""), `["http://localhost:4200"]`; got != want {
		t.Errorf("origins %s, want %s", got, want)
	}
}

func TestErrorPageOutsideTheLabNamesNoRegisteredValue(t *testing.T) {
	m := mismatch()
	m.Redirect.Registered, m.Redirect.Origins = nil, nil
	document := rendered(t, IDPError(m))
	wantNone(t, document, "script, #frame-message, mark, #difference, [data-registered]")
	if got := text(t, document, "#sent"); got != m.Redirect.Sent {
		t.Errorf("sent %q", got)
	}
}

func TestDifferenceInWords(t *testing.T) {
	for _, row := range []struct{ sent, registered, want string }{
		{"/silent-callback.htm", "/silent-callback.html", "The sent value lacks “l” at character 21."},
		{"/callback/", "/callback", "The sent value has “/” too many at character 10."},
		{"http://localhost/x", "http://127.0.0.1/x", "From character 8 on the sent value has “localhost” where the registered one has “127.0.0.1”."},
		{"/aa", "/aaa", "The sent value lacks “a” at character 4."},
		{"/ä", "/ö", "From character 2 on the sent value has “ä” where the registered one has “ö”."},
		{"", "/x", "The sent value lacks “/x” at character 1."},
	} {
		m := IDPRedirectMismatch{Sent: row.sent, Registered: []string{"https://other.example/", row.registered}}
		if row.sent == "" {
			m.Registered = []string{row.registered}
		}
		got := m.difference()
		if got.Words() != row.want {
			t.Errorf("%q and %q: %q, want %q", row.sent, row.registered, got.Words(), row.want)
		}
		if whole := got.Sent.Before + got.Sent.Different + got.Sent.After; whole != row.sent {
			t.Errorf("the parts of %q make %q", row.sent, whole)
		}
		if whole := got.Registered.Before + got.Registered.Different + got.Registered.After; whole != row.registered {
			t.Errorf("the parts of %q make %q", row.registered, whole)
		}
	}
}

func TestA46HomeShowsTheSession(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	m := IDPHomePage{
		Site: testSite, Issuer: "http://localhost:8080/idp", DiscoveryURL: "http://localhost:8080/idp/.well-known/openid-configuration",
		LoginURL: "/idp/account/login", LogoutURL: "/idp/account/logout", Now: now,
		Session: &IDPHomeSession{User: "Mick", SessionID: "abc", AuthTime: now.Add(-time.Minute), Expires: now.Add(3 * time.Minute), Lifetime: 4 * time.Minute},
	}
	document := rendered(t, IDPHome(m))
	if got := text(t, document, "main"); !strings.Contains(got, "3 minutes left") || !strings.Contains(got, "240 s (4 minutes), absolute") {
		t.Errorf("page says %q", got)
	}
	if got := wantOne(t, document, ".Lifetime-rest").AttrOr("stroke-dasharray", ""); got != "75.0 100" {
		t.Errorf("ring %q, want three quarters", got)
	}
	m.Session.Persistent, m.Session.Lifetime, m.Session.Expires = true, 720*time.Hour, now.Add(720*time.Hour)
	if got := text(t, rendered(t, IDPHome(m)), "main"); !strings.Contains(got, "2592000 s (30 days)") {
		t.Errorf("page says %q", got)
	}
	m.Session = nil
	wantOne(t, rendered(t, IDPHome(m)), `main a[href="/idp/account/login"]`)
}

func TestCheckSessionPageIsBare(t *testing.T) {
	document := rendered(t, IDPCheckSession(IDPCheckSessionPage{Site: testSite, CookieName: "idsrv.session"}))
	wantOne(t, document, `html[data-cookie-name="idsrv.session"]`)
	if got := document.Find("script:not([type])").Length(); got != 2 { // the hash and the page's own, for engines that know no modules
		t.Errorf("%d scripts", got)
	}
	wantOne(t, document, `script[src="/idp/static/js/idp-check-session.js"]`)
	if n := document.Find("body").Children().Length(); n != 0 {
		t.Errorf("body has %d elements, want none", n)
	}
}

func TestProviderPagesLoadNothingOfTheClient(t *testing.T) {
	for name, page := range map[string]templ.Component{
		"login": IDPLogin(loginPage()), "error": IDPError(mismatch()), "home": IDPHome(IDPHomePage{Site: testSite}),
		"logged out": IDPLoggedOut(IDPLoggedOutPage{Site: testSite}), "consent": IDPConsent(IDPConsentPage{Site: testSite}),
	} {
		document := rendered(t, page)
		document.Find("script[src], link[rel=stylesheet]").Each(func(_ int, e *goquery.Selection) {
			address := e.AttrOr("src", e.AttrOr("href", ""))
			if strings.HasSuffix(address, ".js") && !strings.HasPrefix(address, "/idp/static/js/idp-") || !strings.HasPrefix(address, "/idp/static/") {
				t.Errorf("%s loads %s", name, address)
			}
		})
		if n := document.Find("h1").Length(); n != 1 {
			t.Errorf("%s has %d first headings", name, n)
		}
		wantNone(t, document, "[style], style, script:not([src])")
	}
}

func TestHumanDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "1 second", 500 * time.Millisecond: "1 second", 60 * time.Second: "1 minute", 90 * time.Second: "1 minute 30 seconds",
		4 * time.Minute: "4 minutes", 10 * time.Hour: "10 hours", 25*time.Hour + 5*time.Minute: "1 day 1 hour", 24*time.Hour + time.Minute: "1 day", 720 * time.Hour: "30 days",
	} {
		if got := humanDuration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestRFC8628DevicePagesWorkWithoutScript(t *testing.T) {
	entry := rendered(t, IDPDevice(IDPDevicePage{Site: testSite, Action: "/idp/device", User: "Mick", UserCode: "WDJB-MJHT"}))
	wantOne(t, entry, `form[method=post][action="/idp/device"] #continue`)
	if got := wantOne(t, entry, `#user-code[name=user_code]`).AttrOr("value", ""); got != "WDJB-MJHT" {
		t.Errorf("code: %q", got)
	}
	wantNone(t, entry, "script, #message")
	blocked := rendered(t, IDPDevice(IDPDevicePage{Site: testSite, RetryAfter: 90 * time.Second}))
	if got := text(t, blocked, "#message"); got != "Too many attempts. Try again in 1 minute 30 seconds." {
		t.Errorf("message: %q", got)
	}
	confirm := rendered(t, IDPDeviceConfirm(IDPDeviceConfirmPage{
		Site: testSite, Action: "/idp/device", User: "Mick", Client: "Television", UserCode: "WDJB-MJHT", OfflineAccess: true,
		Hidden: []IDPField{{Name: "user_code", Value: "WDJB-MJHT"}}, API: []IDPScope{{Name: "companyApi", Checked: true}},
	}))
	if got := text(t, confirm, "#shown-code"); got != "WDJB-MJHT" {
		t.Errorf("the code to compare: %q", got)
	}
	for _, selector := range []string{"#allow", "#deny", "#scope-companyApi", "#scope-offline_access", `input[type=hidden][name=user_code]`} {
		wantOne(t, confirm, selector)
	}
	wantNone(t, confirm, "script")
	for allowed, want := range map[bool]string{true: "Your device is connected", false: "The device was not connected"} {
		done := rendered(t, IDPDeviceDone(IDPDeviceDonePage{Site: testSite, Client: "Television", Allowed: allowed}))
		if got := text(t, done, "h1"); got != want {
			t.Errorf("allowed %t: %q", allowed, got)
		}
	}
}
