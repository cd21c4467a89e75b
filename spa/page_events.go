package spa

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"silentrenew/internal/event"
)

// pageKinds are the events a page may report (static/js/page-events.js).
var pageKinds = map[string]bool{
	"user.loaded": true, "user.unloaded": true, "access_token.expiring": true, "access_token.expired": true,
	"silent_renew.started": true, "silent_renew.error": true, "user.signed_out": true, "login.changed": true,
	"session.changed": true, "settings.changed": true, "callback.signin": true, "callback.signout": true,
	"renew.loop_warning": true, "frame.error": true, "user.changed": true, "clock.skewed": true,
}

// What one page may send.
const (
	maxPageEvents     = 50       // in one request
	maxPageEventsBody = 64 << 10 // bytes
	maxPageValue      = 500      // runes of one value
	maxPageClockDrift = 5 * time.Second
)

// pageEvent is one event as the page tells it.
type pageEvent struct {
	Kind          string            `json:"kind"`
	Time          time.Time         `json:"time"`
	CorrelationID string            `json:"correlation_id"`
	ClientID      string            `json:"client_id"`
	Subject       string            `json:"sub"`
	SessionID     string            `json:"sid"`
	Parameters    map[string]string `json:"parameters"`
	Outcome       string            `json:"outcome"`
	Reason        string            `json:"reason"`
}

// takePageEvents serves POST /events: what the page saw happen joins the bus. Anybody on this machine could send it, so
// everything in it is checked: the sender's origin, the size, the rate, the kinds, and each value before it may reach a log.
func (s *Server) takePageEvents(c *gin.Context) {
	if status, reason := s.checkSender(c.Request); status != 0 {
		c.JSON(status, gin.H{"error": reason})
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxPageEventsBody))
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		c.JSON(http.StatusRequestEntityTooLarge, gin.H{"error": tooLong.Error()})
		return
	}
	var batch struct {
		Events []pageEvent `json:"events"`
	}
	if err != nil || json.Unmarshal(text, &batch) != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": "the body is not a JSON object with events"})
		return
	}
	if len(batch.Events) > maxPageEvents {
		c.JSON(http.StatusRequestEntityTooLarge, gin.H{"error": "too many events at once"})
		return
	}
	for _, e := range batch.Events {
		if !pageKinds[e.Kind] {
			c.JSON(http.StatusBadRequest, gin.H{"error": "unknown kind " + event.Printable(e.Kind, 40)})
			return
		}
	}
	if !s.pageDoor.allow(c.Request, len(batch.Events)) {
		c.Header("Retry-After", "1")
		c.JSON(http.StatusTooManyRequests, gin.H{"error": "too many events"})
		return
	}
	now := time.Now()
	for _, e := range batch.Events {
		s.bus.Emit(e.checked(now))
	}
	c.Status(http.StatusNoContent)
}

// checkSender lets pages of our own origin in and nobody else: 0 means welcome.
func (s *Server) checkSender(r *http.Request) (int, string) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	site, from := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	switch {
	case !s.ownHost(r):
		return http.StatusMisdirectedRequest, "wrong Host"
	case from != "" && from != origin(s.url), site != "" && site != "same-origin":
		return http.StatusForbidden, "not a page of this site"
	case kind != "application/json":
		return http.StatusUnsupportedMediaType, "Content-Type must be application/json"
	}
	return 0, ""
}

// ownHost reports whether the request was meant for this site. A page of a stranger who lets its own name resolve to
// this machine has another Host (DNS rebinding).
func (s *Server) ownHost(r *http.Request) bool { return strings.EqualFold(r.Host, s.url.Host) }

// checked returns the event as the bus may carry it. The page's clock counts when it is near ours, so that its events
// stand where they belong; otherwise the time of receipt does.
func (e pageEvent) checked(now time.Time) event.Event {
	values := make(url.Values, len(e.Parameters))
	for name, value := range e.Parameters {
		values.Set(name, value)
	}
	id := e.CorrelationID
	if !event.ValidCorrelationID(id) {
		id = event.NewCorrelationID()
	}
	at := e.Time
	if drift := now.Sub(at).Abs(); drift > maxPageClockDrift {
		at = now
	}
	return event.Event{
		Time: at, Kind: e.Kind, Role: event.RolePage, CorrelationID: id,
		ClientID: event.Printable(e.ClientID, 200), Subject: event.Printable(e.Subject, 200), SessionID: event.Printable(e.SessionID, 100),
		Parameters: event.Mask(values), Outcome: event.Printable(e.Outcome, 64), Reason: event.Printable(e.Reason, maxPageValue),
	}
}

// pageEventDoor keeps one page from drowning the others: a limit per address.
type pageEventDoor struct {
	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

const (
	pageEventRate   = 50  // events a second from one address; a renewal loop makes about four
	pageEventBurst  = 500 // after being offline a page sends what it kept
	maxPageLimiters = 4096
)

func newPageEventDoor() *pageEventDoor {
	return &pageEventDoor{limiters: make(map[string]*rate.Limiter)}
}

func (d *pageEventDoor) allow(r *http.Request, events int) bool {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	limiter := d.limiters[address]
	if limiter == nil {
		if len(d.limiters) >= maxPageLimiters {
			clear(d.limiters) // forgetting is cheaper than keeping the addresses of the whole world
		}
		limiter = rate.NewLimiter(pageEventRate, pageEventBurst)
		d.limiters[address] = limiter
	}
	return limiter.AllowN(time.Now(), max(events, 1))
}
