package admin

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

type scopes struct {
	List   scopesList   `cmd:"" help:"List all scope values and what they stand for."`
	Show   scopesShow   `cmd:"" help:"Show everything about one scope value."`
	Set    scopesSet    `cmd:"" help:"Change a scope value. It counts for the next token."`
	Add    scopesAdd    `cmd:"" help:"Register a scope value: for access to an API, or with --identity for claims about the user."`
	Remove scopesRemove `cmd:"" help:"Remove a scope value; clients that ask for it get invalid_scope."`
}

// scopeRow is a scope value of either kind.
type scopeRow struct {
	identity *db.IdentityResource // one of the two
	api      *db.APIScope
	apis     []string // that accept it
}

// scopeRows lists all scope values, those about the user first. They point into the lists.
func scopeRows(all *db.Resources) (rows []scopeRow) {
	for i := range all.Identity {
		rows = append(rows, scopeRow{identity: &all.Identity[i], apis: []string{}})
	}
	for i := range all.APIScopes {
		rows = append(rows, scopeRow{api: &all.APIScopes[i], apis: acceptedBy(*all, all.APIScopes[i].Name)})
	}
	return rows
}

func (r scopeRow) name() string {
	if r.identity != nil {
		return r.identity.Name
	}
	return r.api.Name
}

// said is its JSON, with the table it is a row of.
func (r scopeRow) said() map[string]any {
	var values map[string]any
	if r.identity != nil {
		values = saidRow(attribute.IdentityResources, r.identity.Name, *r.identity)
		values["Kind"] = "IdentityResource"
		return values
	}
	values = saidRow(attribute.APIScopes, r.api.Name, *r.api)
	values["Kind"], values["ApiResources"] = "ApiScope", r.apis
	return values
}

func (r scopeRow) show(w io.Writer) {
	if r.identity != nil {
		showRow(w, attribute.IdentityResources, r.identity.Name, *r.identity, "Kind\tidentity resource: claims about the user")
		return
	}
	showRow(w, attribute.APIScopes, r.api.Name, *r.api, "Kind\taccess to an API", "APIs\t"+printable(strings.Join(r.apis, " ")))
}

// assign applies assignments and returns what says which attributes changed.
func (r scopeRow) assign(words []string) (changes func(io.Writer), err error) {
	if r.identity != nil {
		before := *r.identity
		names, err := assign(attribute.IdentityResources, "an identity resource", r.identity, words, nil)
		if err == nil && before.NonEditable && r.identity.NonEditable {
			err = protected(db.KindIdentityResource, before.Name)
		}
		after := *r.identity
		return func(w io.Writer) { showChanges(w, attribute.IdentityResources, names, before, after) }, err
	}
	before := *r.api
	names, err := assign(attribute.APIScopes, "a scope of an API", r.api, words, nil)
	after := *r.api
	return func(w io.Writer) { showChanges(w, attribute.APIScopes, names, before, after) }, err
}

// scopeNamed returns the scope value of that name.
func scopeNamed(all *db.Resources, name string) (scopeRow, error) {
	var names []string
	for _, row := range scopeRows(all) {
		if row.name() == name {
			return row, nil
		}
		names = append(names, row.name())
	}
	return scopeRow{}, nameless("scope", name, names, "scopes list")
}

type scopesList struct{}

func (scopesList) Run(s *desk) error {
	all, err := s.store.AllResources(s)
	if err != nil {
		return err
	}
	rows, lines := []map[string]any{}, [][]string{}
	for _, row := range scopeRows(&all) {
		rows = append(rows, row.said())
		if row.identity != nil {
			lines = append(lines, []string{row.identity.Name, "claims", shortened(row.identity.Claims), row.identity.DisplayName, disabled(row.identity.Enabled)})
			continue
		}
		state := disabled(row.api.Enabled)
		if state == "" && len(row.apis) == 0 {
			state = "no API accepts it"
		}
		lines = append(lines, []string{row.api.Name, "API", strings.Join(row.apis, " "), row.api.DisplayName, state})
	}
	return s.table(rows, "No scope value is registered.", []string{"SCOPE", "KIND", "STANDS FOR", "NAME", ""}, lines)
}

// shortened keeps a long list from pushing the columns behind it off the screen.
func shortened(values []string) string {
	const enough = 4
	if len(values) <= enough {
		return strings.Join(values, " ")
	}
	return fmt.Sprintf("%s … (%d)", strings.Join(values[:enough], " "), len(values))
}

type scopesShow struct {
	Scope string `arg:"" help:"The scope value."`
}

func (cmd scopesShow) Run(s *desk) error {
	all, err := s.store.AllResources(s)
	if err != nil {
		return err
	}
	row, err := scopeNamed(&all, cmd.Scope)
	if err != nil {
		return err
	}
	return s.print(row.said(), row.show)
}

