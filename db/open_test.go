package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func TestOpenCreatesAFileOnlyItsOwnerCanRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name?#%20&.db")
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Location(); got != path {
		t.Errorf("Location() = %q, want %q", got, path)
	}
	if err := d.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %o, want 600: the file holds private keys", got)
	}
	if names := listing(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("the folder holds %v, want the database alone", names)
	}
}

// A server is started with several replicas, or by an impatient person in two terminals.
func TestD8ManyOpenAtOnce(t *testing.T) {
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]func(t *testing.T) string{
		"a new file":          func(*testing.T) string { return filepath.Join(folder, "new.db") },
		"an empty file":       func(*testing.T) string { return empty },
		"PostgreSQL database": func(t *testing.T) string { return dbtest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			url := url(t)
			var starts errgroup.Group
			for range 6 {
				starts.Go(func() error {
					d, err := db.Open(t.Context(), url)
					if err != nil {
						return err
					}
					_, err = d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA})
					return errors.Join(err, d.Close())
				})
			}
			if err := starts.Wait(); err != nil {
				t.Fatal(err)
			}
			d, err := db.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if clients, err := d.Clients(t.Context()); err != nil || len(clients) != 3 {
				t.Errorf("%d clients and %v, want 3", len(clients), err)
			}
		})
	}
}

// The same with processes of their own, which share nothing but the file.
func TestD8ManyProcessesOpenAtOnce(t *testing.T) {
	if path := os.Getenv("SILENTRENEW_TEST_OPEN"); path != "" {
		d, err := db.Open(t.Context(), path)
		if err == nil {
			_, err = d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA})
			err = errors.Join(err, d.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "silentrenew.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // so that all of them migrate the one file
		t.Fatal(err)
	}
	var starts errgroup.Group
	for range 4 {
		starts.Go(func() error {
			process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestD8ManyProcessesOpenAtOnce$")
			process.Env = append(os.Environ(), "SILENTRENEW_TEST_OPEN="+path)
			output, err := process.CombinedOutput()
			if err != nil {
				t.Logf("%s", output)
			}
			return err
		})
	}
	if err := starts.Wait(); err != nil {
		t.Fatal(err)
	}
}

// refusal checks what every refused start has in common: the condition, one line that says what to do, and nothing lost.
func refusal(t *testing.T, url string, condition error, words ...string) {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err == nil {
		d.Close()
		t.Fatalf("Open(%q) succeeded, want %v", url, condition)
	}
	if !errors.Is(err, condition) {
		t.Errorf("got %v, want %v", err, condition)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "silentrenew.db")
		create(t, path)
		change(t, "sqlite", path, `INSERT INTO silentrenew_schema (version_id, is_applied) VALUES (9999, true)`)
		before := read(t, path)
		refusal(t, path, db.ErrNewerSchema, path, "9999", "--db")
		if !bytes.Equal(read(t, path), before) {
			t.Error("the file was changed")
		}
	})
	t.Run("postgres", func(t *testing.T) {
		url := dbtest.Postgres(t)
		create(t, url)
		change(t, "pgx", url, `INSERT INTO silentrenew_schema (version_id, is_applied) VALUES (9999, true)`)
		refusal(t, url, db.ErrNewerSchema, "9999", "--db")
	})
}

func TestOpenRefusesWhatIsNotOurs(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, path string) (condition error){
		"a text file": func(t *testing.T, path string) error {
			write(t, path, bytes.Repeat([]byte("not a database\n"), 1000))
			return db.ErrCorrupt
		},
		"half a database": func(t *testing.T, path string) error {
			create(t, path)
			content := read(t, path)
			write(t, path, content[:len(content)/2])
			return db.ErrCorrupt
		},
		"a damaged page": func(t *testing.T, path string) error {
			create(t, path)
			content := read(t, path)
			copy(content[2*4096:], bytes.Repeat([]byte{0xA5}, 4096))
			write(t, path, content)
			return db.ErrCorrupt
		},
		"another program's database": func(t *testing.T, path string) error {
			change(t, "sqlite", path, `CREATE TABLE moz_places (id INTEGER)`)
			return db.ErrForeign
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "precious.db")
			condition := write(t, path)
			before := read(t, path)
			refusal(t, path, condition, path, "nothing was changed")
			if !bytes.Equal(read(t, path), before) {
				t.Error("the file was changed")
			}
			if names := listing(t, filepath.Dir(path)); len(names) != 1 {
				t.Errorf("the folder now holds %v", names)
			}
		})
	}
}

