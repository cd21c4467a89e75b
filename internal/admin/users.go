package admin

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

type users struct {
	List     usersList     `cmd:"" help:"List all users."`
	Show     usersShow     `cmd:"" help:"Show everything about one user but the password."`
	Set      usersSet      `cmd:"" help:"Change a user: the name, whether they can sign in, what is told about them."`
	Add      usersAdd      `cmd:"" help:"Register a user. Without --password-stdin a password is made and shown once."`
	Password usersPassword `cmd:"" help:"Give a user a new password: one is made and shown once, or read with --password-stdin."`
	Remove   usersRemove   `cmd:"" help:"Remove a user, end their sign-ins and take back what they allowed."`
}

// userJSON is a user under the names of the columns; no hash.
type userJSON struct {
	SubjectID string         `json:"SubjectId"`
	Username  string         `json:"Username"`
	Enabled   bool           `json:"Enabled"`
	Claims    []db.UserClaim `json:"Claims"`
	Password  string         `json:"Password,omitempty"` // when it was made here
}

func userOf(u db.User) userJSON {
	return userJSON{u.SubjectID, u.Username, u.Enabled, append([]db.UserClaim{}, u.Claims...), ""}
}

type usersList struct{}

func (usersList) Run(s *desk) error {
	all, err := s.store.Users(s)
	if err != nil {
		return err
	}
	rows, lines := []userJSON{}, [][]string{}
	for _, u := range all {
		rows = append(rows, userOf(u))
		var claims []string
		for _, claim := range u.Claims {
			claims = append(claims, claim.Type+"="+claim.Value)
		}
		lines = append(lines, []string{u.Username, u.SubjectID, yesNo(u.Enabled), strings.Join(claims, ", ")})
	}
	return s.table(rows, "There is no user.", []string{"USERNAME", "SUBJECT", "ENABLED", "CLAIMS"}, lines)
}

// user returns the user of that name or subject, or says which one was probably meant.
func (s *desk) user(nameOrSubject string) (db.User, error) {
	found, err := s.store.UserByName(s, nameOrSubject)
	if errors.Is(err, db.ErrNotFound) {
		found, err = s.store.UserBySubject(s, nameOrSubject)
	}
	if !errors.Is(err, db.ErrNotFound) {
		return found, err
	}
	all, err := s.store.Users(s)
	if err != nil {
		return found, err
	}
	var names []string
	for _, u := range all {
		names = append(names, u.Username)
	}
	return found, nameless("user", nameOrSubject, names, "users list")
}

// subject returns the subject of a user given by name or by subject, "" for "".
func (s *desk) subject(user string) (string, error) {
	if user == "" {
		return "", nil
	}
	found, err := s.user(user)
	return found.SubjectID, err
}

// whose is the argument of a command about one user.
type whose struct {
	User string `arg:"" help:"The name to sign in with, or the subject."`
}

type usersShow struct{ whose }

func (cmd usersShow) Run(s *desk) error {
	u, err := s.user(cmd.User)
	if err != nil {
		return err
	}
	return s.print(userOf(u), func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "SubjectId\t%s\n", printable(u.SubjectID))
		for _, a := range attribute.Users.All {
			fmt.Fprintf(t, "%s\t%s\n", a.Name, printable(a.Show(u)))
		}
		for _, claim := range u.Claims {
			fmt.Fprintf(t, "Claim\t%s\n", printable(claim.Type+" = "+claim.Value))
		}
		_ = t.Flush() // into a builder, which takes everything
	})
}

const userValuesHelp = "Name=value: Username, Enabled, or Claims.TYPE=value, a claim about the user such as Claims.role=Admin; " +
	"+= and -= where a claim has several values, and nothing after = takes it away."

// assignUser applies assignments and returns the names of what they set.
func assignUser(u *db.User, words []string) ([]string, error) {
	names, err := assign(attribute.Users, "a user", u, words, func(u *db.User, one assignment) (string, error) {
		kind, claimType, _ := strings.Cut(one.name, ".")
		if plain := attribute.Plain(kind); plain != "claims" && plain != "claim" {
			return "", nil
		}
		if claimType == "" {
			return "", fmt.Errorf("%s: write Claims.type=value", printable(one.name))
		}
		u.Claims = withClaim(u.Claims, claimType, one)
		return "Claims." + claimType, nil
	})
	if err == nil {
		err = explain(u.Validate())
	}
	return names, err
}

type usersSet struct {
	whose
	Values []string `arg:"" help:"Name=value, such as Enabled=no or Claims.role=Admin."`
}

// Help implements kong's interface: what --help says below the flags.
func (usersSet) Help() string {
	return userValuesHelp + `

It counts at the next sign-in, silent renewal and userinfo request. Access tokens already issued keep what they say, and so do those made by refresh tokens, ` +
		`unless the row of the client says UpdateAccessTokenClaimsOnRefresh.

A user with Enabled=no is signed out from the next request on, and refresh tokens are refused; both count again with Enabled=yes, while "users remove" is for good.

For the password there is "users password".`
}

