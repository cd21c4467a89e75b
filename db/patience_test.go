package db

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// While somebody's transaction is open in a database shell, everybody learns the reason after the same time, however many wait for the writer:
// a renewal behind twenty logins too, whose page gives the hidden frame up after ten seconds.
func TestAnotherProgramsLockHoldsNobodyUpTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "silentrenew.db")
	d, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	d.patience = 500 * time.Millisecond
	d.setPatience(d.patience)

	other, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	run := func(statement string) {
		t.Helper()
		if _, err := other.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	run(`BEGIN EXCLUSIVE`)

	const each = 10
	now, began := time.Now(), time.Now()
	results := make(chan error, 2*each)
	for i := range each {
		go func() { results <- d.DeleteSession(t.Context(), "nobody's") }()
		go func() {
			code := AuthorizationCode{ClientID: "c", Created: now, Expires: now.Add(time.Hour)}
			results <- d.InsertAuthorizationCode(context.Background(), string(rune('a'+i)), code)
		}()
	}
	for range 2 * each {
		if err := <-results; !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want %v", err, ErrBusy)
		}
	}
	if took := time.Since(began); took > each/2*d.patience { // one after the other it would be more than twice that
		t.Errorf("the last of %d learnt it after %v", 2*each, took)
	}

	// The next one has all of it again.
	time.AfterFunc(d.patience/2, func() { _, _ = other.Exec(`ROLLBACK`) })
	if err := d.DeleteSession(t.Context(), "nobody's"); err != nil {
		t.Errorf("after the lock was given back in time: %v", err)
	}
}
