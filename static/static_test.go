package static

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"
)

func get(t *testing.T, files *Files, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	files.ServeHTTP(w, r)
	return w
}

func TestFilesAreKeptForGoodOnlyUnderTheirFingerprint(t *testing.T) {
	files := New("/static")
	for _, row := range []struct{ name, target, want string }{
		{"with the fingerprint", files.URL("css/base.css"), "public, max-age=31536000, immutable"},
		{"without", "/static/css/base.css", "no-cache"},
		{"with an old one", "/static/css/base.css?v=000000000000", "no-cache"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := get(t, files, row.target)
			if got := w.Header().Get("Cache-Control"); w.Code != http.StatusOK || got != row.want {
				t.Errorf("%s: %d %q, want 200 %q", row.target, w.Code, got, row.want)
			}
		})
	}
}

func TestAnUnchangedFileIsNotSentAgain(t *testing.T) {
	files := New("/static")
	tag := get(t, files, "/static/js/app.js").Header().Get("ETag")
	if w := get(t, files, "/static/js/app.js", "If-None-Match", "W/"+tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("If-None-Match %s: %d with %d bytes, want 304 without a body (RFC 9110 §13.1.2)", tag, w.Code, w.Body.Len())
	}
}

func TestCompressionIsNegotiated(t *testing.T) {
	files := New("/static")
	for _, row := range []struct{ accept, want string }{
		{"gzip, deflate, br", "gzip"},
		{"br", ""},
		{"gzip;q=0", ""},
		{"gzip; q=0.5", "gzip"},
		{"", ""},
		{"nonsense;;;,,gzip;q=x", ""},
	} {
		if got := get(t, files, "/static/css/base.css", "Accept-Encoding", row.accept).Header().Get("Content-Encoding"); got != row.want {
			t.Errorf("Accept-Encoding %q gave %q, want %q (RFC 9110 §12.5.3)", row.accept, got, row.want)
		}
	}
}

func TestOnlyOurFilesAreServed(t *testing.T) {
	files := New("/idp/static")
	for _, target := range []string{"/idp/static/", "/idp/static/static.go", "/idp/static/../static.go", "/idp/static/css", "/idp/static/tsconfig.json"} {
		if w := get(t, files, target); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", target, w.Code)
		}
	}
	if w := get(t, files, "/idp/static/icon.svg"); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("icon.svg: %d %s", w.Code, w.Header().Get("Content-Type"))
	}
}

// The copies are the published ones: README.md names their checksums.
func TestThirdPartyCopiesAreUnchanged(t *testing.T) {
	readme, err := os.ReadFile("third_party/README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("`([a-z0-9_/.-]+\\.m?js)` \\| `([0-9a-f]{64})`").FindAllStringSubmatch(string(readme), -1)
	listed := make(map[string]bool)
	for _, row := range rows {
		listed["third_party/"+row[1]] = true
		body, err := FS.ReadFile("third_party/" + row[1])
		if err != nil {
			t.Errorf("README.md lists %s: %v", row[1], err)
			continue
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != row[2] {
			t.Errorf("%s differs from the published copy", row[1])
		}
	}
	for _, name := range New("/static").Names("third_party/", "js") {
		if !listed[name] {
			t.Errorf("%s is not listed in README.md", name)
		}
	}
}

// Our scripts make no markup out of text and evaluate nothing.
func TestOurScriptsEvaluateNothing(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function`)
	for _, name := range New("/static").Names("js/", ".js") {
		body, _ := FS.ReadFile(name)
		if found := forbidden.FindString(string(body)); found != "" {
			t.Errorf("%s uses %s", name, found)
		}
	}
}