const scopeValuesHelp = "Name=value: a column of ApiScopes or IdentityResources, or Claims, which are separated by commas; += adds to them, -= takes away. " +
	"Claims of an identity resource are what userinfo tells, those of a scope for an API go into the access token beside the API's own."

type scopesSet struct {
	Scope  string   `arg:"" help:"The scope value."`
	Values []string `arg:"" help:"Name=value, such as DisplayName=Orders or Claims+=department."`
}

// Help implements kong's interface: what --help says below the flags.
func (scopesSet) Help() string {
	return scopeValuesHelp + "\n\n" + namesHelp(attribute.IdentityResources)
}

func (cmd scopesSet) Run(s *desk) error {
	var row scopeRow
	var changes func(io.Writer)
	err := s.store.ChangeResources(s, func(all *db.Resources) (err error) {
		if row, err = scopeNamed(all, cmd.Scope); err == nil {
			changes, err = row.assign(cmd.Values)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.print(row.said(), func(w io.Writer) {
		changes(w)
		fmt.Fprintln(w, "It counts for the next token.")
	})
}

type scopesAdd struct {
	Scope    string   `arg:"" help:"The scope value."`
	Values   []string `arg:"" optional:"" help:"Name=value, such as DisplayName=Orders or Claims=department."`
	API      string   `name:"api" placeholder:"NAME" help:"The API that accepts it."`
	Identity bool     `help:"It stands for claims about the user (Claims=…), not for access to an API."`
}

// Help implements kong's interface: what --help says below the flags.
func (scopesAdd) Help() string {
	return scopeValuesHelp + "\n\n" + namesHelp(attribute.IdentityResources)
}

func (cmd scopesAdd) Run(s *desk) error {
	if cmd.Identity && cmd.API != "" {
		return errors.New("--identity and --api are two kinds: choose one")
	}
	var row scopeRow
	err := s.store.ChangeResources(s, func(all *db.Resources) error {
		if _, err := scopeNamed(all, cmd.Scope); err == nil {
			return fmt.Errorf("scope %s is there already: silentrenew scopes set changes it", printable(cmd.Scope))
		}
		if cmd.Identity {
			all.Identity = append(all.Identity, db.NewIdentityResource(cmd.Scope))
		} else {
			all.APIScopes = append(all.APIScopes, db.NewAPIScope(cmd.Scope))
		}
		if cmd.API != "" {
			i, err := apiNamed(all.APIs, cmd.API)
			if err != nil {
				return err
			}
			if all.APIs[i].NonEditable {
				return protected(db.KindAPI, cmd.API)
			}
			all.APIs[i].Scopes = append(slices.Clone(all.APIs[i].Scopes), cmd.Scope)
		}
		var err error
		if row, err = scopeNamed(all, cmd.Scope); err == nil {
			_, err = row.assign(cmd.Values)
		}
		return err
	})
	if err != nil {
		return err
	}
	if row.api != nil && len(row.apis) == 0 {
		s.note("warning: no API accepts scope %s, so its tokens are for none: silentrenew apis set API Scopes+=%s", printable(cmd.Scope), printable(cmd.Scope))
	}
	return s.print(row.said(), func(w io.Writer) { showNewScopes(w, []string{cmd.Scope}) })
}

type scopesRemove struct {
	Scope string `arg:"" help:"The scope value."`
	Yes   bool   `help:"Do not ask."`
}

func (cmd scopesRemove) Run(s *desk) error {
	all, err := s.store.AllResources(s)
	if err != nil {
		return err
	}
	row, err := scopeNamed(&all, cmd.Scope)
	switch {
	case err != nil:
		return err
	case row.identity != nil && row.identity.NonEditable:
		return protected(db.KindIdentityResource, cmd.Scope)
	}
	if err := s.confirm(cmd.Yes, "scope %s goes; clients that ask for it get invalid_scope", cmd.Scope); err != nil {
		return err
	}
	err = s.store.ChangeResources(s, func(all *db.Resources) error {
		all.Identity = slices.DeleteFunc(all.Identity, func(r db.IdentityResource) bool { return r.Name == cmd.Scope })
		all.APIScopes = slices.DeleteFunc(all.APIScopes, func(s db.APIScope) bool { return s.Name == cmd.Scope })
		for i, api := range all.APIs {
			all.APIs[i].Scopes = slices.DeleteFunc(slices.Clone(api.Scopes), func(name string) bool { return name == cmd.Scope })
		}
		return nil
	})
	if err != nil {
		return err
	}
	if all, err = s.store.AllResources(s); err != nil {
		return err
	}
	if _, err := scopeNamed(&all, cmd.Scope); err == nil {
		return fmt.Errorf("scope %s is one of OpenID Connect's and needs no row: silentrenew scopes set %s Enabled=no switches it off", cmd.Scope, cmd.Scope)
	}
	return s.print(map[string]any{"Name": cmd.Scope, "Removed": true}, func(w io.Writer) {
		fmt.Fprintf(w, "Scope %s is gone. Tokens already issued keep it.\n", printable(cmd.Scope))
	})
}
