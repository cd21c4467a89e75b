package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// versionTable is goose's log of what was applied. The name is our own, so that its
// presence says whose database it is, and lower-case, because goose does not quote it.
const versionTable = "silentrenew_schema"

func migrateSQLite(ctx context.Context, pool *sql.DB, location string) error {
	provider, err := newProvider(goose.DialectSQLite3, pool, "migrations/sqlite")
	if err != nil {
		return err
	}
	// SQLite has no lock that outlives a transaction. When two processes migrate at once one of them finds the tables
	// made already, rolls back, and sees next time that nothing is left to do.
	patience := time.Now().Add(2 * busyTimeout)
	for {
		err = migrate(ctx, provider, location)
		if err == nil || errors.Is(err, ErrNewerSchema) || time.Now().After(patience) {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func migratePostgres(ctx context.Context, pool *sql.DB, location string) error {
	// Replicas that start together wait for one another: up to 300 tries, one a second.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	provider, err := newProvider(goose.DialectPostgres, pool, "migrations/postgres", goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	return migrate(ctx, provider, location)
}

func newProvider(dialect goose.Dialect, pool *sql.DB, folder string, options ...goose.ProviderOption) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	options = append(options, goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	return goose.NewProvider(dialect, pool, files, options...)
}

// migrate applies what is missing. A schema that is ahead of us is left exactly as it is.
func migrate(ctx context.Context, provider *goose.Provider, location string) error {
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database %s: %w", location, err)
	}
	version, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema version of %s: %w", location, err)
	}
	if version > known {
		return refuse(ErrNewerSchema, nil, "the database %s was written by a newer Silent Renew (its schema is %d, this program knows %d): "+
			"nothing was changed; use the newer program, or name another database with --db", location, version, known)
	}
	return nil
}
