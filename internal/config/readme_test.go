package config

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's table is complete: whoever reads it has seen every flag and every variable.
func TestTheReadmeListsEveryFlag(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var help bytes.Buffer
	_, _ = Parse([]string{"--help"}, func(string) string { return "" }, &help) // ErrDone
	flags := regexp.MustCompile(`(?m)^  (?:-h, )?--(?:\[no-\])?([a-z-]+)`).FindAllStringSubmatch(help.String(), -1)
	if len(flags) < 20 {
		t.Fatalf("%d flags were found in --help: this test looks at the wrong thing", len(flags))
	}
	for _, flag := range flags {
		if name := flag[1]; name != "help" && name != "version" && !strings.Contains(string(readme), "`--"+name+"`") {
			t.Errorf("README.md does not list --%s", name)
		}
	}
	for _, variable := range []string{EncryptionKeyVariable, OldEncryptionKeysVariable, RegistrationTokenVariable} {
		if !strings.Contains(string(readme), "`"+variable+"`") {
			t.Errorf("README.md does not list %s", variable)
		}
	}
}
