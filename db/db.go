package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"

	"silentrenew/internal/walindex"
)

// DB is an open database with the schema this program knows. It is safe for concurrent use.
type DB struct {
	gorm     *gorm.DB
	pool     *sql.DB
	location string
	writers  chan struct{} // holds one token per writer let in; nil where the server sorts writers out (PostgreSQL)

	// On SQLite all writing goes over one connection of its own: it is the only one whose cached pages survive a commit.
	writing *gorm.DB // gorm's twin on that connection, or gorm itself

	patience time.Duration // of a writer while another program keeps the lock, see waitNoLonger

	reading, granting *statements // of the readers' pool and of the writers'
	grants            grantWriter

	wal     *walindex.Index // nil on PostgreSQL
	known   atomic.Pointer[memory]
	changes atomic.Int64 // how often this process may have changed what is kept there
}

// Open opens the database at url and brings its schema up to date: a file name, the same with "sqlite:" in front, or
// postgres://user:password@host/name. A file that is not there is created, whole or not at all. Several processes may
// open one database at the same moment. Errors are one line for the person who started the program; see [ErrNewerSchema]
// and its neighbours.
func Open(ctx context.Context, url string) (*DB, error) { return open(ctx, url, false) }

// OpenExisting is Open for a database that some start has made before. Where there is none it makes none and returns [ErrAbsent]: a misspelt
// name must not leave an empty database behind, nor our tables in another program's.
func OpenExisting(ctx context.Context, url string) (*DB, error) { return open(ctx, url, true) }

func open(ctx context.Context, url string, existing bool) (*DB, error) {
	scheme, rest, found := strings.Cut(url, ":")
	switch {
	case url == "":
		return nil, refuse(ErrUnsupportedURL, nil, "the database has no name: give --db a file name or postgres://…")
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return openPostgres(ctx, url, existing)
	case found && scheme == "sqlite":
		return openSQLite(ctx, strings.TrimPrefix(rest, "//"), existing)
	case connectionString(url):
		return nil, refuse(ErrUnsupportedURL, nil, "this way of writing a server's address is not understood: write postgres://user:password@host:5432/name")
	case strings.Contains(url, "://"):
		return nil, refuse(ErrUnsupportedURL, nil, "a database of kind %q is not supported: give --db a file name or postgres://…", scheme)
	}
	return openSQLite(ctx, url, existing)
}

// connectionString reports whether an address is in PostgreSQL's other form, "host=… password=…" (PostgreSQL 18 §32.1.1.1). As the
// name of a file it would put the password into the folder, the greeting and the log.
func connectionString(url string) bool {
	name, _, found := strings.Cut(url, "=")
	words := []string{"host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service", "sslmode"}
	return found && slices.Contains(words, strings.ToLower(strings.TrimSpace(name)))
}

// connect puts gorm on an opened pool.
func connect(dialector gorm.Dialector, location string) (*DB, error) {
	g, err := gorm.Open(dialector, &gorm.Config{
		NamingStrategy:         columnNames,
		Logger:                 logger.Discard, // errors are returned, and said once where they are answered
		SkipDefaultTransaction: true,
		PrepareStmt:            true,
		PrepareStmtTTL:         keepStatements,
		DisableAutomaticPing:   true,
	})
	if err != nil {
		return nil, err
	}
	pool, err := g.DB()
	if err != nil {
		return nil, err
	}
	d := &DB{gorm: g, pool: pool, location: location, writing: g}
	d.reading = &statements{pool: pool, numbered: g.Name() == "postgres", prepared: new(sync.Map)}
	d.granting = d.reading
	return d, nil
}

// keepStatements is the one TTL for which gorm starts no goroutine to expire prepared statements. That goroutine never
// ends, so it would outlive Close, and in a testing/synctest bubble it would be waited for in vain.
const keepStatements = 10 * 365 * 24 * time.Hour

// columnNames turns Go's names into the schema's: ClientID → ClientId, RequirePKCE → RequirePkce, Company → Companies.
var columnNames = schema.NamingStrategy{
	NoLowerCase:  true,
	NameReplacer: strings.NewReplacer("ID", "Id", "URI", "Uri", "PKCE", "Pkce", "SSO", "Sso", "JWT", "Jwt", "JTI", "Jti", "JWKS", "Jwks", "ACR", "Acr", "CORS", "Cors"),
}

// Close waits for queries under way and closes the database.
func (d *DB) Close() error {
	err := d.pool.Close()
	if d.granting.pool != d.pool {
		err = errors.Join(d.granting.pool.Close(), err)
	}
	if err != nil {
		return fmt.Errorf("db: close: %w", err)
	}
	return nil
}

// Location says where the data is, for people: a file name, or a URL without its password.
func (d *DB) Location() string { return d.location }

// Ping reports whether the database answers a question about one of its tables.
func (d *DB) Ping(ctx context.Context) error {
	var rows int
	if err := d.read(ctx).Raw(`SELECT count(*) FROM "ServerOptions"`).Scan(&rows).Error; err != nil {
		return fmt.Errorf("db: ping: %w", err)
	}
	return nil
}

func (d *DB) read(ctx context.Context) *gorm.DB { return d.gorm.WithContext(ctx) }

// write runs fn when no other writer of this process does. One statement needs no transaction. Where another program
// keeps the write lock, an SQL tool with an edit that is not committed for one, it gives up with ErrBusy.
func (d *DB) write(ctx context.Context, fn func(tx *gorm.DB) error) error {
	defer d.forget(ctx) // it may have been about clients or sessions; looking again costs little
	return d.queue(ctx, func() error { return fn(d.writing.WithContext(ctx)) })
}

// queue lets one writer of this process in at a time. Waiting for them and for another program's lock takes busyTimeout altogether.
func (d *DB) queue(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.writers != nil {
		began := time.Now()
		select {
		case d.writers <- struct{}{}:
			defer func() { <-d.writers }()
			defer d.waitNoLonger(began)()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nameLock(fn())
}

// transaction runs fn as one transaction: all of it, or nothing.
func (d *DB) transaction(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return d.write(ctx, func(tx *gorm.DB) error { return tx.Transaction(fn) })
}
