package db_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// With a user go the sessions, grants and device codes that are theirs, and nobody else's.
func TestDeleteUser(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now := t.Context(), time.Now()
		for _, subject := range []string{"gone", "stays"} {
			user := db.User{SubjectID: subject, Username: subject, PasswordHash: "x", Enabled: true, Claims: []db.UserClaim{{Type: "role", Value: "Admin"}}}
			if err := d.InsertUser(ctx, user); err != nil {
				t.Fatal(err)
			}
			err := errors.Join(
				d.InsertSession(ctx, db.Session{Key: "key of " + subject, Subject: subject, SessionID: "sid of " + subject, Created: now, Renewed: now,
					AuthTime: now, Expires: now.Add(time.Hour), Lifetime: time.Hour}),
				d.InsertClient(ctx, registeredClient("client of "+subject)),
				d.InsertRefreshToken(ctx, "token of "+subject, db.RefreshToken{ClientID: "client of " + subject, Subject: subject, SessionID: "s",
					FamilyID: "family of " + subject, Started: now, Created: now, Expires: now.Add(time.Hour)}),
			)
			if err != nil {
				t.Fatal(err)
			}
		}
		gone, err := d.DeleteUser(ctx, "gone", now, now.Add(time.Hour))
		if want := (db.RemovedWithUser{Sessions: 1, Grants: 1}); err != nil || gone != want {
			t.Fatalf("DeleteUser() = %+v, %v, want %+v", gone, err, want)
		}
		for subject, want := range map[string]bool{"gone": false, "stays": true} {
			_, userErr := d.UserBySubject(ctx, subject)
			_, sessionErr := d.Session(ctx, "key of "+subject, now)
			token, tokenErr := d.RefreshToken(ctx, "token of "+subject, now)
			if tokenErr != nil {
				t.Fatal(tokenErr)
			}
			if user, session, grant := userErr == nil, sessionErr == nil, token.Revoked == nil; user != want || session != want || grant != want {
				t.Errorf("%s: user %v, session %v, grant %v, want %v", subject, user, session, grant, want)
			}
		}
		if _, err := d.DeleteUser(ctx, "gone", now, now.Add(time.Hour)); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("once more: %v, want %v", err, db.ErrNotFound)
		}
	})
}

// Two who change a user at the same time both find their change there.
func TestChangeUserLosesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.InsertUser(ctx, db.User{SubjectID: "s", Username: "u", PasswordHash: "x", Enabled: true}); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for _, role := range []string{"a", "b", "c", "d"} {
			group.Go(func() {
				err := d.ChangeUser(ctx, "s", func(u *db.User) error {
					u.Claims = append(u.Claims, db.UserClaim{Type: "role", Value: role})
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		u, err := d.UserBySubject(ctx, "s")
		if err != nil || len(u.Claims) != 4 || u.PasswordHash != "x" {
			t.Errorf("got %+v, %v", u, err)
		}
		refusal := errors.New("no")
		if err := d.ChangeUser(ctx, "s", func(u *db.User) error { u.Enabled = false; return refusal }); !errors.Is(err, refusal) {
			t.Errorf("a change that is called off: %v", err)
		}
		if again, err := d.UserBySubject(ctx, "s"); err != nil || !reflect.DeepEqual(again, u) {
			t.Errorf("it changed the user: %+v, %v", again, err)
		}
	})
}

func TestUserValidate(t *testing.T) {
	for name, row := range map[string]struct {
		user  db.User
		field string
	}{
		"fine":                         {db.User{Username: strings.Repeat("ü", 200), SubjectID: "s"}, ""},
		"no name":                      {db.User{SubjectID: "s"}, "Username"},
		"a name of 201 letters":        {db.User{Username: strings.Repeat("ü", 201), SubjectID: "s"}, "Username"},
		"a name that is no text":       {db.User{Username: "a\x00b", SubjectID: "s"}, "Username"},
		"a subject with a space":       {db.User{Username: "u", SubjectID: "a b"}, "SubjectId"},
		"a claim without a type":       {db.User{Username: "u", SubjectID: "s", Claims: []db.UserClaim{{Value: "x"}}}, "Claims"},
		"a claim whose value is bytes": {db.User{Username: "u", SubjectID: "s", Claims: []db.UserClaim{{Type: "a", Value: "\xff"}}}, "Claims"},
	} {
		t.Run(name, func(t *testing.T) {
			err := row.user.Validate()
			invalid, ok := errors.AsType[*db.ValidationError](err)
			if ok != (row.field != "") || ok && invalid.Field != row.field {
				t.Errorf("got %v, want one about %q", err, row.field)
			}
		})
	}
}
