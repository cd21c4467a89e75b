package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func TestUserNames(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.InsertUser(t.Context(), db.User{SubjectID: "s1", Username: "Åsa", PasswordHash: "x", Claims: []db.UserClaim{{Type: "role", Value: "a"}, {Type: "role", Value: "b"}}}); err != nil {
			t.Fatal(err)
		}
		// Only ASCII folds, on both databases alike.
		if user, err := d.UserByName(t.Context(), "åsa"); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("åsa: %+v, %v; want %v", user, err, db.ErrNotFound)
		}
		user, err := d.UserByName(t.Context(), "ÅSA")
		if err != nil || user.Enabled || !slices.Equal(user.Claims, []db.UserClaim{{Type: "role", Value: "a"}, {Type: "role", Value: "b"}}) {
			t.Errorf("ÅSA: %+v, %v", user, err)
		}
		if err := d.InsertUser(t.Context(), db.User{SubjectID: "s2", Username: "åSA"}); err != nil {
			t.Errorf("another name: %v", err)
		}
		if err := d.InsertUser(t.Context(), db.User{SubjectID: "s3", Username: "ÅSa"}); err == nil {
			t.Error("the same name in another case was taken")
		}
		for _, name := range []string{"", "nobody", "\x00", "\xff", "' OR '1'='1"} {
			if _, err := d.UserByName(t.Context(), name); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("UserByName(%q): %v, want %v", name, err, db.ErrNotFound)
			}
			if _, err := d.UserBySubject(t.Context(), name); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("UserBySubject(%q): %v, want %v", name, err, db.ErrNotFound)
			}
		}
	})
}

func TestResourcesLeaveOutWhatIsSwitchedOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		dbtest.Exec(t, d, `UPDATE "IdentityResources" SET "Enabled" = false WHERE "Name" = 'roles'`)
		dbtest.Exec(t, d, `INSERT INTO "IdentityResources" ("Enabled", "Name", "Created") VALUES (false, 'phone', CURRENT_TIMESTAMP)`)
		dbtest.Exec(t, d, `UPDATE "ApiScopes" SET "Enabled" = false`)
		got, err := d.Resources(t.Context())
		var names []string
		for _, r := range got.Identity {
			names = append(names, r.Name)
		}
		if want := []string{"openid", "profile", "address", "position", "country", "email"}; !slices.Equal(names, want) { // email needs no row
			t.Errorf("identity resources %v, want %v", names, want)
		}
		if err != nil || len(got.APIScopes) != 0 || len(got.APIs) != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestConsentIsRememberedReplacedAndForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		until := noon.Add(time.Minute)
		for _, c := range []db.Consent{
			{Subject: "s", ClientID: "c", Scopes: []string{"openid"}, Created: noon},
			{Subject: "s", ClientID: "c", Scopes: []string{"openid", "profile"}, Created: noon, Expires: &until},
		} {
			if err := d.SaveConsent(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		got, err := d.Consent(t.Context(), "s", "c", noon)
		if err != nil || !slices.Equal(got.Scopes, []string{"openid", "profile"}) || got.Expires == nil || !got.Expires.Equal(until) {
			t.Errorf("got %+v, %v; want the second", got, err)
		}
		if _, err := d.Consent(t.Context(), "s", "c", until); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("expired: %v, want %v", err, db.ErrNotFound)
		}
		if _, err := d.Consent(t.Context(), "s", "other", noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("another client: %v, want %v", err, db.ErrNotFound)
		}
		if err := d.DeleteConsent(t.Context(), "s", "c"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Consent(t.Context(), "s", "c", noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("forgotten: %v, want %v", err, db.ErrNotFound)
		}
	})
}

func TestRevokedTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for range 2 { // twice is no error (RFC 7009 §2.2)
			if err := d.RevokeToken(t.Context(), "jti-1", noon); err != nil {
				t.Fatal(err)
			}
		}
		for jti, want := range map[string]bool{"jti-1": true, "jti-2": false, "": false, "\x00": false} {
			if got, err := d.TokenRevoked(t.Context(), jti); got != want || err != nil {
				t.Errorf("TokenRevoked(%q) = %t, %v; want %t", jti, got, err, want)
			}
		}
	})
}

func TestD5Options(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if value, set, err := d.Option(t.Context(), "Authentication.CookieLifetime"); set || err != nil {
			t.Errorf("before: %q, %t, %v; want unset", value, set, err)
		}
		for _, value := range []string{"10h0m0s", "4m0s"} {
			if err := d.SetOption(t.Context(), "Authentication.CookieLifetime", value); err != nil {
				t.Fatal(err)
			}
		}
		if value, set, err := d.Option(t.Context(), "Authentication.CookieLifetime"); value != "4m0s" || !set || err != nil {
			t.Errorf("after: %q, %t, %v; want 4m0s", value, set, err)
		}
		if options, err := d.Options(t.Context()); err != nil || len(options) != 1 || options["Authentication.CookieLifetime"] != "4m0s" {
			t.Errorf("Options() = %v, %v", options, err)
		}
	})
}

