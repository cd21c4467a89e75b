package spa

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/internal/event"
)

// Times of an event stream.
const (
	streamHeartbeat    = 15 * time.Second // a comment, so that nobody in between takes the silence for the end
	streamWriteTimeout = 10 * time.Second // a reader that takes nothing for so long has gone
)

// streamEvents serves GET /events: the bus as server-sent events, first the remembered ones, then each as it happens. It
// exists in the lab only and answers pages of this site only; a reconnecting browser says where it was (Last-Event-ID).
func (s *Server) streamEvents(c *gin.Context) {
	if site := c.GetHeader("Sec-Fetch-Site"); !s.ownHost(c.Request) || site != "" && site != "same-origin" && site != "none" {
		c.String(http.StatusForbidden, "not a page of this site\n")
		return
	}
	if c.Request.Method == http.MethodHead {
		streamHeaders(c.Writer.Header())
		return
	}
	select {
	case s.watchers <- struct{}{}:
		defer func() { <-s.watchers }()
	default:
		c.Header("Retry-After", "10")
		c.String(http.StatusServiceUnavailable, "too many watchers\n")
		return
	}
	after, _ := strconv.ParseUint(c.GetHeader("Last-Event-ID"), 10, 64) // nonsense means from the start
	past, live := s.bus.Subscribe(after)
	defer live.Close()
	stream := newEventStream(c.Writer)
	for _, e := range past {
		if stream.event(e) != nil {
			return
		}
	}
	if stream.flush() == nil {
		s.follow(c, stream, live)
	}
}

// follow writes events until the reader goes, the server drains or a write fails.
func (s *Server) follow(c *gin.Context, stream *eventStream, live *event.Subscription) {
	heartbeat := time.NewTicker(streamHeartbeat)
	defer heartbeat.Stop()
	var missed uint64
	for {
		var err error
		select {
		case <-c.Request.Context().Done():
			return
		case <-s.cfg.Draining:
			return
		case <-heartbeat.C:
			err = stream.write(": still here\n\n")
		case e := <-live.C:
			err = stream.event(e)
		}
		if now := live.Missed(); err == nil && now > missed {
			missed = now
			err = stream.write(fmt.Sprintf("event: missed\ndata: %d\n\n", missed))
		}
		if err != nil || stream.flush() != nil {
			return
		}
	}
}

// eventStream writes server-sent events.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func newEventStream(w http.ResponseWriter) *eventStream {
	streamHeaders(w.Header())
	w.WriteHeader(http.StatusOK)
	return &eventStream{w: w, control: http.NewResponseController(w)}
}

func streamHeaders(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // asks a proxy to hand each event on at once
}

func (s *eventStream) event(e event.Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return s.write(fmt.Sprintf("id: %d\nevent: event\ndata: %s\n\n", e.ID, data))
}

// write gives each write its own deadline, in place of the server's deadline for whole answers.
func (s *eventStream) write(text string) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWriteTimeout)) // a recorder in a test has none
	_, err := s.w.Write([]byte(text))
	return err
}

func (s *eventStream) flush() error { return s.control.Flush() }
