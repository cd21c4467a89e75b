package declaration

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"silentrenew/db"
	"silentrenew/internal/seal"
)

// Applied says what applying a file did, and what looks wrong although it could be stored.
type Applied struct {
	Added, Changed, Unchanged []string // "client my-app", "user alice"
	Warnings                  []string
}

// String is one line for the log.
func (a Applied) String() string {
	return fmt.Sprintf("%d added, %d changed, %d as they were", len(a.Added), len(a.Changed), len(a.Unchanged))
}

// Apply brings the database to what the file declares and touches nothing else. Doing it twice changes nothing, and several
// processes may do it at once.
func (f *File) Apply(ctx context.Context, store *db.DB, sealer *seal.Sealer) (Applied, error) {
	var done Applied
	if err := f.applyResources(ctx, store, &done); err != nil {
		return done, err
	}
	for _, c := range f.clients {
		if err := done.note("client " + c.row.ClientID)(applyClient(ctx, store, sealer, c.row)); err != nil {
			return done, fmt.Errorf("declared client %s: %w", c.row.ClientID, err)
		}
	}
	for _, u := range f.users {
		if err := done.note("user " + u.row.Username)(applyUser(ctx, store, u)); err != nil {
			return done, fmt.Errorf("declared user %s: %w", u.row.Username, err)
		}
	}
	err := f.warn(ctx, store, &done)
	return done, err
}

// outcome of one row.
type outcome int

const (
	unchanged outcome = iota
	added
	changed
)

func (a *Applied) note(what string) func(outcome, error) error {
	return func(o outcome, err error) error {
		if err == nil {
			a.add(what, o)
		}
		return err
	}
}

func (a *Applied) add(what string, o outcome) {
	into := []*[]string{&a.Unchanged, &a.Added, &a.Changed}[o]
	*into = append(*into, what)
}

func applyClient(ctx context.Context, store *db.DB, sealer *seal.Sealer, declared db.Client) (outcome, error) {
	there, err := store.Client(ctx, declared.ClientID)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return 0, err
	}
	if declared.Secrets, err = sealed(declared, there.Secrets, sealer); err != nil {
		return 0, err
	}
	if there.ClientID == "" {
		if err = store.InsertClient(ctx, declared); err == nil {
			return added, nil
		}
		inserted := err // or another process was faster
		if there, err = store.Client(ctx, declared.ClientID); err != nil {
			return 0, inserted
		}
	}
	declared.RegistrationAccessToken = there.RegistrationAccessToken
	if sameClient(declared, there) {
		return unchanged, nil
	}
	return changed, store.ReplaceClient(ctx, declared)
}

// sealed returns the secrets as they are stored: recoverable ones sealed, each as it is there already where that is the same.
func sealed(declared db.Client, there []db.ClientSecret, sealer *seal.Sealer) ([]db.ClientSecret, error) {
	purpose := "ClientSecrets/" + declared.ClientID
	secrets := slices.Clone(declared.Secrets)
	for i, secret := range secrets {
		if secret.Type != recoverableSecret {
			continue
		}
		known := slices.IndexFunc(there, func(old db.ClientSecret) bool {
			value, current, err := sealer.Open(purpose, old.Value)
			return old.Type == recoverableSecret && err == nil && current && value == secret.Value
		})
		if known >= 0 {
			secrets[i].Value = there[known].Value
			continue
		}
		var err error
		if secrets[i].Value, err = sealer.Seal(purpose, secret.Value); err != nil {
			return nil, err
		}
	}
	return secrets, nil
}

// sameClient reports whether two clients differ in nothing that a file can say.
func sameClient(a, b db.Client) bool {
	for _, c := range []*db.Client{&a, &b} {
		c.ID, c.Updated, c.LastAccessed = 0, nil, nil
		c.Created = a.Created
		c.Secrets = slices.Clone(c.Secrets)
		for i := range c.Secrets {
			c.Secrets[i].Created = a.Created
		}
		if len(c.Properties) == 0 {
			c.Properties = nil
		}
	}
	return reflect.DeepEqual(a, b)
}

func applyUser(ctx context.Context, store *db.DB, declared user) (outcome, error) {
	there, err := findUser(ctx, store, declared)
	if errors.Is(err, db.ErrNotFound) {
		row := declared.row
		if row.PasswordHash, err = declared.hash(); err != nil {
			return 0, err
		}
		inserted := store.InsertUser(ctx, row)
		if inserted == nil {
			return added, nil
		}
		if there, err = findUser(ctx, store, declared); err != nil { // or another process was faster
			return 0, inserted
		}
	}
	if err != nil {
		return 0, err
	}
	declared.row.SubjectID = there.SubjectID
	return replaceUser(ctx, store, declared, there)
}

// findUser looks for the declared user by subject, then by name: the name may be one of another subject, the tutorial's Mick for one. Such a
// user keeps the subject it is known by.
func findUser(ctx context.Context, store *db.DB, declared user) (db.User, error) {
	there, err := store.UserBySubject(ctx, declared.row.SubjectID)
	if errors.Is(err, db.ErrNotFound) {
		return store.UserByName(ctx, declared.row.Username)
	}
	return there, err
}

func replaceUser(ctx context.Context, store *db.DB, declared user, there db.User) (outcome, error) {
	if declared.password != "" {
		declared.row.PasswordHash = there.PasswordHash
		if !there.HasPassword(declared.password) {
			var err error
			if declared.row.PasswordHash, err = declared.hash(); err != nil {
				return 0, err
			}
		}
	}
	if reflect.DeepEqual(declared.row, there) {
		return unchanged, nil
	}
	return changed, store.ReplaceUser(ctx, declared.row)
}

func (u user) hash() (string, error) {
	if u.password == "" {
		return u.row.PasswordHash, nil
	}
	return db.HashPassword(u.password)
}

func (f *File) warn(ctx context.Context, store *db.DB, done *Applied) error {
	if f.empty {
		done.Warnings = append(done.Warnings, f.path+" declares nothing")
	}
	for _, c := range f.clients {
		warnings, err := Warnings(ctx, store, c.row)
		if err != nil {
			return err
		}
		for _, warning := range warnings {
			at, _ := c.find(warning)
			done.Warnings = append(done.Warnings, fmt.Sprintf("%s:%d:%d: client %s %s", f.path, at.line, at.column, c.row.ClientID, warning.Reason))
		}
	}
	return f.warnOfTutorial(ctx, store, done)
}

// warnOfTutorial says which of the tutorial's clients and users an earlier start has left, for who expects seed: false to keep them out.
func (f *File) warnOfTutorial(ctx context.Context, store *db.DB, done *Applied) error {
	if f.Seed {
		return nil
	}
	var left []string
	for _, id := range []string{"spa-client", "bff-client", "company-employee"} {
		declared := slices.ContainsFunc(f.clients, func(c client) bool { return c.row.ClientID == id })
		if _, err := store.Client(ctx, id); err == nil && !declared {
			left = append(left, id)
		} else if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
	}
	for _, name := range []string{"Mick", "Jane"} {
		declared := slices.ContainsFunc(f.users, func(u user) bool { return strings.EqualFold(u.row.Username, name) })
		if _, err := store.UserByName(ctx, name); err == nil && !declared {
			left = append(left, name)
		} else if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
	}
	if len(left) > 0 {
		done.Warnings = append(done.Warnings, "seed: false keeps the tutorial's clients and users out of a new database; this one has "+
			strings.Join(left, ", ")+" from an earlier start: begin another with --db, or take them out (silentrenew clients remove, users remove)")
	}
	return nil
}
