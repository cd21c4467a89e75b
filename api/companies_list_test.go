package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
)

// settle stores n companies, all but the first in Sweden.
func (p *place) settle(n int) {
	p.t.Helper()
	var companies []db.Company
	for i := range n {
		name := fmt.Sprintf("Company %02d", i)
		companies = append(companies, db.Company{ID: db.CompanyID(name), Name: name, Address: "Väg 1", Country: "Sweden", CountryCode: "SE", Blocks: i})
	}
	companies[0].Country, companies[0].CountryCode = "Germany", "DE"
	if _, err := p.store.ImportCompanies(p.t.Context(), companies); err != nil {
		p.t.Fatal(err)
	}
}

var link = regexp.MustCompile(`<([^>]*)>; rel="(\w+)"`)

func (r reply) links() map[string]string {
	links := map[string]string{}
	for _, found := range link.FindAllStringSubmatch(r.Header.Get("Link"), -1) {
		links[found[2]] = found[1]
	}
	return links
}

func TestLinksLeadThroughTheListAndBack(t *testing.T) {
	p := newPlace(t)
	p.settle(20)
	token := p.issuer.token(mick())
	var forth, back []string
	path, last := "/api/companies?search=company&country=SE&sort=-blocks&limit=7", ""
	for path != "" {
		got := p.get(path, token)
		if got.StatusCode != 200 || got.links()["first"] == "" {
			t.Fatalf("%s: %d %v", path, got.StatusCode, got.Header)
		}
		forth = append(forth, string(got.body[:60]))
		last, path = path, got.links()["next"]
	}
	for path = last; path != ""; path = p.get(path, token).links()["prev"] {
		back = append([]string{string(p.get(path, token).body[:60])}, back...)
	}
	if len(forth) != 3 || strings.Join(forth, "") != strings.Join(back, "") {
		t.Errorf("forth %q\nback  %q", forth, back)
	}
}

func TestConditionalGet(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	path, tag := p.create(token)
	for _, url := range []string{path, "/api/companies?limit=1", "/api/countries"} {
		first := p.get(url, token)
		for match, want := range map[string]int{
			first.Header.Get("ETag"): 304, "W/" + first.Header.Get("ETag"): 304, `"a", ` + first.Header.Get("ETag"): 304, "*": 304, `"a"`: 200, "nonsense": 400,
		} {
			got := p.send(http.MethodGet, url, token, "", "If-None-Match", match)
			if got.StatusCode != want || want == 304 && (len(got.body) > 0 || got.Header.Get("ETag") != first.Header.Get("ETag")) {
				t.Errorf("%s, If-None-Match %s: %d, want %d: %s", url, match, got.StatusCode, want, got.body)
			}
		}
	}
	p.send(http.MethodPatch, path, token, `{"name":"B"}`, "Content-Type", asPatch, "If-Match", tag)
	if got := p.send(http.MethodGet, path, token, "", "If-None-Match", tag); got.StatusCode != 200 {
		t.Errorf("after a change: %d", got.StatusCode)
	}
}

func TestListParametersAreNamedWhenTheyAreWrong(t *testing.T) {
	p := newPlace(t)
	p.settle(5)
	token := p.issuer.token(mick())
	next := p.get("/api/companies?limit=1", token).links()["next"]
	for query, field := range map[string]string{
		"country=de": "country", "country=XX": "country", "country=D%00": "country", "country=Germany": "country", "sort=age": "sort", "sort=": "sort",
		"cursor=@": "cursor", "cursor=%00": "cursor", "after=x": "after", "limit=": "limit", "limit=1&limit=2": "limit", "search=a&search=b": "search",
		strings.Replace(strings.SplitAfter(next, "?")[1], "cursor=", "cursor=x", 1): "cursor", strings.SplitAfter(next, "?")[1] + "&country=SE": "cursor",
	} {
		got := p.get("/api/companies?"+query, token)
		if got.StatusCode != 400 || got.problem(t).Field != field {
			t.Errorf("%s: %d %s, want 400 naming %s", query, got.StatusCode, got.body, field)
		}
	}
	for _, query := range []string{"search=%00", "search=%ff%fe", "search=%27%22%25_", "search=%F0%9F%98%80", "search=" + strings.Repeat("%C3%A9", 200), "unknown=1"} {
		if got := p.get("/api/companies?"+query, token); got.StatusCode != 200 {
			t.Errorf("%s: %d %s", query, got.StatusCode, got.body)
		}
	}
}

func TestCountriesWithTheirCounts(t *testing.T) {
	p := newPlace(t)
	p.settle(20)
	token := p.issuer.token(mick())
	for query, want := range map[string]string{
		"": "{[{DE Germany 1} {SE Sweden 19} {US USA 2}] 22}", "?search=company": "{[{DE Germany 1} {SE Sweden 19}] 20}", "?search=nobody": "{[] 0}",
	} {
		var got countryList
		p.get("/api/countries"+query, token).decode(t, &got)
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

func TestWhoAsksTooMuchIsToldWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		token := p.issuer.token(mick().with("exp", time.Now().Add(time.Hour).Unix()))
		jane := p.issuer.token(mick().with("sub", "jane").with("exp", time.Now().Add(time.Hour).Unix()))
		for range burst {
			if got := p.get("/api/countries", token); got.StatusCode != 200 {
				t.Fatalf("%d %s", got.StatusCode, got.body)
			}
		}
		got := p.get("/api/countries", token)
		if got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "1" || got.problem(t).Code != TooManyRequests {
			t.Errorf("%d, Retry-After %q: %s", got.StatusCode, got.Header.Get("Retry-After"), got.body)
		}
		if got := p.get("/api/countries", jane); got.StatusCode != 200 {
			t.Errorf("somebody else: %d", got.StatusCode)
		}
		time.Sleep(time.Second)
		if got := p.get("/api/countries", token); got.StatusCode != 200 {
			t.Errorf("a second later: %d", got.StatusCode)
		}
	})
}

func TestPagesOfTheFrontEndMayUseTheNewHeaders(t *testing.T) {
	p := newPlace(t)
	r := httptest.NewRequest(http.MethodOptions, "/api/companies/x", nil)
	r.Header.Set("Origin", testOrigin)
	r.Header.Set("Access-Control-Request-Method", http.MethodPut)
	r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,idempotency-key,if-match")
	got := p.do(r)
	if got.Header.Get("Access-Control-Allow-Methods") != http.MethodPut || !strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "if-match") {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
}
