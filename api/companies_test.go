package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestA13CompaniesOfTheTutorial(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	for name, want := range map[string]string{"IT_Solutions Ltd": "", "Admin_Solutions Ltd": ""} {
		var page companyPage
		p.get("/api/companies?search="+strings.ReplaceAll(name, " ", "+"), token).decode(t, &page)
		if len(page.Companies) != 1 || page.Companies[0].Name != name {
			t.Fatalf("search %q: %+v %s", name, page, want)
		}
		c := page.Companies[0]
		if c.FullAddress != c.Address+" "+c.Country || c.Country == "" {
			t.Errorf("fullAddress %q of %+v", c.FullAddress, c)
		}
		var one company
		p.get("/api/companies/"+c.ID, token).decode(t, &one)
		if one != c {
			t.Errorf("by id %+v, in the list %+v", one, c)
		}
	}
}

func TestCompaniesPageByPage(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	var all companyPage
	p.get("/api/companies?limit=200", token).decode(t, &all)
	var seen []company
	after := ""
	for range 200 {
		var page companyPage
		p.get("/api/companies?limit=3&after="+after, token).decode(t, &page)
		seen = append(seen, page.Companies...)
		if after = page.Next; after == "" {
			break
		}
	}
	if fmt.Sprint(seen) != fmt.Sprint(all.Companies) {
		t.Errorf("%d companies page by page, %d at once", len(seen), len(all.Companies))
	}
}

func TestBadQueriesNameTheParameter(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=-1": "limit", "limit=many": "limit", "limit=99999999999999999999": "limit", "after=@@@": "after",
		"search=" + strings.Repeat("x", 201): "search",
	} {
		got := p.get("/api/companies?"+query, token)
		if got.StatusCode != http.StatusBadRequest || got.problem(t).Field != field {
			t.Errorf("%.20s: status %d, problem %s", query, got.StatusCode, got.body)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	for _, path := range []string{"/api/companies/nosuch", "/api/companies/%00", "/api/nosuch", "/", "/api/companies/"} {
		got := p.get(path, token)
		if got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, got.StatusCode)
		}
		got.problem(t)
	}
	got := p.do(httptest.NewRequest(http.MethodDelete, "/api/companies", nil))
	if got.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(got.Header.Get("Allow"), "POST") {
		t.Errorf("DELETE: status %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
	got.problem(t)
	got = p.do(httptest.NewRequest(http.MethodOptions, "/api/companies/privacy", nil))
	if got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET" { // and not what /api/companies/{id} knows
		t.Errorf("OPTIONS of a path beside a pattern: status %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
}

func TestHeadIsAnsweredWhereGetIs(t *testing.T) { // RFC 9110 §9.3.2
	p := newPlace(t)
	for path, want := range map[string]int{"/healthz": 200, "/api/companies": 401, "/api/nosuch": 404} {
		if got := p.do(httptest.NewRequest(http.MethodHead, path, nil)); got.StatusCode != want {
			t.Errorf("HEAD %s: status %d, want %d", path, got.StatusCode, want)
		}
	}
}

func TestAClosedConnectionIsNotOurFailure(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	p.get("/api/companies", token) // knows the keys from now on
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	r := httptest.NewRequestWithContext(gone, http.MethodGet, "/api/companies", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	if got := p.do(r); got.StatusCode != http.StatusServiceUnavailable || p.last().Outcome != string(TemporarilyUnavailable) {
		t.Errorf("status %d, event %+v", got.StatusCode, p.last())
	}
}

func (p *place) post(path, token, contentType, body string) reply {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", contentType)
	return p.do(r)
}

func TestA49CreateACompany(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	got := p.post("/api/companies", token, "application/json; charset=utf-8", `{"name":"New & Co","address":"1 Main St","country":"USA"}`)
	var created company
	got.decode(t, &created)
	if got.StatusCode != http.StatusCreated || got.Header.Get("Location") != "/api/companies/"+created.ID || created.FullAddress != "1 Main St USA" {
		t.Fatalf("status %d, Location %q, %s", got.StatusCode, got.Header.Get("Location"), got.body)
	}
	if got := p.get(got.Header.Get("Location"), token); got.StatusCode != http.StatusOK {
		t.Errorf("the new company: status %d", got.StatusCode)
	}
}

func TestBadCompaniesNameTheField(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	for _, tc := range []struct {
		name, contentType, body string
		status                  int
		field                   string
	}{
		{"empty name", "application/json", `{"name":"","address":"a","country":"c"}`, 400, "name"},
		{"no address", "application/json", `{"name":"n","country":"c"}`, 400, "address"},
		{"unknown field", "application/json", `{"name":"n","address":"a","country":"c","Id":"x"}`, 400, "Id"},
		{"number", "application/json", `{"name":7,"address":"a","country":"c"}`, 400, "name"},
		{"null", "application/json", `{"name":null,"address":"a","country":"c"}`, 400, "name"},
		{"control character", "application/json", `{"name":"a\u0000b","address":"a","country":"c"}`, 400, "name"},
		{"half a character (RFC 8259 §8.2)", "application/json", `{"name":"a\ud800","address":"a","country":"c"}`, 400, "name"},
		{"not UTF-8 (RFC 8259 §8.1)", "application/json", `{"name":"n","address":"a` + "\xff" + `","country":"c"}`, 400, "address"},
		{"text that turns round", "application/json", `{"name":"a\u202eb","address":"a","country":"c"}`, 400, "name"},
		{"nothing to see", "application/json", `{"name":"\u200b","address":"a","country":"c"}`, 400, "name"},
		{"array", "application/json", `[]`, 400, ""},
		{"nothing", "application/json", ``, 400, ""},
		{"two objects", "application/json", `{}{}`, 400, ""},
		{"a form", "application/x-www-form-urlencoded", `name=n`, 415, ""},
		{"too long", "application/json", `{"name":"` + strings.Repeat("x", maxBody) + `"}`, 413, ""},
	} {
		got := p.post("/api/companies", token, tc.contentType, tc.body)
		if got.StatusCode != tc.status || got.problem(t).Field != tc.field {
			t.Errorf("%s: status %d, want %d with field %q: %s", tc.name, got.StatusCode, tc.status, tc.field, got.body)
		}
	}
}

func TestA15AdministratorsOnly(t *testing.T) {
	p := newPlace(t)
	for name, role := range map[string]any{"Visitor": "Visitor", "none": nil, "several": []string{"Visitor", "admin"}} {
		jane := p.issuer.token(mick().with("sub", "jane").with("role", role))
		for _, got := range []reply{
			p.get("/api/companies/privacy", jane),
			p.post("/api/companies", jane, "application/json", `{"name":"n","address":"a","country":"c"}`),
		} {
			if got.StatusCode != http.StatusForbidden || got.problem(t).Code != InsufficientScope {
				t.Errorf("role %s: status %d: %s", name, got.StatusCode, got.body)
			}
		}
	}
}

func TestA17PrivacyListsTheClaimsTheAPISaw(t *testing.T) {
	p := newPlace(t)
	got := p.get("/api/companies/privacy", p.issuer.token(mick().with("amr", []string{"pwd", "otp"}).with("exp", 4000000000)))
	var list []claim
	got.decode(t, &list)
	for _, want := range []claim{{"role", "Admin"}, {"sub", "mick"}, {"amr", "pwd"}, {"amr", "otp"}, {"exp", "4000000000"}, {"aud", "companyApi"}} {
		found := false
		for _, c := range list {
			found = found || c == want
		}
		if !found {
			t.Errorf("%v is missing in %v", want, list)
		}
	}
}
