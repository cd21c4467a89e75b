package db_test

import (
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func push(t *testing.T, d *db.DB, handle string) db.PushedRequest {
	t.Helper()
	r := db.PushedRequest{ClientID: "c", Parameters: map[string][]string{"state": {"é\""}, "resource": {"a", "b"}}, Created: noon, Expires: noon.Add(90 * time.Second)}
	if err := d.InsertPushedRequest(t.Context(), handle, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRFC9126Section4APushedRequestIsBroughtAndAnswered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		want := push(t, d, "h")
		bring := func(handle, client string, now time.Time) error {
			return d.BringPushedRequest(t.Context(), handle, client, now, 90*time.Second, time.Hour)
		}
		if _, err := d.PushedRequest(t.Context(), "h", noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("before it was brought: %v, want %v", err, db.ErrNotFound)
		}
		for name, err := range map[string]error{
			"unknown": bring("x", "c", noon), "another client": bring("h", "d", noon), "a client that is no text": bring("h", "\x00", noon),
			"at its end": bring("h", "c", want.Expires),
		} {
			if !errors.Is(err, db.ErrNotFound) {
				t.Errorf("%s: %v, want %v", name, err, db.ErrNotFound)
			}
		}
		for _, again := range []time.Time{noon, noon.Add(time.Minute)} { // FAPI 2.0 §5.3.2.2 note 3
			if err := bring("h", "c", again); err != nil {
				t.Fatalf("at %v: %v", again, err)
			}
		}
		if err := bring("h", "c", want.Expires); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("again at its end: %v, want %v", err, db.ErrNotFound)
		}
		want.Expires = noon.Add(time.Minute + time.Hour) // as long as the detour by our own pages may take
		got, err := d.PushedRequest(t.Context(), "h", noon.Add(30*time.Minute))
		if got.Created, got.Expires = got.Created.UTC(), got.Expires.UTC(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%+v %v\nwant\n%+v", got, err, want)
		}
		if _, err := d.PushedRequest(t.Context(), "h", want.Expires); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("after the detour: %v, want %v", err, db.ErrNotFound)
		}
		if err := d.AnswerPushedRequest(t.Context(), "h"); err != nil {
			t.Fatal(err)
		}
		_, err = d.PushedRequest(t.Context(), "h", noon)
		for what, err := range map[string]error{"found": err, "brought": bring("h", "c", noon), "answered": d.AnswerPushedRequest(t.Context(), "h")} {
			if !errors.Is(err, db.ErrNotFound) {
				t.Errorf("%s after it was answered: %v, want %v", what, err, db.ErrNotFound)
			}
		}
	})
}

func TestRFC9126Section73OneOfAHundredParallelAnswers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		push(t, d, "h")
		var answered atomic.Int32
		var all errgroup.Group
		for range 100 {
			all.Go(func() error {
				err := d.AnswerPushedRequest(t.Context(), "h")
				if errors.Is(err, db.ErrNotFound) {
					return nil
				}
				answered.Add(1)
				return err
			})
		}
		if err := all.Wait(); err != nil || answered.Load() != 1 {
			t.Errorf("%d of 100 went through, %v; want 1", answered.Load(), err)
		}
	})
}

func TestRFC9449Section8AllReplicasHaveOneNonce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		nonces := make(chan string, 50)
		var all errgroup.Group
		for i := range cap(nonces) {
			all.Go(func() error {
				nonce, err := d.DPoPNonce(t.Context(), "idp/1", string(rune('a'+i)), noon)
				nonces <- nonce
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		close(nonces)
		first := <-nonces
		for nonce := range nonces {
			if nonce != first {
				t.Fatalf("two nonces: %q and %q", first, nonce)
			}
		}
		if other, err := d.DPoPNonce(t.Context(), "api/1", "other", noon); other != "other" || err != nil {
			t.Errorf("another name: %q, %v", other, err)
		}
		if removed, err := d.Cleanup(t.Context(), noon, 10); removed != 2 || err != nil {
			t.Errorf("Cleanup removed %d, %v; want 2", removed, err)
		}
	})
}