func (cmd usersSet) Run(s *desk) error {
	there, err := s.user(cmd.User)
	if err != nil {
		return err
	}
	var before, after db.User
	var names []string
	err = s.store.ChangeUser(s, there.SubjectID, func(u *db.User) (err error) {
		before = *u
		names, err = assignUser(u, cmd.Values)
		after = *u
		return err
	})
	if err != nil {
		return s.nameTaken(after, err)
	}
	return s.print(userOf(after), func(w io.Writer) {
		showChanges(w, attribute.Users, names, before, after)
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			if claimType, isClaim := strings.CutPrefix(name, "Claims."); isClaim {
				fmt.Fprintf(w, "%s: %s (was %s)\n", printable(name), shownClaim(after.Claims, claimType), shownClaim(before.Claims, claimType))
			}
		}
		fmt.Fprintln(w, "It counts for the next token and at userinfo; access tokens already issued keep what they say.")
	})
}

// nameTaken says so of a user that could not be stored because another has the name or the subject.
func (s *desk) nameTaken(u db.User, err error) error {
	if other, found := s.store.UserByName(s, u.Username); found == nil && other.SubjectID != u.SubjectID {
		return fmt.Errorf("user %s is there already", printable(other.Username))
	}
	return err
}

type usersAdd struct {
	Username      string   `arg:"" help:"The name to sign in with."`
	Values        []string `arg:"" optional:"" help:"Name=value, such as Claims.role=Admin."`
	Claim         []string `short:"c" placeholder:"TYPE=VALUE" sep:"none" help:"Short for Claims.TYPE+=VALUE; may be given several times."`
	Subject       string   `placeholder:"SUB" help:"The sub claim (default: a new UUID)."`
	PasswordStdin bool     `help:"Read the password from the first line of standard input."`
}

// Help implements kong's interface: what --help says below the flags.
func (usersAdd) Help() string { return userValuesHelp }

func (cmd usersAdd) Run(s *desk) error {
	user := db.User{SubjectID: cmd.Subject, Username: cmd.Username, Enabled: true}
	if user.SubjectID == "" {
		user.SubjectID = uuid.NewString()
	}
	words := slices.Clone(cmd.Values)
	for _, claim := range cmd.Claim {
		name, value, found := strings.Cut(claim, "=")
		if !found || name == "" {
			return fmt.Errorf("%q is no claim: write type=value", printable(claim))
		}
		words = append(words, "Claims."+name+"+="+value)
	}
	if _, err := assignUser(&user, words); err != nil {
		return err
	}
	if s.known(user) {
		return fmt.Errorf("user %s is there already, or another user has the subject", printable(user.Username))
	}
	made, err := s.givePassword(&user, cmd.PasswordStdin)
	if err != nil {
		return err
	}
	if err := s.store.InsertUser(s, user); err != nil {
		return s.nameTaken(user, err)
	}
	return s.printUser(user, made, "User %s can sign in.\n")
}

func (s *desk) known(user db.User) bool {
	_, byName := s.store.UserByName(s, user.Username)
	_, bySubject := s.store.UserBySubject(s, user.SubjectID)
	return byName == nil || bySubject == nil
}

type usersRemove struct {
	whose
	Yes bool `help:"Do not ask."`
}

// Help implements kong's interface: what --help says below the flags.
func (usersRemove) Help() string {
	return `Their sign-ins end as by "sessions kill": a running provider tells the clients within a minute. Codes, refresh and reference tokens are taken back as by ` +
		`"grants revoke", consents are forgotten.

What it does not do: an API that checks JWTs by itself goes on accepting those it has until they expire. A user that the file of --config declares is back after the ` +
		`next start. "users set USER Enabled=no" keeps somebody out without a loss.`
}

func (cmd usersRemove) Run(s *desk) error {
	u, err := s.user(cmd.User)
	if err != nil {
		return err
	}
	if err := s.confirm(cmd.Yes, "user %s goes, with sign-ins, consents and tokens", printable(u.Username)); err != nil {
		return err
	}
	now := time.Now()
	gone, err := s.store.DeleteUser(s, u.SubjectID, now, now.Add(maxTokenLifetime))
	if err != nil {
		return err
	}
	value := map[string]any{"SubjectId": u.SubjectID, "Username": u.Username, "Removed": true, "Sessions": gone.Sessions, "Grants": gone.Grants}
	return s.print(value, func(w io.Writer) {
		fmt.Fprintf(w, "User %s is gone, with %s and %s. An API that checks JWTs by itself goes on accepting those it has until they expire.\n",
			printable(u.Username), count(gone.Sessions, "sign-in"), count(gone.Grants, "grant"))
	})
}
