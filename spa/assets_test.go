package spa

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"silentrenew/static"
)

var (
	staticImport  = regexp.MustCompile(`(?m)^(?:import|export)[^;]*? from "([^"]+)"|^import "([^"]+)"`)
	dynamicImport = regexp.MustCompile(`import\("([^"]+)"\)`)
	emitCall      = regexp.MustCompile(`emit\("([^"]+)"`)
)

func module(t *testing.T, name string) string {
	t.Helper()
	body, err := static.FS.ReadFile(name)
	if err != nil {
		t.Fatalf("a module imports %s: %v", name, err)
	}
	return string(body)
}

// imports returns the modules of ours a module imports, by their path in the static folder.
func imports(t *testing.T, name string) []string {
	t.Helper()
	var found []string
	for _, match := range staticImport.FindAllStringSubmatch(module(t, name), -1) {
		if target := match[1] + match[2]; strings.HasPrefix(target, "./") {
			found = append(found, path.Join("js", target))
		} else if libraries[target] == "" {
			t.Errorf("%s imports %q, which the import map does not know", name, target)
		}
	}
	return found
}

// reach returns everything a module imports, itself left out.
func reach(t *testing.T, entry string) []string {
	t.Helper()
	seen := map[string]bool{entry: true}
	var all []string
	for queue := []string{entry}; len(queue) > 0; queue = queue[1:] {
		for _, next := range imports(t, queue[0]) {
			if !seen[next] {
				seen[next] = true
				all, queue = append(all, next), append(queue, next)
			}
		}
	}
	slices.Sort(all)
	return all
}

// emittedKinds returns the kinds our scripts emit.
func emittedKinds(t *testing.T) map[string]bool {
	t.Helper()
	kinds := make(map[string]bool)
	for _, name := range static.New("/static").Names("js/", ".js") {
		for _, match := range emitCall.FindAllStringSubmatch(module(t, name), -1) {
			kinds[match[1]] = true
		}
	}
	return kinds
}

func TestThePreloadsAreWhatTheApplicationImports(t *testing.T) {
	var want []string
	for _, name := range shellModules {
		want = append(want, "js/"+name+".js")
	}
	slices.Sort(want)
	if got := reach(t, "js/app.js"); !slices.Equal(got, want) {
		t.Errorf("app.js imports\n%v, shellModules says\n%v", got, want)
	}
}

func TestEveryPanelHasItsModuleAndEveryModuleItsAddress(t *testing.T) {
	s := newSite(t, companiesAPI)
	var table struct{ Imports map[string]string }
	if err := json.Unmarshal([]byte(s.document(s.get("/")).Find("script[type=importmap]").Text()), &table); err != nil {
		t.Fatal(err)
	}
	for _, match := range dynamicImport.FindAllStringSubmatch(module(t, "js/panels.js"), -1) {
		name := path.Join("js", match[1])
		imports(t, name)
		if table.Imports["/static/"+name] == "" {
			t.Errorf("%s is not in the import map", name)
		}
	}
	for name, address := range table.Imports {
		if got := s.get(address); got.StatusCode != http.StatusOK || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s leads to %s: %d %s", name, address, got.StatusCode, got.Header.Get("Cache-Control"))
		}
	}
}

