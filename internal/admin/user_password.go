package admin

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"silentrenew/db"
	"silentrenew/internal/declaration"
)

type usersPassword struct {
	whose
	PasswordStdin bool `help:"Read the password from the first line of standard input."`
}

func (cmd usersPassword) Run(s *desk) error {
	there, err := s.user(cmd.User)
	if err != nil {
		return err
	}
	made, err := s.givePassword(&there, cmd.PasswordStdin)
	if err != nil {
		return err
	}
	err = s.store.ChangeUser(s, there.SubjectID, func(u *db.User) error {
		u.PasswordHash = there.PasswordHash
		return nil
	})
	if err != nil {
		return err
	}
	return s.printUser(there, made, "User %s has a new password. Sessions go on; silentrenew sessions kill --user ends them.\n")
}

// givePassword sets the hash of the password that was read, or of one that it makes and returns.
func (s *desk) givePassword(user *db.User, fromInput bool) (made string, err error) {
	password := rand.Text()
	if fromInput {
		if password, err = s.readLine("Password, shown as you type it: "); err != nil {
			return "", err
		}
		if password == "" {
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
