package spa

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// Every page has one heading, one main with its name, the hooks that scripts and tests rely on, and no inline script or style.
func TestEveryPageIsWhole(t *testing.T) {
	s := newSite(t, companiesAPI)
	for _, row := range []struct{ target, name string }{
		{"/", "home"}, {"/unauthorized", "unauthorized"}, {"/settings", "settings"}, {"/sequence", "sequence"}, {"/cases", "cases"},
		{"/stolen-token", "stolen-token"}, {"/workshop", "workshop"}, {"/signin-callback?code=x&state=y", "signin-callback"},
		{"/signout-callback?state=y", "signout-callback"}, {"/companies", "companies"}, {"/privacy", "privacy"}, {"/companies/new", "companies"},
		{"/no/such/page", "not-found"},
	} {
		t.Run(row.target, func(t *testing.T) {
			doc := s.document(s.get(row.target))
			if got := doc.Find("h1").Length(); got != 1 {
				t.Errorf("%d h1, want 1", got)
			}
			if got := doc.Find("main#main").AttrOr("data-page", ""); got != row.name {
				t.Errorf("main[data-page] is %q, want %q", got, row.name)
			}
			for _, hook := range []string{"#login", "#logout", "#who", "#token-badge[data-state][data-renewals]", "#loop-warning[hidden]", "#frame-error[hidden]", "#announcer[aria-live]"} {
				if doc.Find(hook).Length() != 1 {
					t.Errorf("no %s", hook)
				}
			}
			checkNothingInline(t, doc)
			checkLabels(t, doc)
		})
	}
}

// checkNothingInline finds what the content security policy would forbid.
func checkNothingInline(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("script:not([src])").Each(func(_ int, script *goquery.Selection) {
		if kind := script.AttrOr("type", ""); kind != "importmap" && kind != "application/json" {
			t.Errorf("inline script of type %q", kind)
		}
	})
	doc.Find("*").Each(func(_ int, e *goquery.Selection) {
		for _, attr := range e.Nodes[0].Attr {
			if attr.Key == "style" || strings.HasPrefix(attr.Key, "on") || strings.HasPrefix(attr.Key, "hx-on") {
				t.Errorf("<%s %s=…>", goquery.NodeName(e), attr.Key)
			}
		}
	})
}

// checkLabels finds fields that nobody can hear the name of, and ids that are used twice.
func checkLabels(t *testing.T, doc *goquery.Document) {
	t.Helper()
	seen := make(map[string]bool)
	doc.Find("[id]").Each(func(_ int, e *goquery.Selection) {
		id := e.AttrOr("id", "")
		if seen[id] {
			t.Errorf("id %q is used twice", id)
		}
		seen[id] = true
	})
	doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, field *goquery.Selection) {
		id := field.AttrOr("id", "")
		if doc.Find(`label[for="`+id+`"]`).Length() == 0 && field.Closest("label").Length() == 0 {
			t.Errorf("field %q has no label", id)
		}
	})
}

func TestA7AnonymousMenuShowsBrandAndLoginOnly(t *testing.T) {
	s := newSite(t, companiesAPI)
	doc := s.document(s.get("/"))
	if got := text(doc, ".Header-brand"); got != "CompanyEmployees Home" {
		t.Errorf("brand %q", got)
	}
	for _, hidden := range []string{`nav a[href="/companies"]`, `nav a[href="/privacy"]`, "#logout", "#who"} {
		if found := doc.Find(hidden); found.Length() != 1 || found.AttrOr("hidden", "-") == "-" {
			t.Errorf("%s is not there and hidden before anybody signed in", hidden)
		}
	}
	if _, hidden := doc.Find("#login").Attr("hidden"); hidden {
		t.Error("#login is hidden")
	}
}

func TestA13CompaniesComeFromTheAPIWithTheBearerToken(t *testing.T) {
	var sent string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		companiesAPI(w, r)
	})
	doc := s.document(s.partial("/companies", "mick"))
	if sent != "Bearer mick" {
		t.Errorf("the API got Authorization %q", sent)
	}
	rows := text(doc, "#companies tbody")
	for _, want := range []string{"IT_Solutions Ltd 583 Wall Dr. Gwynn Oak, MD 21207 USA", "Admin_Solutions Ltd 312 Forest Avenue, BF 923 USA"} {
		if !strings.Contains(rows, want) {
			t.Errorf("rows %q do not contain %q", rows, want)
		}
	}
	for _, address := range []string{"/companies?cursor=cursor%261", "/companies?cursor=cursor%260"} {
		if doc.Find(`nav[aria-label="Pages"] a[href="`+address+`"]`).Length() != 1 {
			t.Errorf("no link to %s", address)
		}
	}
}

