package walk

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sql runs one statement on the database file while the program uses it, as the reader does with a SQLite client.
func (p *program) sql(statement string, arguments ...any) {
	p.t.Helper()
	db := p.openDatabase()
	defer db.Close()
	if _, err := db.Exec(statement, arguments...); err != nil {
		p.t.Fatalf("%s: %v", statement, err)
	}
}

// setAccessTokenLifetime is the edit of the article (A20).
func (p *program) setAccessTokenLifetime(seconds int) {
	p.t.Helper()
	p.sql("UPDATE Clients SET AccessTokenLifetime = ? WHERE ClientId = 'spa-client'", seconds)
}

// ask returns the one value that a query selects.
func ask[T any](t *testing.T, p *program, query string, arguments ...any) T {
	t.Helper()
	db := p.openDatabase()
	defer db.Close()
	var value T
	if err := db.QueryRow(query, arguments...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func (p *program) openDatabase() *sql.DB {
	p.t.Helper()
	db, err := sql.Open("sqlite", "file:"+p.database+"?_pragma=busy_timeout(5000)")
	if err != nil {
		p.t.Fatal(err)
	}
	return db
}

// removeDatabase deletes the file and what SQLite keeps beside it.
func (p *program) removeDatabase() {
	p.t.Helper()
	files, err := filepath.Glob(p.database + "*")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			p.t.Fatal(err)
		}
	}
}
