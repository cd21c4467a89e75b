package spa

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"silentrenew/internal/event"
)

// site is a front end with an API of the test's choice behind it.
type site struct {
	t       testing.TB
	handler http.Handler
	bus     *event.Bus
}

// transport calls a handler in process, so that no test needs a port.
type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// newSite returns a front end in the lab whose API is answered by handler; nil means an API that nobody answers for.
func newSite(t testing.TB, api http.HandlerFunc, changes ...func(*Config)) *site {
	t.Helper()
	client := &http.Client{Transport: brokenWire{}}
	if api != nil {
		client.Transport = transport{api}
	}
	cfg := Config{
		URL: "http://localhost:4200", Authority: "http://localhost:5005", APIURL: "http://localhost:5001",
		HTTPClient: client, Lab: true,
	}
	for _, change := range changes {
		change(&cfg)
	}
	bus := event.NewBus(100)
	handler, err := New(cfg, bus)
	if err != nil {
		t.Fatal(err)
	}
	return &site{t: t, handler: handler, bus: bus}
}

// brokenWire is a network that leads nowhere.
type brokenWire struct{}

func (brokenWire) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// do sends a request; headers come in pairs.
func (s *site) do(method, target, body string, headers ...string) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost:4200"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{Response: w.Result(), body: w.Body.String()}
}

func (s *site) get(target string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, target, "", headers...)
}

// partial asks as htmx does, with a token when one is given.
func (s *site) partial(target, token string) answer {
	s.t.Helper()
	headers := []string{"HX-Request", "true", "HX-Boosted", "true"}
	if token != "" {
		headers = append(headers, "Authorization", "Bearer "+token)
	}
	return s.get(target, headers...)
}

// document parses the body.
func (s *site) document(a answer) *goquery.Document {
	s.t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.body))
	if err != nil {
		s.t.Fatal(err)
	}
	return doc
}

// text returns the words of what a selector finds, in the order of the document, with one space between them.
func text(doc *goquery.Document, selector string) string {
	return strings.Join(words(doc.Find(selector)), " ")
}

func words(in *goquery.Selection) (found []string) {
	in.Contents().Each(func(_ int, node *goquery.Selection) {
		if goquery.NodeName(node) == "#text" {
			found = append(found, strings.Fields(node.Text())...)
		} else {
			found = append(found, words(node)...)
		}
	})
	return found
}

// events returns what the bus remembers.
func (s *site) events() []event.Event {
	past, live := s.bus.Subscribe(0)
	live.Close()
	return past
}

// Ids of companies.
const (
	firstID = "7d7e1a3c-0b1c-5d6e-8f90-a1b2c3d4e5f6"
	newID   = "c9d4c053-49b6-410c-bc78-2d54a9991870"
)

// Entity tags of the first company: the version that the API has, and one that somebody has replaced.
const currentTag, staleTag = `"v2"`, `"v1"`

const firstCompany = `{"id":"` + firstID + `","name":"IT_Solutions Ltd","fullAddress":"583 Wall Dr. Gwynn Oak, MD 21207 USA",
	"address":"583 Wall Dr. Gwynn Oak, MD 21207","country":"USA","countryCode":"US","blocks":1,"updated":"2026-11-23T07:00:00.5Z"}`

// companiesAPI is an API with the tutorial's two companies. It knows three tokens: mick, jane and expired.
func companiesAPI(w http.ResponseWriter, r *http.Request) {
	problem := func(status int, more string) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"detail":"` + more + `"}`))
	}
	say := func(status int, text string) {
		w.Header().Set("ETag", currentTag)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	changes := r.Method != http.MethodGet
	var said struct{ Name, Address, Country string }
	if r.Body != nil {
		_ = json.NewDecoder(r.Body).Decode(&said)
	}
	path := strings.TrimPrefix(r.URL.Path, "/api")
	switch {
	case token != "mick" && token != "jane":
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem(http.StatusUnauthorized, "the token has expired")
	case (changes || path == "/companies/privacy") && token != "mick":
		problem(http.StatusForbidden, "needs role Admin")
	case changes && said.Country == "Atlantis":
		problem(http.StatusBadRequest, `country is not one of ISO 3166-1","field":"country`)
	case r.Method == http.MethodPost && path == "/companies" && r.Header.Get("Idempotency-Key") == "used":
		problem(http.StatusUnprocessableEntity, `this Idempotency-Key came with another body","error":"idempotency_key_reused`)
	case r.Method == http.MethodPost && path == "/companies":
		say(http.StatusCreated, `{"id":"`+newID+`","name":"New & Co","fullAddress":"1 Way Here","address":"1 Way","country":"Here"}`)
	case path == "/companies/privacy":
		say(http.StatusOK, `[{"type":"role","value":"Admin"},{"type":"sub","value":"<b>1</b>"},{"type":"exp","value":"4000000000"},{"type":"iat","value":"1000000000"}]`)
	case path == "/companies/"+firstID && changes && r.Header.Get("If-Match") != currentTag:
		problem(http.StatusPreconditionFailed, "somebody changed the company since you read it")
	case path == "/companies/"+firstID && r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case path == "/companies/"+firstID, path == "/companies/"+firstID+"/restore":
		say(http.StatusOK, firstCompany)
	case path == "/countries":
		say(http.StatusOK, `{"countries":[{"code":"SE","name":"Sweden","companies":3},{"code":"US","name":"USA","companies":1998},{"code":"","name":"Unknown","companies":1}],"companies":2002}`)
	case path == "/companies" && strings.Contains(r.URL.Query().Get("search"), "nobody"):
		say(http.StatusOK, `{"companies":[]}`)
	case path == "/companies":
		say(http.StatusOK, `{"companies":[`+firstCompany+`,
			{"id":"c2","name":"Admin_Solutions Ltd","fullAddress":"312 Forest Avenue, BF 923 USA"}],"next":"cursor&1","prev":"cursor&0"}`)
	default:
		problem(http.StatusNotFound, "there is no such company")
	}
}
