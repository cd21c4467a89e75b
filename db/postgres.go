package db

import (
	"context"
	"errors"
	"net/url"
	"time"

	"gorm.io/driver/postgres"
)

// openPostgres connects to a PostgreSQL server and migrates the database the URL names.
func openPostgres(ctx context.Context, address string, existing bool) (*DB, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, refuse(ErrUnsupportedURL, nil, "the database's address is not a URL: write postgres://user:password@host:5432/name")
	}
	location := withoutPassword(*u)
	d, err := connect(postgres.Open(address), location)
	if err != nil {
		return nil, unreachable(location, err)
	}
	d.pool.SetMaxOpenConns(20)
	d.pool.SetMaxIdleConns(20)
	d.pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := d.pool.PingContext(ctx); err != nil {
		return nil, errors.Join(unreachable(location, err), d.pool.Close())
	}
	if existing {
		var there bool
		if err := d.pool.QueryRowContext(ctx, `SELECT to_regclass('`+versionTable+`') IS NOT NULL`).Scan(&there); err != nil {
			return nil, errors.Join(unreachable(location, err), d.pool.Close())
		}
		if !there {
			return nil, errors.Join(absent(location), d.pool.Close())
		}
	}
	if err := migratePostgres(ctx, d.pool, location); err != nil {
		return nil, errors.Join(err, d.pool.Close())
	}
	if err := d.foldCompanies(ctx); err != nil {
		return nil, errors.Join(err, d.pool.Close())
	}
	return d, nil
}

func unreachable(location string, cause error) error {
	return refuse(ErrUnreachable, cause, "cannot use the database %s (%v): is the server running, and are user, password and name right?",
		location, cause)
}

// withoutPassword writes the URL for people.
func withoutPassword(u url.URL) string {
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	query.Del("password")
	query.Del("sslpassword")
	u.RawQuery = query.Encode()
	return u.String()
}
