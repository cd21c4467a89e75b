//go:build unix

package bench

import (
	"os"
	"testing"
)

// TestMain is the provider's process when the environment says so, and the load generator otherwise.
func TestMain(m *testing.M) {
	if folder := os.Getenv(folderVariable); folder != "" {
		if err := serveBench(folder, os.Getenv(databaseVariable)); err != nil {
			os.Stderr.WriteString("bench: " + err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
