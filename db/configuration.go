package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// configuration is what the tables of clients, resources, users and options say, as far as somebody has asked. It is kept
// in memory for as long as the mark in ConfigurationVersion stays the same. Triggers change that mark with every change
// of those tables, in the same transaction, whoever makes it: this process, another one, a person with a database
// shell. So what is read here is never older than the question (decision 10, A20), and a renewal, which asks a dozen
// questions, costs one look at one row.
type configuration struct {
	version string
	checked atomic.Int64 // when the mark was last seen, nanoseconds since the epoch
	after   atomic.Int64 // how many changes this process had made before

	mu        sync.RWMutex
	clients   map[string]Client            // by client_id
	users     map[string]User              // by subject
	resources map[string]Resources         // "all" of them
	options   map[string]map[string]string // "all" that are set
	lists     map[string][]string          // by what they are called
}

func newConfiguration(version string) *configuration {
	return &configuration{version: version, clients: map[string]Client{}, users: map[string]User{},
		resources: map[string]Resources{}, options: map[string]map[string]string{}, lists: map[string][]string{}}
}

// keptRows is how many clients, and how many users, are kept. Beyond it all are read again when they are next needed.
const keptRows = 10_000

// request remembers the configuration that a request began with.
type request struct{ seen atomic.Pointer[configuration] }

type requestKey struct{}

// ForRequest returns a context for one request, in which the configuration is looked up once: all of the request sees the
// same one. What the request itself changes it sees changed.
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

const configurationVersion = `SELECT "Version" FROM "ConfigurationVersion"`

// currentConfiguration returns the configuration that counts now.
func (d *DB) currentConfiguration(ctx context.Context) (*configuration, error) {
	of, _ := ctx.Value(requestKey{}).(*request)
	if of != nil {
		if seen := of.seen.Load(); seen != nil {
			return seen, nil
		}
	}
	known, now, changes := d.known.Load(), time.Now().UnixNano(), d.changes.Load()
	if known != nil && ctx.Value(recentKey{}) != nil && known.after.Load() == changes {
		if age := now - known.checked.Load(); age >= 0 && age < int64(recently) {
			return known, nil
		}
	}
	var version string
	switch err := d.row(ctx, configurationVersion, nil, &version); {
	case errors.Is(err, sql.ErrNoRows): // somebody has emptied the table: nothing tells us about changes, so nothing is kept
		return newConfiguration(""), nil
	case err != nil:
		return nil, fmt.Errorf("db: read configuration version: %w", err)
	}
	if known == nil || known.version != version {
		known = newConfiguration(version)
		d.known.Store(known)
	}
	known.after.Store(changes)
	known.checked.Store(now)
	if of != nil {
		of.seen.Store(known)
	}
	return known, nil
}

// ConfigurationVersion returns the mark of the configuration that counts now, or "" when nothing may be kept: whoever
// derives something from clients, resources, options or keys may keep it as long as the mark is the same.
func (d *DB) ConfigurationVersion(ctx context.Context) (string, error) {
	known, err := d.currentConfiguration(ctx)
	if err != nil {
		return "", err
	}
	return known.version, nil
}

// configurationChanged makes this process look again, for the request that made the change too.
func (d *DB) configurationChanged(ctx context.Context) {
	d.changes.Add(1)
	if of, ok := ctx.Value(requestKey{}).(*request); ok {
		of.seen.Store(nil)
	}
}

// keep returns what the configuration has under the key, or reads and keeps it. Rows are read after the mark was seen, so they are
// never older than it; should they be newer, the mark has changed, and the next request reads them again. An error is
// not kept, ErrNotFound neither: strangers can think of any number of names.
func keep[V any](c *configuration, rows map[string]V, key string, read func() (V, error)) (V, error) {
	c.mu.RLock()
	row, found := rows[key]
	c.mu.RUnlock()
	if found {
		return row, nil
	}
	row, err := read()
	if err != nil || c.version == "" {
		return row, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(rows) >= keptRows {
		clear(rows)
	}
	rows[key] = row
	return row, nil
}
