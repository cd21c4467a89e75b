package spa

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func TestTheChaptersComeInTheReadersOrder(t *testing.T) {
	w, err := openWorkshop(strings.NewReplacer())
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, companiesAPI)
	links := s.document(s.get("/workshop")).Find(".Chapters a")
	if links.Length() != len(w.chapters) || links.Length() == 0 {
		t.Fatalf("%d links for %d chapters", links.Length(), len(w.chapters))
	}
	for i, one := range w.chapters {
		if one.number != i+1 {
			t.Errorf("chapter %q has number %d, want %d", one.slug, one.number, i+1)
		}
		t.Run(one.slug, func(t *testing.T) {
			got := s.get("/workshop/" + one.slug)
			doc := s.document(got)
			if got.StatusCode != http.StatusOK || text(doc, "h1") != one.title {
				t.Errorf("%d, heading %q, want 200 and %q", got.StatusCode, text(doc, "h1"), one.title)
			}
			if i > 0 && doc.Find(`a[rel=prev][href="/workshop/`+w.chapters[i-1].slug+`"]`).Length() != 1 {
				t.Error("no way back")
			}
			if i+1 < len(w.chapters) && doc.Find(`a[rel=next][href="/workshop/`+w.chapters[i+1].slug+`"]`).Length() != 1 {
				t.Error("no way on")
			}
			for _, control := range one.controls {
				if doc.Find(`aside [data-panel="`+control+`"]`).Length() != 1 {
					t.Errorf("control %q is not shown", control)
				}
			}
			if loose := doc.Find("table").Not(`.Scroll[tabindex="0"] > table`); loose.Length() > 0 {
				t.Error("a table that the keyboard cannot move on a phone (WCAG 2.1.1)")
			}
			checkNothingInline(t, doc)
			checkLabels(t, doc)
			checkLinks(t, s, doc)
		})
	}
}

// checkLinks follows every link of the text that stays on this site.
func checkLinks(t *testing.T, s *site, doc *goquery.Document) {
	t.Helper()
	doc.Find("main a[href]").Each(func(_ int, a *goquery.Selection) {
		href := a.AttrOr("href", "")
		if strings.HasPrefix(href, "/") {
			if got := s.get(href); got.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", href, got.StatusCode)
			}
		}
	})
}

func TestChaptersNameTheAddressesOfThisSetUp(t *testing.T) {
	s := newSite(t, companiesAPI, func(c *Config) {
		c.URL, c.Authority, c.APIURL = "https://one.test", "https://one.test/idp", "https://one.test"
	})
	all, _ := openWorkshop(strings.NewReplacer())
	named := 0
	for _, one := range all.chapters {
		body := s.get("/workshop/" + one.slug).body
		body = strings.ReplaceAll(body, "http://localhost:3000", "") // the learner's own application
		if strings.Contains(body, "http://localhost:") {
			t.Errorf("%s names an address nobody serves", one.slug)
		}
		named += strings.Count(body, "https://one.test/idp/lab")
	}
	if named == 0 {
		t.Error("no chapter names the provider's lab")
	}
}

func TestAChapterThatCannotBeReadIsNamed(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"# no front matter", "no front matter"},
		{"---\nsummary: x\n---\ntext", "no title"},
		{"---\ntitle: x\ncontrols: badge, nonsense\n---\ntext", `unknown control "nonsense"`},
		{"---\ntitle: x\ncolour: red\n---\ntext", `unknown key "colour"`},
	} {
		if _, err := readChapter(row.text); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%q: %v, want %q", row.text, err, row.want)
		}
	}
	one, err := readChapter("---\ntitle: \"A: b\"\nminutes: 5\ncontrols: badge , token\n---\n## Do\n\n<script>alert(1)</script>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
	if err != nil || one.title != "A: b" || one.minutes != 5 || len(one.controls) != 2 {
		t.Fatalf("%+v, %v", one, err)
	}
	if strings.Contains(one.html, "<script") || !regexp.MustCompile(`<h2 id="do">[\s\S]*<table>`).MatchString(one.html) {
		t.Errorf("html %s", one.html)
	}
}
