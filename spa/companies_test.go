package spa

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func isForAdmins(_ int, e *goquery.Selection) bool { return e.Closest(".When-admin").Length() == 1 }

// The address is the state of the list: what it says reaches the API, and comes back in the form and in every link.
func TestTheListIsWhatItsAddressSays(t *testing.T) {
	var asked url.Values
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/companies" {
			asked = r.URL.Query()
		}
		companiesAPI(w, r)
	})
	doc := s.document(s.partial("/companies?search=+it+&country=SE&sort=-blocks&cursor=c", "jane"))
	checkNothingInline(t, doc)
	if got := asked.Encode(); got != "country=SE&cursor=c&search=it&sort=-blocks" {
		t.Errorf("the API was asked for %q", got)
	}
	if doc.Find("#search").AttrOr("value", "") != "it" || text(doc, "#country option[selected]") != "Sweden (3)" || doc.Find("input[name=sort][form=company-filter]").AttrOr("value", "") != "-blocks" {
		t.Error("the form does not say what the list shows")
	}
	if got := text(doc, "#company-count"); got != "2 of 3 companies in Sweden matching “it” sorted by blocks, descending" {
		t.Errorf("count %q", got)
	}
	for selector, want := range map[string]string{
		"#sort-name":                            "/companies?country=SE&search=it",
		"#sort-country":                         "/companies?country=SE&search=it&sort=country",
		"#sort-blocks":                          "/companies?country=SE&search=it&sort=blocks",
		"#in-SE":                                "/companies?search=it&sort=-blocks",
		"#in-US":                                "/companies?country=US&search=it&sort=-blocks",
		`nav[aria-label=Pages] a:first-of-type`: "/companies?country=SE&search=it&sort=-blocks",
		`nav[aria-label=Pages] a:last-of-type`:  "/companies?country=SE&cursor=cursor%261&search=it&sort=-blocks",
	} {
		if got := doc.Find(selector).AttrOr("href", "-"); got != want {
			t.Errorf("%s leads to %q, want %q", selector, got, want)
		}
	}
	var sorts []string
	doc.Find("th[aria-sort]").Each(func(_ int, th *goquery.Selection) { sorts = append(sorts, th.AttrOr("aria-sort", "")) })
	if got := strings.Join(sorts, " "); got != "none none descending" {
		t.Errorf("aria-sort %q", got)
	}
	if doc.Find(`#in-SE[aria-current=true]`).Length() != 1 {
		t.Error("the chart does not mark the chosen country")
	}
}

func TestTheUsualListHasTheUsualAddress(t *testing.T) {
	s := newSite(t, companiesAPI)
	doc := s.document(s.partial("/companies", "mick"))
	if got := text(doc, "#company-count"); got != "2 of 2,002 companies" {
		t.Errorf("count %q", got)
	}
	for selector, want := range map[string]string{"#sort-name": "/companies?sort=-name", "#sort-blocks": "/companies?sort=-blocks"} {
		if got := doc.Find(selector).AttrOr("href", "-"); got != want {
			t.Errorf("%s leads to %q, want %q", selector, got, want)
		}
	}
	if got := text(doc, "th[aria-sort=ascending]"); got != "Name" {
		t.Errorf("sorted by %q, want Name", got)
	}
	if got := text(doc, ".Chart-table tbody"); got != "USA 1,998 Sweden 3 Unknown 1" {
		t.Errorf("chart %q", got)
	}
	if doc.Find(`a[href="/companies/new"]`).FilterFunction(isForAdmins).Length() != 1 {
		t.Error("New company is not for Admins alone")
	}
}

func TestNothingFoundSaysWhatToDo(t *testing.T) {
	s := newSite(t, companiesAPI)
	for _, row := range []struct{ target, says, leads string }{
		{"/companies?search=nobody&country=SE&cursor=x", "There is nothing on this page any more.", "/companies?country=SE&search=nobody"},
		{"/companies?search=nobody&country=FI", "No company in FI matches “nobody”, but 2,002 elsewhere do.", "/companies?search=nobody"},
	} {
		doc := s.document(s.partial(row.target, "mick"))
		if !strings.Contains(text(doc, ".Empty"), row.says) || doc.Find(`.Empty a[href="`+row.leads+`"]`).Length() != 1 {
			t.Errorf("%s says %q, want %q and a link to %s", row.target, text(doc, ".Empty"), row.says, row.leads)
		}
	}
	if doc := s.document(s.partial("/companies?search=nobody&country=FI", "mick")); text(doc, "#country option[selected]") != "FI (0)" {
		t.Error("a country without companies is not the chosen one")
	}
}

// Trouble stands where the rows would be: what the user typed stays, and so does the page around it.
func TestTroubleOfTheListSaysWhatToDo(t *testing.T) {
	refuse := func(status int, header, value, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set(header, value)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, row := range []struct {
		name        string
		api         http.HandlerFunc
		status      int
		says, leads string
		retry       string
	}{
		{"429", refuse(429, "Retry-After", "7", `{"detail":"too many requests"}`), 429, "Too many requests. The API asks you to wait 7 seconds, then try again.", "/companies?cursor=x&search=it", "7"},
		{"a cursor of another list", refuse(400, "X", "", `{"detail":"cursor must come from another page","field":"cursor"}`), 400, "Begin again at the first page.", "/companies", ""},
		{"503", refuse(503, "Retry-After", "9", `{"detail":"the provider cannot be reached"}`), 503, "the provider cannot be reached Try again in a moment.", "/companies?cursor=x&search=it", "9"},
		{"down", nil, 503, "The API at http://localhost:5001 does not answer. Is it running?", "/companies?cursor=x&search=it", "5"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, row.api)
			got := s.partial("/companies?cursor=x&search=it", "mick")
			doc := s.document(got)
			if got.StatusCode != row.status || !strings.Contains(text(doc, "#company-results [role=alert]"), row.says) || got.Header.Get("Retry-After") != row.retry {
				t.Errorf("%d %q Retry-After %q, want %d %q %q", got.StatusCode, text(doc, "#company-results [role=alert]"), got.Header.Get("Retry-After"), row.status, row.says, row.retry)
			}
			if doc.Find(`#company-results a[href="`+row.leads+`"]`).Length() != 1 || doc.Find("#search").AttrOr("value", "") != "it" {
				t.Error("no way to try again, or the search is lost")
			}
		})
	}
}

func TestTheFrameOfTheListHasThePlacesOfWhatComes(t *testing.T) {
	s := newSite(t, companiesAPI)
	doc := s.document(s.get("/companies?search=x"))
	if text(doc, "h1") != "Companies" || doc.Find(".Companies .Skeleton").Length() < 10 || doc.Find("main input, main select").Length() != 0 {
		t.Error("the frame is not the list without its rows")
	}
}
