package admin

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

type apis struct {
	List   apisList   `cmd:"" help:"List the APIs and the scope values they accept."`
	Show   apisShow   `cmd:"" help:"Show everything about one API."`
	Set    apisSet    `cmd:"" help:"Change an API. It counts for the next token."`
	Add    apisAdd    `cmd:"" help:"Register an API: tokens with one of its scope values name it in aud."`
	Remove apisRemove `cmd:"" help:"Remove an API, and the scope values that no other accepts."`
}

// saidRow is the JSON of a row: its attributes under their names.
func saidRow[T any](noun attribute.Noun[T], name string, row T) map[string]any {
	values := map[string]any{"Name": name}
	for _, a := range noun.All {
		values[a.Name] = a.Value(row)
	}
	return values
}

func saidAPI(api db.APIResource) map[string]any { return saidRow(attribute.APIs, api.Name, api) }

// disabled says so of a row that is not Enabled.
func disabled(enabled bool) string {
	if enabled {
		return ""
	}
	return "disabled"
}

type apisList struct{}

func (apisList) Run(s *desk) error {
	all, err := s.store.AllResources(s)
	if err != nil {
		return err
	}
	rows, lines := []map[string]any{}, [][]string{}
	for _, api := range all.APIs {
		rows = append(rows, saidAPI(api))
		lines = append(lines, []string{api.Name, strings.Join(api.Scopes, " "), api.ResourceURI, strings.Join(api.Claims, " "), api.DisplayName, disabled(api.Enabled)})
	}
	return s.table(rows, "No API is registered.", []string{"API", "SCOPES", "RESOURCE", "CLAIMS", "NAME", ""}, lines)
}

// nameless says that there is nothing of that name, and which was probably meant.
func nameless(kind, name string, names []string, list string) error {
	if meant := attribute.Nearest(name, names); meant != "" {
		return fmt.Errorf("there is no %s %q: did you mean %s?", kind, printable(name), printable(meant))
	}
	return fmt.Errorf("there is no %s %q (silentrenew %s)", kind, printable(name), list)
}

// apiNamed returns the place of an API in a list.
func apiNamed(all []db.APIResource, name string) (int, error) {
	var names []string
	for i, api := range all {
		if api.Name == name {
			return i, nil
		}
		names = append(names, api.Name)
	}
	return 0, nameless(db.KindAPI, name, names, "apis list")
}

type apisShow struct {
	API string `arg:"" name:"api" help:"Its name, as it stands in aud."`
}

func (cmd apisShow) Run(s *desk) error {
	all, err := s.store.AllResources(s)
	if err != nil {
		return err
	}
	i, err := apiNamed(all.APIs, cmd.API)
	if err != nil {
		return err
	}
	return s.print(saidAPI(all.APIs[i]), func(w io.Writer) { showRow(w, attribute.APIs, cmd.API, all.APIs[i]) })
}

// showRow writes a row for people, an attribute a line; more are further lines, their two columns separated by a tab.
func showRow[T any](w io.Writer, noun attribute.Noun[T], name string, row T, more ...string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "Name\t%s\n", printable(name))
	for _, a := range noun.All {
		fmt.Fprintf(t, "%s\t%s\n", a.Name, printable(a.Show(row)))
	}
	for _, line := range more {
		fmt.Fprintln(t, line)
	}
	_ = t.Flush() // into a builder, which takes everything
}

// showChanges says of each attribute that was set what it is and was.
func showChanges[T any](w io.Writer, noun attribute.Noun[T], names []string, before, after T) {
	for _, a := range noun.All {
		if slices.Contains(names, a.Name) {
			fmt.Fprintf(w, "%s: %s (was %s)\n", a.Name, orNotSet(a.Show(after)), orNotSet(a.Show(before)))
		}
	}
}

// orNotSet says in a sentence what may be empty.
func orNotSet(text string) string { return printable(cmp.Or(text, "not set")) }

const apiValuesHelp = "Name=value: a column of ApiResources, or Scopes and Claims, which are separated by commas; += adds to one, -= takes away. " +
	"Scopes are the scope values it accepts (one that is new is registered too), Claims what its access tokens tell about the user beside sub, " +
	"ResourceUri the URI by which a client names it in the parameter resource (RFC 8707)."

type apisSet struct {
	API    string   `arg:"" name:"api" help:"Its name, as it stands in aud."`
	Values []string `arg:"" help:"Name=value, such as Scopes+=orders.write or ResourceUri=http://localhost:3001."`
}

// Help implements kong's interface: what --help says below the flags.
func (apisSet) Help() string { return apiValuesHelp + "\n\n" + namesHelp(attribute.APIs) }

