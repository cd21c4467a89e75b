package idp

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// specification is an entry of the list in doc.go.
type specification struct{ name, works, not string }

// citedAs are further names of a specification in comments.
var citedAs = map[string]string{
	"OAuth 2.0 Multiple Response Types": "OAuth MRT", "OAuth 2.0 Form Post Response Mode": "Form Post Response Mode", "FAPI 2.0 Security Profile": "FAPI 2.0",
}

func listedSpecifications(t *testing.T) []specification {
	t.Helper()
	content, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(content), "// # Specifications, and what of each works")
	list = strings.ReplaceAll(strings.ReplaceAll(list, "\n//     ", " "), "\n//\n", "\n")
	var all []specification
	for _, entry := range regexp.MustCompile(`(?m)^//   - (RFC \d+|[^,:]+)(?:, [^:]+)?: (https://\S+) Works: (.+?)(?: Not: (.+))?$`).FindAllStringSubmatch(list, -1) {
		all = append(all, specification{entry[1], entry[3], entry[4]})
	}
	if lines := strings.Count(list, "\n//   - "); len(all) != lines || lines < 40 {
		t.Fatalf("%d entries with an address and a word on what works, of %d", len(all), lines)
	}
	return all
}

// citations returns the text of the Go files below folders, this list left out, tests on demand.
func citations(t *testing.T, tests bool, folders ...string) string {
	t.Helper()
	var text strings.Builder
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			own := path == "doc.go" || path == "doc_test.go"
			if err != nil || entry.IsDir() || own || filepath.Ext(path) != ".go" || !tests && strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			text.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(text.String(), "\n//", " ")), " ")
}

// ofTheWeb are cited for a detail, and not what a provider is made of: URIs, origins, addresses, and the form of a JWS.
var ofTheWeb = []string{"RFC 2765", "RFC 3056", "RFC 3986", "RFC 6052", "RFC 6454", "RFC 6890", "RFC 7515", "RFC 9602"}

var section = regexp.MustCompile(`§[0-9]+(?:\.[0-9]+)*`)

// Doc.go lists every specification that the code obeys, and claims no section that no line or test is named by.
func TestDocListsEverySpecificationWithItsCoverage(t *testing.T) {
	specifications := listedSpecifications(t)
	listed := func(name string) bool {
		return slices.ContainsFunc(specifications, func(s specification) bool { return s.name == name || citedAs[s.name] == name })
	}
	for _, name := range regexp.MustCompile(`RFC \d{4}|OIDC (?:Core|Discovery|Registration)|(?:RP-Initiated|(?:Front|Back)-Channel) Logout|Session Management|OAuth 2\.0 Multiple Response Types|FAPI 2\.0`).
		FindAllString(citations(t, false, "."), -1) {
		if !listed(name) && !slices.Contains(ofTheWeb, name) {
			t.Errorf("%s is cited and not listed", name)
		}
	}
	proof := citations(t, true, ".", "../internal/dpop", "../internal/keyring", "../internal/seal", "../internal/backchannel", "../db", "../api")
	for _, s := range specifications {
		cited := map[string]bool{}
		for _, name := range []string{s.name, citedAs[s.name]} {
			if name == "" {
				continue
			}
			for _, found := range regexp.MustCompile(regexp.QuoteMeta(name)+`(?:(?:,| and|, and)? ?§[0-9.]+(?:[:,]| and)*)+`).FindAllString(proof, -1) {
				for _, number := range section.FindAllString(found, -1) {
					cited[number] = true
				}
			}
		}
		for _, claimed := range section.FindAllString(s.works, -1) {
			known := false
			for number := range cited {
				known = known || number == claimed || strings.HasPrefix(number, claimed+".")
			}
			if !known {
				t.Errorf("%s %s is said to work, and no line or test is named by it (there are %v)", s.name, claimed, cited)
			}
		}
	}
}

// What doc.go says does not work is not in discovery either.
func TestDocAndDiscoveryLackTheSame(t *testing.T) {
	s := newSite(t, openLab)
	document := s.discovery()
	for name, row := range map[string]struct{ says, member string }{
		"OIDC Core":                         {"encryption", "id_token_encryption_alg_values_supported"},
		"OIDC Registration":                 {"encryption", "userinfo_encryption_alg_values_supported"},
		"FAPI 2.0 Security Profile":         {"mutual TLS", "mtls_endpoint_aliases"},
		"RFC 7662":                          {"signed JWTs", "introspection_signing_alg_values_supported"},
		"RFC 8414":                          {"signed metadata", "signed_metadata"},
		"RFC 9101":                          {"encrypted", "request_object_encryption_alg_values_supported"},
		"OAuth 2.0 Multiple Response Types": {"code token", ""},
		"RFC 6749":                          {"passwords", ""},
	} {
		i := slices.IndexFunc(listedSpecifications(t), func(s specification) bool { return s.name == name })
		if i < 0 || !strings.Contains(listedSpecifications(t)[i].not, row.says) {
			t.Errorf("%s: does not say that it lacks %s", name, row.says)
		}
		if document[row.member] != nil {
			t.Errorf("%s: discovery has %s", name, row.member)
		}
	}
	for list, value := range map[string]string{"response_types_supported": "code token", "grant_types_supported": "password", "claim_types_supported": "aggregated"} {
		if slices.Contains(document[list].([]any), any(value)) {
			t.Errorf("%s has %s", list, value)
		}
	}
}
