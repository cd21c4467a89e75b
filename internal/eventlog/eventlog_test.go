package eventlog

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/internal/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// renewal is what one silent renewal, the API call after it and its end look like on the bus.
func renewal() []event.Event {
	at := time.Date(2026, 11, 23, 12, 4, 31, 0, time.Local)
	step := func(after time.Duration, e event.Event) event.Event {
		e.Time, e.CorrelationID = at.Add(after), "Xk3VQ7bTm2Pz"
		if e.Role == event.RoleIDP {
			e.ClientID = "spa-client"
		}
		return e
	}
	authorize := map[string]string{"prompt": "none", "state": "5f1c", "nonce": "77ab", "response_type": "code", "code_challenge": "E9Melhoa2Ow"}
	return []event.Event{
		step(0, event.Event{Kind: "silent_renew.started", Role: event.RolePage}),
		step(12*time.Millisecond, event.Event{Kind: "discovery", Role: event.RoleIDP, Status: 200}),
		step(20*time.Millisecond, event.Event{Kind: "authorize", Role: event.RoleIDP, Subject: "mick", Status: 302, Duration: 3260 * time.Microsecond, Parameters: authorize}),
		step(41*time.Millisecond, event.Event{Kind: "token", Role: event.RoleIDP, Subject: "mick", Status: 200, Duration: 7140 * time.Microsecond,
			Parameters: map[string]string{"grant_type": "authorization_code", "code": "***", "code_verifier": "***"}}),
		step(52*time.Millisecond, event.Event{Kind: "userinfo", Role: event.RoleIDP, Subject: "mick", Status: 200, Duration: 900 * time.Microsecond}),
		step(60*time.Millisecond, event.Event{Kind: "api.request", Role: event.RoleAPI, ClientID: "spa-client", Subject: "mick", Status: 200,
			Duration: 1500 * time.Microsecond, Parameters: map[string]string{"method": "GET", "path": "/api/companies"}}),
		step(30*time.Second, event.Event{Kind: "client.changed", Role: event.RoleIDP, Status: 200, Parameters: map[string]string{"AccessTokenLifetime": "120"}}),
		step(60*time.Second, event.Event{Kind: "authorize", Role: event.RoleIDP, Status: 302, Outcome: "login_required", Reason: "nobody is signed in", Parameters: authorize}),
		step(61*time.Second, event.Event{Kind: "token", Role: event.RoleIDP, Status: 400, Outcome: "invalid_grant", Reason: "the code was used before"}),
		step(62*time.Second, event.Event{Kind: "userinfo", Role: event.RoleIDP, Status: 500, Outcome: "server_error", Reason: "disk full"}),
	}
}

func TestA36OneRenewalInTheLog(t *testing.T) {
	for format, file := range map[string]string{"text": "testdata/renewal.txt", "json": "testdata/renewal.jsonl"} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			bus := event.NewBus(10)
			stop := Follow(bus, New(&out, format, slog.LevelInfo))
			for _, e := range renewal() {
				bus.Emit(e)
			}
			stop()
			got := strings.ReplaceAll(out.String(), renewal()[0].Time.Format("-07:00")+`"`, `Z"`) // whatever the time zone here
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the log changed (go test -update rewrites it):\n%s", got)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	for _, tc := range []struct {
		name string
		e    event.Event
		want slog.Level
	}{
		{"a renewal", event.Event{Kind: "authorize", Outcome: "ok"}, slog.LevelInfo},
		{"discovery is noise", event.Event{Kind: "discovery", Outcome: "ok"}, slog.LevelDebug},
		{"discovery that fails is not", event.Event{Kind: "discovery", Outcome: "server_error"}, slog.LevelError},
		{"the cookie's end is normal", event.Event{Kind: "authorize", Outcome: "login_required"}, slog.LevelInfo},
		{"a refusal", event.Event{Kind: "token", Outcome: "invalid_grant"}, slog.LevelWarn},
	} {
		if got := levelOf(tc.e); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestNoEventCanForgeALine(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		New(&out, format, slog.LevelInfo).Write(event.Event{Time: time.Now(), Kind: "token", Role: event.RoleIDP, Outcome: "ok", ClientID: "a\n12:00:00.000 INF idp login", Reason: "x\r\ny"})
		if got := strings.Count(out.String(), "\n"); got != 1 {
			t.Errorf("%s: %d lines from one event:\n%s", format, got, out.String())
		}
	}
}

// writes counts how often it was written to.
type writes struct {
	bytes.Buffer
	times int
}

func (w *writes) Write(p []byte) (int, error) {
	w.times++
	return w.Buffer.Write(p)
}

func TestABurstOfEventsIsWrittenTogetherAndWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out writes
		bus := event.NewBus(1000)
		log := New(&out, "json", slog.LevelInfo)
		stop := Follow(bus, log)
		for range 100 {
			bus.Emit(event.Event{Kind: "token", Role: event.RoleIDP})
		}
		stop()
		if got := strings.Count(out.String(), `"msg":"token"`); got != 100 || out.times > 10 {
			t.Errorf("%d lines in %d writes", got, out.times)
		}
		log.Info("by itself")
		if !strings.HasSuffix(out.String(), "by itself\"}\n") {
			t.Errorf("a line afterwards is held back: %q", out.String()[len(out.String())-80:])
		}
	})
}

// stuck is a pipe that nobody empties until somebody does.
type stuck struct {
	emptied chan struct{}
	bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.emptied
	return s.Buffer.Write(p)
}

// Neither who serves a request nor the end of the program waits for who reads the log.
func TestNobodyWaitsForTheReaderOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stuck{emptied: make(chan struct{})}
		bus := event.NewBus(1)
		log := New(out, "json", slog.LevelInfo)
		stop := Follow(bus, log)
		began := time.Now()
		for range 2 * mostHeld / 100 {
			bus.Emit(event.Event{Kind: "token", Role: event.RoleIDP})
			log.Info("request failed", "cause", "the database is away") // would hang here
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("who logged waited for %v", took)
		}
		if held := len(log.lines.held); held > mostHeld {
			t.Errorf("%d bytes are held, at most %d may be", held, mostHeld)
		}
		stop()
		if took := time.Since(began); took > lastWrite {
			t.Errorf("the end waited for %v", took)
		}
		close(out.emptied)
		time.Sleep(time.Second) // so that nobody is left in the bubble
	})
}

// Thousands of events that come while it is not the log's turn are all written, and a reader that comes back is told what was lost while it was away longer.
func TestTheLogIsWholeAgainWhenItsReaderComesBack(t *testing.T) {
	for _, row := range []struct {
		events int
		whole  bool
	}{{room, true}, {room + 500, false}} {
		synctest.Test(t, func(t *testing.T) {
			out := &stuck{emptied: make(chan struct{})}
			bus := event.NewBus(1)
			stop := Follow(bus, New(out, "json", slog.LevelInfo))
			bus.Emit(event.Event{Kind: "token", Role: event.RoleIDP})
			synctest.Wait() // it is being written
			for range row.events {
				bus.Emit(event.Event{Kind: "token", Role: event.RoleIDP})
			}
			close(out.emptied)
			time.Sleep(time.Second)
			stop()
			written, told := strings.Count(out.String(), `"msg":"token"`), ""
			if lost := row.events + 1 - written; lost > 0 {
				told = fmt.Sprintf(`"missed":%d}`, lost)
			}
			if (written == row.events+1) != row.whole || !strings.Contains(out.String(), told) || strings.Contains(out.String(), "missed") != (told != "") {
				t.Errorf("%d of %d events were written, and not told: %q", written, row.events+1, told)
			}
		})
	}
}