func TestOpenRefusesWhereItCannotWrite(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, folder string) (path string){
		"the folder is missing": func(_ *testing.T, folder string) string { return filepath.Join(folder, "missing", "silentrenew.db") },
		"the name is a folder's": func(t *testing.T, folder string) string {
			mkdir(t, filepath.Join(folder, "silentrenew.db"), 0o700)
			return filepath.Join(folder, "silentrenew.db")
		},
		"the folder is a file's": func(t *testing.T, folder string) string {
			write(t, filepath.Join(folder, "file"), []byte("x"))
			return filepath.Join(folder, "file", "silentrenew.db")
		},
		"the folder is read-only": func(t *testing.T, folder string) string {
			notAsRoot(t)
			mkdir(t, filepath.Join(folder, "ro"), 0o500)
			return filepath.Join(folder, "ro", "silentrenew.db")
		},
		"the file is read-only": func(t *testing.T, folder string) string {
			notAsRoot(t)
			path := filepath.Join(folder, "silentrenew.db")
			create(t, path)
			if err := os.Chmod(path, 0o400); err != nil {
				t.Fatal(err)
			}
			return path
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := prepare(t, folder)
			before := listing(t, folder)
			refusal(t, path, db.ErrUnwritable, path, "--db")
			if after := listing(t, folder); strings.Join(after, "|") != strings.Join(before, "|") {
				t.Errorf("before: %v, after: %v", before, after)
			}
		})
	}
}

// "Remove the database and start again" (A19), after a crash that left the write-ahead log.
func TestA19ADeletedDatabaseDoesNotComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "silentrenew.db")
	d, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA}); err != nil {
		t.Fatal(err)
	}
	log := read(t, path+"-wal")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, path+"-wal", log)

	d, err = db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if clients, err := d.Clients(t.Context()); len(clients) != 0 || err != nil {
		t.Errorf("%d clients came back, %v; want none", len(clients), err)
	}
}

func TestOpenThatIsCalledOffLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Open(ctx, filepath.Join(folder, "silentrenew.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if names := listing(t, folder); len(names) != 0 {
		t.Errorf("the folder holds %v", names)
	}
}

func TestOpenRefusesOtherAddresses(t *testing.T) {
	refusal(t, "", db.ErrUnsupportedURL, "--db")
	refusal(t, "mysql://localhost/silentrenew", db.ErrUnsupportedURL, "mysql", "--db")
	refusal(t, "host=localhost user=mick password=hunter2", db.ErrUnsupportedURL, "postgres://")
	refusal(t, "postgres://user:se%cret@host:port/", db.ErrUnsupportedURL, "postgres://")
}

func TestOpenNeverTellsAPassword(t *testing.T) {
	for _, url := range []string{
		"postgres://mick:hunter2@127.0.0.1:1/silentrenew",
		"postgres://mick@127.0.0.1:1/silentrenew?password=hunter2",
		"postgres://mick:hunter2@127.0.0.1:bad/silentrenew",
		"postgres://mick:hunter2@127.0.0.1:1/silentrenew?sslmode=hunter2",
	} {
		_, err := db.Open(t.Context(), url)
		if err == nil {
			t.Fatal("no error")
		}
		if strings.Contains(err.Error(), "hunter2") && !strings.Contains(url, "sslmode=hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %q", err)
		}
	}
	refusal(t, "postgres://mick:hunter2@127.0.0.1:1/silentrenew", db.ErrUnreachable, "postgres://mick@127.0.0.1:1/silentrenew")
}

func create(t *testing.T, url string) {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func change(t *testing.T, driver, url, statement string) {
	t.Helper()
	pool, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Mkdir(path, mode); err != nil {
		t.Fatal(err)
	}
}

func listing(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func notAsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
}
