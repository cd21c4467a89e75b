package db_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func someSession() db.Session {
	return db.Session{Key: "hash-of-cookie", Subject: "a9ea0f25", SessionID: "sid-1", DisplayName: "Mick", Created: noon, Renewed: noon,
		Expires: noon.Add(10 * time.Hour), AuthTime: noon, Lifetime: 10 * time.Hour, Persistent: true, AMR: []string{"pwd"}}
}

func TestSessionIsReadAsItWasWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		want := someSession()
		if err := d.InsertSession(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		for name, find := range map[string]func() (db.Session, error){
			"by key": func() (db.Session, error) { return d.Session(t.Context(), want.Key, noon) },
			"by sid": func() (db.Session, error) { return d.SessionBySID(t.Context(), "sid-1", noon) },
		} {
			got, err := find()
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got\n%+v, %v\nwant\n%+v", name, got, err, want)
			}
		}
		if err := d.DeleteSession(t.Context(), want.Key); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Session(t.Context(), want.Key, noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("after its end: %v, want %v", err, db.ErrNotFound)
		}
		if err := d.DeleteSession(t.Context(), want.Key); err != nil {
			t.Errorf("ending it twice: %v", err)
		}
	})
}

func TestA43ASessionEndsAtItsExpiry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := someSession()
		if err := d.InsertSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			now  time.Time
			want error
		}{{s.Expires.Add(-time.Microsecond), nil}, {s.Expires, db.ErrNotFound}, {s.Expires.Add(time.Second), db.ErrNotFound}} {
			if _, err := d.Session(t.Context(), s.Key, row.now); !errors.Is(err, row.want) {
				t.Errorf("%v before expiry: %v, want %v", s.Expires.Sub(row.now), err, row.want)
			}
		}
		if alive, err := d.RenewSession(t.Context(), s.Key, s.Expires, s.Expires.Add(time.Hour)); alive || err != nil {
			t.Errorf("RenewSession after expiry = %t, %v; want false: the dead are not raised", alive, err)
		}
	})
}

func TestA45ASessionSlides(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := someSession()
		if err := d.InsertSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		now := noon.Add(6 * time.Hour)
		if alive, err := d.RenewSession(t.Context(), s.Key, now, now.Add(10*time.Hour)); !alive || err != nil {
			t.Fatalf("RenewSession = %t, %v", alive, err)
		}
		got, err := d.Session(t.Context(), s.Key, noon.Add(15*time.Hour))
		if err != nil || !got.Renewed.Equal(now) || !got.AuthTime.Equal(noon) {
			t.Errorf("got %+v, %v; want it alive, renewed at %v, auth_time unchanged", got, err, now)
		}
		if alive, err := d.RenewSession(t.Context(), "unknown", now, now); alive || err != nil {
			t.Errorf("unknown session: %t, %v; want false", alive, err)
		}
	})
}

func TestSessionRemembersWhoJoined(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := someSession()
		if err := d.InsertSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		var joins errgroup.Group
		for i := range 20 {
			joins.Go(func() error { return d.SessionJoined(t.Context(), s.Key, fmt.Sprintf("client-%d", i%10)) })
		}
		if err := joins.Wait(); err != nil {
			t.Fatal(err)
		}
		got, err := d.Session(t.Context(), s.Key, noon)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got.ClientIDs)
		if want := 10; len(got.ClientIDs) != want || len(slices.Compact(got.ClientIDs)) != want {
			t.Errorf("joined: %v, want each of ten once", got.ClientIDs)
		}
		if err := d.SessionJoined(t.Context(), "unknown", "client"); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("unknown session: %v, want %v", err, db.ErrNotFound)
		}
		all, err := d.Sessions(t.Context())
		if err != nil || len(all) != 1 {
			t.Errorf("Sessions() = %+v, %v", all, err)
		}
	})
}

// The article's four-minute cookie, in no time: the database lives inside a bubble with a simulated clock.
func TestA43InSimulatedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.Seeded(t)
		start := time.Now()
		s := db.Session{Key: "k", Subject: "sub", SessionID: "sid", Created: start, Renewed: start, AuthTime: start,
			Expires: start.Add(4 * time.Minute), Lifetime: 4 * time.Minute}
		if err := d.InsertSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			time.Sleep(time.Minute)
			if _, err := d.Session(t.Context(), "k", time.Now()); err != nil {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		}
		time.Sleep(time.Minute)
		if _, err := d.Session(t.Context(), "k", time.Now()); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("after four minutes: %v, want %v", err, db.ErrNotFound)
		}
		for _, want := range []int{1, 0} { // whoever takes it is the one to tell its clients
			if taken, err := d.TakeExpiredSessions(t.Context(), time.Now(), 100); len(taken) != want || err != nil {
				t.Errorf("TakeExpiredSessions = %+v, %v; want %d", taken, err, want)
			}
		}
	})
}
