package db

import (
	"context"
	"strconv"
	"time"
)

// busyTimeout is how long a statement waits while another process writes. It is well below the ten seconds after which
// oidc-client-ts gives a hidden frame up, so that the page learns the reason.
const busyTimeout = 5 * time.Second

// shortWait is what a writer waits at least: enough for another process of ours, whose transactions are a few statements.
const shortWait = 50 * time.Millisecond

// waitNoLonger takes from the writer's patience what somebody has spent waiting for the writer since then. While another program keeps its
// lock everybody before him has waited for that as well: with a patience of his own on top, the tenth would learn the reason after most of
// a minute. The caller has entered [DB.writers] and calls what is returned before leaving it.
func (d *DB) waitNoLonger(since time.Time) (restore func()) {
	waited := time.Since(since)
	if waited < d.patience/10 { // as always, unless something holds the writer up
		return func() {}
	}
	d.setPatience(max(d.patience-waited, shortWait))
	return func() { d.setPatience(d.patience) }
}

// setPatience sets how long the writer's connection waits for another program's lock. It touches no file, so nothing can hold it up.
func (d *DB) setPatience(wait time.Duration) {
	_, _ = d.granting.pool.ExecContext(context.Background(), "PRAGMA busy_timeout = "+strconv.FormatInt(wait.Milliseconds(), 10))
}
