package static

import (
	"os"
	"regexp"
	"testing"
)

// What a client's browser keeps in a frame, or is sent through, may be run by an old engine: plain ECMAScript 5, no modules.
func TestOldEnginesRunTheSessionPages(t *testing.T) {
	newer := regexp.MustCompile("=>|`|\\b(?:const|let|class|import|export|async|await|of)\\s|\\?\\.|\\?\\?|\\.\\.\\.")
	comments := regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	for _, name := range []string{"js/idp-check-session.js", "js/idp-form-post.js", "js/idp-logged-out.js", "third_party/js-sha256/sha256.min.js"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := newer.FindString(comments.ReplaceAllString(string(text), "")); found != "" {
			t.Errorf("%s has %q, which ECMAScript 5 has not", name, found)
		}
	}
}
