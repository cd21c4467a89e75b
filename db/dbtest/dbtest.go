package dbtest

import (
	"context"
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"silentrenew/db"
)

var dump = flag.Bool("dump", false, "keep the test databases and print where they are")

// SPA is the public address the seeded spa-client is registered for.
const SPA = "http://localhost:4200"

// New opens a migrated, empty SQLite database for one test.
func New(t testing.TB) *db.DB {
	t.Helper()
	return open(t, filepath.Join(folder(t), "silentrenew.db"))
}

// Seeded opens an SQLite database with the rows of a first start at the default addresses. The passwords are hashed once
// per test binary, because that takes longer than most tests.
func Seeded(t testing.TB) *db.DB {
	t.Helper()
	template, err := seededFile()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder(t), "silentrenew.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// Each runs the test on SQLite and on PostgreSQL, on an empty database each.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, New(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, migratedPostgres(t))) })
}

// Exec runs one statement as a database shell would, on a connection of its own. Write "?" for arguments on SQLite and
// "$1" on PostgreSQL.
func Exec(t testing.TB, d *db.DB, statement string, args ...any) {
	t.Helper()
	if _, err := Shell(t, d).ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Shell opens connections that share nothing with d but the database.
func Shell(t testing.TB, d *db.DB) *sql.DB {
	t.Helper()
	driver, name := "sqlite", "file:"+d.Location()+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(10000)"
	if address, ok := addresses.Load(d); ok {
		driver, name = "pgx", address.(string)
	}
	pool, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return pool
}

// addresses knows the URL of each open PostgreSQL database, whose Location lacks the password.
var addresses sync.Map // *db.DB → string

// Again opens the database of d once more, as another process would.
func Again(t testing.TB, d *db.DB) *db.DB {
	t.Helper()
	if address, ok := addresses.Load(d); ok {
		return open(t, address.(string))
	}
	return open(t, d.Location())
}

func open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(url) != ".db" {
		addresses.Store(d, url)
	}
	t.Cleanup(func() {
		addresses.Delete(d)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func folder(t testing.TB) string {
	t.Helper()
	if !*dump {
		return t.TempDir()
	}
	folder, err := os.MkdirTemp("", "silentrenew-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("database kept in %s", folder)
	return folder
}

var seededFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "silentrenew-seeded-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "silentrenew.db")
	d, err := db.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	_, err = d.Seed(context.Background(), db.SeedURLs{SPA: SPA})
	if closed := d.Close(); err != nil || closed != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing has brought everything into this one file
})
