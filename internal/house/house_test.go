package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "silentrenew"

// root is the module's folder, seen from here.
var root = filepath.Join("..", "..")

// rooms says which of our packages each folder may import. Folders below internal/ are named one by one, because what a
// role may use there is a decision too.
var rooms = map[string][]string{
	".":      {"api", "db", "idp", "internal/admin", "internal/backchannel", "internal/config", "internal/declaration", "internal/event", "internal/eventlog", "internal/greeting", "internal/listing", "internal/localca", "internal/seal", "internal/serve", "spa"},
	"idp":    {"db", "views", "static", "internal/dpop", "internal/event", "internal/jwkset", "internal/keyring", "internal/seal"},
	"api":    {"db", "internal/country", "internal/dpop", "internal/event"},
	"spa":    {"views", "static", "internal/event", "internal/seal"},
	"db":     {"internal/walindex"},
	"views":  {},
	"static": {},

	"internal/admin":            {"db", "internal/attribute", "internal/config", "internal/declaration", "internal/event", "internal/jwkset", "internal/keyring", "internal/seal"},
	"internal/attribute":        {"db", "views"},
	"internal/backchannel":      {},
	"internal/config":           {},
	"internal/declaration":      {"db", "internal/attribute", "internal/jwkset", "internal/seal"},
	"internal/dpop":             {"internal/jwkset"},
	"internal/event":            {},
	"internal/eventlog":         {"internal/event"},
	"internal/greeting":         {"db", "internal/config", "internal/localca"},
	"internal/country":          {},
	"internal/country/generate": {},
	"internal/jwkset":           {},
	"internal/keyring":          {"db", "internal/seal"},
	"internal/listing":          {"db", "internal/config", "internal/country"},
	"internal/listing/generate": {"internal/listing"},
	"internal/localca":          {},
	"internal/seal":             {},
	"internal/serve":            {"internal/config"},
	"internal/walindex":         {},
}

// keepers says who alone may know a library.
var keepers = map[string][]string{
	"gorm.io/":                        {"db"},
	"modernc.org/sqlite":              {"db"},
	"github.com/jackc/pgx":            {"db"},
	"github.com/pressly/goose":        {"db"},
	"github.com/gin-gonic/gin":        {"idp", "api", "spa"},
	"github.com/a-h/templ":            {"idp", "spa", "views"},
	"github.com/coreos/go-oidc":       {"api", "spa"},
	"github.com/alecthomas/kong":      {"internal/config", "internal/admin"},
	"github.com/alexedwards/argon2id": {"db", "idp", "internal/declaration"},
	"github.com/goccy/go-yaml":        {"internal/declaration"},
	"github.com/pelletier/go-toml":    {"internal/declaration"},
	"github.com/lmittmann/tint":       {"internal/eventlog"},
}

// imports calls visit for every import of every Go file of the house that is not a test.
func imports(t *testing.T, visit func(folder, file, imported string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			visit(filepath.ToSlash(relative), file, strings.Trim(spec.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhoMayImportWhom(t *testing.T) {
	seen := 0
	imports(t, func(folder, file, imported string) {
		ours, ok := strings.CutPrefix(imported, module+"/")
		if !ok || forTests(folder) {
			return
		}
		seen++
		allowed, known := rooms[folder]
		if !known {
			t.Errorf("%s: the folder %s has no place in the drawing; add one on purpose", file, folder)
			return
		}
		if !slices.Contains(allowed, ours) {
			t.Errorf("%s imports %s: %s may import %v only", file, ours, folder, allowed)
		}
	})
	if seen == 0 {
		t.Error("no import was looked at: this test watches the wrong folder")
	}
}

func TestWhoMayKnowALibrary(t *testing.T) {
	imports(t, func(folder, file, imported string) {
		for library, allowed := range keepers {
			if strings.HasPrefix(imported, library) && !forTests(folder) && !slices.Contains(allowed, folder) {
				t.Errorf("%s imports %s, which is for %v only", file, imported, allowed)
			}
		}
	})
}

// forTests reports whether a package serves tests only, by the habit of naming it so.
func forTests(folder string) bool {
	return strings.HasSuffix(path.Base(folder), "test") || folder == "internal/walk" || folder == "internal/deps"
}
