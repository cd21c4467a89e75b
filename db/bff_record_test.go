package db_test

import (
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func insertBFF(t *testing.T, d *db.DB, key, subject, sid string) {
	t.Helper()
	if ok, err := d.InsertBFFRecord(t.Context(), key, subject, sid, "first", noon.Add(time.Hour)); !ok || err != nil {
		t.Fatalf("insert %s: %v, %v", key, ok, err)
	}
}

func TestBFFRecordIsChangedByWhoHasReadTheNewest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		insertBFF(t, d, "k", "s", "sid")
		if ok, err := d.InsertBFFRecord(ctx, "k", "s", "sid", "second", noon.Add(time.Hour)); ok || err != nil {
			t.Errorf("the same key again: %v, %v", ok, err)
		}
		data, version, lease, err := d.BFFRecord(ctx, "k", noon)
		if data != "first" || version != 1 || !lease.IsZero() || err != nil {
			t.Fatalf("read: %q, %d, %v, %v", data, version, lease, err)
		}
		if ok, err := d.ReplaceBFFRecord(ctx, "k", 1, "next", noon.Add(2*time.Hour)); !ok || err != nil {
			t.Errorf("replace: %v, %v", ok, err)
		}
		if ok, err := d.ReplaceBFFRecord(ctx, "k", 1, "late", noon.Add(2*time.Hour)); ok || err != nil {
			t.Errorf("replace what has changed: %v, %v", ok, err)
		}
		if ok, err := d.DeleteBFFRecord(ctx, "k", 1); ok || err != nil {
			t.Errorf("delete what has changed: %v, %v", ok, err)
		}
		if data, version, _, err := d.BFFRecord(ctx, "k", noon.Add(time.Hour)); data != "next" || version != 2 || err != nil {
			t.Errorf("read: %q, %d, %v", data, version, err)
		}
		if data, version, _, err := d.BFFRecord(ctx, "k", noon.Add(2*time.Hour)); data != "" || version != 0 || err != nil {
			t.Errorf("expired: %q, %d, %v", data, version, err)
		}
		if ok, err := d.DeleteBFFRecord(ctx, "k", 2); !ok || err != nil {
			t.Errorf("delete: %v, %v", ok, err)
		}
		if ok, err := d.ReplaceBFFRecord(ctx, "k", 2, "back from the dead", noon.Add(time.Hour)); ok || err != nil {
			t.Errorf("replace what is gone (R18): %v, %v", ok, err)
		}
	})
}

func TestBFFRecordIsLeasedToOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertBFF(t, d, "k", "s", "sid")
		var won atomic.Int32
		var group errgroup.Group
		for range 50 {
			group.Go(func() error {
				ok, err := d.LeaseBFFRecord(t.Context(), "k", 1, noon, noon.Add(10*time.Second))
				if ok {
					won.Add(1)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil || won.Load() != 1 {
			t.Fatalf("%d of 50 got it, %v", won.Load(), err)
		}
		if _, _, lease, err := d.BFFRecord(t.Context(), "k", noon); !lease.Equal(noon.Add(10*time.Second)) || err != nil {
			t.Errorf("lease until %v, %v", lease, err)
		}
		if ok, err := d.LeaseBFFRecord(t.Context(), "k", 1, noon.Add(10*time.Second), noon.Add(20*time.Second)); !ok || err != nil {
			t.Errorf("after the holder has died: %v, %v", ok, err)
		}
		if ok, err := d.ReplaceBFFRecord(t.Context(), "k", 1, "next", noon.Add(time.Hour)); !ok || err != nil {
			t.Errorf("replace: %v, %v", ok, err)
		}
		if _, _, lease, err := d.BFFRecord(t.Context(), "k", noon); !lease.IsZero() || err != nil {
			t.Errorf("lease until %v after it was replaced, %v", lease, err)
		}
	})
}

func TestBFFRecordIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertBFF(t, d, "k", "", "")
		var won atomic.Int32
		var group errgroup.Group
		for range 50 {
			group.Go(func() error {
				data, found, err := d.TakeBFFRecord(t.Context(), "k", noon)
				if found && data == "first" {
					won.Add(1)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil || won.Load() != 1 {
			t.Fatalf("%d of 50 got it, %v", won.Load(), err)
		}
		insertBFF(t, d, "late", "", "")
		if _, found, err := d.TakeBFFRecord(t.Context(), "late", noon.Add(time.Hour)); found || err != nil {
			t.Errorf("expired: %v, %v", found, err)
		}
	})
}

func TestBackChannelLogoutSection27EndsTheSessionsItNames(t *testing.T) {
	for name, row := range map[string]struct {
		subject, sid string
		want         []string // keys that stay
	}{
		"sid":                          {"", "s1", []string{"c", "d"}},
		"sub and sid":                  {"mick", "s1", []string{"c", "d"}},
		"sub":                          {"mick", "", []string{"d"}},
		"another's sid":                {"jane", "s1", []string{"a", "b", "c", "d"}},
		"neither: nothing and nobody":  {"", "", []string{"a", "b", "c", "d"}},
		"what no text column can hold": {"mick\x00", "", []string{"a", "b", "c", "d"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				insertBFF(t, d, "a", "mick", "s1")
				insertBFF(t, d, "b", "mick", "s1")
				insertBFF(t, d, "c", "mick", "s2")
				insertBFF(t, d, "d", "jane", "s3")
				n, err := d.DeleteBFFSessions(t.Context(), row.subject, row.sid)
				if err != nil || n != 4-len(row.want) {
					t.Errorf("removed %d, %v", n, err)
				}
				for _, key := range row.want {
					if _, version, _, err := d.BFFRecord(t.Context(), key, noon); version == 0 || err != nil {
						t.Errorf("%s is gone, %v", key, err)
					}
				}
			})
		})
	}
}

func TestCleanupRemovesExpiredBFFRecords(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertBFF(t, d, "k", "", "")
		if n, err := d.Cleanup(t.Context(), noon, 10); n != 0 || err != nil {
			t.Errorf("alive: %d, %v", n, err)
		}
		if n, err := d.Cleanup(t.Context(), noon.Add(time.Hour), 10); n != 1 || err != nil {
			t.Errorf("expired: %d, %v", n, err)
		}
	})
}