func TestA15A16RefusalsLeadToUnauthorized(t *testing.T) {
	s := newSite(t, companiesAPI)
	for _, row := range []struct {
		name, target, token string
		status              int
		address, says       string
	}{
		{"no token", "/companies", "", 401, "/unauthorized?reason=login", "You need to log in first."},
		{"expired token", "/companies?search=a&country=SE", "expired", 401, "/unauthorized?reason=login", "You need to log in first."},
		{"Jane on Privacy", "/privacy", "jane", 403, "/unauthorized?reason=forbidden", "log out and log in with a different user"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := s.partial(row.target, row.token)
			if got.StatusCode != row.status || got.Header.Get("HX-Push-Url") != row.address {
				t.Errorf("%d, address %q; want %d, %q", got.StatusCode, got.Header.Get("HX-Push-Url"), row.status, row.address)
			}
			doc := s.document(got)
			if said := text(doc, "main"); !strings.Contains(said, row.says) {
				t.Errorf("says %q, want %q", said, row.says)
			}
			if back, _ := doc.Find("main").Attr("data-return-after-login"); back != row.target {
				t.Errorf("a login leads to %q, want %q", back, row.target)
			}
		})
	}
}

func TestA16ADeepLinkGetsTheFrameAndNoCallOfTheAPI(t *testing.T) {
	s := newSite(t, func(http.ResponseWriter, *http.Request) { t.Error("the API was called without a token") })
	for _, target := range []string{"/companies", "/privacy", "/companies/new", "/companies/" + firstID} {
		got := s.get(target)
		doc := s.document(got)
		if got.StatusCode != http.StatusOK || doc.Find("main[data-needs-token]").Length() != 1 || doc.Find("#companies").Length() != 0 {
			t.Errorf("%s: %d, want 200 and a frame that waits for the token", target, got.StatusCode)
		}
		if doc.Find(`main [aria-hidden="true"].Skeleton, main [aria-hidden="true"] .Skeleton`).Length() == 0 {
			t.Errorf("%s: nothing keeps the place of the content", target)
		}
	}
	if got := s.events(); len(got) != 0 {
		t.Errorf("%d events for frames, want none", len(got))
	}
}

func TestA16UnknownPathIs404(t *testing.T) {
	s := newSite(t, companiesAPI)
	got := s.get("/nowhere<script>")
	if got.StatusCode != http.StatusNotFound || strings.Contains(got.body, "<script>\"") || strings.Contains(got.body, "nowhere<script>") {
		t.Errorf("%d, or the path came back unescaped", got.StatusCode)
	}
}

func TestA17PrivacyListsTheClaims(t *testing.T) {
	s := newSite(t, companiesAPI)
	doc := s.document(s.partial("/privacy", "mick"))
	if got := text(doc, `tr[data-claim="role"]`); got != "role Admin" {
		t.Errorf("role row %q", got)
	}
	if got := text(doc, `tr[data-claim="sub"] td`); got != "<b>1</b>" {
		t.Errorf("a claim's value was taken for markup: %q", got)
	}
	// DESIGN §7: the human meaning stands beside the specification's number.
	if got := text(doc, `tr[data-claim="exp"] td`); !strings.HasPrefix(got, "4000000000 2 October 2096, 07:06:40 UTC, in ") {
		t.Errorf("exp reads %q", got)
	}
	if got := text(doc, `tr[data-claim="iat"] td time`); !strings.HasPrefix(got, "9 September 2001, 01:46:40 UTC, ") || !strings.HasSuffix(got, " ago") {
		t.Errorf("iat reads %q", got)
	}
}

func TestAnAnswerForHtmxIsMainAlone(t *testing.T) {
	s := newSite(t, companiesAPI)
	for _, header := range []string{"HX-Request", "HX-History-Restore-Request"} {
		got := s.get("/settings", header, "true")
		if strings.Contains(got.body, "<html") || !strings.Contains(got.body, "<main") || !strings.Contains(got.body, "<title>Settings · Silent Renew</title>") {
			t.Errorf("%s: not title and main alone", header)
		}
		if vary := got.Header.Get("Vary"); !strings.Contains(vary, header) || !strings.Contains(vary, "Authorization") {
			t.Errorf("Vary %q does not name %s and Authorization", vary, header)
		}
	}
}

func TestEveryFragmentIsOneEventWithTheCorrelationIDOfThePage(t *testing.T) {
	var passed string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		passed = r.Header.Get("X-Correlation-ID")
		companiesAPI(w, r)
	})
	s.get("/companies", "HX-Request", "true", "Authorization", "Bearer mick", "X-Correlation-ID", "story-0001")
	s.get("/privacy", "HX-Request", "true", "Authorization", "Bearer jane", "X-Correlation-ID", "story-0001")
	got := s.events()
	if len(got) != 2 || passed != "story-0001" {
		t.Fatalf("%d events, the API got id %q; want 2 and story-0001", len(got), passed)
	}
	for i, want := range []struct {
		status  int
		outcome string
	}{{200, "ok"}, {403, "insufficient_scope"}} {
		e := got[i]
		if e.Kind != "fragment" || e.Role != "spa" || e.CorrelationID != "story-0001" || e.Status != want.status || e.Outcome != want.outcome {
			t.Errorf("event %d: %+v, want %+v", i, e, want)
		}
	}
}
