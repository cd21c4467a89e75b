package db_test

import (
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func someKey(kid string, generation int) db.SigningKey {
	created := noon.Add(time.Duration(generation) * time.Hour)
	return db.SigningKey{ID: kid, Algorithm: "ES256", Generation: generation, Created: created, SignsFrom: created, Data: `{"kid":"` + kid + `"}`}
}

func insertKeys(t *testing.T, d *db.DB, keys ...db.SigningKey) {
	t.Helper()
	for _, key := range keys {
		if inserted, err := d.InsertSigningKey(t.Context(), key); !inserted || err != nil {
			t.Fatalf("insert %s: %v, %v", key.ID, inserted, err)
		}
	}
}

func TestA52SigningKeysSurvive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertKeys(t, d, someKey("old", 1), someKey("new", 2))
		keys, err := d.SigningKeys(t.Context())
		if err != nil || len(keys) != 2 || keys[0] != someKey("new", 2) || keys[1] != someKey("old", 1) {
			t.Errorf("got %+v, %v; want the newest first", keys, err)
		}
	})
}

func TestI20OneOfManyProcessesMakesTheNextKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertKeys(t, d, someKey("first", 1))
		var winners atomic.Int32
		var processes sync.WaitGroup
		for i := range 20 {
			processes.Go(func() {
				inserted, err := d.InsertSigningKey(t.Context(), someKey(fmt.Sprint("second-", i), 2))
				if err != nil {
					t.Error(err)
				}
				if inserted {
					winners.Add(1)
				}
			})
		}
		processes.Wait()
		if keys, err := d.SigningKeys(t.Context()); winners.Load() != 1 || len(keys) != 2 || err != nil {
			t.Errorf("%d of 20 made the key, %d keys in all, %v", winners.Load(), len(keys), err)
		}
	})
}

func TestI20AKeyStaysWhileATokenOfItsMayLive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, key := t.Context(), someKey("k", 1)
		insertKeys(t, d, key)
		for _, lifetime := range []time.Duration{time.Hour, time.Minute} { // the shorter one changes nothing
			if err := d.SignsTokensOf(ctx, "k", lifetime); err != nil {
				t.Fatal(err)
			}
		}
		if deleted, err := d.DeleteSigningKey(ctx, key); deleted || err != nil {
			t.Errorf("deleted by one who did not know of the token of an hour: %v, %v", deleted, err)
		}
		keys, err := d.SigningKeys(ctx)
		if err != nil || keys[0].LongestLifetime != time.Hour {
			t.Fatalf("got %+v, %v; want an hour", keys, err)
		}
		for _, want := range []bool{true, false} { // the second time somebody else has done it
			if deleted, err := d.DeleteSigningKey(ctx, keys[0]); deleted != want || err != nil {
				t.Errorf("deleted %v, %v; want %v", deleted, err, want)
			}
		}
	})
}

func TestSigningKeyIsSealedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		key := someKey("k", 1)
		insertKeys(t, d, key)
		for _, sealed := range []string{"sealed", "sealed by a second process from the clear text"} {
			if err := d.ResealSigningKey(t.Context(), key, sealed); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := d.SigningKeys(t.Context())
		if err != nil || keys[0].Data != "sealed" || !keys[0].Protected {
			t.Errorf("got %+v, %v", keys, err)
		}
	})
}

// An older version of this program knows no generations; a key of its keeps working.
func TestKeyOfAnOlderVersionSignsFromItsCreation(t *testing.T) {
	eachShell(t, func(t *testing.T, shell *sql.DB, d *db.DB) {
		insert := `INSERT INTO "Keys" ("Id", "Created", "Algorithm", "Data") VALUES ('k', '2026-11-23 12:00:00', 'ES256', '{}')`
		if _, err := shell.ExecContext(t.Context(), insert); err != nil {
			t.Fatal(err)
		}
		keys, err := d.SigningKeys(t.Context())
		if err != nil || !keys[0].SignsFrom.Equal(keys[0].Created) {
			t.Errorf("got %+v, %v", keys, err)
		}
	})
}
