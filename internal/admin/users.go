package admin

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"silentrenew/db"
	"silentrenew/internal/declaration"
)

type users struct {
	List     usersList     `cmd:"" help:"List all users."`
	Add      usersAdd      `cmd:"" help:"Register a user. Without --password-stdin a password is made and shown once."`
	Password usersPassword `cmd:"" help:"Give a user a new password: one is made and shown once, or read with --password-stdin."`
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

type usersAdd struct {
	Username      string   `arg:"" help:"The name to sign in with."`
	Claim         []string `short:"c" placeholder:"TYPE=VALUE" sep:"none" help:"A claim, such as role=Admin; may be given several times."`
	Subject       string   `placeholder:"SUB" help:"The sub claim (default: a new UUID)."`
	PasswordStdin bool     `help:"Read the password from the first line of standard input."`
}

func (cmd usersAdd) Run(s *desk) error {
	user := db.User{SubjectID: cmd.Subject, Username: cmd.Username, Enabled: true}
	if user.SubjectID == "" {
		user.SubjectID = uuid.NewString()
	}
	for _, claim := range cmd.Claim {
		name, value, found := strings.Cut(claim, "=")
		if !found || name == "" {
			return fmt.Errorf("%q is no claim: write type=value", printable(claim))
		}
		user.Claims = append(user.Claims, db.UserClaim{Type: name, Value: value})
	}
	switch {
	case user.Username == "" || len(user.Username) > 200:
		return errors.New("a username has 1 to 200 characters")
	case s.known(user):
		return fmt.Errorf("user %s is there already, or another user has the subject", printable(user.Username))
	}
	made, err := s.givePassword(&user, cmd.PasswordStdin)
	if err != nil {
		return err
	}
	if err := s.store.InsertUser(s, user); err != nil {
		return err
	}
	return s.printUser(user, made, "User %s can sign in.\n")
}

func (s *desk) known(user db.User) bool {
	_, byName := s.store.UserByName(s, user.Username)
	_, bySubject := s.store.UserBySubject(s, user.SubjectID)
	return byName == nil || bySubject == nil
}

type usersPassword struct {
	Username      string `arg:"" help:"Whose."`
	PasswordStdin bool   `help:"Read the password from the first line of standard input."`
}

func (cmd usersPassword) Run(s *desk) error {
	user, err := s.store.UserByName(s, cmd.Username)
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("there is no user %q", printable(cmd.Username))
	} else if err != nil {
		return err
	}
	made, err := s.givePassword(&user, cmd.PasswordStdin)
	if err != nil {
		return err
	}
	if err := s.store.ReplaceUser(s, user); err != nil {
		return err
	}
	return s.printUser(user, made, "User %s has a new password. Sessions go on; silentrenew sessions kill --user ends them.\n")
}

// givePassword sets the hash of the password that was read, or of one that it makes and returns.
func (s *desk) givePassword(user *db.User, fromInput bool) (made string, err error) {
	password := rand.Text()
	if fromInput {
		line, err := bufio.NewReader(io.LimitReader(s.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if password = strings.TrimRight(line, "\r\n"); password == "" {
			return "", errors.New("standard input has no password in its first line")
		}
		if err := declaration.CheckPassword(password); err != nil {
			return "", fmt.Errorf("the password %w", err)
		}
	} else {
		made = password
	}
	user.PasswordHash, err = db.HashPassword(password)
	return made, err
}

func (s *desk) printUser(user db.User, made, sentence string) error {
	value := userOf(user)
	value.Password = made
	return s.print(value, func(w io.Writer) {
		fmt.Fprintf(w, sentence, printable(user.Username))
		if made != "" {
			fmt.Fprintf(w, "Password: %s\nIt is stored as a hash and not shown again.\n", made)
		}
	})
}
