package spa

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// trouble is an answer of the API, or none at all, that leaves the user without the content.
type trouble struct {
	status     int
	outcome    string
	what, todo string
	retryAfter int // seconds
	log        bool
}

// troubleOf says what went wrong and what the user can do about it.
func (s *Server) troubleOf(c *gin.Context, err error) trouble {
	const unavailable, inAMoment = "temporarily_unavailable", "Try again in a moment."
	refused, ok := errors.AsType[*apiError](err)
	switch {
	case ok && refused.status == http.StatusBadRequest:
		return trouble{status: refused.status, outcome: "invalid_request", what: "The API does not understand the address: " + refused.detail + ".", todo: "Begin again at the first page."}
	case ok && refused.status == http.StatusTooManyRequests:
		wait := max(1, refused.retryAfter)
		return trouble{status: refused.status, outcome: unavailable, what: "Too many requests.", todo: "The API asks you to wait " + seconds(wait) + ", then try again.", retryAfter: wait}
	case ok && refused.status == http.StatusServiceUnavailable:
		return trouble{status: refused.status, outcome: unavailable, what: refused.detail, todo: inAMoment, retryAfter: max(5, refused.retryAfter)}
	case errors.Is(err, context.Canceled):
		return trouble{status: http.StatusServiceUnavailable, outcome: "cancelled", todo: inAMoment}
	case errors.Is(err, errProviderAway):
		return trouble{
			status: http.StatusServiceUnavailable, outcome: unavailable, retryAfter: 5,
			what: "The provider at " + s.cfg.Authority + " does not answer, and without it there is no new token.", todo: inAMoment,
		}
	case errors.Is(err, errSlow):
		return trouble{
			status: http.StatusGatewayTimeout, outcome: unavailable, retryAfter: 5, log: true,
			what: "The API at " + s.cfg.APIURL + " takes too long: no answer within " + seconds(int(s.cfg.HTTPClient.Timeout/time.Second)) + ".", todo: inAMoment,
		}
	case errors.Is(err, errUnreachable):
		return trouble{
			status: http.StatusServiceUnavailable, outcome: unavailable, retryAfter: 5, log: true,
			what: "The API at " + s.cfg.APIURL + " does not answer.", todo: "Is it running? " + inAMoment,
		}
	}
	return trouble{status: http.StatusBadGateway, outcome: "server_error", what: "The API gave an answer that makes no sense here.", todo: "Its log knows more. " + inAMoment, log: true}
}

// inPlace is an error that a page shows where its content would be, so that what surrounds it stays in the user's hands.
type inPlace struct {
	error
	name, title string
	show        func(views.TroublePage) templ.Component
}

func (e inPlace) Unwrap() error { return e.error }

// page says it, on a page of its own unless the error brings a place.
func (t trouble) page(c *gin.Context, err error) page {
	model := views.TroublePage{What: t.what, Todo: t.todo, Retry: c.Request.URL.RequestURI()}
	switch {
	case c.Request.Method != http.MethodGet: // the form behind it, not what it sent
		model.Retry = strings.TrimSuffix("/companies/"+c.Param("id"), "/")
	case t.status == http.StatusBadRequest:
		model.Retry = c.Request.URL.Path
	}
	answer := page{status: t.status, name: "trouble", title: "Not available", content: views.Trouble(model)}
	if where, ok := errors.AsType[inPlace](err); ok {
		answer.name, answer.title, answer.content = where.name, where.title, where.show(model)
	}
	if t.retryAfter > 0 {
		answer.headers = map[string]string{"Retry-After": strconv.Itoa(t.retryAfter)}
	}
	return answer
}

// seconds writes a duration for a sentence.
func seconds(n int) string {
	if n == 1 {
		return "1 second"
	}
	return strconv.Itoa(n) + " seconds"
}
