package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/internal/event"
)

// requestTimeout bounds what one request may cost us, database and provider included.
const requestTimeout = 30 * time.Second

// handler serves one route. An error it returns is written and logged by the adapter, nowhere else.
type handler func(c *gin.Context) error

// eventKey is where the adapter keeps the event of the request.
const eventKey = "silentrenew/event"

// eventOf returns the event of this request; what the handler finds out, it notes there.
func eventOf(c *gin.Context) *event.Event { return c.MustGet(eventKey).(*event.Event) }

// handle turns a handler into a gin.HandlerFunc that emits exactly one event.
func (a *API) handle(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		started := time.Now()
		e := newEvent(c.Request)
		run(c, e, h)
		e.Status, e.Duration = c.Writer.Status(), time.Since(started)
		a.bus.Emit(*e)
	}
}

// handleQuietly is handle without an event, for what pages and monitors poll.
func (a *API) handleQuietly(h handler) gin.HandlerFunc {
	return func(c *gin.Context) { run(c, newEvent(c.Request), h) }
}

func newEvent(r *http.Request) *event.Event {
	parameters := event.Mask(r.URL.Query())
	parameters["method"] = event.Printable(r.Method, 16)
	parameters["path"] = event.Printable(r.URL.Path, 200)
	return &event.Event{Kind: "api.request", Role: event.RoleAPI, CorrelationID: event.CorrelationID(r), Parameters: parameters, Outcome: event.OutcomeOK}
}

func run(c *gin.Context, e *event.Event, h handler) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), requestTimeout)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Set(eventKey, e)
	header := c.Writer.Header()
	header.Set(event.CorrelationHeader, e.CorrelationID)
	header.Set("Cache-Control", "no-store") // what a token opened is not for caches (RFC 6750 §5.3)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'") // data, never a page
	if err := guarded(c, h); err != nil {
		refused := asError(errors.Join(err, ctx.Err())) // a driver may have words of its own for a request that ended
		e.Outcome, e.Reason = string(refused.Code), event.Printable(refused.reason(), 300)
		writeError(c, refused)
	}
}

// guarded turns a panic into an error, so that one bad request ends alone.
func guarded(c *gin.Context, h handler) (err error) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case http.ErrAbortHandler:
			panic(r)
		default:
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return h(c)
}