func TestLoginFailuresCountWithinTheirWindow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const window = 10 * time.Minute
		for _, row := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {time.Minute, 2}, {9 * time.Minute, 3}, {10 * time.Minute, 1}, {11 * time.Minute, 2}} {
			got, err := d.CountLoginFailure(t.Context(), "account:mick", noon.Add(row.after), window)
			if got != row.want || err != nil {
				t.Errorf("after %v: %d, %v; want %d", row.after, got, err, row.want)
			}
		}
		var guesses errgroup.Group
		for range 50 {
			guesses.Go(func() error {
				_, err := d.CountLoginFailure(t.Context(), "account:jane", noon, window)
				return err
			})
		}
		if err := guesses.Wait(); err != nil {
			t.Fatal(err)
		}
		if got, err := d.CountLoginFailure(t.Context(), "account:jane", noon, window); got != 51 || err != nil {
			t.Errorf("after fifty at once: %d, %v; want 51", got, err)
		}
		if _, err := d.CountLoginFailure(t.Context(), "\x00\xff", noon, window); err != nil {
			t.Errorf("a key that is not text: %v", err)
		}
	})
}

func TestLoginBlocked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		until := noon.Add(time.Minute)
		for _, key := range []string{"counted", "not counted"} {
			if key == "counted" {
				if _, err := d.CountLoginFailure(t.Context(), key, noon, time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := d.LoginBlocked(t.Context(), key, noon); !got.IsZero() || err != nil {
				t.Errorf("%s, before: %v, %v; want the zero time", key, got, err)
			}
			if err := d.BlockLogin(t.Context(), key, noon, until); err != nil {
				t.Fatal(err)
			}
			if got, err := d.LoginBlocked(t.Context(), key, noon); !got.Equal(until) || err != nil {
				t.Errorf("%s: %v, %v; want %v", key, got, err, until)
			}
			if got, err := d.LoginBlocked(t.Context(), key, until); !got.IsZero() || err != nil {
				t.Errorf("%s, after: %v, %v; want the zero time", key, got, err)
			}
			if err := d.ClearLoginFailures(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if got, err := d.LoginBlocked(t.Context(), key, noon); !got.IsZero() || err != nil {
				t.Errorf("%s, cleared: %v, %v; want the zero time", key, got, err)
			}
		}
	})
}

func TestD4CleanupRemovesWhatHasExpiredAndNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range 5 { // three have expired at noon, two have not
			expires := noon.Add(time.Duration(i-2) * time.Minute)
			code := someCode()
			code.Expires = expires
			must(d.InsertAuthorizationCode(ctx, fmt.Sprint("code", i), code))
			s := someSession()
			s.Key, s.SessionID, s.Expires = fmt.Sprint("session", i), fmt.Sprint("sid", i), expires
			must(d.InsertSession(ctx, s))
			must(d.RevokeToken(ctx, fmt.Sprint("jti", i), expires))
		}
		must(d.SaveConsent(ctx, db.Consent{Subject: "s", ClientID: "c", Created: noon.AddDate(-1, 0, 0)}))
		must(d.BlockLogin(ctx, "long ago", noon.AddDate(0, 0, -9), noon.AddDate(0, 0, -8)))
		must(d.BlockLogin(ctx, "blocked", noon.AddDate(0, 0, -9), noon.Add(time.Hour)))
		must(d.BlockLogin(ctx, "again", noon.AddDate(0, 0, -3), noon.AddDate(0, 0, -2)))
		for _, key := range []string{"just now", "again"} { // the one begins to count, the other begins anew
			_, err := d.CountLoginFailure(ctx, key, noon, time.Hour)
			must(err)
		}

		removed, err := d.Cleanup(ctx, noon, 2)
		if removed != 2*3+1 || err != nil {
			t.Errorf("Cleanup removed %d, %v; want 7", removed, err)
		}
		if sessions, err := d.Sessions(ctx); len(sessions) != 5 || err != nil {
			t.Errorf("%d sessions left, %v; want 5: who takes an expired one tells its clients", len(sessions), err)
		}
		if _, err := d.Consent(ctx, "s", "c", noon); err != nil {
			t.Errorf("a consent without expiry: %v", err)
		}
		if until, err := d.LoginBlocked(ctx, "blocked", noon); until.IsZero() || err != nil {
			t.Errorf("a block in force was removed: %v", err)
		}
		for _, key := range []string{"just now", "again"} {
			if n, err := d.CountLoginFailure(ctx, key, noon, time.Hour); n != 2 || err != nil {
				t.Errorf("the failures of %q were forgotten within their window: the second is number %d, %v", key, n, err)
			}
		}
		if removed, err := d.Cleanup(ctx, noon, 2); removed != 0 || err != nil {
			t.Errorf("a second Cleanup removed %d, %v; want 0", removed, err)
		}
	})
}

// Who waits for the writer can give up: first in our own queue, then at the file's lock that another program holds.
func TestWaitingForTheWriterObeysTheContext(t *testing.T) {
	d := dbtest.New(t)
	shell, err := dbtest.Shell(t, d).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	if _, err := shell.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var writers errgroup.Group
	for i := range 3 {
		writers.Go(func() error {
			if err := d.SetOption(ctx, fmt.Sprint(i), "x"); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("got %v, want %w", err, context.Canceled)
			}
			return nil
		})
	}
	if _, _, err := d.Option(t.Context(), "read"); err != nil { // readers never wait
		t.Error(err)
	}
	cancel()
	if err := writers.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := shell.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := d.SetOption(t.Context(), "after", "x"); err != nil {
		t.Errorf("the writer is free again: %v", err)
	}
}
