package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"silentrenew/internal/walindex"
)

// memory is what the tables of clients, resources, users and options say, and those of sessions and revoked tokens, as
// far as somebody has asked. Each half is kept for as long as its mark in ConfigurationVersion stays the same. Triggers
// change the mark with every change of those tables, in the same transaction, whoever makes it: this process, another
// one, a person with a database shell. So what is read here is never older than the question (decision 10, A20), and a
// request, which asks up to a dozen questions, costs one look at one row.
type memory struct {
	configuration *configuration
	sessions      *sessions

	checked atomic.Int64                    // when the marks were last seen, nanoseconds since the epoch
	after   atomic.Int64                    // how many changes this process had made before
	end     atomic.Pointer[walindex.Header] // where the database's log ended then, on SQLite
}

// stands reports whether nothing was committed since the marks were last seen: the log ends where it did.
func (m *memory) stands(end walindex.Header) bool {
	if m == nil || !end.Known() {
		return false
	}
	seen := m.end.Load()
	return seen != nil && *seen == end
}

// outlives tells that a commit of ours which changed nothing that is kept here took the log from one end to the other. If it was the
// only one, the marks are as they were.
func (m *memory) outlives(before, after walindex.Header) {
	if m == nil || !after.After(before) {
		return
	}
	if seen := m.end.Load(); seen != nil && *seen == before {
		m.end.CompareAndSwap(seen, &after)
	}
}

type configuration struct {
	remembered
	clients   map[string]Client            // by client_id
	users     map[string]User              // by subject
	resources map[string]Resources         // "all" of them
	options   map[string]map[string]string // "all" that are set
	origins   map[string][]string          // "all" that may call, and our "own" among them
}

type sessions struct {
	remembered
	live    map[string]Session  // by the condition and value they were found with
	revoked map[string][]string // "all", when they are few
}

// remembered is what both halves need.
type remembered struct {
	mark string // "" when nothing may be kept
	mu   sync.RWMutex
}

func newConfiguration(mark string) *configuration {
	return &configuration{remembered: remembered{mark: mark}, clients: map[string]Client{}, users: map[string]User{},
		resources: map[string]Resources{}, options: map[string]map[string]string{}, origins: map[string][]string{}}
}

func newSessions(mark string) *sessions {
	return &sessions{remembered: remembered{mark: mark}, live: map[string]Session{}, revoked: map[string][]string{}}
}

// keptRows is how many rows of a kind are kept. Beyond it all are read again when they are next needed.
const keptRows = 10_000

// request remembers what a request began with.
type request struct{ seen atomic.Pointer[memory] }

type requestKey struct{}

// ForRequest returns a context for one request, in which the marks are looked at once: all of the request sees the same
// configuration. What the request itself changes it sees changed.
func ForRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, new(request))
}

// recentKey marks a context in which the configuration may be a little old.
type recentKey struct{}

// recently is how old the configuration may be that [AllowRecent] puts up with.
const recently = time.Second

// AllowRecent returns a context in which the configuration may be as it was a second ago when another process has changed
// it since; changes of this process count at once. It is for documents that clients keep longer than that anyway, never
// for what decides about a token.
func AllowRecent(ctx context.Context) context.Context {
	return context.WithValue(ctx, recentKey{}, true)
}

// remembers returns the memory that counts now.
func (d *DB) remembers(ctx context.Context) (*memory, error) {
	of, _ := ctx.Value(requestKey{}).(*request)
	if of != nil {
		if seen := of.seen.Load(); seen != nil {
			return seen, nil
		}
	}
	known, now, changes := d.known.Load(), time.Now().UnixNano(), d.changes.Load()
	if known != nil && known.after.Load() == changes && ctx.Value(recentKey{}) != nil {
		if age := now - known.checked.Load(); age >= 0 && age < int64(recently) {
			return known, nil
		}
	}
	end := d.wal.Header()
	if known.stands(end) {
		if of != nil {
			of.seen.Store(known)
		}
		return known, nil
	}
	var configured, active string
	err := d.row(ctx, `SELECT "Version", "Sessions" FROM "ConfigurationVersion"`, nil, &configured, &active)
	if errors.Is(err, sql.ErrNoRows) { // somebody has emptied the table: nothing tells us about changes, so nothing is kept
		return &memory{configuration: newConfiguration(""), sessions: newSessions("")}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("db: read the marks of the configuration: %w", err)
	}
	known = d.remember(known, configured, active)
	known.after.Store(changes)
	known.checked.Store(now)
	known.end.Store(&end) // read before the marks were, so never newer than them
	if of != nil {
		of.seen.Store(known)
	}
	return known, nil
}

// remember returns a memory with these marks, which is the known one if they are the same, and shares what it can.
func (d *DB) remember(known *memory, configured, active string) *memory {
	next := new(memory)
	if known != nil && known.configuration.mark == configured {
		next.configuration = known.configuration
	} else {
		next.configuration = newConfiguration(configured)
	}
	if known != nil && known.sessions.mark == active {
		next.sessions = known.sessions
	} else {
		next.sessions = newSessions(active)
	}
	if known != nil && next.configuration == known.configuration && next.sessions == known.sessions {
		return known
	}
	d.known.Store(next)
	return next
}

// configured returns the configuration that counts now.
func (d *DB) configured(ctx context.Context) (*configuration, error) {
	known, err := d.remembers(ctx)
	if err != nil {
		return nil, err
	}
	return known.configuration, nil
}

// ConfigurationVersion returns the mark of the configuration that counts now, or "" when nothing may be kept: whoever
// derives something from clients, resources, options or keys may keep it as long as the mark is the same.
func (d *DB) ConfigurationVersion(ctx context.Context) (string, error) {
	configured, err := d.configured(ctx)
	if err != nil {
		return "", err
	}
	return configured.mark, nil
}

// forget makes this process look again, for the request that made a change too.
func (d *DB) forget(ctx context.Context) {
	d.changes.Add(1)
	if of, ok := ctx.Value(requestKey{}).(*request); ok {
		of.seen.Store(nil)
	}
}

// keep returns the row under the key, or reads and keeps it. Rows are read after the mark was seen, so they are never
// older than it; should they be newer, the mark has changed, and the next request reads them again. An error is not
// kept, ErrNotFound neither: strangers can think of any number of names.
func keep[V any](in *remembered, rows map[string]V, key string, read func() (V, error)) (V, error) {
	in.mu.RLock()
	row, found := rows[key]
	in.mu.RUnlock()
	if found {
		return row, nil
	}
	row, err := read()
	if err != nil || in.mark == "" {
		return row, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(rows) >= keptRows {
		clear(rows)
	}
	rows[key] = row
	return row, nil
}

// clip leaves no room behind the end of the lists, so that whoever appends to a shared one gets a copy.
func clip(lists ...*[]string) {
	for _, list := range lists {
		*list = slices.Clip(*list)
	}
}
