package admin

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"silentrenew/db"
)

type grants struct {
	List   grantsList   `cmd:"" help:"List the grants that have not expired."`
	Revoke grantsRevoke `cmd:"" help:"Take grants back, each with everything that descends from the same sign-in."`
}

// grantChoice are the flags that choose grants.
type grantChoice struct {
	User    string `placeholder:"NAME" help:"Of this user: name or subject."`
	Client  string `placeholder:"ID" help:"Of this client."`
	Session string `placeholder:"SID" help:"Given in this session."`
	Type    string `placeholder:"TYPE" help:"Of this type: authorization_code, refresh_token, reference_token, user_consent, …"`
}

func (c grantChoice) filter(s *desk) (db.GrantFilter, error) {
	subject, err := s.subject(c.User)
	return db.GrantFilter{Type: c.Type, Subject: subject, SessionID: c.Session, ClientID: c.Client}, err
}

// grantJSON is a grant under the names of the columns.
type grantJSON struct {
	Key          string     `json:"Key"`
	Type         string     `json:"Type"`
	SubjectID    string     `json:"SubjectId,omitempty"`
	SessionID    string     `json:"SessionId,omitempty"`
	ClientID     string     `json:"ClientId,omitempty"`
	CreationTime time.Time  `json:"CreationTime"`
	Expiration   *time.Time `json:"Expiration"`
	ConsumedTime *time.Time `json:"ConsumedTime"`
	RevokedTime  *time.Time `json:"RevokedTime"`
	FamilyID     string     `json:"FamilyId,omitempty"`
}

type grantsList struct{ grantChoice }

func (cmd grantsList) Run(s *desk) error {
	filter, err := cmd.filter(s)
	if err != nil {
		return err
	}
	all, err := s.store.Grants(s, filter, time.Now())
	if err != nil {
		return err
	}
	rows, lines := []grantJSON{}, [][]string{}
	for _, g := range all {
		rows = append(rows, grantJSON{g.Key, g.Type, g.Subject, g.SessionID, g.ClientID, g.Created, g.Expires, g.Consumed, g.Revoked, g.FamilyID})
		state := "live"
		switch {
		case g.Revoked != nil:
			state = "revoked"
		case g.Consumed != nil:
			state = "used"
		}
		lines = append(lines, []string{g.Type, state, g.ClientID, g.Subject, moment(&g.Created), moment(g.Expires), g.Key})
	}
	return s.table(rows, "There is no such grant.", []string{"TYPE", "STATE", "CLIENT", "SUBJECT", "CREATED", "EXPIRES", "KEY"}, lines)
}

type grantsRevoke struct {
	Key string `arg:"" optional:"" help:"The key of one grant, as grants list shows it."`
	grantChoice
	All bool `help:"All there are."`
	Yes bool `help:"Do not ask."`
}

// Help implements kong's interface: what --help says below the flags.
func (grantsRevoke) Help() string {
	return `A refresh or reference token goes with its family: all tokens that descend from the same sign-in, the access tokens among them. ` +
		`A consent is forgotten, so the user is asked again. The provider refuses the tokens from now on, at the token endpoint, userinfo and introspection.

What it does not do: an API that checks JWTs by itself, without asking, goes on accepting those that were issued until they expire. ` +
		`The user's session at the provider goes on; "sessions kill" ends it. Clients are not told.`
}

func (cmd grantsRevoke) Run(s *desk) error {
	filter, err := cmd.filter(s)
	if err != nil {
		return err
	}
	filter.Key = cmd.Key
	if filter == (db.GrantFilter{}) && !cmd.All {
		return errors.New("say which: a key, --user, --client, --session, --type or --all")
	}
	now := time.Now()
	found, err := s.store.Grants(s, filter, now)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(g db.Grant) bool { return g.Revoked != nil })
	if len(found) == 0 {
		return errors.New("there is no such grant, or it has been taken back already")
	}
	if err := s.confirm(cmd.Yes, "%s taken back, with everything that descends from the same sign-ins", count(len(found), "grant")); err != nil {
		return err
	}
	revoked, err := s.store.RevokeGrants(s, filter, now, now.Add(maxTokenLifetime))
	if err != nil {
		return err
	}
	return s.print(map[string]int{"Revoked": revoked}, func(w io.Writer) {
		fmt.Fprintf(w, "%s taken back, with all that descends from the same sign-ins. An API that checks JWTs by itself accepts those it has until they expire.\n", count(revoked, "grant"))
	})
}
