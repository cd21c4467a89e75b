package db_test

import (
	"errors"
	"testing"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func TestGrantsAreListedAndTakenBackWithTheirFamilies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for handle, family := range map[string]string{"a": "one", "b": "one", "c": "two"} {
			token := someRefreshToken()
			token.FamilyID, token.SessionID = family, "sid-"+handle
			if err := d.InsertRefreshToken(ctx, handle, token); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.SaveConsent(ctx, db.Consent{Subject: "s", ClientID: "c", Created: noon}); err != nil {
			t.Fatal(err)
		}
		all, err := d.Grants(ctx, db.GrantFilter{}, noon)
		if err != nil || len(all) != 4 {
			t.Fatalf("%d grants, %v; want 4", len(all), err)
		}
		if none, err := d.Grants(ctx, db.GrantFilter{ClientID: "\x00"}, noon); err != nil || len(none) != 0 {
			t.Errorf("%d grants, %v", len(none), err)
		}
		if n, err := d.RevokeGrants(ctx, db.GrantFilter{SessionID: "sid-a"}, noon, noon.Add(time.Hour)); n != 1 || err != nil {
			t.Errorf("revoked %d, %v; want 1", n, err)
		}
		for handle, want := range map[string]bool{"a": true, "b": true, "c": false} {
			if token, err := d.RefreshToken(ctx, handle, noon); err != nil || (token.Revoked != nil) != want {
				t.Errorf("%s: %+v, %v; want revoked %v", handle, token.Revoked, err, want)
			}
		}
		if revoked, err := d.TokenRevoked(ctx, "one.jti"); !revoked || err != nil {
			t.Errorf("access tokens of the family: revoked %v, %v", revoked, err)
		}
		if n, err := d.RevokeGrants(ctx, db.GrantFilter{}, noon, noon.Add(time.Hour)); n != 2 || err != nil {
			t.Errorf("the rest: %d, %v; want the last token and the consent", n, err)
		}
		if _, err := d.Consent(ctx, "s", "c", noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("the consent: %v", err)
		}
	})
}

// The reference token of a client that acts for itself is of no family; it is taken back alone, by its own row.
func TestARevokedReferenceTokenOfNoFamilyIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, handle := range []string{"a", "b"} {
			token := db.ReferenceToken{ClientID: "client-" + handle, JTI: "jti-" + handle, Created: noon, Expires: noon.Add(time.Minute), Claims: []byte(`{}`)}
			if err := d.InsertReferenceToken(t.Context(), handle, token); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := d.RevokeGrants(t.Context(), db.GrantFilter{ClientID: "client-a"}, noon, noon.Add(time.Hour)); n != 1 || err != nil {
			t.Errorf("revoked %d, %v; want 1", n, err)
		}
		if _, err := d.ReferenceToken(t.Context(), "a", noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("the revoked one: %v, want %v", err, db.ErrNotFound)
		}
		if _, err := d.ReferenceToken(t.Context(), "b", noon.Add(time.Minute-time.Microsecond)); err != nil {
			t.Errorf("another client's, just before it expires: %v", err)
		}
		if _, err := d.ReferenceToken(t.Context(), "b", noon.Add(time.Minute)); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("and when it does: %v, want %v", err, db.ErrNotFound)
		}
	})
}

func TestUsersAreListedAndReplaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for _, name := range []string{"bob", "Alice"} {
			user := db.User{SubjectID: "sub-" + name, Username: name, PasswordHash: "hash", Enabled: true, Claims: []db.UserClaim{{Type: "role", Value: name}}}
			if err := d.InsertUser(ctx, user); err != nil {
				t.Fatal(err)
			}
		}
		changed := db.User{SubjectID: "sub-bob", Username: "Robert", PasswordHash: "new", Claims: []db.UserClaim{{Type: "a", Value: "1"}, {Type: "a", Value: "2"}}}
		if err := d.ReplaceUser(ctx, changed); err != nil {
			t.Fatal(err)
		}
		users, err := d.Users(ctx)
		if err != nil || len(users) != 2 || users[0].Username != "Alice" || users[0].Claim("role") != "Alice" || users[1].Username != "Robert" ||
			len(users[1].Claims) != 2 || users[1].Enabled {
			t.Errorf("got %+v, %v", users, err)
		}
		if err := d.ReplaceUser(ctx, db.User{SubjectID: "nobody"}); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestEndedSessionIsTakenAsSuch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := someSession()
		if err := d.InsertSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		now := s.Created.Add(time.Minute)
		for _, want := range []error{nil, db.ErrNotFound} {
			if err := d.EndSession(t.Context(), s.Key, now); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		if _, err := d.Session(t.Context(), s.Key, now); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("it still counts: %v", err)
		}
		if taken, err := d.TakeExpiredSessions(t.Context(), now, 10); err != nil || len(taken) != 1 || !taken[0].Ended {
			t.Errorf("got %+v, %v", taken, err)
		}
	})
}
