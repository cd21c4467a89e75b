package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Postgres creates an empty PostgreSQL database for one test and returns its URL. It skips the test where there is no server.
func Postgres(t testing.TB) string {
	t.Helper()
	u := createDatabase(t)
	if *dump {
		t.Logf("database kept: %s", u.Path[1:])
	} else {
		t.Cleanup(func() { dropDatabase(t, u) })
	}
	return u.String()
}

// migratedPostgres does the same with the tables made. In a server of our own a database is emptied and used again,
// because making one takes longer than most tests.
func migratedPostgres(t testing.TB) string {
	t.Helper()
	if os.Getenv("SILENTRENEW_TEST_POSTGRES") != "" {
		return Postgres(t)
	}
	var address string
	select {
	case address = <-idle:
	default:
		address = createDatabase(t).String()
	}
	t.Cleanup(func() {
		empty(t, address)
		idle <- address
	})
	return address
}

var idle = make(chan string, 100)

const emptyTables = `DO $$ BEGIN EXECUTE (
	SELECT coalesce('TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' RESTART IDENTITY CASCADE', 'SELECT 1')
	FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'silentrenew_schema'); END $$`

func empty(t testing.TB, address string) {
	t.Helper()
	pool, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(context.Background(), emptyTables); err != nil {
		t.Fatal(err)
	}
}

func createDatabase(t testing.TB) *url.URL {
	t.Helper()
	pool, u := administrator(t)
	defer pool.Close()
	name := "sr_" + strings.ToLower(rand.Text())
	if _, err := pool.ExecContext(context.Background(), "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return &u
}

func dropDatabase(t testing.TB, u *url.URL) {
	t.Helper()
	pool, _ := administrator(t)
	defer pool.Close()
	if _, err := pool.ExecContext(context.Background(), "DROP DATABASE "+u.Path[1:]+" WITH (FORCE)"); err != nil {
		t.Error(err)
	}
}

// administrator connects to the server, or skips the test where there is none.
func administrator(t testing.TB) (*sql.DB, url.URL) {
	t.Helper()
	u, err := server()
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("SILENTRENEW_REQUIRE"), ","), "postgres") {
			t.Fatalf("SILENTRENEW_REQUIRE asks for PostgreSQL: %v", err)
		}
		sayOnce.Do(func() { fmt.Fprintln(os.Stderr, "dbtest: the PostgreSQL half of the tests is skipped:", err) })
		t.SkipNow()
	}
	pool, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	return pool, *u
}

var sayOnce sync.Once

// server finds a PostgreSQL server, or starts one that lives as long as the test binary.
var server = sync.OnceValues(func() (*url.URL, error) {
	if address := os.Getenv("SILENTRENEW_TEST_POSTGRES"); address != "" {
		return url.Parse(address)
	}
	bin, err := installation()
	if err != nil {
		return nil, err
	}
	return start(bin)
})

func installation() (bin string, err error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them off the PATH
	if len(found) == 0 {
		return "", errors.New("no initdb on the PATH or in /usr/lib/postgresql, and SILENTRENEW_TEST_POSTGRES is not set")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// cluster runs a server without a port in a folder of its own. It ends when its standard input does, that is with the
// test binary however that ends, and takes the folder along.
const cluster = `
umask 077
export LC_ALL=C TZ=UTC
mkdir "$FOLDER" && cd "$FOLDER" || exit 1
"$BIN/initdb" -D "$FOLDER/data" -U postgres -A trust -E UTF8 --no-sync >"$FOLDER/log" 2>&1 || exit 1
"$BIN/postgres" -D "$FOLDER/data" -k "$FOLDER" -c listen_addresses= -c max_connections=300 \
	-c fsync=off -c synchronous_commit=off -c full_page_writes=off >>"$FOLDER/log" 2>&1 &
server=$!
cat >/dev/null
kill -INT $server
wait $server
cd / && rm -rf "$FOLDER"
`

func start(bin string) (*url.URL, error) {
	if runtime.GOOS == "windows" {
		return nil, errors.New("no server is started on Windows; set SILENTRENEW_TEST_POSTGRES")
	}
	folder := "/tmp/sr-pg-" + rand.Text() // short, because the name of a socket has at most 107 characters
	shell := exec.Command("sh", "-c", cluster)
	if os.Geteuid() == 0 { // the server refuses to run as root
		shell = exec.Command("su", "nobody", "-s", "/bin/sh", "-c", cluster)
	}
	shell.Env = append(os.Environ(), "BIN="+bin, "FOLDER="+folder)
	if _, err := shell.StdinPipe(); err != nil { // held open until this process ends
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- shell.Wait() }()

	u := &url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {folder}}.Encode()}
	pool, err := sql.Open("pgx", u.String())
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	deadline := time.After(30 * time.Second)
	for {
		err := pool.Ping()
		if err == nil {
			return u, nil
		}
		select {
		case <-ended:
			log, _ := os.ReadFile(filepath.Join(folder, "log"))
			return nil, fmt.Errorf("PostgreSQL in %s did not start: %s", bin, strings.TrimSpace(string(log)))
		case <-deadline:
			return nil, fmt.Errorf("PostgreSQL in %s does not answer: %w", bin, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
