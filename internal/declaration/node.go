package declaration

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFile bounds what we read, in bytes.
const maxFile = 1 << 20

// node is a value of the file with its place. Exactly one of the three is meaningful, by kind.
type node struct {
	place
	kind   kind
	text   string  // of a scalar, as written but for quotes; "" for null
	items  []node  // of a list
	fields []field // of a mapping, in order
}

// value is the node as JSON has it, its scalars as text.
func (n node) value() any {
	switch n.kind {
	case mapping:
		members := map[string]any{}
		for _, f := range n.fields {
			members[f.name] = f.value.value()
		}
		return members
	case list:
		items := make([]any, len(n.items))
		for i, item := range n.items {
			items[i] = item.value()
		}
		return items
	}
	return n.text
}

type field struct {
	place
	name  string
	value node
}

type kind int

const (
	scalar kind = iota
	null
	list
	mapping
)

func (k kind) String() string {
	return [...]string{"a single value", "nothing", "a list", "a mapping"}[k]
}

// place is where in the file something stands, from 1.
type place struct{ line, column int }

// problem is one thing that is wrong with the file.
type problem struct {
	place
	text string
}

// readable returns the text of a file, without the mark that editors on Windows begin it with.
func readable(content []byte) ([]byte, []problem) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if len(content) > maxFile {
		return nil, []problem{{place{1, 1}, fmt.Sprintf("the file is longer than %d bytes", maxFile)}}
	}
	for i, line := range bytes.Split(content, []byte("\n")) {
		if !utf8.Valid(line) || bytes.ContainsRune(line, 0) {
			return nil, []problem{{place{i + 1, 1}, "this line is not text in UTF-8"}}
		}
	}
	return content, nil
}

// parseYAML returns the file's one document. Anchors, aliases, tags and merges are not for a file that people read to see what
// is allowed.
func parseYAML(content []byte) (node, []problem) {
	file, err := parser.ParseBytes(content, 0)
	if err != nil {
		return node{}, []problem{syntaxError(err)}
	}
	var body ast.Node
	for _, document := range file.Docs {
		_, directive := document.Body.(*ast.DirectiveNode) // %YAML 1.2, which the library takes for a document
		switch {
		case document.Body == nil || directive:
		case body != nil:
			return node{}, []problem{{placeOf(document.Body.GetToken()), "a second document begins here: one is enough"}}
		default:
			body = document.Body
		}
	}
	if body == nil {
		return node{place: place{1, 1}, kind: mapping}, nil
	}
	return convert(body, 0)
}

// syntaxError takes the place and the first line of what the library says: the rest is a drawing.
func syntaxError(err error) problem {
	var placed interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &placed) && placed.GetToken() != nil {
		return problem{placeOf(placed.GetToken()), advised(placed.GetMessage())}
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return problem{place{1, 1}, advised(text)}
}

// advised adds what to do to what the library says of the slips that people make most.
func advised(text string) string {
	switch {
	case strings.Contains(text, "'\t'"):
		return "a tab cannot indent here: use spaces"
	case strings.HasPrefix(text, "mapping value is not allowed in this context"):
		return text + ": is the line indented like its neighbours, and a text with a colon in quotes?"
	case strings.HasPrefix(text, "value is not allowed in this context"):
		return text + ": is the line indented like its neighbours?"
	}
	return text
}

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{t.Position.Line, t.Position.Column}
}

// maxDepth is more than any declaration needs.
const maxDepth = 8

func convert(from ast.Node, depth int) (node, []problem) {
	at := placeOf(from.GetToken())
	if depth > maxDepth {
		return node{}, []problem{{at, "this is nested too deeply"}}
	}
	switch from := from.(type) {
	case *ast.NullNode:
		return node{place: at, kind: null}, nil
	case *ast.StringNode:
		return node{place: at, text: from.Value}, nil
	case *ast.LiteralNode:
		return node{place: at, text: from.Value.Value}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node{place: at, text: from.GetToken().Value}, nil
	case *ast.SequenceNode:
		all := node{place: at, kind: list}
		var problems []problem
		for _, value := range from.Values {
			item, wrong := convert(value, depth+1)
			all.items, problems = append(all.items, item), append(problems, wrong...)
		}
		return all, problems
	case *ast.MappingNode:
		return convertMapping(at, from.Values, depth)
	case *ast.MappingValueNode:
		return convertMapping(at, []*ast.MappingValueNode{from}, depth)
	}
	return node{}, []problem{{at, "anchors, aliases, tags and merges are not understood here: write the value itself"}}
}

func convertMapping(at place, values []*ast.MappingValueNode, depth int) (node, []problem) {
	all := node{place: at, kind: mapping}
	var problems []problem
	for _, pair := range values {
		key, value := placeOf(pair.Key.GetToken()), node{kind: null}
		name, ok := pair.Key.(ast.ScalarNode)
		if !ok || pair.Key.IsMergeKey() {
			problems = append(problems, problem{key, "a key must be a plain name"})
			continue
		}
		value.place = key
		if pair.Value != nil {
			var wrong []problem
			value, wrong = convert(pair.Value, depth+1)
			problems = append(problems, wrong...)
		}
		all.fields = append(all.fields, field{key, fmt.Sprint(name.GetValue()), value})
	}
	if len(all.fields) > 0 {
		all.place = all.fields[0].place
	}
	return all, problems
}
