package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// Whoever reads the log through a pipe may stop reading, or go away, as a collector does that hangs or is restarted. The provider serves on,
// also requests that log the cause of their failure themselves, and stops when it is told to.
func TestTheProviderOutlivesTheReaderOfItsLog(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such signals here")
	}
	for _, gone := range []bool{false, true} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], append(anyPorts, "--db", filepath.Join(t.TempDir(), "silentrenew.db"))...)
		out := newConsole()
		cmd.Stdout, cmd.Stderr = out, writer
		cmd.Env = append(os.Environ(), "SILENTRENEW_TEST_BE_MAIN=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		writer.Close() // ours
		for !strings.Contains(out.String(), "Ctrl-C stops.") {
			<-out.more
		}
		if gone {
			reader.Close()
		} else {
			defer reader.Close()
		}

		p := &program{t: t, out: out}
		client := &http.Client{Timeout: patience}
		for i := range 400 { // more than a pipe holds
			answer, err := client.Get(p.printedURL("Provider") + "/connect/authorize?client_id=" + strings.Repeat("nobody", 50))
			if err != nil {
				t.Fatalf("reader gone %v: request %d: %v", gone, i, err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode != http.StatusBadRequest {
				t.Fatalf("reader gone %v: request %d: status %d", gone, i, answer.StatusCode)
			}
		}
		client.CloseIdleConnections()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("reader gone %v: %v", gone, err)
		}
	}
}
