package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// send makes a request with headers, given in pairs.
func (p *place) send(method, path, token, body string, headers ...string) reply {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return p.do(r)
}

const (
	acme    = `{"name":"Acme","address":"1 Main St","country":"USA"}`
	asJSON  = "application/json"
	asPatch = "application/merge-patch+json"
)

// create makes a company and returns its path and entity tag.
func (p *place) create(token string) (path, tag string) {
	p.t.Helper()
	made := p.send(http.MethodPost, "/api/companies", token, acme, "Content-Type", asJSON)
	if made.StatusCode != http.StatusCreated || made.Header.Get("ETag") == "" {
		p.t.Fatalf("create: %d %s", made.StatusCode, made.body)
	}
	return made.Header.Get("Location"), made.Header.Get("ETag")
}

// Each row is a sentence about If-Match (RFC 9110 §13.1.1, RFC 6585 §3), a body, or RFC 7396.
func TestChangesOfOneCompany(t *testing.T) {
	for _, tc := range []struct {
		name, method, contentType, match, body string
		status                                 int
		field                                  string
	}{
		{"replace what was seen", "PUT", asJSON, "SEEN", `{"name":"A","address":"b","country":"de"}`, 200, ""},
		{"replace whatever is there", "PUT", asJSON, "*", `{"name":"A","address":"b","country":"Germany"}`, 200, ""},
		{"one tag of several", "PUT", asJSON, `"other", SEEN`, acme, 200, ""},
		{"replace without If-Match", "PUT", asJSON, "", acme, 428, "If-Match"},
		{"replace what another has changed", "PUT", asJSON, `"other"`, acme, 412, "If-Match"},
		{"a weak tag never matches", "PUT", asJSON, `W/SEEN`, acme, 412, "If-Match"},
		{"a tag without quotes", "PUT", asJSON, `abc`, acme, 400, "If-Match"},
		{"tags without a comma", "PUT", asJSON, `"a" "b"`, acme, 400, "If-Match"},
		{"replace with a member missing", "PUT", asJSON, "SEEN", `{"name":"A","country":"de"}`, 400, "address"},
		{"replace with a country there is not", "PUT", asJSON, "SEEN", `{"name":"A","address":"b","country":"Atlantis"}`, 400, "country"},
		{"replace with the id", "PUT", asJSON, "SEEN", `{"id":"x","name":"A","address":"b","country":"de"}`, 400, "id"},
		{"replace with a patch's type", "PUT", asPatch, "SEEN", acme, 415, ""},
		{"replace with too much", "PUT", asJSON, "SEEN", `{"name":"` + strings.Repeat("x", maxBody) + `"}`, 413, ""},
		{"patch one member", "PATCH", asPatch, "SEEN", `{"address":"2 Side St"}`, 200, ""},
		{"patch nothing", "PATCH", asPatch, "SEEN", `{}`, 200, ""},
		{"patch without If-Match", "PATCH", asPatch, "", `{}`, 428, "If-Match"},
		{"patch what another has changed", "PATCH", asPatch, `"other"`, `{}`, 412, "If-Match"},
		{"null removes, and nothing can go", "PATCH", asPatch, "SEEN", `{"name":null}`, 400, "name"},
		{"patch with two lines", "PATCH", asPatch, "SEEN", `{"name":"a\nb"}`, 400, "name"},
		{"patch as plain JSON", "PATCH", asJSON, "SEEN", `{}`, 415, ""},
		{"patch an array", "PATCH", asPatch, "SEEN", `[]`, 400, ""},
		{"delete what was seen", "DELETE", "", "SEEN", "", 204, ""},
		{"delete without If-Match", "DELETE", "", "", "", 428, "If-Match"},
		{"delete what another has changed", "DELETE", "", `"other"`, "", 412, "If-Match"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPlace(t)
			token := p.issuer.token(mick())
			path, tag := p.create(token)
			headers := []string{"Content-Type", tc.contentType}
			if tc.match != "" {
				headers = append(headers, "If-Match", strings.ReplaceAll(tc.match, "SEEN", tag))
			}
			got := p.send(tc.method, path, token, tc.body, headers...)
			if got.StatusCode != tc.status {
				t.Fatalf("status %d, want %d: %s", got.StatusCode, tc.status, got.body)
			}
			if tc.status >= 400 {
				if field := got.problem(t).Field; field != tc.field {
					t.Errorf("field %q, want %q", field, tc.field)
				}
				if now := p.get(path, token); now.Header.Get("ETag") != tag {
					t.Error("the company has changed")
				}
			}
			if tc.status == 200 && p.get(path, token).Header.Get("ETag") != got.Header.Get("ETag") {
				t.Error("the answer's tag is not the company's")
			}
		})
	}
}

