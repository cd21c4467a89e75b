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

func someDeviceCode() db.DeviceCode {
	return db.DeviceCode{ClientID: "television", Scopes: []string{"openid", "companyApi"}, CorrelationID: "c1", Created: noon,
		Expires: noon.Add(5 * time.Minute), Interval: 5 * time.Second}
}

func insertDeviceCode(t *testing.T, d *db.DB) {
	t.Helper()
	if err := d.InsertDeviceCode(t.Context(), "device", "WDJBMJHT", someDeviceCode()); err != nil {
		t.Fatal(err)
	}
}

func allow(t *testing.T, d *db.DB) {
	t.Helper()
	answer := db.DeviceCode{Answer: db.DeviceAllowed, Scopes: []string{"openid"}, Subject: "a9ea0f25", SessionID: "sid", AuthTime: noon, AMR: []string{"pwd"}}
	if err := d.AnswerDeviceCode(t.Context(), "WDJBMJHT", answer, noon); err != nil {
		t.Fatal(err)
	}
	if err := d.AnswerDeviceCode(t.Context(), "WDJBMJHT", db.DeviceCode{Answer: db.DeviceDenied}, noon); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("a second answer: %v, want %v", err, db.ErrNotFound)
	}
}

func TestRFC8628Section34ADeviceCodeIsAnsweredAndTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertDeviceCode(t, d)
		want := someDeviceCode()
		want.FamilyID = db.FamilyOf("device")
		if got, err := d.DeviceCode(t.Context(), "WDJBMJHT", noon); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got\n%+v %v\nwant\n%+v", got, err, want)
		}
		if _, err := d.PollDeviceCode(t.Context(), "device", "another", noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("another client: %v, want %v", err, db.ErrNotFound)
		}
		late := d.AnswerDeviceCode(t.Context(), "WDJBMJHT", db.DeviceCode{Answer: db.DeviceAllowed}, want.Expires)
		if !errors.Is(late, db.ErrNotFound) {
			t.Errorf("an answer when the time is up: %v, want %v", late, db.ErrNotFound)
		}
		allow(t, d)
		want.Answer, want.Scopes, want.Subject, want.SessionID, want.AuthTime, want.AMR = db.DeviceAllowed, []string{"openid"}, "a9ea0f25", "sid", noon, []string{"pwd"}
		if got, err := d.DeviceCode(t.Context(), "WDJBMJHT", noon); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("answered:\n%+v %v\nwant\n%+v", got, err, want)
		}
		if got, err := d.PollDeviceCode(t.Context(), "device", "television", noon); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got\n%+v %v\nwant\n%+v", got, err, want)
		}
		if _, err := d.PollDeviceCode(t.Context(), "device", "television", noon.Add(time.Minute)); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("a second time: %v, want %v", err, db.ErrNotFound)
		}
		if _, err := d.DeviceCode(t.Context(), "WDJBMJHT", noon); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("redeemed: %v, want %v", err, db.ErrNotFound)
		}
	})
}

func TestRFC8628Section34AHundredAtOnceOneWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertDeviceCode(t, d)
		allow(t, d)
		var won atomic.Int32
		var requests errgroup.Group
		for range 100 {
			requests.Go(func() error {
				_, err := d.PollDeviceCode(t.Context(), "device", "television", noon)
				if err == nil {
					won.Add(1)
				}
				if errors.Is(err, db.ErrNotFound) {
					return nil
				}
				return err
			})
		}
		if err := requests.Wait(); err != nil || won.Load() != 1 {
			t.Errorf("%d won, want 1: %v", won.Load(), err)
		}
	})
}

func TestRFC8628Section35EachEarlyQuestionSlowsDown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertDeviceCode(t, d)
		for _, row := range []struct {
			at       time.Duration
			tooSoon  bool
			interval time.Duration // before the question
		}{
			{0, false, 5 * time.Second},
			{4 * time.Second, false, 5 * time.Second}, // a second of tolerance
			{6 * time.Second, true, 5 * time.Second},
			{12 * time.Second, true, 10 * time.Second},
			{27 * time.Second, false, 15 * time.Second},
		} {
			now := noon.Add(row.at)
			got, err := d.PollDeviceCode(t.Context(), "device", "television", now)
			if err != nil || got.TooSoon(now) != row.tooSoon || got.Interval != row.interval {
				t.Errorf("after %v: too soon %t, interval %v, %v", row.at, got.TooSoon(now), got.Interval, err)
			}
		}
	})
}

func TestAUserCodeBelongsToOneDevice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insertDeviceCode(t, d)
		if err := d.InsertDeviceCode(t.Context(), "another", "WDJBMJHT", someDeviceCode()); !errors.Is(err, db.ErrUserCodeTaken) {
			t.Errorf("got %v, want %v", err, db.ErrUserCodeTaken)
		}
		if _, err := d.DeviceCode(t.Context(), "WDJBMJHT", noon.Add(5*time.Minute)); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("an expired code: %v, want %v", err, db.ErrNotFound)
		}
		rows := dumpRows(t, dbtest.Shell(t, d), "DeviceCodes", "1 = 1")
		if strings.Contains(rows, "WDJBMJHT") {
			t.Errorf("the user code can be read from the table:\n%s", rows)
		}
	})
}
