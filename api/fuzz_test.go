package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func withoutRateLimit(cfg *Config) { cfg.RequestsPerSecond = -1 }

// understood checks an answer to what anybody may send: it is a company, a list or a problem (RFC 9457 §3), and no fault of ours.
func understood(t *testing.T, got reply) {
	t.Helper()
	if got.StatusCode >= 500 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	if got.StatusCode >= 400 {
		got.problem(t)
	} else if len(got.body) > 0 && !json.Valid(got.body) {
		t.Errorf("%d with %q", got.StatusCode, got.body)
	}
}

// FuzzList: whatever stands in the query, a list comes or a problem that says why not, and a page has no more than was asked for.
func FuzzList(f *testing.F) {
	p := newPlace(f, withoutRateLimit)
	p.settle(30)
	token := p.issuer.token(mick())
	for _, query := range []string{
		"", "search=it", `search="`, "search=a*", "search=NEAR(a b)", "search=-", "search=%00", "search=%ff", "search=a&search=b", "search=%27%20OR%201=1", "search=%f0%9f%98%80", "search=%e2%80%ae",
		"limit=0", "limit=-1", "limit=1e9", "limit=200", "limit=99999999999999999999", "cursor=x", "cursor=eyJ9", "after=x", "sort=-name", "sort=name;drop", "country=de", "country=%25", "country=zz", "%zz", ";", "tea=1",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/api/companies", nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", "Bearer "+token)
		understood(t, p.do(r))
	})
}

// FuzzChange: whatever is sent to make or change a company, it is taken or a problem comes, and what is taken can be read again.
func FuzzChange(f *testing.F) {
	p := newPlace(f, withoutRateLimit)
	token := p.issuer.token(mick())
	path, _ := p.create(token)
	for _, body := range []string{
		acme, `{}`, `[]`, `null`, ``, `{"name":null}`, `{"name":5}`, `{"name":"` + "\x00" + `"}`, `{"name":"\u0000"}`, `{"name":"\ud800"}`, "{\"name\":\"\xff\"}", acme + acme,
		`{"name":"A","name":"B","address":"b","country":"de"}`, `{"NAME":"A","address":"b","country":"de"}`, strings.Repeat("[", 20_000), `{"name":"` + strings.Repeat("x", 3000) + `"}`, `{"id":"x"}`,
	} {
		for method := range byte(3) {
			f.Add(method, asJSON, "*", body)
		}
	}
	f.Add(byte(2), asPatch, "*", `{"address":"2 Side St"}`)
	f.Add(byte(1), asJSON, `"a", W/"b"`, acme)
	f.Add(byte(1), "text/plain; charset=\"", `"`, acme)
	f.Fuzz(func(t *testing.T, method byte, contentType, match, body string) {
		how := []string{http.MethodPost, http.MethodPut, http.MethodPatch}[method%3]
		target := path
		if how == http.MethodPost {
			target = "/api/companies"
		}
		r := httptest.NewRequest(how, target, strings.NewReader(body))
		r.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {contentType}, "If-Match": {match}}
		got := p.do(r)
		understood(t, got)
		if got.StatusCode >= 300 {
			return
		}
		if how == http.MethodPost {
			target = got.Header.Get("Location")
		}
		if again := p.get(target, token); again.StatusCode != http.StatusOK || string(again.body) != string(got.body) {
			t.Errorf("%q was taken as %s and is read as %d %s", body, got.body, again.StatusCode, again.body)
		}
	})
}
