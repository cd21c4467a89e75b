package spa

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"silentrenew/api"
	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/idp"
	"silentrenew/internal/event"
)

// Where the three roles of a house are.
const (
	houseSPA = "http://localhost:4200"
	houseIDP = "http://localhost:5005"
	houseAPI = "http://localhost:5001"
)

// house is the whole program in process: the real provider, the real API and any number of replicas of the front end, on one
// database. A test may stand between them by changing wire.
type house struct {
	t    testing.TB
	db   *db.DB
	bus  *event.Bus
	idp  http.Handler
	api  http.Handler
	mu   sync.Mutex
	wire func(r *http.Request, next http.Handler) (*http.Response, error) // nil: nothing happens on the way
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, db: dbtest.Seeded(t), bus: event.NewBus(1000)}
	provider, err := idp.New(idp.Config{Issuer: houseIDP, Lab: true}, h.db, h.bus)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(provider.Close)
	h.idp = provider
	if h.api, err = api.New(api.Config{Issuer: houseIDP, URL: houseAPI, AllowedOrigins: []string{houseSPA}, HTTPClient: h.client()}, h.db, h.bus); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) client() *http.Client { return &http.Client{Transport: h} }

// RoundTrip is the network between the roles.
func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := h.idp
	if "http://"+r.URL.Host == houseAPI {
		handler = h.api
	}
	h.mu.Lock()
	wire := h.wire
	h.mu.Unlock()
	if wire != nil {
		return wire(r, handler)
	}
	return answerOf(r, handler), nil
}

func (h *house) onTheWire(wire func(r *http.Request, next http.Handler) (*http.Response, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wire = wire
}

func answerOf(r *http.Request, handler http.Handler) *http.Response {
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RemoteAddr, in.RequestURI = "192.0.2.1:51000", r.URL.RequestURI()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, in)
	return w.Result()
}

// replica returns one more front end.
func (h *house) replica(changes ...func(*Config)) *bffSite {
	h.t.Helper()
	cfg := Config{URL: houseSPA, Authority: houseIDP, APIURL: houseAPI, HTTPClient: h.client(), Lab: true,
		BFF: BFFConfig{Secret: "bff-secret", Records: h.db}}
	for _, change := range changes {
		change(&cfg)
	}
	handler, err := New(cfg, h.bus)
	if err != nil {
		h.t.Fatal(err)
	}
	return &bffSite{house: h, handler: handler}
}

type bffSite struct {
	*house
	handler http.Handler
}

// events returns what the bus has carried of one kind.
func (h *house) events(kind string) []event.Event {
	past, live := h.bus.Subscribe(0)
	live.Close()
	var found []event.Event
	for _, e := range past {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// person is a browser with cookies, in front of one replica or another.
type person struct {
	t    testing.TB
	h    *house
	site http.Handler
	jar  *cookiejar.Jar
}

func (s *bffSite) person() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &person{t: s.t, h: s.house, site: s.handler, jar: jar}
}

// do sends one request, headers in pairs, and follows no redirect.
func (p *person) do(method, target, body string, headers ...string) answer {
	p.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for _, cookie := range p.jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	r.RemoteAddr = "192.0.2.1:51000"
	handler := p.site
	if strings.HasPrefix(target, houseIDP) {
		handler = p.h.idp
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	response := w.Result()
	response.Request = r
	p.jar.SetCookies(r.URL, response.Cookies())
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{Response: response, body: string(text)}
}

func (p *person) get(target string, headers ...string) answer {
	p.t.Helper()
	return p.do(http.MethodGet, target, "", headers...)
}

// post is a call by the script of our own page.
func (p *person) post(path string) answer {
	p.t.Helper()
	return p.do(http.MethodPost, houseSPA+path, "", csrfHeader, "1", "Sec-Fetch-Site", "same-origin")
}

// partial asks for a page as htmx does under the strategy bff.
func (p *person) partial(path string) answer {
	p.t.Helper()
	return p.get(houseSPA+path, "HX-Request", "true", csrfHeader, "1", "Sec-Fetch-Site", "same-origin")
}

// follow follows redirects until there is none, or until stop is in the address.
func (p *person) follow(a answer, stop string) answer {
	p.t.Helper()
	for range 10 {
		next, err := a.Location()
		if err != nil || stop != "" && strings.Contains(next.String(), stop) {
			return a
		}
		a = p.get(next.String())
	}
	p.t.Fatalf("ten redirects and no end: %s", a.Request.URL)
	return a
}

// toCallback walks to the provider and through its login form, and returns the redirect to our callback.
func (p *person) toCallback(user, returnTo string) answer {
	p.t.Helper()
	a := p.follow(p.get(houseSPA+bffLoginPath+"?"+url.Values{"returnTo": {returnTo}}.Encode()), bffCallbackPath+"?")
	if a.StatusCode == http.StatusOK {
		a = p.follow(p.submitLogin(a, user), bffCallbackPath+"?")
	}
	if a.StatusCode/100 != 3 {
		p.t.Fatalf("no way to the callback: %d %s\n%s", a.StatusCode, a.Request.URL, a.body)
	}
	return a
}

func (p *person) submitLogin(a answer, user string) answer {
	p.t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.body))
	if err != nil {
		p.t.Fatal(err)
	}
	form := doc.Find("#login").Closest("form")
	values := url.Values{}
	form.Find("input[type=hidden]").Each(func(_ int, input *goquery.Selection) {
		values.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	values.Set("Username", user)
	values.Set("Password", user+"Password")
	button := doc.Find("#login")
	if name := button.AttrOr("name", ""); name != "" {
		values.Set(name, button.AttrOr("value", ""))
	}
	action, err := a.Request.URL.Parse(form.AttrOr("action", ""))
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(http.MethodPost, action.String(), values.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"Sec-Fetch-Site", "same-origin", "Origin", houseIDP)
}

// callback takes the redirect to our callback and returns our answer.
func (p *person) callback(redirect answer) answer {
	p.t.Helper()
	target, err := redirect.Location()
	if err != nil {
		p.t.Fatal(err)
	}
	return p.get(target.String(), "Sec-Fetch-Site", "cross-site")
}

// signIn signs a user in by the BFF.
func (p *person) signIn(user string) {
	p.t.Helper()
	a := p.callback(p.toCallback(user, "/companies"))
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/companies" {
		p.t.Fatalf("sign in: %d to %q\n%s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
}

// status is what GET /bff/session says.
func (p *person) status() bffStatus {
	p.t.Helper()
	a := p.get(houseSPA + "/bff/session")
	var status bffStatus
	if err := json.Unmarshal([]byte(a.body), &status); err != nil || a.StatusCode != http.StatusOK {
		p.t.Fatalf("session: %d %q: %v", a.StatusCode, a.body, err)
	}
	return status
}

// sessionCookie is the handle the person holds, "" for none.
func (p *person) sessionCookie() string {
	site, _ := url.Parse(houseSPA)
	for _, cookie := range p.jar.Cookies(site) {
		if cookie.Name == sessionCookieName {
			return cookie.Value
		}
	}
	return ""
}

// lifetime sets the access token lifetime of bff-client, in seconds.
func (h *house) lifetime(seconds int) {
	h.t.Helper()
	dbtest.Exec(h.t, h.db, `UPDATE "Clients" SET "AccessTokenLifetime" = ? WHERE "ClientId" = 'bff-client'`, seconds)
}
