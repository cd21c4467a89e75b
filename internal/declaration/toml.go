package declaration

import (
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// parseTOML returns the file's root table. The library's decoder says whether it is TOML at all; its parser knows the places.
func parseTOML(content []byte) (node, []problem) {
	if at, bad := deepest(content); bad {
		return node{}, []problem{{at, "this is nested too deeply"}}
	}
	var ignored map[string]any
	invalid := toml.Unmarshal(content, &ignored)
	if wrong, ok := errors.AsType[*toml.DecodeError](invalid); ok {
		line, column := wrong.Position()
		return node{}, []problem{{place{line, column}, advisedTOML(strings.TrimPrefix(wrong.Error(), "toml: "))}}
	}
	t := tomlReader{root: &table{node: node{place: place{1, 1}, kind: mapping}}}
	t.current = t.root
	t.parser.Reset(content)
	for t.parser.NextExpression() {
		t.expression(t.parser.Expression())
	}
	if invalid != nil && len(t.problems) == 0 { // said without a place, of what is defined twice
		t.problems = []problem{{place{1, 1}, strings.TrimPrefix(invalid.Error(), "toml: ")}}
	}
	root, problems := t.root.whole(0)
	return root, append(t.problems, problems...)
}

// advisedTOML adds what to do to what the library says of the slips that people make most.
func advisedTOML(text string) string {
	switch {
	case text == "expected character =":
		return text + ": TOML says key = value; the name of a file in YAML ends in .yaml"
	case text == "incomplete number" || strings.HasPrefix(text, "expected '") || strings.HasPrefix(text, "expected newline but got"): // a bare word, by its first letter
		return text + ": a text stands in quotes"
	}
	return text
}

// deepest finds brackets nested deeper than anything we declare: the library's parser would follow them all the way.
func deepest(content []byte) (place, bool) {
	at, depth := place{1, 0}, 0
	for _, c := range content {
		switch at.column++; c {
		case '\n':
			at = place{at.line + 1, 0}
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth > 100 {
			return at, true
		}
	}
	return place{}, false
}

// table is a node in the making: its parts can stand in several places of the file.
type table struct {
	node
	fields []*tableField
	items  []*table
	headed bool // by a line [table] of its own
}

type tableField struct {
	at    place
	name  string
	value *table
}

type tomlReader struct {
	parser        unstable.Parser
	root, current *table
	problems      []problem
}

// expression is a line: [table], [[table]] or key = value.
func (t *tomlReader) expression(e *unstable.Node) {
	keys, at := t.keys(e)
	switch e.Kind {
	case unstable.Table:
		t.current = t.root.below(keys, at)
		if t.current.headed {
			t.problems = append(t.problems, problem{at[0], "the table " + strings.Join(keys, ".") + " is given twice"})
		}
		t.current.headed = true
	case unstable.ArrayTable:
		last := len(keys) - 1
		list := t.root.below(keys[:last], at[:last]).field(keys[last], at[last], list)
		if list.kind == mapping {
			name := strings.Join(keys, ".")
			t.problems = append(t.problems, problem{list.place, name + " is one table here and several below: is [[" + name + "]] misspelt above?"})
		}
		t.current = &table{node: node{place: at[last], kind: mapping}}
		list.items = append(list.items, t.current)
	case unstable.KeyValue:
		t.pair(t.current, e)
	}
}

// pair puts a key = value into a table; a dotted key makes tables on its way.
func (t *tomlReader) pair(into *table, e *unstable.Node) {
	keys, at := t.keys(e)
	last := len(keys) - 1
	into = into.below(keys[:last], at[:last])
	if slices.ContainsFunc(into.fields, func(f *tableField) bool { return f.name == keys[last] }) {
		t.problems = append(t.problems, problem{at[last], keys[last] + " is given twice"})
	}
	into.fields = append(into.fields, &tableField{at[last], keys[last], t.value(e.Value(), at[last])})
}

func (t *tomlReader) keys(e *unstable.Node) (keys []string, at []place) {
	for i := e.Key(); i.Next(); {
		keys, at = append(keys, string(i.Node().Data)), append(at, t.place(i.Node().Raw))
	}
	return keys, at
}

func (t *tomlReader) place(r unstable.Range) place {
	start := t.parser.Shape(r).Start
	return place{start.Line, start.Column}
}

// value reads a value. A list and a switch have no place of their own there: they stand where their key or their first item stands.
func (t *tomlReader) value(e *unstable.Node, at place) *table {
	if e.Raw.Length > 0 {
		at = t.place(e.Raw)
	}
	value := &table{node: node{place: at}}
	switch e.Kind {
	case unstable.Array:
		value.kind = list
		for i := e.Children(); i.Next(); {
			value.items = append(value.items, t.value(i.Node(), at))
		}
		if len(value.items) > 0 {
			value.place = value.items[0].place
		}
	case unstable.InlineTable:
		value.kind = mapping
		for i := e.Children(); i.Next(); {
			t.pair(value, i.Node())
		}
	case unstable.Bool:
		value.place, value.text = t.place(t.parser.Range(e.Data)), string(e.Data)
	default:
		value.text = string(e.Data)
	}
	return value
}

// below goes down the keys; in a list of tables the last one is meant.
func (t *table) below(keys []string, at []place) *table {
	for i, key := range keys {
		t = t.field(key, at[i], mapping)
		if t.kind == list && len(t.items) > 0 {
			t = t.items[len(t.items)-1]
		}
	}
	return t
}

// field returns the value of a key, which begins as the given kind.
func (t *table) field(key string, at place, kind kind) *table {
	for _, f := range t.fields {
		if f.name == key {
			return f.value
		}
	}
	value := &table{node: node{place: at, kind: kind}}
	t.fields = append(t.fields, &tableField{at, key, value})
	return value
}

// whole is the node once everything has been read.
func (t *table) whole(depth int) (node, []problem) {
	if depth > maxDepth {
		return node{}, []problem{{t.place, "this is nested too deeply"}}
	}
	n := t.node
	var problems []problem
	for _, item := range t.items {
		converted, wrong := item.whole(depth + 1)
		n.items, problems = append(n.items, converted), append(problems, wrong...)
	}
	for _, f := range t.fields {
		converted, wrong := f.value.whole(depth + 1)
		n.fields, problems = append(n.fields, field{f.at, f.name, converted}), append(problems, wrong...)
	}
	return n, problems
}
