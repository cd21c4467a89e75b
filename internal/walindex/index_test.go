//go:build linux || darwin

package walindex

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

// The environment of this binary when it is another process that writes to the database.
const otherVariable = "SILENTRENEW_WALINDEX_DATABASE"

func TestMain(m *testing.M) {
	if path := os.Getenv(otherVariable); path != "" {
		if err := writeOnce(path); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func writeOnce(path string) error {
	pool, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.Exec(`INSERT INTO t VALUES ('another process')`)
	return err
}

// open makes a database with one table and one connection.
func open(t *testing.T) (*sql.DB, string, *Index) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	pool, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	pool.SetMaxOpenConns(1)
	run(t, pool, `CREATE TABLE t (a text)`)
	index := Open(path)
	if !index.Header().Known() {
		t.Fatal("the header of a database in use is not known")
	}
	return pool, path, index
}

func run(t *testing.T, pool *sql.DB, statement string) {
	t.Helper()
	if _, err := pool.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// What SQLite promises in its file format, section 2.1: the counter is incremented with each transaction. A newer driver
// that keeps another book fails here.
func TestACommitCountsOnceAndNothingElseDoes(t *testing.T) {
	pool, _, index := open(t)
	for _, tc := range []struct {
		name, statement string
		commits         bool
	}{
		{"an insert", `INSERT INTO t VALUES ('a')`, true},
		{"a transaction", `BEGIN; INSERT INTO t VALUES ('b'); INSERT INTO t VALUES ('c'); COMMIT`, true},
		{"many pages", `INSERT INTO t SELECT randomblob(5000) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i FROM n)`, true},
		{"a new table", `CREATE TABLE u (a text)`, true},
		{"an update", `UPDATE t SET a = 'z' WHERE a = 'a'`, true},
		{"an update of nothing", `UPDATE t SET a = 'z' WHERE a = 'nobody'`, false},
		{"a transaction taken back", `BEGIN IMMEDIATE; INSERT INTO t VALUES ('d'); ROLLBACK`, false},
		{"a query", `SELECT count(*) FROM t`, false},
		{"a checkpoint", `PRAGMA wal_checkpoint(PASSIVE)`, false},
		{"the first commit after it", `INSERT INTO t VALUES ('e')`, true},
	} {
		before := index.Header()
		run(t, pool, tc.statement)
		after := index.Header()
		if got := after.After(before); got != tc.commits {
			t.Errorf("%s: one commit is %v, want %v: %v → %v", tc.name, got, tc.commits, before, after)
		}
		if same := after == before; same == tc.commits {
			t.Errorf("%s: the header is the same is %v: %v → %v", tc.name, same, before, after)
		}
	}
}

func TestACommitByAnotherProcessIsSeen(t *testing.T) {
	pool, path, index := open(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	before := index.Header()
	other := exec.Command(self)
	other.Env = append(os.Environ(), otherVariable+"="+path)
	if out, err := other.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	after := index.Header()
	if !after.After(before) {
		t.Errorf("another process's commit: %v → %v", before, after)
	}
	run(t, pool, `INSERT INTO t VALUES ('ours')`)
	if ours := index.Header(); ours.After(before) || !ours.After(after) {
		t.Errorf("theirs and ours look like one: %v → %v → %v", before, after, ours)
	}
}

// The last connection deletes the file; whoever opens the database next makes another one, of which the old index knows nothing.
func TestAfterTheLastConnectionNothingIsKnown(t *testing.T) {
	pool, path, index := open(t)
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	if h := index.Header(); h.Known() {
		t.Errorf("known after the last connection: %v", h)
	}
	if err := writeOnce(path); err != nil {
		t.Fatal(err)
	}
	if h := index.Header(); h.Known() {
		t.Errorf("known although the file is another: %v", h)
	}
}

func TestWithoutTheFileNothingIsKnown(t *testing.T) {
	index := Open(filepath.Join(t.TempDir(), "none.db"))
	if h := index.Header(); index != nil || h.Known() || h.After(Header{}) {
		t.Errorf("%v %v", index, h)
	}
}
