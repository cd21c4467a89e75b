package spa

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/internal/event"
)

// stream reads GET /events in a bubble until stop is called, and returns what was written.
func (s *site) stream(stop func(cancel context.CancelFunc), headers ...string) *httptest.ResponseRecorder {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil)
	r.Host = "localhost:4200"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.handler.ServeHTTP(w, r)
	}()
	synctest.Wait()
	stop(cancel)
	<-done
	return w
}

func TestA33A37TheStreamShowsWhatWasAndWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, companiesAPI)
		s.bus.Emit(event.Event{Kind: "authorize", Role: event.RoleIDP, Parameters: map[string]string{"prompt": "none"}})
		w := s.stream(func(cancel context.CancelFunc) {
			s.bus.Emit(event.Event{Kind: "token", Role: event.RoleIDP, Reason: "line\nbreak"})
			time.Sleep(streamHeartbeat + time.Second)
			synctest.Wait()
			cancel()
		})
		got := w.Body.String()
		if w.Header().Get("Content-Type") != "text/event-stream" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", w.Header())
		}
		for _, want := range []string{"id: 1\nevent: event\ndata: {", `"kind":"authorize"`, `"prompt":"none"`, "id: 2\n", `"kind":"token"`, ": still here\n\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("the stream lacks %q:\n%s", want, got)
			}
		}
		if strings.Contains(got, "line\nbreak") {
			t.Error("a line break in an event broke the stream")
		}
	})
}

func TestAReconnectGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, companiesAPI)
		for range 3 {
			s.bus.Emit(event.Event{Kind: "token", Role: event.RoleIDP})
		}
		w := s.stream(func(cancel context.CancelFunc) { cancel() }, "Last-Event-ID", "2")
		if got := w.Body.String(); strings.Contains(got, "id: 2\n") || !strings.Contains(got, "id: 3\n") {
			t.Errorf("after event 2 came:\n%s", got)
		}
	})
}

func TestAStreamEndsWhenTheServerDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		draining := make(chan struct{})
		s := newSite(t, companiesAPI, func(c *Config) { c.Draining = draining })
		s.stream(func(context.CancelFunc) { close(draining) }) // returns, or the bubble deadlocks
	})
}

func TestWhoMayWatch(t *testing.T) {
	s := newSite(t, companiesAPI)
	for _, site := range []string{"cross-site", "same-site"} {
		if got := s.get("/events", "Sec-Fetch-Site", site); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", site, got.StatusCode)
		}
	}
	if got := newSite(t, companiesAPI, func(c *Config) { c.URL = "http://spa.test" }).get("/events"); got.StatusCode != http.StatusForbidden {
		t.Errorf("another Host: %d, want 403: DNS rebinding", got.StatusCode)
	}
	outside := newSite(t, companiesAPI, func(c *Config) { c.Lab = false })
	if got := outside.get("/events"); got.StatusCode == http.StatusOK {
		t.Error("the stream is served outside the lab")
	}
	if got := outside.get("/sequence"); !strings.Contains(got.body, "lab mode only") {
		t.Error("the page does not say why nothing can be seen")
	}
}
