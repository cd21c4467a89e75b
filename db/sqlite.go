package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"gorm.io/driver/sqlite"

	"silentrenew/internal/walindex"
)

// openSQLite opens path, creating it first if there is nothing there and nothing has to be.
func openSQLite(ctx context.Context, path string, existing bool) (*DB, error) {
	switch info, err := os.Stat(path); {
	case existing && (errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 && !info.IsDir()):
		return nil, absent(path)
	case errors.Is(err, fs.ErrNotExist):
		if err := createSQLite(ctx, path); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, unwritable(path, err)
	case info.IsDir():
		return nil, unwritable(path, errors.New("it is a folder"))
	default:
		if err := inspectSQLite(ctx, path); err != nil {
			return nil, err
		}
	}
	d, err := openMigrated(ctx, path, path)
	if err == nil {
		d.wal = walindex.Open(path)
	}
	return d, err
}

var waitForOthers = fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())

// openMigrated opens an SQLite file that is ours, or empty, and migrates it. The name is the one people know it by.
func openMigrated(ctx context.Context, path, name string) (*DB, error) {
	dsn := sqliteDSN(path, url.Values{
		"_pragma": {
			waitForOthers,
			"journal_mode(WAL)",        // readers never wait for the writer
			"synchronous(NORMAL)",      // safe against a crash of the program; a power cut may cost the last commits, never the file
			"wal_autocheckpoint(4000)", // pages of 4 KiB: renewals write the same ones again and again
			"foreign_keys(1)",
			"cache_size(-65536)", // KiB at most, per connection: an import touches every index all over
		},
		"_txlock":      {"immediate"}, // a transaction that will write says so at once, so it never has to give up half-way
		"_time_format": {"sqlite"},
		"_timezone":    {"UTC"},
		"_dqs":         {"0"}, // a misspelt column is an error, not a string
	})
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	connections := max(4, 2*runtime.GOMAXPROCS(0))
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)

	if err := migrateSQLite(ctx, pool, name); err != nil {
		return nil, errors.Join(explainSQLite(err, name), pool.Close())
	}
	d, err := connect(sqlite.New(sqlite.Config{DriverName: "sqlite", Conn: pool}), name)
	if err != nil {
		return nil, errors.Join(explainSQLite(err, name), pool.Close())
	}
	if err := d.addWriter(dsn); err != nil {
		return nil, errors.Join(explainSQLite(err, name), pool.Close())
	}
	if err := d.foldCompanies(ctx); err != nil {
		return nil, errors.Join(explainSQLite(err, name), d.Close())
	}
	return d, nil
}

// addWriter gives writing its one connection, and a queue before it.
func (d *DB) addWriter(dsn string) error {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	writer, err := connect(sqlite.New(sqlite.Config{DriverName: "sqlite", Conn: pool}), d.location)
	if err != nil {
		return errors.Join(err, pool.Close())
	}
	d.writing, d.granting, d.writers, d.patience = writer.gorm, writer.reading, make(chan struct{}, 1), busyTimeout
	return nil
}

// createSQLite builds a new database in a folder beside path and links it into place. A start that fails leaves nothing
// behind, and of several first starts at the same moment each finds either no file or a whole one.
func createSQLite(ctx context.Context, path string) error {
	if _, err := os.Stat(path + "-wal"); err == nil {
		return createEmpty(path)
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), ".silentrenew-new-")
	if err != nil {
		return unwritable(path, err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // leftovers would be untidy, not wrong

	fresh := filepath.Join(folder, "new.db")
	file, err := os.OpenFile(fresh, os.O_CREATE|os.O_EXCL, 0o600) // it will hold private keys
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return unwritable(path, err)
	}
	d, err := openMigrated(ctx, fresh, path)
	if err != nil {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}

	err = os.Link(fresh, path)
	if err != nil && !errors.Is(err, fs.ErrExist) { // a file system without hard links
		err = os.Rename(fresh, path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) { // somebody was faster: theirs is as good
		return unwritable(path, err)
	}
	return nil
}

// createEmpty makes an empty file where somebody deleted a database and left its write-ahead log. SQLite would replay the
// log into a database that has pages; beside an empty one it discards it.
func createEmpty(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return unwritable(path, err)
	}
	return nil
}

// Above this size looking at every page would delay the start; damage then shows when the page is read.
const largestInspected = 64 << 20 // bytes

// inspectSQLite looks at an existing file before anything may be written to it: is it SQLite, whole, ours, writable?
func inspectSQLite(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return unwritable(path, err)
	}
	info, err := file.Stat()
	if err := errors.Join(err, file.Close()); err != nil {
		return unwritable(path, err)
	}
	pool, err := sql.Open("sqlite", sqliteDSN(path, url.Values{"mode": {"rw"}, "_pragma": {waitForOthers}}))
	if err != nil {
		return err
	}
	defer pool.Close()

	var tables, ours int
	err = pool.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE name = ?) FROM sqlite_master WHERE type = 'table'`,
		versionTable).Scan(&tables, &ours)
	if err != nil {
		return explainSQLite(err, path)
	}
	if tables > 0 && ours == 0 {
		return refuse(ErrForeign, nil, "the file %s is an SQLite database of another program: nothing was changed; name another file with --db", path)
	}
	if info.Size() > largestInspected {
		return nil
	}
	var verdict string
	if err := pool.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return explainSQLite(err, path)
	}
	if verdict != "ok" {
		return corrupt(path, errors.New(verdict))
	}
	return nil
}

// sqliteDSN writes path as a URI, because a file name may hold any of the characters that mean something in one.
func sqliteDSN(path string, parameters url.Values) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + parameters.Encode()
}
