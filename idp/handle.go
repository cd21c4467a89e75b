package idp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/internal/event"
)

// handler answers one request, or returns the error that says why not. It never writes an error itself.
type handler func(c *gin.Context) error

// maxQuery is the longest query string we read, in bytes. The longest honest one is that of the login page, which carries
// a whole authorization request in its returnUrl.
const maxQuery = 32 << 10

// maxReason bounds what a request can make an event say, in runes: a description may repeat what was sent.
const maxReason = 300

const eventKey = "idp.event"

// handle is the one way from gin to a handler: it reads the form, runs the handler, has an error written where it
// belongs, and emits exactly one event about the request, whatever happened (decision 12).
func (p *Provider) handle(kind string, h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		started := time.Now()
		e := &event.Event{Kind: kind, Role: event.RoleIDP, Outcome: event.OutcomeOK}
		c.Set(eventKey, e)
		setCommonHeaders(c.Writer.Header())

		if err := run(c, e, h); err != nil {
			failure := asError(err)
			e.Outcome, e.Reason = string(failure.Code), event.Printable(failure.Description, maxReason)
			logCause(c, failure)
			p.writeError(c, kind, err)
		}

		e.Status, e.Duration = c.Writer.Status(), time.Since(started)
		p.bus.Emit(*e)
	}
}

// eventOf returns the event of this request, for the handler to say who and what it was about. On a route that emits none
// it returns one that nobody will see.
func eventOf(c *gin.Context) *event.Event {
	if e, ok := c.Get(eventKey); ok {
		return e.(*event.Event)
	}
	return new(event.Event)
}

// run reads the form and calls the handler. A panic becomes an error like any other: the user sees a page, we see the stack.
func run(c *gin.Context, e *event.Event, h handler) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	formError := parseForm(c)
	e.CorrelationID = correlationID(c.Request)
	e.Parameters = eventParameters(c.Request.Form)
	if formError != nil {
		return formError
	}
	if err := h(c); err != nil {
		return errors.Join(err, c.Request.Context().Err()) // a driver may have words of its own for a request that ended
	}
	return nil
}

func parseForm(c *gin.Context) error {
	r := c.Request
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") { // we would read other octets than a proxy did
		r.Form, r.PostForm = url.Values{}, url.Values{}
		c.Header("Accept-Encoding", "identity") // RFC 9110 §12.5.3
		return refuse(InvalidRequest, "the body must come without a Content-Encoding").withStatus(http.StatusUnsupportedMediaType)
	}
	if len(r.URL.RawQuery) > maxQuery {
		r.Form, r.PostForm = url.Values{}, url.Values{}
		return refuse(InvalidRequest, "the query is longer than %d bytes", maxQuery).withStatus(http.StatusRequestURITooLong)
	}
	err := r.ParseForm()
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(InvalidRequest, "the body is longer than %d bytes", tooLarge.Limit).withStatus(http.StatusRequestEntityTooLarge)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(InvalidRequest, "the body did not arrive in time").withStatus(http.StatusRequestTimeout)
	}
	if err != nil {
		return refuse(InvalidRequest, "the parameters are not form-encoded: a %% or ; is in the wrong place")
	}
	return nil
}

// protocolParameters returns the parameters of a request that may come by GET or POST: those of the query, or those of
// the form (OIDC Core §13.1, §13.2). A POST does not mix the two.
func protocolParameters(r *http.Request) url.Values {
	if r.Method == http.MethodPost {
		return r.PostForm
	}
	return r.Form // of a GET that is the query
}

// correlationID finds the id in the header, the parameters, or the authorization request that a page of ours carries in
// its returnUrl, so that it survives the detour by the login page (E19).
func correlationID(r *http.Request) string {
	const name = event.CorrelationParameter
	return event.FirstCorrelationID(r.Header.Get(event.CorrelationHeader), r.Form.Get(name), returnURLQuery(r.Form).Get(name))
}

// eventParameters masks the parameters. The return URL is cut to its path, because an id_token_hint may be inside; the
// username is masked too, because people type their password there.
func eventParameters(form url.Values) map[string]string {
	shown := event.Mask(form)
	for _, name := range []string{"returnUrl", "ReturnUrl"} {
		if form.Has(name) {
			shown[name] = event.Mask(url.Values{name: {returnURLPath(form.Get(name))}})[name]
		}
	}
	if form.Has("Username") {
		shown["Username"] = "***"
	}
	return shown
}

// logCause logs what the wire must not say, once, here.
func logCause(c *gin.Context, failure *Error) {
	if failure.cause == nil {
		return
	}
	level := slog.LevelInfo
	gone := errors.Is(failure.cause, context.Canceled) // not our trouble
	if !gone && (failure.Code == ServerError || failure.Code == TemporarilyUnavailable) {
		level = slog.LevelError
	}
	slog.LogAttrs(c.Request.Context(), level, "request failed",
		slog.String("role", event.RoleIDP), slog.String("path", c.Request.URL.Path),
		slog.String("error", string(failure.Code)), slog.String("cause", failure.cause.Error()),
		slog.String("correlation_id", eventOf(c).CorrelationID))
}
