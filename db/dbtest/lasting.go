package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"silentrenew/db"
)

// Lasting opens an empty database of the kind, "sqlite" or "postgres", for benchmarks that share what takes long to
// write. The caller removes it.
func Lasting(t testing.TB, kind string) (d *db.DB, remove func()) {
	t.Helper()
	folder, err := os.MkdirTemp("", "silentrenew-lasting-")
	if err != nil {
		t.Fatal(err)
	}
	url, drop := filepath.Join(folder, "silentrenew.db"), func() {}
	if kind == "postgres" {
		u := createDatabase(t)
		url = u.String()
		if os.Getenv("SILENTRENEW_TEST_POSTGRES") != "" { // our own server takes its databases along
			drop = func() { dropDatabase(t, u) }
		}
	}
	d, err = db.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	if kind == "postgres" {
		addresses.Store(d, url)
	}
	return d, func() {
		addresses.Delete(d)
		_ = d.Close()
		drop()
		_ = os.RemoveAll(folder)
	}
}