func (cmd apisSet) Run(s *desk) error {
	var before, after db.APIResource
	var names, made []string
	err := s.store.ChangeResources(s, func(all *db.Resources) error {
		i, err := apiNamed(all.APIs, cmd.API)
		if err != nil {
			return err
		}
		before, after = all.APIs[i], all.APIs[i]
		if names, err = assign(attribute.APIs, "an API", &after, cmd.Values, nil); err != nil {
			return err
		}
		if before.NonEditable && after.NonEditable {
			return protected(db.KindAPI, before.Name)
		}
		made = all.AddScopesOf(after)
		all.APIs[i] = after
		return nil
	})
	if err != nil {
		return err
	}
	return s.print(saidAPI(after), func(w io.Writer) {
		showChanges(w, attribute.APIs, names, before, after)
		showNewScopes(w, made)
		fmt.Fprintln(w, "It counts for the next token; tokens already issued keep their audience.")
	})
}

// protected is for the rows that say so of themselves.
func protected(kind, name string) error {
	return fmt.Errorf("%s %s is marked NonEditable: set NonEditable=no first", kind, printable(name))
}

func showNewScopes(w io.Writer, made []string) {
	for _, name := range made {
		fmt.Fprintf(w, "Scope %s is new; clients that may ask for it list it (silentrenew clients set CLIENT Scopes+=%s).\n", printable(name), printable(name))
	}
}

type apisAdd struct {
	API    string   `arg:"" name:"api" help:"Its name, as it will stand in aud."`
	Values []string `arg:"" optional:"" help:"Name=value, such as Scopes=orders.read,orders.write."`
}

// Help implements kong's interface: what --help says below the flags.
func (apisAdd) Help() string {
	return apiValuesHelp + "\n\nWithout Scopes it accepts one that is called like itself.\n\n" + namesHelp(attribute.APIs)
}

func (cmd apisAdd) Run(s *desk) error {
	api := db.NewAPIResource(cmd.API)
	if _, err := assign(attribute.APIs, "an API", &api, cmd.Values, nil); err != nil {
		return err
	}
	if len(api.Scopes) == 0 {
		api.Scopes = []string{cmd.API}
	}
	var made []string
	err := s.store.ChangeResources(s, func(all *db.Resources) error {
		if _, err := apiNamed(all.APIs, cmd.API); err == nil {
			return fmt.Errorf("API %s is there already: silentrenew apis set changes it", printable(cmd.API))
		}
		made = all.AddScopesOf(api)
		all.APIs = append(all.APIs, api)
		return nil
	})
	if err != nil {
		return err
	}
	return s.print(saidAPI(api), func(w io.Writer) {
		fmt.Fprintf(w, "API %s is registered: access tokens with one of its scope values (%s) name it in aud.\n", printable(api.Name), printable(strings.Join(api.Scopes, " ")))
		showNewScopes(w, made)
	})
}

type apisRemove struct {
	API string `arg:"" name:"api" help:"Its name, as it stands in aud."`
	Yes bool   `help:"Do not ask."`
}

func (cmd apisRemove) Run(s *desk) error {
	all, err := s.store.AllResources(s)
	if err != nil {
		return err
	}
	i, err := apiNamed(all.APIs, cmd.API)
	if err != nil {
		return err
	}
	if all.APIs[i].NonEditable {
		return protected(db.KindAPI, cmd.API)
	}
	if err := s.confirm(cmd.Yes, "API %s goes, with the scope values that no other accepts; clients that ask for one get invalid_scope", cmd.API); err != nil {
		return err
	}
	var removed []string
	err = s.store.ChangeResources(s, func(all *db.Resources) error {
		i, err := apiNamed(all.APIs, cmd.API)
		if err != nil {
			return err
		}
		scopes := all.APIs[i].Scopes
		all.APIs = slices.Delete(all.APIs, i, i+1)
		all.APIScopes = slices.DeleteFunc(all.APIScopes, func(scope db.APIScope) bool {
			alone := slices.Contains(scopes, scope.Name) && len(acceptedBy(*all, scope.Name)) == 0
			if alone {
				removed = append(removed, scope.Name)
			}
			return alone
		})
		return nil
	})
	if err != nil {
		return err
	}
	return s.print(map[string]any{"Name": cmd.API, "Removed": true, "Scopes": append([]string{}, removed...)}, func(w io.Writer) {
		fmt.Fprintf(w, "API %s is gone, and the scope values: %s. Tokens already issued keep both.\n", printable(cmd.API), printable(strings.Join(removed, " ")))
	})
}

// acceptedBy names the APIs that accept a scope value.
func acceptedBy(all db.Resources, scope string) []string {
	names := []string{}
	for _, api := range all.APIs {
		if slices.Contains(api.Scopes, scope) {
			names = append(names, api.Name)
		}
	}
	return names
}