func TestPatchKeepsWhatItDoesNotName(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	path, tag := p.create(token)
	var c company
	p.send(http.MethodPatch, path, token, `{"country":"uk"}`, "Content-Type", asPatch, "If-Match", tag).decode(t, &c)
	if c.Name != "Acme" || c.FullAddress != "1 Main St United Kingdom" || c.CountryCode != "GB" {
		t.Errorf("%+v", c)
	}
}

func TestDeletedCompaniesCanBeRestored(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	path, tag := p.create(token)
	for _, step := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPost, "/api/companies/nosuch/restore", 404}, {http.MethodPost, path + "/restore", 200}, {http.MethodDelete, path, 204}, {http.MethodDelete, path, 404}, {http.MethodGet, path, 404},
		{http.MethodPost, path + "/restore", 200}, {http.MethodGet, path, 200}, {http.MethodPost, path + "/restore", 200},
	} {
		if got := p.send(step.method, step.path, token, "", "If-Match", tag); got.StatusCode != step.status {
			t.Fatalf("%s %s: %d, want %d: %s", step.method, step.path, got.StatusCode, step.status, got.body)
		}
	}
}

func TestOnlyAdministratorsChangeCompanies(t *testing.T) {
	p := newPlace(t)
	path, tag := p.create(p.issuer.token(mick()))
	jane := p.issuer.token(mick().with("sub", "jane").with("role", "Visitor"))
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if got := p.send(method, path, jane, acme, "If-Match", tag, "Content-Type", asJSON); got.StatusCode != 403 {
			t.Errorf("%s: %d", method, got.StatusCode)
		}
	}
	if got := p.send(http.MethodPost, path+"/restore", jane, ""); got.StatusCode != 403 {
		t.Errorf("restore: %d", got.StatusCode)
	}
	for _, open := range []string{path, "/api/companies", "/api/countries"} {
		if got := p.get(open, jane); got.StatusCode != 200 {
			t.Errorf("%s: %d", open, got.StatusCode)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	post := func(key, body string) reply {
		return p.send(http.MethodPost, "/api/companies", token, body, "Content-Type", asJSON, "Idempotency-Key", key)
	}
	answers := make([]reply, 10)
	var senders sync.WaitGroup
	for i := range answers {
		senders.Go(func() { answers[i] = post("k-1", acme) })
	}
	senders.Wait()
	for _, got := range answers {
		if got.StatusCode != 201 || string(got.body) != string(answers[0].body) || got.Header.Get("Location") != answers[0].Header.Get("Location") ||
			got.Header.Get("ETag") != answers[0].Header.Get("ETag") {
			t.Errorf("%d %s, want the first answer again: %s", got.StatusCode, got.body, answers[0].body)
		}
	}
	if got := post("k-1", strings.Replace(acme, "Main", "Side", 1)); got.StatusCode != 422 || got.problem(t).Field != "Idempotency-Key" {
		t.Errorf("another body: %d %s", got.StatusCode, got.body)
	}
	if got := post("k-2", acme); got.StatusCode != 201 || string(got.body) == string(answers[0].body) {
		t.Errorf("another key: %d %s", got.StatusCode, got.body)
	}
	for _, key := range []string{"", "with space", strings.Repeat("k", 201), "ké"} {
		if got := post(key, acme); got.StatusCode != 400 || got.problem(t).Field != "Idempotency-Key" {
			t.Errorf("key %q: %d %s", key, got.StatusCode, got.body)
		}
	}
	// A refusal is no answer to keep: the mended request may use the key.
	if got := post("k-3", `{"name":"","address":"a","country":"de"}`); got.StatusCode != 400 {
		t.Errorf("empty name: %d", got.StatusCode)
	}
	if got := post("k-3", acme); got.StatusCode != 201 {
		t.Errorf("mended: %d", got.StatusCode)
	}
}

func TestConcurrentEditorsOneWinsTheOthersLearn(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	path, tag := p.create(token)
	var mu sync.Mutex
	statuses := map[int]int{}
	var editors sync.WaitGroup
	for i := range 10 {
		editors.Go(func() {
			got := p.send(http.MethodPatch, path, token, `{"address":"`+strings.Repeat("x", i+1)+`"}`, "Content-Type", asPatch, "If-Match", tag)
			mu.Lock()
			statuses[got.StatusCode]++
			mu.Unlock()
		})
	}
	editors.Wait()
	if statuses[200] != 1 || statuses[412] != 9 {
		t.Errorf("%v, want one 200 and nine 412", statuses)
	}
}
