package declaration

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"silentrenew/internal/attribute"
)

// File is what a file declares, checked.
type File struct {
	Seed      bool // whether a new database gets the tutorial's clients and users too
	path      string
	empty     bool
	resources resources
	clients   []client
	users     []user
}

// Read reads and checks a file, TOML by its name or else YAML. The error is a [*Problems] when its content is at fault.
func Read(path string) (*File, error) {
	content, err := contentOf(path)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	language := parseYAML
	if strings.EqualFold(filepath.Ext(path), ".toml") {
		language = parseTOML
	}
	file, problems := read(content, language)
	if len(problems) > 0 {
		return nil, describe(path, problems)
	}
	file.path = path
	return file, nil
}

// contentOf reads no more of a file than it takes to see that it is too long.
func contentOf(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}

// Problems is everything that is wrong with a file, in its order.
type Problems struct {
	path string
	all  []problem
}

// Error has one "file:line:column: what" per line.
func (p *Problems) Error() string {
	lines := make([]string, len(p.all))
	for i, one := range p.all {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", p.path, one.line, one.column, one.text)
	}
	return strings.Join(lines, "\n")
}

func describe(path string, problems []problem) *Problems {
	slices.SortStableFunc(problems, func(a, b problem) int { return cmp.Or(a.line-b.line, a.column-b.column) })
	return &Problems{path, problems}
}

func read(content []byte, language func([]byte) (node, []problem)) (*File, []problem) {
	content, problems := readable(content)
	if len(problems) > 0 {
		return nil, problems
	}
	root, problems := language(content)
	if len(problems) > 0 {
		return nil, problems
	}
	r := &reader{}
	file := &File{Seed: true, empty: len(root.fields) == 0 && root.kind == mapping}
	sections := r.resourceSections(&file.resources)
	maps.Copy(sections, map[string]func(node){
		"seed": func(n node) {
			if text, ok := r.scalar(n); ok {
				on, err := attribute.ParseSwitch(text)
				r.check(n.place, "seed", err)
				file.Seed = on
			}
		},
		"clients": func(n node) {
			for _, item := range r.list(n) {
				if c, ok := r.client(item); ok {
					file.clients = append(file.clients, c)
				}
			}
		},
		"users": func(n node) {
			for _, item := range r.list(n) {
				if u, ok := r.user(item); ok {
					file.users = append(file.users, u)
				}
			}
		},
	})
	r.mapping(root, "the file", sections, nil)
	r.checkResources(&file.resources)
	r.unique(file)
	return file, r.problems
}

// unique refuses what is declared twice.
func (r *reader) unique(file *File) {
	seen := map[string]place{}
	twice := func(kind, name string, at place) {
		key := kind + " " + name
		if first, known := seen[key]; known && name != "" {
			r.wrong(at, "%s is declared in line %d already", key, first.line)
		}
		seen[key] = at
	}
	for _, c := range file.clients {
		twice("client", c.row.ClientID, c.at)
	}
	for _, u := range file.users {
		twice("user", strings.ToLower(u.row.Username), u.at)
		twice("subject", u.row.SubjectID, u.at)
	}
}

// reader collects what is wrong while it reads on.
type reader struct{ problems []problem }

func (r *reader) wrong(at place, format string, args ...any) {
	r.problems = append(r.problems, problem{at, fmt.Sprintf(format, args...)})
}

// check notes an error of a value, if it is one.
func (r *reader) check(at place, name string, err error) bool {
	if err != nil {
		r.wrong(at, "%s %v", name, err)
	}
	return err == nil
}

func (r *reader) scalar(n node) (string, bool) {
	if n.kind != scalar && n.kind != null {
		r.wrong(n.place, "expected a single value here, not %s", n.kind)
		return "", false
	}
	return n.text, true
}

// list takes one value for a list of one, as people write it.
func (r *reader) list(n node) []node {
	switch n.kind {
	case null:
		return nil
	case list:
		var items []node
		for _, item := range n.items {
			if item.kind == null {
				r.wrong(item.place, "nothing stands here: write a value, or leave the dash out")
				continue
			}
			items = append(items, item)
		}
		return items
	}
	return []node{n}
}

// texts reads a list of single values.
func (r *reader) texts(n node) []string {
	var all []string
	for _, item := range r.list(n) {
		if text, ok := r.scalar(item); ok {
			all = append(all, text)
		}
	}
	return all
}

// mapping calls the function of each key, whose spelling may differ in what does not count. Other is asked about a key that is not among them, and returns the name it
// probably should have been; without it every such key is wrong.
func (r *reader) mapping(n node, what string, keys map[string]func(node), other func(f field) (known bool, meant string)) {
	if n.kind != mapping {
		if n.kind != null {
			r.wrong(n.place, "expected keys and values for %s here, not %s", what, n.kind)
		}
		return
	}
	seen, setters := map[string]bool{}, map[string]func(node){}
	for name, set := range keys {
		setters[attribute.Plain(name)] = set
	}
	for _, f := range n.fields {
		plain := attribute.Plain(f.name)
		if seen[plain] {
			r.wrong(f.place, "%s is given twice", f.name)
			continue
		}
		seen[plain] = true
		if set, ok := setters[plain]; ok {
			set(f.value)
			continue
		}
		known, meant := false, ""
		if other != nil {
			known, meant = other(f)
		}
		if known {
			continue
		}
		if nearest := attribute.Nearest(f.name, slices.Sorted(maps.Keys(keys))); nearest != "" && meant != "" {
			meant = cmp.Or(attribute.Nearest(f.name, []string{nearest, meant}), nearest)
		} else {
			meant = cmp.Or(nearest, meant)
		}
		switch {
		case plain == "seed":
			r.wrong(f.place, "seed is not a key of %s but of the file: it stands outside of all sections, in TOML above the first of them", what)
		case meant != "":
			r.wrong(f.place, "%s is not a key of %s: did you mean %s?", f.name, what, meant)
		case f.value.kind == mapping && namedBy[what] != "":
			r.wrong(f.place, "%s is not a key of %s: these are a list, so write - %s: %s", f.name, what, namedBy[what], f.name)
		case what == "a user":
			r.wrong(f.place, "%s is not a key of a user: what is told about users stands below claims (else there are %s)", f.name, sortedKeys(keys))
		default:
			r.wrong(f.place, "%s is not a key of %s%s", f.name, what, thereAre(keys, what))
		}
	}
}

// listedBy is the command that lists the attributes of what has more keys than fit a line.
var listedBy = map[string]string{"a client": "clients", "an API": "apis", "a scope": "scopes", "an identity resource": "scopes"}

// thereAre lists the keys there are, or says who does.
func thereAre(keys map[string]func(node), what string) string {
	if command, many := listedBy[what]; many {
		return " (silentrenew " + command + " set --help lists them)"
	}
	return ": there are " + sortedKeys(keys)
}

func sortedKeys(keys map[string]func(node)) string {
	return strings.Join(slices.Sorted(maps.Keys(keys)), ", ")
}

// namedBy is the key with the name of what stands in a list.
var namedBy = map[string]string{"a client": "client_id", "a user": "username", "an API": "name", "a scope": "name", "an identity resource": "name"}
