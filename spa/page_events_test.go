package spa

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"silentrenew/internal/event"
)

func (s *site) tell(body string, headers ...string) answer {
	s.t.Helper()
	all := append([]string{"Content-Type", "application/json", "Origin", "http://localhost:4200", "Sec-Fetch-Site", "same-origin"}, headers...)
	return s.do(http.MethodPost, "/events", body, all...)
}

func TestPageEventsJoinTheBus(t *testing.T) {
	s := newSite(t, companiesAPI)
	at := time.Now().Add(-time.Second).UTC().Format(time.RFC3339Nano)
	got := s.tell(`{"events":[{"kind":"user.loaded","time":"` + at + `","correlation_id":"story-1234","client_id":"spa-client","sub":"1","sid":"2",
		"parameters":{"expires_in":"60","access_token":"eyJsecret","note":"a\nb"},"outcome":"ok"}]}`)
	if got.StatusCode != http.StatusNoContent {
		t.Fatalf("%d %s, want 204", got.StatusCode, got.body)
	}
	all := s.events()
	if len(all) != 1 {
		t.Fatalf("%d events", len(all))
	}
	e := all[0]
	if e.Kind != "user.loaded" || e.Role != event.RolePage || e.CorrelationID != "story-1234" || e.Subject != "1" || e.SessionID != "2" || e.Time.UTC().Format(time.RFC3339Nano) != at {
		t.Errorf("event %+v", e)
	}
	if e.Parameters["access_token"] != "***" || e.Parameters["note"] != "a\uFFFDb" || e.Parameters["expires_in"] != "60" {
		t.Errorf("parameters %v: a token shows, or a line break got through", e.Parameters)
	}
}

func TestThePageEventDoor(t *testing.T) {
	batch := func(n int) string {
		return `{"events":[` + strings.TrimSuffix(strings.Repeat(`{"kind":"user.loaded"},`, n), ",") + `]}`
	}
	for _, row := range []struct {
		name, body string
		headers    []string
		want       int
	}{
		{"another origin", batch(1), []string{"Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		{"another port of this machine", batch(1), []string{"Origin", "http://localhost:5005", "Sec-Fetch-Site", "same-site"}, 403},
		{"a form", "kind=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"text", batch(1), []string{"Content-Type", "text/plain"}, 415},
		{"not JSON", "{", nil, 400},
		{"not an object", "[]", nil, 400},
		{"wrong types", `{"events":[{"kind":1}]}`, nil, 400},
		{"unknown kind", `{"events":[{"kind":"token"}]}`, nil, 400},
		{"one unknown among known", `{"events":[{"kind":"user.loaded"},{"kind":"authorize"}]}`, nil, 400},
		{"too many at once", batch(maxPageEvents + 1), nil, 413},
		{"too long", `{"events":[{"kind":"user.loaded","reason":"` + strings.Repeat("x", maxPageEventsBody) + `"}]}`, nil, 413},
		{"nothing", `{}`, nil, 204},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, companiesAPI)
			if got := s.tell(row.body, row.headers...); got.StatusCode != row.want {
				t.Errorf("%d %s, want %d", got.StatusCode, got.body, row.want)
			}
			if all := s.events(); len(all) != 0 {
				t.Errorf("%d events got in", len(all))
			}
		})
	}
	t.Run("too fast", func(t *testing.T) {
		s := newSite(t, companiesAPI)
		var last answer
		for range pageEventBurst/maxPageEvents + 1 {
			last = s.tell(batch(maxPageEvents))
		}
		if last.StatusCode != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" {
			t.Errorf("%d, want 429 with Retry-After", last.StatusCode)
		}
	})
	t.Run("another Host", func(t *testing.T) {
		s := newSite(t, companiesAPI, func(c *Config) { c.URL = "http://spa.test" })
		if got := s.tell(batch(1)); got.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%d, want 421: DNS rebinding", got.StatusCode)
		}
	})
}

func TestAPageClockThatIsWrongDoesNotCount(t *testing.T) {
	now := time.Now()
	for _, far := range []time.Time{{}, now.Add(-time.Hour), now.Add(time.Hour)} {
		if got := (pageEvent{Kind: "user.loaded", Time: far}).checked(now); !got.Time.Equal(now) {
			t.Errorf("a page at %v put its event at %v", far, got.Time)
		}
	}
}

// Whatever a page sends, what reaches the bus is of a known kind, from the page, printable and bounded.
func FuzzPageEvents(f *testing.F) {
	f.Add(`{"events":[{"kind":"user.loaded","correlation_id":"x\ny","parameters":{"a\u0000":"b\r\n"},"reason":"\u001b[31m"}]}`)
	f.Add(`{"events":[{"kind":"frame.error","outcome":"` + strings.Repeat("é", 300) + `"}]}`)
	f.Add(`{"events":null}`)
	home, _ := url.Parse("http://localhost:4200")
	f.Fuzz(func(t *testing.T, body string) {
		door := &Server{url: home, bus: event.NewBus(maxPageEvents), pageDoor: newPageEventDoor()}
		s := &site{t: t, bus: door.bus, handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, _ := gin.CreateTestContext(w)
			c.Request = r
			door.takePageEvents(c)
		})}
		if got := s.tell(body); got.StatusCode >= 500 {
			t.Fatalf("%d", got.StatusCode)
		}
		for _, e := range s.events() {
			if !pageKinds[e.Kind] || e.Role != event.RolePage || !event.ValidCorrelationID(e.CorrelationID) || len(e.Parameters) > 40 {
				t.Fatalf("event %+v", e)
			}
			values := []string{e.ClientID, e.Subject, e.SessionID, e.Outcome, e.Reason}
			for name, value := range e.Parameters {
				values = append(values, name, value)
			}
			for _, value := range values {
				if len([]rune(value)) > maxPageValue+1 || strings.ContainsFunc(value, unicode.IsControl) {
					t.Fatalf("value %q got through", value)
				}
			}
		}
	})
}

func TestTheKindsOfThePageAreTheOnesItsScriptsSend(t *testing.T) {
	sent := emittedKinds(t)
	for kind := range sent {
		if !pageKinds[kind] {
			t.Errorf("a script emits %q, which the door refuses", kind)
		}
	}
	for kind := range pageKinds {
		if !sent[kind] {
			t.Errorf("no script emits %q", kind)
		}
	}
}
