package admin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// The environment says which database; what is done to it only the command line says.
func TestTheEnvironmentConfirmsNothing(t *testing.T) {
	s := newShell(t)
	s.env["SILENTRENEW_YES"], s.env["SILENTRENEW_ALL"], s.env["SILENTRENEW_USER"] = "true", "true", "Jane"
	for line, want := range map[string]string{
		"clients remove spa-client": "say --yes to do it",
		"grants revoke":             "say which",
		"sessions kill":             "say which",
	} {
		if _, _, refused := s.run(line); !strings.Contains(refused, want) {
			t.Errorf("%s: refused with %q, want %q", line, refused, want)
		}
	}
	s.env["SILENTRENEW_DB"], s.env["SILENTRENEW_JSON"] = s.store.Location(), "true"
	var out bytes.Buffer
	err := Command(t.Context(), []string{"users", "list"}, func(name string) string { return s.env[name] }, nil, &out, io.Discard)
	if err != nil || !strings.HasPrefix(out.String(), "[\n") {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A secret that could not be shown is not said to be made.
func TestWhatCannotBePrintedFails(t *testing.T) {
	s := newShell(t)
	for _, line := range []string{"users password Mick", "users password Mick --json", "clients list"} {
		err := Command(t.Context(), append(strings.Fields(line), "--db", s.store.Location()), func(string) string { return "" }, nil, fullDisk{}, io.Discard)
		if err == nil || err.Error() != "no space left on device" {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// Ctrl-C ends a command that waits for an answer.
func TestInterruptEndsTheWait(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	silent, _ := io.Pipe()
	s := &desk{Context: ctx, in: silent, err: io.Discard}
	time.AfterFunc(10*time.Millisecond, interrupt)
	if _, err := s.readLine("Password: "); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
