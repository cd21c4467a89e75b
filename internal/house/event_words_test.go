package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// emitters are the functions whose argument is an event's kind.
var emitters = map[string]bool{"handle": true, "alone": true, "emitSession": true}

// kindWord is what a kind looks like: a word, or words with dots.
var kindWord = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)*$`)

// Every kind of event has its words in the sequence view, and no words are left over from a kind that is gone.
func TestEveryEventHasItsWords(t *testing.T) {
	emitted := emittedKinds(t)
	script, err := os.ReadFile(filepath.Join(root, "static", "js", "sequence-words.js"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(script), "export const words = {")
	block, _, _ := strings.Cut(rest, "\n};")
	told := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^\s+"?([a-z_.]+)"?: "`).FindAllStringSubmatch(block, -1) {
		told[line[1]] = true
		if _, is := emitted[line[1]]; !is {
			t.Errorf("sequence-words.js has words for %s, which nobody emits", line[1])
		}
	}
	for kind, where := range emitted {
		if !told[kind] {
			t.Errorf("%s emits %s, and sequence-words.js has no words for it", where, kind)
		}
	}
	if len(emitted) < 40 {
		t.Errorf("found %d kinds only: %v", len(emitted), emitted)
	}
}

// emittedKinds finds the kinds in the text of the roles: what is handed to an emitter or written to a field Kind, and what
// the front end lets a page report.
func emittedKinds(t *testing.T) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	for _, folder := range []string{"idp", "api", "spa"} {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(node ast.Node) bool {
				for _, value := range kindsAt(node) {
					if text := literal(value); kindWord.MatchString(text) {
						kinds[text] = filepath.Base(file)
					}
				}
				return true
			})
		}
	}
	return kinds
}

// kindsAt returns the expressions of one node that may be kinds.
func kindsAt(node ast.Node) []ast.Expr {
	switch node := node.(type) {
	case *ast.CallExpr:
		if called, ok := node.Fun.(*ast.SelectorExpr); ok && emitters[called.Sel.Name] {
			return node.Args
		}
	case *ast.KeyValueExpr:
		if key, ok := node.Key.(*ast.Ident); ok && key.Name == "Kind" {
			return []ast.Expr{node.Value}
		}
	case *ast.AssignStmt:
		if field, ok := node.Lhs[0].(*ast.SelectorExpr); ok && field.Sel.Name == "Kind" {
			return node.Rhs
		}
	case *ast.ValueSpec:
		if node.Names[0].Name == "pageKinds" {
			var keys []ast.Expr
			for _, element := range node.Values[0].(*ast.CompositeLit).Elts {
				keys = append(keys, element.(*ast.KeyValueExpr).Key)
			}
			return keys
		}
	}
	return nil
}

func literal(value ast.Expr) string {
	text, ok := value.(*ast.BasicLit)
	if !ok {
		return ""
	}
	unquoted, _ := strconv.Unquote(text.Value)
	return unquoted
}
