package idp

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/event"
)

// testIssuer is the provider of all tests; testSPA is the origin of the client seeded as spa-client.
const (
	testIssuer   = "http://localhost:5005"
	testSPA      = "http://localhost:4200"
	testCallback = testSPA + "/signin-callback"
)

// The verifier and its challenge from RFC 7636 Appendix B.
const (
	testVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	testChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// site is one provider with a seeded database of its own.
type site struct {
	t       testing.TB
	issuer  string
	db      *db.DB
	bus     *event.Bus
	handler http.Handler
}

// newSite builds a provider as main does. It works inside and outside a synctest bubble.
func newSite(t testing.TB, configure ...func(*Config)) *site {
	t.Helper()
	store := dbtest.Seeded(t)
	withTestKeys(t, store)
	withoutGrace(t, store)
	return newSiteOn(t, store, configure...)
}

// withoutGrace makes every client strict about refresh tokens that were used, whatever the seed says about a server of ours
// that may crash: the tests about the grace set their own.
func withoutGrace(t testing.TB, store *db.DB) {
	t.Helper()
	dbtest.Exec(t, store, `UPDATE "Clients" SET "RefreshTokenReuseGraceSeconds" = 0`)
}

// newSiteOn builds a provider on a database that exists, as a restart does.
func newSiteOn(t testing.TB, store *db.DB, configure ...func(*Config)) *site {
	t.Helper()
	cfg := Config{Issuer: testIssuer}
	for _, change := range configure {
		change(&cfg)
	}
	bus := event.NewBus(1000)
	handler, err := New(cfg, store, bus)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return &site{t: t, issuer: cfg.Issuer, db: store, bus: bus, handler: handler}
}

// events returns what the bus has carried so far, oldest first, of the named kinds (all of them when none is named).
func (s *site) events(kinds ...string) []event.Event {
	s.t.Helper()
	past, subscription := s.bus.Subscribe(0)
	subscription.Close()
	if len(kinds) == 0 {
		return past
	}
	var chosen []event.Event
	for _, e := range past {
		for _, kind := range kinds {
			if e.Kind == kind {
				chosen = append(chosen, e)
			}
		}
	}
	return chosen
}

// authorizeURL is a valid authorization request of spa-client. Pairs of name and value change it; the value "" leaves
// the parameter out.
func (s *site) authorizeURL(pairs ...string) string {
	return s.issuer + "/connect/authorize?" + authorizeParameters(pairs...).Encode()
}

func authorizeParameters(pairs ...string) url.Values {
	v := url.Values{
		"client_id": {"spa-client"}, "redirect_uri": {testCallback}, "response_type": {"code"},
		"scope": {"openid profile companyApi"}, "state": {"state-1"}, "nonce": {"nonce-1"},
		"code_challenge": {testChallenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

// testPasswords are the passwords of the two seeded users.
var testPasswords = map[string]string{"Mick": "MickPassword", "Jane": "JanePassword"}

// signIn walks the front channel as a person does: authorization request, login form, callback. It returns the code.
func (s *site) signIn(b *browser, username string, pairs ...string) string {
	s.t.Helper()
	form := b.follow(b.get(s.authorizeURL(pairs...)))
	answer := b.follow(b.submitLogin(form, username, testPasswords[username]))
	code := answer.sent("code")
	if code == "" {
		s.t.Fatalf("sign in as %s: got no code but %d %s\n%s", username, answer.StatusCode, answer.Header.Get("Location"), answer.Body)
	}
	return code
}

// browser is a user agent: it keeps cookies and says on a form post where the form came from.
type browser struct {
	t       testing.TB
	handler http.Handler
	jar     *cookiejar.Jar
	address string      // where the provider sees it coming from
	header  http.Header // what it sends beside, nil for nothing
}

func (s *site) browser() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{t: s.t, handler: s.handler, jar: jar, address: "192.0.2.1:51000"}
}

// page is one response with its body read.
type page struct {
	*http.Response
	Body string
}

// location is where the response redirects to, resolved; nil when it does not.
func (p page) location() *url.URL {
	u, err := p.Response.Location()
	if err != nil {
		return nil
	}
	return u
}

// sent returns a response parameter out of the redirect's query.
func (p page) sent(name string) string {
	u := p.location()
	if u == nil {
		return ""
	}
	return u.Query().Get(name)
}

// document parses the page's HTML.
func (p page) document(t testing.TB) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// setCookie returns the cookie of that name out of this very response, nil when it sets none.
func (p page) setCookie(name string) *http.Cookie {
	for _, c := range p.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// do sends one request and does not follow redirects.
func (b *browser) do(r *http.Request) page {
	b.t.Helper()
	for _, c := range b.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	r.RemoteAddr = b.address
	for name, values := range b.header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	response := w.Result()
	response.Request = r
	b.jar.SetCookies(r.URL, response.Cookies())
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{Response: response, Body: string(body)}
}

func (b *browser) get(target string) page {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	return b.do(r)
}

// post sends a form as a page of the provider itself would.
func (b *browser) post(target string, form url.Values) page {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	return b.do(r)
}

// follow follows redirects as long as they stay at the provider and returns the first response that is none or that
// leads to another origin.
func (b *browser) follow(p page) page {
	b.t.Helper()
	for range 10 {
		next := p.location()
		if next == nil || next.Host != p.Request.URL.Host || next.Scheme != p.Request.URL.Scheme {
			return p
		}
		p = b.get(next.String())
	}
	b.t.Fatalf("ten redirects and no end: %s", p.Request.URL)
	return p
}

// submit posts the form that holds the button named by id, with everything the page filled in and the given pairs of
// name and value on top.
func (b *browser) submit(p page, buttonID string, pairs ...string) page {
	b.t.Helper()
	button := p.document(b.t).Find("#" + buttonID)
	form := button.Closest("form")
	if form.Length() != 1 {
		b.t.Fatalf("no form with a button %q on %s (%d):\n%s", buttonID, p.Request.URL, p.StatusCode, p.Body)
	}
	values := url.Values{}
	form.Find("input").Each(func(_ int, input *goquery.Selection) {
		name, value := input.AttrOr("name", ""), input.AttrOr("value", "")
		_, checked := input.Attr("checked")
		if kind := input.AttrOr("type", "text"); name != "" && (kind != "checkbox" || checked) {
			values.Add(name, value)
		}
	})
	if name := button.AttrOr("name", ""); name != "" {
		values.Set(name, button.AttrOr("value", ""))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	action, err := p.Request.URL.Parse(form.AttrOr("action", ""))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.post(action.String(), values)
}

func (b *browser) submitLogin(form page, username, password string, pairs ...string) page {
	b.t.Helper()
	return b.submit(form, "login", append([]string{"Username", username, "Password", password}, pairs...)...)
}

// cookie returns the value of a cookie the browser holds for the provider, "" when it holds none.
func (b *browser) cookie(issuer, name string) string {
	b.t.Helper()
	u, err := url.Parse(issuer + "/connect/authorize")
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
