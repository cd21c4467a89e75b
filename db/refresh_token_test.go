package db_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func someRefreshToken() db.RefreshToken {
	return db.RefreshToken{
		ClientID: "bff-client", Subject: "a9ea0f25", SessionID: "sid", Scopes: []string{"openid", "offline_access"},
		AuthTime: noon.Add(-time.Hour), AMR: []string{"pwd"}, Claims: []db.UserClaim{{Type: "role", Value: "Admin"}},
		Started: noon, Created: noon, Expires: noon.Add(time.Hour), FamilyID: "family",
	}
}

func insertRefreshToken(t *testing.T, d *db.DB, handle string) {
	t.Helper()
	if err := d.InsertRefreshToken(t.Context(), handle, someRefreshToken()); err != nil {
		t.Fatal(err)
	}
}

// rotate exchanges a token as the token endpoint does: what the row says first.
func rotate(t *testing.T, d *db.DB, handle string, expires, now time.Time, grace time.Duration) (string, error) {
	token, err := d.RefreshToken(t.Context(), handle, now)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return "", err
	}
	return d.RotateRefreshToken(t.Context(), handle, token, expires, now, grace)
}

func TestI7TheSuccessorTakesOverWhatWasGranted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertRefreshToken(t, d, "first")
		want := someRefreshToken()
		if got, err := d.RefreshToken(t.Context(), "first", noon); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got\n%+v %v\nwant\n%+v", got, err, want)
		}
		now := noon.Add(time.Minute)
		second, err := rotate(t, d, "first", noon.Add(2*time.Hour), now, 0)
		if err != nil || second == "first" {
			t.Fatal(second, err)
		}
		want.Created, want.Expires, want.ParentKey = now, noon.Add(2*time.Hour), db.FamilyOf("first")
		if got, err := d.RefreshToken(t.Context(), second, now); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("successor: got\n%+v %v\nwant\n%+v", got, err, want)
		}
		if got, err := d.RefreshToken(t.Context(), "first", now); err != nil || got.Consumed == nil || !got.Consumed.Equal(now) {
			t.Errorf("the first: %+v %v, want it consumed at %v", got, err, now)
		}
		for _, gone := range []struct {
			handle string
			when   time.Time
		}{{"unknown", now}, {"first", noon.Add(time.Hour)}, {second, noon.Add(2 * time.Hour)}} {
			if _, err := d.RefreshToken(t.Context(), gone.handle, gone.when); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("%s at %v: %v, want %v", gone.handle, gone.when, err, db.ErrNotFound)
			}
			if _, err := rotate(t, d, gone.handle, noon.Add(9*time.Hour), gone.when, time.Hour); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("rotate %s at %v: %v, want %v", gone.handle, gone.when, err, db.ErrNotFound)
			}
		}
	})
}

// A hundred requests with one token at the same moment. Without grace one gets a successor; with it all get the same.
func TestI7I8AHundredAtOnceOneSuccessor(t *testing.T) {
	for _, grace := range []time.Duration{0, time.Minute} {
		t.Run(grace.String(), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				insertRefreshToken(t, d, "first")
				var won, reused atomic.Int32
				var successors sync.Map
				var requests errgroup.Group
				for range 100 {
					requests.Go(func() error {
						next, err := rotate(t, d, "first", noon.Add(2*time.Hour), noon, grace)
						if _, again := errors.AsType[*db.RefreshTokenReusedError](err); again {
							reused.Add(1)
							return nil
						}
						won.Add(1)
						successors.Store(next, true)
						return err
					})
				}
				if err := requests.Wait(); err != nil {
					t.Fatal(err)
				}
				different := 0
				successors.Range(func(any, any) bool { different++; return true })
				wantWon := int32(1)
				if grace > 0 {
					wantWon = 100
				}
				if won.Load() != wantWon || reused.Load() != 100-wantWon || different != 1 {
					t.Errorf("%d won, %d were told that it was used, %d different successors", won.Load(), reused.Load(), different)
				}
			})
		})
	}
}

func TestI8TheGraceEndsWithTimeOrWithTheFirstUseOfTheSuccessor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const grace = 30 * time.Second
		rotate := func(handle string, now time.Time) (string, bool) {
			t.Helper()
			next, err := rotate(t, d, handle, noon.Add(2*time.Hour), now, grace)
			_, reused := errors.AsType[*db.RefreshTokenReusedError](err)
			if err != nil && !reused {
				t.Fatal(err)
			}
			return next, reused
		}
		insertRefreshToken(t, d, "first")
		second, _ := rotate("first", noon)
		for _, row := range []struct {
			at     time.Duration
			reused bool
		}{{0, false}, {grace - time.Microsecond, false}, {grace, true}, {time.Minute, true}} {
			again, reused := rotate("first", noon.Add(row.at))
			if reused != row.reused || !reused && again != second {
				t.Errorf("after %v: same successor %t, reused %t, want reused %t", row.at, again == second, reused, row.reused)
			}
		}
		rotate(second, noon.Add(time.Second))
		if _, reused := rotate("first", noon.Add(2*time.Second)); !reused {
			t.Error("the successor was used, so its answer arrived, and still its parent is taken")
		}
	})
}

