package db_test

import (
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

func someCode() db.AuthorizationCode {
	return db.AuthorizationCode{
		ClientID: "spa-client", RedirectURI: "http://localhost:4200/signin-callback", Scopes: []string{"openid", "companyApi"},
		Subject: "a9ea0f25", SessionID: "sid", Nonce: "n-\x00\xff\u2028", CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
		CodeChallengeMethod: "S256", CorrelationID: "c1", AuthTime: noon.Add(-time.Hour), AMR: []string{"pwd"},
		Created: noon, Expires: noon.Add(5 * time.Minute),
	}
}

func TestRFC6749Section413TheCodeReturnsWhatItWasGivenFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		want := someCode()
		want.Nonce = "n-0S6_WzA2Mj"
		if err := d.InsertAuthorizationCode(t.Context(), "SplxlOBeZQQYbYS6WxSbIA", want); err != nil {
			t.Fatal(err)
		}
		got, err := d.ConsumeAuthorizationCode(t.Context(), "SplxlOBeZQQYbYS6WxSbIA", noon.Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		want.Created, want.Expires = time.Time{}, time.Time{}
		want.FamilyID = db.FamilyOf("SplxlOBeZQQYbYS6WxSbIA")
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
	})
}

func TestRFC6749Section412ACodeIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.InsertAuthorizationCode(t.Context(), "code", someCode()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.ConsumeAuthorizationCode(t.Context(), "unknown", noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("unknown code: %v, want %v", err, db.ErrNotFound)
		}
		if _, err := d.ConsumeAuthorizationCode(t.Context(), "code", noon.Add(5*time.Minute)); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("expired code: %v, want %v", err, db.ErrNotFound)
		}
		if _, err := d.ConsumeAuthorizationCode(t.Context(), "code", noon.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		for _, when := range []time.Time{noon.Add(2 * time.Second), noon.Add(time.Hour)} {
			_, err := d.ConsumeAuthorizationCode(t.Context(), "code", when)
			var replayed *db.CodeReplayedError
			if !errors.As(err, &replayed) {
				t.Fatalf("second use: %v, want a *CodeReplayedError", err)
			}
			if replayed.Code.FamilyID != db.FamilyOf("code") || replayed.Code.ClientID != "spa-client" {
				t.Errorf("second use tells of %+v, want the family of the first use", replayed.Code)
			}
		}
	})
}

// A hundred requests with one code at the same moment: one gets the tokens.
func TestRFC6749Section412AHundredAtOnceOneWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.InsertAuthorizationCode(t.Context(), "code", someCode()); err != nil {
			t.Fatal(err)
		}
		var won, replayed atomic.Int32
		var requests errgroup.Group
		for range 100 {
			requests.Go(func() error {
				_, err := d.ConsumeAuthorizationCode(t.Context(), "code", noon)
				var replay *db.CodeReplayedError
				switch {
				case err == nil:
					won.Add(1)
					return nil
				case errors.As(err, &replay):
					replayed.Add(1)
					return nil
				}
				return err
			})
		}
		if err := requests.Wait(); err != nil {
			t.Fatal(err)
		}
		if won.Load() != 1 || replayed.Load() != 99 {
			t.Fatalf("%d won and %d were replays, want 1 and 99", won.Load(), replayed.Load())
		}
	})
}

func TestACodeIsStoredAsAHash(t *testing.T) {
	d := dbtest.New(t)
	if err := d.InsertAuthorizationCode(t.Context(), "my-secret-code", someCode()); err != nil {
		t.Fatal(err)
	}
	row := dumpRows(t, dbtest.Shell(t, d), "PersistedGrants", "true")
	if strings.Contains(row, "my-secret-code") {
		t.Errorf("the code can be read from the table:\n%s", row)
	}
}

func TestAnyNonceCanBeStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.InsertAuthorizationCode(t.Context(), "code", someCode()); err != nil {
			t.Errorf("a nonce with NUL and bytes that are not UTF-8: %v", err)
		}
	})
}