// A first visit loads at most 100 kB, compressed (DESIGN §5): the page, what it links to, and the panels it shows. With dozens
// of files their headers count as well.
func TestPageWeight(t *testing.T) {
	s := newSite(t, companiesAPI)
	const budget = 100_000
	for _, target := range []string{"/", "/settings", "/workshop/a-token-that-dies", "/companies", "/companies/new"} {
		first := s.get(target, "Accept-Encoding", "gzip")
		total, headers := len(first.body), weightOf(first.Header)
		body := first.body
		if first.Header.Get("Content-Encoding") == "gzip" {
			body = unzip(t, first.body)
		} else {
			t.Errorf("%s is not compressed", target)
		}
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		loaded := make(map[string]bool)
		load := func(address string) {
			name, _, _ := strings.Cut(address, "?")
			if address == "" || loaded[name] {
				return
			}
			loaded[name] = true
			got := s.get(address, "Accept-Encoding", "gzip")
			if got.StatusCode != http.StatusOK {
				t.Errorf("%s loads %s: %d", target, address, got.StatusCode)
			}
			total += len(got.body)
			headers += weightOf(got.Header)
		}
		doc.Find("link[href], script[src]").Each(func(_ int, e *goquery.Selection) { load(e.AttrOr("href", e.AttrOr("src", ""))) })
		panels, shown := module(t, "js/panels.js"), doc.Find("[data-panel]")
		if doc.Find("main[data-needs-token]").Length() == 1 { // the content comes by itself, with the token
			content := s.get(target, "Accept-Encoding", "gzip", "HX-Request", "true", "Authorization", "Bearer mick")
			total += len(content.body)
			inside, err := goquery.NewDocumentFromReader(strings.NewReader(unzip(t, content.body)))
			if err != nil {
				t.Fatal(err)
			}
			shown = shown.AddSelection(inside.Find("[data-panel]"))
		}
		shown.Each(func(_ int, e *goquery.Selection) {
			match := regexp.MustCompile(`\b` + e.AttrOr("data-panel", "") + `: \(\) => import\("\./([^"]+)"\)`).FindStringSubmatch(panels)
			if match == nil {
				t.Fatalf("no module for panel %q", e.AttrOr("data-panel", ""))
			}
			for _, name := range append(reach(t, "js/"+match[1]), "js/"+match[1]) {
				load("/static/" + name)
			}
		})
		t.Logf("%s: %d bytes in %d files, and %d of headers", target, total, len(loaded)+1, headers)
		if total > budget {
			t.Errorf("%s weighs %d bytes, budget %d", target, total, budget)
		}
		if target == "/" && total+headers > budget { // where visits begin, all that the wire carries
			t.Errorf("%s weighs %d bytes with its headers, budget %d", target, total+headers, budget)
		}
	}
}

// weightOf returns the bytes of the headers of an answer.
func weightOf(header http.Header) int {
	var out bytes.Buffer
	_ = header.Write(&out) // a buffer takes everything
	return out.Len()
}

func unzip(t *testing.T, body string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A6: the names the page accepts are names of the library, and what the server gives is among them.
func TestA6SettingNamesAreTheLibrarys(t *testing.T) {
	types, err := os.ReadFile("../static/third_party/oidc-client-ts/oidc-client-ts.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"strategy": true, "idleLimitInSeconds": true, "dpop": true} // our own
	for _, name := range []string{"OidcClientSettings ", "UserManagerSettings extends"} {
		_, body, _ := strings.Cut(string(types), "interface "+name)
		body, _, _ = strings.Cut(body, "\n}\n")
		for _, match := range regexp.MustCompile(`(?m)^\s+([A-Za-z_]+)\??:`).FindAllStringSubmatch(body, -1) {
			known[match[1]] = true
		}
	}
	_, table, _ := strings.Cut(module(t, "js/settings.js"), "const types =")
	table, _, _ = strings.Cut(table, "});")
	accepted := make(map[string]bool)
	for _, match := range regexp.MustCompile(`(?m)^  ([A-Za-z_]+): "`).FindAllStringSubmatch(table, -1) {
		accepted[match[1]] = true
		if !known[match[1]] {
			t.Errorf("settings.js accepts %q, which oidc-client-ts does not know", match[1])
		}
	}
	s := newSite(t, companiesAPI)
	var given map[string]any
	if err := json.Unmarshal([]byte(s.get("/settings.json").body), &given); err != nil {
		t.Fatal(err)
	}
	for name := range given {
		if !accepted[name] {
			t.Errorf("the server gives %q, which the page does not accept", name)
		}
	}
	for _, name := range []string{
		"authority", "client_id", "redirect_uri", "scope", "response_type", "post_logout_redirect_uri", "automaticSilentRenew",
		"silent_redirect_uri", "accessTokenExpiringNotificationTimeInSeconds",
	} {
		if _, ok := given[name]; !ok {
			t.Errorf("the server does not give %q", name)
		}
	}
}