func TestI9ARevokedFamilyIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertRefreshToken(t, d, "first")
		other := someRefreshToken()
		other.FamilyID = "other"
		if err := d.InsertRefreshToken(t.Context(), "elsewhere", other); err != nil {
			t.Fatal(err)
		}
		second, err := rotate(t, d, "first", noon.Add(2*time.Hour), noon, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.RevokeFamily(t.Context(), "family", noon, noon.Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		for _, handle := range []string{"first", second} {
			if got, err := d.RefreshToken(t.Context(), handle, noon); err != nil || got.Revoked == nil {
				t.Errorf("%s: %+v %v", handle, got, err)
			}
			if _, err := rotate(t, d, handle, noon.Add(2*time.Hour), noon, time.Hour); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("rotate %s: %v", handle, err)
			}
			if err := d.ExtendRefreshToken(t.Context(), handle, noon.Add(2*time.Hour), noon); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("extend %s: %v", handle, err)
			}
		}
		for jti, want := range map[string]bool{"family.A": true, "family": true, "familyB": false, "other.A": false} {
			if got, err := d.TokenRevoked(t.Context(), jti); err != nil || got != want {
				t.Errorf("access token %s: revoked %t %v, want %t", jti, got, err, want)
			}
		}
		if err := d.ExtendRefreshToken(t.Context(), "elsewhere", noon.Add(2*time.Hour), noon); err != nil {
			t.Errorf("another family: %v", err)
		}
	})
}

// Whatever the order in which a rotation and a revocation run, nothing of the family counts afterwards.
func TestI9NoSuccessorEscapesARevocation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for range 30 {
			handle := "token"
			dbtest.Exec(t, d, `DELETE FROM "PersistedGrants"`)
			dbtest.Exec(t, d, `DELETE FROM "RevokedTokens"`)
			insertRefreshToken(t, d, handle)
			var race errgroup.Group
			race.Go(func() error {
				for {
					next, err := rotate(t, d, handle, noon.Add(2*time.Hour), noon, 0)
					if errors.Is(err, db.ErrNotFound) {
						return nil
					}
					if err != nil {
						return err
					}
					handle = next
				}
			})
			race.Go(func() error { return d.RevokeFamily(t.Context(), "family", noon, noon.Add(time.Hour)) })
			if err := race.Wait(); err != nil {
				t.Fatal(err)
			}
			if rows := dumpRows(t, dbtest.Shell(t, d), "PersistedGrants", `"RevokedTime" IS NULL`); rows != "" {
				t.Fatalf("left over:\n%s", rows)
			}
		}
	})
}

// A code that was replayed while its first redemption was under way leaves no refresh token that counts (RFC 6749 §4.1.2).
func TestI17NoLiveRefreshTokenFromAReplayedCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.InsertAuthorizationCode(t.Context(), "code", someCode()); err != nil {
			t.Fatal(err)
		}
		code, err := d.ConsumeAuthorizationCode(t.Context(), "code", noon)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.RevokeFamily(t.Context(), code.FamilyID, noon, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		token := someRefreshToken()
		token.FamilyID, token.ParentKey = code.FamilyID, code.FamilyID
		if err := d.InsertRefreshToken(t.Context(), "too-late", token); err != nil {
			t.Fatal(err)
		}
		if token, err := d.RefreshToken(t.Context(), "too-late", noon); err != nil || token.Revoked == nil {
			t.Errorf("got %+v, %v; want a revoked token", token, err)
		}
		dbtest.Exec(t, d, `DELETE FROM "PersistedGrants"`)
		if err := d.InsertRefreshToken(t.Context(), "of-nothing", token); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("without its code: %v, want ErrNotFound", err)
		}
	})
}

func TestI11ASessionsFamiliesEndTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for id, bound := range map[string]*bool{"bound": ptr(true), "free": ptr(false), "unsaid": nil} {
			client := db.NewClient(id)
			client.RequireClientSecret, client.GrantTypes = false, []string{"refresh_token"}
			client.CoordinateLifetimeWithUserSession = bound
			if err := d.InsertClient(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			for _, sid := range []string{"sid", "another"} {
				for _, unsaid := range []string{"false", "true"} {
					token := someRefreshToken()
					token.ClientID, token.SessionID, token.FamilyID = id, sid+unsaid, "family-"+id+sid+unsaid
					if err := d.InsertRefreshToken(t.Context(), id+sid+unsaid, token); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		for sid, unsaid := range map[string]bool{"sidfalse": false, "sidtrue": true} {
			if err := d.RevokeSessionFamilies(t.Context(), "a9ea0f25", sid, unsaid, noon, noon.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		for handle, want := range map[string]bool{
			"boundsidfalse": true, "freesidfalse": false, "unsaidsidfalse": false,
			"boundsidtrue": true, "freesidtrue": false, "unsaidsidtrue": true, "boundanothertrue": false,
		} {
			if got, err := d.RefreshToken(t.Context(), handle, noon); err != nil || (got.Revoked != nil) != want {
				t.Errorf("%s: %+v %v, want revoked %t", handle, got, err, want)
			}
		}
	})
}

// Who reads the table finds neither the token nor its successor, and who holds an old token cannot work the new one out.
func TestI8TheTableAloneGivesNoToken(t *testing.T) {
	d := dbtest.New(t)
	insertRefreshToken(t, d, "my-secret-token")
	second, err := rotate(t, d, "my-secret-token", noon.Add(2*time.Hour), noon, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	rows := dumpRows(t, dbtest.Shell(t, d), "PersistedGrants", "true")
	if strings.Contains(rows, "my-secret-token") || strings.Contains(rows, second) {
		t.Errorf("a token can be read from the table:\n%s", rows)
	}
	insertOther := dbtest.New(t)
	insertRefreshToken(t, insertOther, "my-secret-token")
	if other, err := rotate(t, insertOther, "my-secret-token", noon.Add(2*time.Hour), noon, time.Minute); err != nil || other == second {
		t.Errorf("the successor follows from the token alone: %v", err)
	}
}
