package db

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

// grantWriter writes codes and refresh tokens on SQLite. Most of what a small write costs there is the commit: locks, and whole
// pages that go to the log. A renewal writes twice, so those who wait for the writer at the same moment are committed together.
type grantWriter struct {
	mu      sync.Mutex
	waiting []*grantJob
}

// grantJob is one write that waits.
type grantJob struct {
	texts []string // the statements that do will run
	do    func(in *statements) error
	err   error
	done  chan struct{} // closed when err says how it ended
}

// grant runs do, which runs statements of these texts, as one transaction: all of it, or nothing. It is [DB.write] for codes and
// refresh tokens, which nobody keeps in memory: what is kept there outlives it. Do is called again when it, or one that was to be
// committed with it, has failed. With [sql.ErrNoRows] it says that it has changed nothing.
func (d *DB) grant(ctx context.Context, texts []string, do func(in *statements) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	job := &grantJob{texts: texts, do: do, err: errNotWritten, done: make(chan struct{})}
	if d.writers == nil { // PostgreSQL commits together by itself
		return d.alone(ctx, job)
	}
	d.grants.add(job)
	began := time.Now()
	select {
	case d.writers <- struct{}{}:
		d.leadWriters(began)
		<-job.done // by us, or by somebody before us
	case <-job.done:
	case <-ctx.Done():
		if d.grants.remove(job) {
			return ctx.Err()
		}
		<-job.done // it is being written
	}
	return nameLock(job.err)
}

// errNotWritten is what the others get when the one who writes for them panics.
var errNotWritten = errors.New("db: the write was given up")

// leadWriters writes for all who wait and lets the next writer in. The caller, who has waited longest, has entered [DB.writers]: with the
// caller's patience ends that of all.
func (d *DB) leadWriters(since time.Time) {
	defer func() { <-d.writers }()
	defer d.waitNoLonger(since)()
	runtime.Gosched() // who is about to write as well comes along
	jobs := d.grants.take()
	defer func() {
		for _, job := range jobs {
			close(job.done)
		}
	}()
	before := d.wal.Header()
	d.commitTogether(context.Background(), jobs) // whatever becomes of our own request
	d.known.Load().outlives(before, d.wal.Header())
}

func (w *grantWriter) add(job *grantJob) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, job)
}

func (w *grantWriter) take() []*grantJob {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.waiting
	w.waiting = nil
	return all
}

// remove reports whether the job was still waiting; then it is not any more.
func (w *grantWriter) remove(job *grantJob) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.Index(w.waiting, job)
	if at >= 0 {
		w.waiting = slices.Delete(w.waiting, at, at+1)
	}
	return at >= 0
}

// commitTogether writes the jobs as one transaction. When one of them fails, none is kept, and each is written by itself, so that
// nobody suffers for another's sake.
func (d *DB) commitTogether(ctx context.Context, jobs []*grantJob) {
	var failed error
	if len(jobs) > 1 {
		said := make([]error, len(jobs)) // nothing is true before the commit
		err := d.granting.together(ctx, textsOf(jobs), func(in *statements) error {
			for i, job := range jobs {
				if said[i] = job.do(in); said[i] != nil && !errors.Is(said[i], sql.ErrNoRows) {
					failed = said[i]
					return failed
				}
			}
			return nil
		})
		if failed == nil {
			for i, job := range jobs {
				if job.err = said[i]; err != nil { // nothing can be written, while another program holds its lock for one
					job.err = err
				}
			}
			return
		}
	}
	for _, job := range jobs {
		job.err = d.alone(ctx, job)
	}
}

// alone writes one job by itself. A single statement is a transaction.
func (d *DB) alone(ctx context.Context, job *grantJob) error {
	if len(job.texts) == 1 {
		return job.do(d.granting)
	}
	return d.granting.together(ctx, job.texts, job.do)
}

func textsOf(jobs []*grantJob) (texts []string) {
	for _, job := range jobs {
		texts = append(texts, job.texts...)
	}
	return texts
}
