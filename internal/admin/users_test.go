package admin

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"silentrenew/db"
)

// A password that the login form cannot send is refused.
func TestUsersPasswordFitsTheForm(t *testing.T) {
	s := newShell(t)
	if _, _, refused := s.run("users password Mick --password-stdin", strings.Repeat("x", 201)+"\n"); refused != "the password must be one line of 200 characters at most" {
		t.Errorf("refused with %q", refused)
	}
}

func TestUsersAddAndPassword(t *testing.T) {
	s := newShell(t)
	var user struct{ SubjectID, Password string }
	s.json("users add carol -c role=Admin -c name=Carol", &user)
	carol, err := s.store.UserByName(t.Context(), "carol")
	if err != nil || carol.SubjectID != user.SubjectID || carol.Claim("role") != "Admin" || !carol.Enabled {
		t.Fatalf("got %+v, %v", carol, err)
	}
	if match, err := argon2id.ComparePasswordAndHash(user.Password, carol.PasswordHash); !match || err != nil {
		t.Errorf("the password shown is not hers: %v", err)
	}
	s.must("users password Carol --password-stdin", "correct horse\n")
	if carol, _ = s.store.UserByName(t.Context(), "carol"); carol.Claim("name") != "Carol" {
		t.Errorf("the claims are gone: %+v", carol)
	}
	if match, err := argon2id.ComparePasswordAndHash("correct horse", carol.PasswordHash); !match || err != nil {
		t.Errorf("the new password does not count: %v", err)
	}
	if listed := s.must("users list --json"); strings.Contains(listed, "argon2id") {
		t.Errorf("a hash is shown:\n%s", listed)
	}
}

// users set changes what it is told and leaves the rest, the password among it.
func TestUsersSet(t *testing.T) {
	s := newShell(t)
	before, err := s.store.UserByName(t.Context(), "Mick")
	if err != nil {
		t.Fatal(err)
	}
	out := s.must("users set mick Claims.role=Auditor claims.role+=Tester Claims.team=blue Enabled=no")
	for _, want := range []string{"Enabled: no (was yes)\n", "Claims.role: Auditor, Tester (was Admin)\n", "Claims.team: blue (was not set)\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	after, err := s.store.UserBySubject(t.Context(), before.SubjectID)
	if err != nil || after.Enabled || after.Claim("role") != "Auditor" || after.Claim("name") != before.Claim("name") || after.PasswordHash != before.PasswordHash {
		t.Errorf("got %+v, %v", after, err)
	}
	s.must("users set Mick Claims.role-=Auditor Claims.team= Username=Michael Enabled=yes")
	shown := s.must("users show Michael")
	for _, want := range []string{"Username   Michael\n", "Enabled    yes\n", "Claim      role = Tester\n"} {
		if !strings.Contains(shown, want) {
			t.Errorf("lacks %q:\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "team") || strings.Contains(shown, "Auditor") || strings.Contains(shown, "argon2id") {
		t.Errorf("shown:\n%s", shown)
	}
}

// users remove leaves nothing with which the user, or a client in their name, could go on.
func TestUsersRemove(t *testing.T) {
	s := newShell(t)
	now := time.Now()
	mick, err := s.store.UserByName(t.Context(), "Mick")
	if err != nil {
		t.Fatal(err)
	}
	session := db.Session{Key: rand.Text(), Subject: mick.SubjectID, SessionID: "sid-1", Created: now, Renewed: now, AuthTime: now,
		Expires: now.Add(time.Hour), Lifetime: time.Hour, ClientIDs: []string{"spa-client"}}
	if err := s.store.InsertSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	handle := rand.Text()
	err = s.store.InsertRefreshToken(t.Context(), handle, db.RefreshToken{ClientID: "bff-client", Subject: mick.SubjectID, SessionID: "sid-1",
		Scopes: []string{"openid"}, AuthTime: now, Started: now, Created: now, Expires: now.Add(time.Hour), FamilyID: "family"})
	if err != nil {
		t.Fatal(err)
	}
	var gone struct {
		Username         string
		Removed          bool
		Sessions, Grants int
	}
	s.json("users remove mick --yes", &gone)
	if !gone.Removed || gone.Username != "Mick" || gone.Sessions != 1 || gone.Grants != 1 {
		t.Errorf("got %+v", gone)
	}
	if _, err := s.store.UserBySubject(t.Context(), mick.SubjectID); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("the user: %v", err)
	}
	if taken, err := s.store.TakeExpiredSessions(t.Context(), time.Now(), 10); err != nil || len(taken) != 1 || !taken[0].Ended {
		t.Errorf("a running provider would take %+v, %v; want the ended session", taken, err)
	}
	if found, err := s.store.RefreshToken(t.Context(), handle, time.Now()); err != nil || found.Revoked == nil {
		t.Errorf("the refresh token: %+v, %v", found, err)
	}
	if revoked, err := s.store.TokenRevoked(t.Context(), "family.access-token"); !revoked || err != nil {
		t.Errorf("the access tokens of the family still count: %v", err)
	}
}
