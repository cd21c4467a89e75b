package admin

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"silentrenew/db"
	"silentrenew/internal/attribute"
	"silentrenew/internal/declaration"
)

type clients struct {
	List   clientsList   `cmd:"" help:"List all clients."`
	Show   clientsShow   `cmd:"" help:"Show everything about one client, lifetimes with their unit."`
	Set    clientsSet    `cmd:"" help:"Change a client. It counts for the next token; tokens already issued keep their times."`
	Add    clientsAdd    `cmd:"" help:"Register a client. A secret is made where one is needed, and shown once."`
	Secret clientsSecret `cmd:"" help:"Make a new secret for a client, and show it once."`
	Remove clientsRemove `cmd:"" help:"Remove a client and take back everything it was given."`
}

// said is the JSON of a client: attributes under their names. A secret is shown by what is known of it.
func said(c db.Client) map[string]any {
	values := map[string]any{
		"ClientId": c.ClientID, "Created": c.Created, "Updated": c.Updated, "LastAccessed": c.LastAccessed,
		"Claims": c.Claims, "Properties": c.Properties,
	}
	for _, a := range attribute.Clients.All {
		values[a.Name] = a.Value(c)
	}
	if c.PairWiseSubjectSalt != "" {
		values["PairWiseSubjectSalt"] = "set, not shown"
	}
	secrets := []map[string]any{}
	for _, s := range c.Secrets {
		if s.Type == db.JSONWebKey { // under Jwks
			continue
		}
		secrets = append(secrets, map[string]any{"Type": s.Type, "Description": s.Description, "Created": s.Created, "Expiration": s.Expiration})
	}
	values["Secrets"] = secrets
	values[keySet] = map[string]any{"keys": publicKeys(c)}
	return values
}

type clientsList struct{}

func (clientsList) Run(s *desk) error {
	all, err := s.store.Clients(s)
	if err != nil {
		return err
	}
	rows, lines := []map[string]any{}, [][]string{}
	for _, c := range all {
		rows = append(rows, said(c))
		kind := "public"
		if c.RequireClientSecret {
			kind = "confidential"
		}
		state := ""
		if broken := c.Validate(); !c.Enabled {
			state = "disabled"
		} else if broken != nil {
			state = "unusable: " + broken.Error()
		}
		lines = append(lines, []string{c.ClientID, kind, strings.Join(c.GrantTypes, " "), attribute.Lifetime(c.AccessTokenTTL()), c.ClientName, state})
	}
	return s.table(rows, "No client is registered.", []string{"CLIENT", "KIND", "GRANTS", "ACCESS TOKEN", "NAME", ""}, lines)
}

// client reads a client, or says which one was probably meant.
func (s *desk) client(id string) (db.Client, error) {
	c, err := s.store.Client(s, id)
	if !errors.Is(err, db.ErrNotFound) {
		return c, err
	}
	all, err := s.store.Clients(s)
	if err != nil {
		return c, err
	}
	var names []string
	for _, c := range all {
		names = append(names, c.ClientID)
	}
	return c, nameless("client", id, names, "clients list")
}

type clientsShow struct {
	Client string `arg:"" help:"client_id"`
}

func (cmd clientsShow) Run(s *desk) error {
	c, err := s.client(cmd.Client)
	if err != nil {
		return err
	}
	return s.print(said(c), func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "ClientId\t%s\n", printable(c.ClientID))
		for _, a := range attribute.Clients.All {
			fmt.Fprintf(t, "%s\t%s\n", a.Name, shown(a, c))
		}
		for _, secret := range c.Secrets {
			if secret.Type == db.JSONWebKey {
				continue
			}
			text := secret.Type + " of " + moment(&secret.Created)
			if secret.Expiration != nil {
				text += ", until " + moment(secret.Expiration)
			}
			fmt.Fprintf(t, "Secret\t%s\n", printable(strings.TrimSpace(text+" "+secret.Description)))
		}
		for _, key := range publicKeys(c) {
			fmt.Fprintf(t, "Key\t%s\n", printable(keyWords(key)))
		}
		for _, claim := range c.Claims {
			fmt.Fprintf(t, "Claim\t%s\n", printable(claim.Type+" = "+claim.Value))
		}
		for _, name := range slices.Sorted(maps.Keys(c.Properties)) {
			fmt.Fprintf(t, "Property\t%s\n", printable(name+" = "+c.Properties[name]))
		}
		fmt.Fprintf(t, "Created\t%s\nUpdated\t%s\nLastAccessed\t%s\n", moment(&c.Created), moment(c.Updated), moment(c.LastAccessed))
		_ = t.Flush() // into a builder, which takes everything
	})
}

// shown is an attribute for people; the salt of pairwise subjects is a secret.
func shown(a attribute.Attribute[db.Client], c db.Client) string {
	text := a.Show(c)
	if a.Name == "PairWiseSubjectSalt" && text != "" {
		text = "set, not shown"
	}
	return printable(text)
}

const valuesHelp = "Name=value: a column of Clients or its name on the wire (AccessTokenLifetime=120, access_token_lifetime=2m, RedirectUris=http://…). " +
	"Lists are separated by commas; += adds to one, -= takes away.\n\n" + partsHelp

type clientsSet struct {
	Client string   `arg:"" help:"client_id"`
	Values []string `arg:"" help:"Name=value, such as AccessTokenLifetime=120 or RedirectUris+=http://localhost:3000/cb."`
}

// Help implements kong's interface: what --help says below the flags.
func (clientsSet) Help() string { return valuesHelp + "\n\n" + namesHelp(attribute.Clients) }

