package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func openGrants(t *testing.T) *DB {
	t.Helper()
	d, err := Open(t.Context(), filepath.Join(t.TempDir(), "silentrenew.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// inserting is a job that stores a grant.
func inserting(key string) *grantJob {
	now := moment(time.Now())
	expires := now.Add(time.Hour)
	grant := persistedGrant{Key: key, Type: grantAuthorizationCode, ClientID: "c", CreationTime: now, Expiration: &expires, Data: "{}"}
	return &grantJob{texts: []string{insertGrant}, done: make(chan struct{}), err: errNotWritten, do: func(in *statements) error {
		_, err := in.run(context.Background(), insertGrant, grant.inserted()...)
		return err
	}}
}

// failing is a job that changes something and then fails with the error.
func failing(key string, err error) *grantJob {
	job := inserting(key)
	insert := job.do
	job.texts = append(job.texts, consumeCode)
	job.do = func(in *statements) error { return errors.Join(insert(in), err) }
	return job
}

func (d *DB) grantKeys(t *testing.T) string {
	t.Helper()
	var keys string
	if err := d.read(t.Context()).Raw(`SELECT COALESCE(group_concat("Key" ORDER BY "Key"), '') FROM "PersistedGrants"`).Scan(&keys).Error; err != nil {
		t.Fatal(err)
	}
	return keys
}

// Who is committed together with others does not share their fate.
func TestWritesCommittedTogetherFailAlone(t *testing.T) {
	d, broken := openGrants(t), errors.New("broken")
	nothing := &grantJob{texts: []string{insertGrant}, do: func(*statements) error { return sql.ErrNoRows }}
	for _, row := range []struct {
		jobs []*grantJob
		want []error
		keys string
	}{
		{[]*grantJob{inserting("a"), inserting("b"), nothing}, []error{nil, nil, sql.ErrNoRows}, "a,b"},
		{[]*grantJob{inserting("c"), failing("d", broken), inserting("e")}, []error{nil, broken, nil}, "a,b,c,e"},
		{[]*grantJob{failing("f", broken)}, []error{broken}, "a,b,c,e"},
	} {
		d.commitTogether(t.Context(), row.jobs)
		for i, job := range row.jobs {
			if !errors.Is(job.err, row.want[i]) || row.want[i] == nil && job.err != nil {
				t.Errorf("job %d: %v, want %v", i, job.err, row.want[i])
			}
		}
		if got := d.grantKeys(t); got != row.keys {
			t.Errorf("stored are %s, want %s", got, row.keys)
		}
	}
}

// A code that is there already is refused, and those beside it are not.
func TestWritesCommittedTogetherWithOneThatIsThere(t *testing.T) {
	d := openGrants(t)
	jobs := []*grantJob{inserting("a"), inserting("a"), inserting("b")}
	d.commitTogether(t.Context(), jobs)
	if jobs[0].err != nil || jobs[1].err == nil || jobs[2].err != nil || d.grantKeys(t) != "a,b" {
		t.Errorf("got %v, %v, %v; stored %s", jobs[0].err, jobs[1].err, jobs[2].err, d.grantKeys(t))
	}
}

// Those who wait are written when the writer is free, by the first of them. Who gives up before leaves nothing behind.
func TestWhoWaitsForTheWriterIsWrittenTogether(t *testing.T) {
	d := openGrants(t)
	d.writers <- struct{}{} // somebody writes
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error)
	wait := func(ctx context.Context, key string) {
		job := inserting(key)
		go func() { results <- d.grant(ctx, job.texts, job.do) }()
	}
	wait(ctx, "gone")
	for i := range 9 {
		wait(t.Context(), fmt.Sprint(i))
	}
	for waiting := 0; waiting < 10; runtime.Gosched() {
		d.grants.mu.Lock()
		waiting = len(d.grants.waiting)
		d.grants.mu.Unlock()
	}
	cancel()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v, want %v", err, context.Canceled)
	}
	<-d.writers
	for range 9 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if got := d.grantKeys(t); got != "0,1,2,3,4,5,6,7,8" {
		t.Errorf("stored are %s", got)
	}
	if err := d.grant(ctx, []string{insertGrant}, inserting("late").do); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone before: %v, want %v", err, context.Canceled)
	}
}

// A panic of one ends the request it belongs to, and no other waits for ever.
func TestAPanicWhileWritingLeavesTheWriterFree(t *testing.T) {
	d := openGrants(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = d.grant(t.Context(), []string{insertGrant, consumeCode}, func(in *statements) error {
			_ = inserting("a").do(in)
			panic("broken")
		})
	}()
	job := inserting("b")
	if err := d.grant(t.Context(), job.texts, job.do); err != nil {
		t.Error(err)
	}
	if got := d.grantKeys(t); got != "b" {
		t.Errorf("stored are %s, want b", got)
	}
}

// Nobody is told that their code is stored because it was about to be when another one's write panicked.
func TestAPanicTellsTheOthersThatTheyAreNotWritten(t *testing.T) {
	d := openGrants(t)
	first := inserting("a")
	first.err = errNotWritten
	func() {
		defer func() { _ = recover() }()
		d.commitTogether(t.Context(), []*grantJob{first, {texts: []string{insertGrant}, do: func(*statements) error { panic("broken") }}})
	}()
	if !errors.Is(first.err, errNotWritten) || d.grantKeys(t) != "" {
		t.Errorf("told %v, stored are %q; want %v and nothing", first.err, d.grantKeys(t), errNotWritten)
	}
}
