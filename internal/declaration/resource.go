package declaration

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

// resources are the declared APIs and scope values, and where they stand.
type resources struct {
	said   db.Resources
	places map[resourceKey]parts
}

// resourceKey is how a fault names its resource.
type resourceKey struct{ kind, name string }

// parts is where a row and its attributes stand, these by their plain names.
type parts struct {
	at    place
	nodes map[string]node
}

// resourceSections reads the sections of the file that say what scope values stand for.
func (r *reader) resourceSections(into *resources) map[string]func(node) {
	into.places = map[resourceKey]parts{}
	apis := func(n node) {
		for _, item := range r.list(n) {
			readResource(r, item, db.KindAPI, attribute.APIs, db.NewAPIResource(""), func(api *db.APIResource) *string { return &api.Name }, &into.said.APIs, into.places)
		}
	}
	scopes := func(n node) {
		for _, item := range r.list(n) {
			readResource(r, item, db.KindAPIScope, attribute.APIScopes, db.NewAPIScope(""), func(s *db.APIScope) *string { return &s.Name }, &into.said.APIScopes, into.places)
		}
	}
	identity := func(n node) {
		for _, item := range r.list(n) {
			readResource(r, item, db.KindIdentityResource, attribute.IdentityResources, db.NewIdentityResource(""),
				func(i *db.IdentityResource) *string { return &i.Name }, &into.said.Identity, into.places)
		}
	}
	return map[string]func(node){"apis": apis, "scopes": scopes, "identity_resources": identity}
}

// readResource reads a row: its name alone, or its name and attributes. What is left out has the default of its column.
func readResource[T any](r *reader, n node, kind string, noun attribute.Noun[T], row T, name func(*T) *string, into *[]T, places map[resourceKey]parts) {
	if n.kind == scalar {
		n = node{place: n.place, kind: mapping, fields: []field{{n.place, "name", n}}}
	}
	before := len(r.problems)
	where := parts{n.place, map[string]node{}}
	r.mapping(n, articled(kind), map[string]func(node){
		"name": func(n node) { *name(&row), _ = r.scalar(n); where.nodes["name"] = n },
	}, func(f field) (bool, string) {
		a, meant, ok := noun.Find(f.name)
		if ok {
			where.nodes[attribute.Plain(a.Name)] = f.value
			setAttribute(r, a, f, &row)
		}
		return ok, meant
	})
	if n.kind != mapping || len(r.problems) > before {
		return
	}
	key := resourceKey{kind, *name(&row)}
	if first, twice := places[key]; twice {
		r.wrong(n.place, "%s %s is declared in line %d already", kind, key.name, first.at.line)
		return
	}
	places[key] = where
	*into = append(*into, row)
}

func articled(kind string) string {
	if strings.ContainsRune("AEIOaeio", rune(kind[0])) {
		return "an " + kind
	}
	return "a " + kind
}

// checkResources completes the APIs and asks the rules that hold whatever the database has; what it has is asked when they are applied.
func (r *reader) checkResources(all *resources) {
	for i, api := range all.said.APIs {
		if len(api.Scopes) == 0 { // as the tutorial's companyApi: one scope value, called like the API
			all.said.APIs[i].Scopes = []string{api.Name}
		}
	}
	whole := db.Resources{Identity: all.said.Identity, APIScopes: slices.Clone(all.said.APIScopes), APIs: all.said.APIs}
	for _, api := range whole.APIs {
		whole.AddScopesOf(api)
	}
	faults := whole.Faults()
	slices.SortStableFunc(faults, func(a, b *db.ResourceFault) int { return cmp.Compare(a.Kind, b.Kind) }) // an API before the scope values it implies
	for _, fault := range faults {
		at, ok := all.place(fault)
		told := slices.ContainsFunc(r.problems, func(p problem) bool { return p.place == at })
		if ok && !told {
			r.wrong(at, "%s", fault)
		}
	}
}

// place finds where the thing that is wrong stands. It reports false for what the file does not say.
func (all *resources) place(fault *db.ResourceFault) (place, bool) {
	if where, ok := all.places[resourceKey{fault.Kind, fault.Name}]; ok {
		at, _ := where.find(fault.ValidationError)
		return at, true
	}
	if fault.Kind != db.KindAPIScope {
		return place{}, false
	}
	for _, api := range all.said.APIs { // the one that implied it
		if slices.Contains(api.Scopes, fault.Name) {
			where := all.places[resourceKey{db.KindAPI, api.Name}]
			for _, item := range where.nodes["scopes"].items {
				if item.text == fault.Name {
					return item.place, true
				}
			}
			if n, ok := where.nodes["scopes"]; ok {
				return n.place, true
			}
			return where.at, true
		}
	}
	return place{}, false
}

// find returns where the attribute of a broken rule stands, or in a list the value that the reason quotes; the row itself, and false, where the
// file does not say it.
func (p parts) find(broken db.ValidationError) (place, bool) {
	for _, key := range []string{broken.Field, broken.Field + "s", "Cors" + broken.Field + "s", strings.TrimPrefix(broken.Field, "Client") + "s"} {
		n, ok := p.nodes[attribute.Plain(key)]
		if !ok {
			continue
		}
		for _, item := range slices.Backward(n.items) { // of a value that is listed twice, the second is one too many
			if strings.Contains(broken.Reason, quoted(item.text)) {
				return item.place, true
			}
		}
		return n.place, true
	}
	return p.at, false
}

// applyResources makes the declared APIs and scope values, or brings them to what the file says.
func (f *File) applyResources(ctx context.Context, store *db.DB, done *Applied) error {
	said := f.resources.said
	if len(said.APIs)+len(said.APIScopes)+len(said.Identity) == 0 {
		return nil
	}
	var applied Applied
	err := store.ChangeResources(ctx, func(all *db.Resources) error {
		applied = Applied{}
		for _, row := range said.Identity {
			applied.add(db.KindIdentityResource+" "+row.Name, merge(&all.Identity, row, func(i db.IdentityResource) bool { return i.Name == row.Name }))
		}
		for _, row := range said.APIScopes {
			applied.add(db.KindAPIScope+" "+row.Name, merge(&all.APIScopes, row, func(s db.APIScope) bool { return s.Name == row.Name }))
		}
		for _, row := range said.APIs {
			for _, name := range all.AddScopesOf(row) {
				applied.add(db.KindAPIScope+" "+name, added)
			}
			applied.add(db.KindAPI+" "+row.Name, merge(&all.APIs, row, func(api db.APIResource) bool { return api.Name == row.Name }))
		}
		return nil
	})
	if faults, ok := errors.AsType[db.ResourceFaults](err); ok {
		var problems []problem
		for _, fault := range faults {
			if at, ok := f.resources.place(fault); ok {
				problems = append(problems, problem{at, fault.Error()})
			}
		}
		if len(problems) > 0 {
			return describe(f.path, problems)
		}
	}
	if err != nil {
		return err
	}
	done.Added, done.Changed = append(done.Added, applied.Added...), append(done.Changed, applied.Changed...)
	done.Unchanged = append(done.Unchanged, applied.Unchanged...)
	return nil
}

// merge puts a row in the place of the one that is the same, or at the end.
func merge[T any](all *[]T, row T, same func(T) bool) outcome {
	i := slices.IndexFunc(*all, same)
	switch {
	case i < 0:
		*all = append(*all, row)
		return added
	case reflect.DeepEqual((*all)[i], row):
		return unchanged
	}
	(*all)[i] = row
	return changed
}