func (cmd clientsSet) Run(s *desk) error {
	there, err := s.client(cmd.Client)
	if err != nil {
		return err
	}
	var before, after db.Client
	var names []string
	err = s.store.ChangeClient(s, there.ClientID, func(c *db.Client) (err error) {
		before = *c
		if names, err = assign(attribute.Clients, "a client", c, cmd.Values, assignPart); err != nil {
			return err
		}
		if c.NonEditable {
			if err := editable(before); err != nil {
				return err
			}
		}
		after = *c
		return c.ValidateForSaving()
	})
	if err != nil {
		return explain(err)
	}
	if err := s.warn(after); err != nil {
		return err
	}
	return s.print(said(after), func(w io.Writer) {
		for _, a := range attribute.Clients.All {
			if slices.Contains(names, a.Name) {
				fmt.Fprintf(w, "%s: %s (was %s)\n", a.Name, orNotSet(shown(a, after)), orNotSet(shown(a, before)))
			}
		}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			if name == keySet || strings.Contains(name, ".") {
				fmt.Fprintf(w, "%s: %s (was %s)\n", printable(name), shownPart(after, name), shownPart(before, name))
			}
		}
		fmt.Fprintln(w, "It counts for the next token; tokens already issued keep their times.")
	})
}

// editable protects the rows that say so of themselves.
func editable(c db.Client) error {
	if c.NonEditable {
		return fmt.Errorf("client %s is marked NonEditable: set NonEditable=no first", printable(c.ClientID))
	}
	return nil
}

// explain names the column of a value that cannot be stored.
func explain(err error) error {
	if invalid, ok := errors.AsType[*db.ValidationError](err); ok {
		return fmt.Errorf("%s %s", invalid.Field, invalid.Reason)
	}
	return err
}

// warn says what looks wrong although it could be stored.
func (s *desk) warn(c db.Client) error {
	warnings, err := declaration.Warnings(s, s.store, c)
	for _, warning := range warnings {
		s.note("warning: client %s %s", printable(c.ClientID), printable(warning.Reason))
	}
	return err
}

type clientsAdd struct {
	Client string   `arg:"" help:"client_id"`
	Values []string `arg:"" optional:"" help:"Name=value, such as AccessTokenLifetime=120 or RedirectUris+=http://localhost:3000/cb."`
	Secret bool     `help:"Make a secret, also where none is needed."`

	SecretStdin bool `help:"Read the secret from the first line of standard input, rather than make one."`
}

// Help implements kong's interface: what --help says below the flags.
func (clientsAdd) Help() string {
	return valuesHelp + "\n\nWhat is left out has its default. A client with redirect URIs uses codes with PKCE, openid and profile; one without a secret is public, " +
		"and the origins of its redirect URIs may call. GrantTypes=client_credentials makes a program with a secret.\n\n" + namesHelp(attribute.Clients)
}

func (cmd clientsAdd) Run(s *desk) error {
	if _, err := s.store.Client(s, cmd.Client); err == nil {
		return fmt.Errorf("client %s is there already: silentrenew clients set changes it", printable(cmd.Client))
	}
	c := db.NewClient(cmd.Client)
	names, err := assign(attribute.Clients, "a client", &c, cmd.Values, assignPart)
	if err != nil {
		return err
	}
	given := func(name string) bool { return slices.Contains(names, name) }
	secret := ""
	byKey := c.JWKSURI != "" || len(publicKeys(c)) > 0 || c.TokenEndpointAuthMethod == "private_key_jwt"
	byHMAC := c.TokenEndpointAuthMethod == "client_secret_jwt"
	if cmd.Secret || cmd.SecretStdin || byHMAC || !byKey && (given("RequireClientSecret") && c.RequireClientSecret || slices.Contains(c.GrantTypes, "client_credentials")) {
		var row db.ClientSecret
		if row, secret, err = s.newSecret(c.ClientID, byHMAC, cmd.SecretStdin); err != nil {
			return err
		}
		row.Description = "made by clients add"
		c.Secrets = []db.ClientSecret{row}
	}
	declaration.Complete(&c, given)
	if err := c.ValidateForSaving(); err != nil {
		return explain(err)
	}
	if err := s.store.InsertClient(s, c); err != nil {
		return explain(err)
	}
	if err := s.warn(c); err != nil {
		return err
	}
	stored, err := s.store.Client(s, c.ClientID) // with the time the database has noted
	if err != nil {
		return err
	}
	value := said(stored)
	if secret != "" {
		value["ClientSecret"] = secret
	}
	return s.print(value, func(w io.Writer) {
		fmt.Fprintf(w, "Client %s is registered.\n", printable(c.ClientID))
		showSecret(w, secret)
	})
}

type clientsRemove struct {
	Client string `arg:"" help:"client_id"`
	Yes    bool   `help:"Do not ask."`
}

func (cmd clientsRemove) Run(s *desk) error {
	c, err := s.client(cmd.Client)
	if err != nil {
		return err
	}
	if err := editable(c); err != nil {
		return err
	}
	if err := s.confirm(cmd.Yes, "client %s goes, with its codes, consents and tokens", c.ClientID); err != nil {
		return err
	}
	now := time.Now()
	if err := s.store.DeleteClient(s, c.ClientID, now, now.Add(maxTokenLifetime)); err != nil {
		return err
	}
	return s.print(map[string]any{"ClientId": c.ClientID, "Removed": true}, func(w io.Writer) {
		fmt.Fprintf(w, "Client %s is gone. An API that checks JWTs by itself goes on accepting those it has until they expire.\n", printable(c.ClientID))
	})
}
