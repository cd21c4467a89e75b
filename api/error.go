package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/dpop"
)

// Code says in one word why a request was refused.
type Code string

// The error codes of RFC 6750 §3.1, which clients branch on.
const (
	InvalidRequest    Code = "invalid_request"
	InvalidToken      Code = "invalid_token"
	InsufficientScope Code = "insufficient_scope"
)

// The error codes of RFC 9449 §7.1 and §9.
const (
	InvalidDPoPProof Code = "invalid_dpop_proof"
	UseDPoPNonce     Code = "use_dpop_nonce"
)

// Words for the log beyond that registry; the first two are borrowed from RFC 6749 §4.1.2.1.
const (
	ServerError            Code = "server_error"
	TemporarilyUnavailable Code = "temporarily_unavailable"
	NotFound               Code = "not_found"
	MethodNotAllowed       Code = "method_not_allowed"
	UnsupportedMediaType   Code = "unsupported_media_type"
	ContentTooLarge        Code = "content_too_large"
	Misdirected            Code = "misdirected_request"
	Forbidden              Code = "forbidden"
	PreconditionRequired   Code = "precondition_required"
	PreconditionFailed     Code = "precondition_failed"
	KeyReused              Code = "idempotency_key_reused"
	TooManyRequests        Code = "too_many_requests"
)

// Error is a refusal. Detail is for the client's developer, cause is for our log and never for the wire.
type Error struct {
	Status     int
	Code       Code
	Detail     string
	Field      string        // of the request body or query, when one is to blame
	Scope      string        // the scope value that is missing (RFC 6750 §3)
	RetryAfter time.Duration // when it may be worth trying again
	Challenge  bool          // the answer carries WWW-Authenticate (RFC 6750 §3)
	DPoPNonce  string        // to try again with (RFC 9449 §9)
	NoToken    bool          // no token was sent, so the challenge carries no code (RFC 6750 §3.1)
	cause      error
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.reason() }

func (e *Error) Unwrap() error { return e.cause }

func (e *Error) reason() string {
	switch {
	case e.cause == nil:
		return e.Detail
	case e.Detail == "":
		return e.cause.Error()
	}
	return fmt.Sprintf("%s: %v", e.Detail, e.cause)
}

// refuseToken refuses a bearer token: 401 invalid_token (RFC 6750 §3.1).
func refuseToken(format string, args ...any) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: InvalidToken, Detail: descriptionText(fmt.Sprintf(format, args...)), Challenge: true}
}

// refuseField refuses a value of the request and names it.
func refuseField(field, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: InvalidRequest, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// asError returns err as an Error: anything else is a server_error whose cause stays with us.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, db.ErrBusy):
		return &Error{Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, cause: err,
			Detail: "another program has locked the database: commit or undo the edit that is open there, and try again"}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, Detail: "the request took too long, try again", cause: err}
	case errors.Is(err, context.Canceled): // a page that was left
		return &Error{Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, Detail: "the connection was closed before the answer was ready", cause: err}
	}
	return &Error{Status: http.StatusInternalServerError, Code: ServerError, cause: err}
}

func notFound(*gin.Context) error {
	return &Error{Status: http.StatusNotFound, Code: NotFound, Detail: "there is nothing at this path"}
}

// methodNotAllowed says what the path knows instead (RFC 9110 §15.5.6). Gin has written an Allow header, in which a path
// of its own, like /api/companies/privacy, also has the methods of the pattern beside it; the table knows better.
func (a *API) methodNotAllowed(c *gin.Context) error {
	var methods []string
	for _, o := range a.operations() {
		if o.path == c.Request.URL.Path {
			methods = append(methods, o.method)
		}
	}
	if len(methods) > 0 {
		c.Header("Allow", strings.Join(methods, ", "))
	}
	return &Error{Status: http.StatusMethodNotAllowed, Code: MethodNotAllowed, Detail: "this path does not know that method"}
}

// problem describes a refusal (RFC 9457 §3.1) with extensions (§3.2): the code of RFC 6750, the field to blame and the
// correlation id under which our log knows more.
type problem struct {
	Type          string `json:"type" required:"true"`
	Title         string `json:"title" required:"true"`
	Status        int    `json:"status" required:"true"`
	Detail        string `json:"detail,omitempty"`
	Code          Code   `json:"error,omitempty" description:"one word to branch on"`
	Field         string `json:"field,omitempty" description:"the parameter, header or member to blame, when one is"`
	CorrelationID string `json:"correlation_id" required:"true" description:"under which our log knows more"`
}

// writeError is the only place that writes a refusal.
func writeError(c *gin.Context, e *Error) {
	if c.Writer.Written() {
		return // too late for another answer
	}
	c.Writer.Header().Del(dpop.NonceHeader) // it belongs to answers that were given, and to the refusal that asks for it
	if e.DPoPNonce != "" {
		c.Header(dpop.NonceHeader, e.DPoPNonce)
	}
	if e.Challenge {
		c.Writer.Header()["Www-Authenticate"] = challenges(c.Request, e)
	}
	if e.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(max(1, e.RetryAfter.Round(time.Second)/time.Second))))
	}
	c.Header("Content-Type", "application/problem+json") // gin keeps a type that is set
	c.JSON(e.Status, problem{
		Type: "about:blank", Title: http.StatusText(e.Status), Status: e.Status, Detail: e.Detail,
		Code: e.Code, Field: e.Field, CorrelationID: eventOf(c).CorrelationID,
	})
}

// realm names what the token opens (RFC 9110 §11.5).
const realm = `realm="companies"`

// challenges returns the values of WWW-Authenticate: what is wrong, in the scheme that was tried (RFC 6750 §3, RFC 9449 §7.1),
// and after the Bearer scheme that the DPoP scheme would do as well (RFC 9449 §7.2).
func challenges(r *http.Request, e *Error) []string {
	problem := realm
	if !e.NoToken {
		problem += fmt.Sprintf(`, error="%s", error_description="%s"`, e.Code, descriptionText(e.Detail))
	}
	if e.Scope != "" {
		problem += fmt.Sprintf(`, scope="%s"`, e.Scope)
	}
	algorithms := fmt.Sprintf(`, algs="%s"`, dpop.AlgorithmNames())
	if dpop.Presented(r.Header) {
		return []string{dpop.Scheme + " " + problem + algorithms}
	}
	return []string{"Bearer " + problem, dpop.Scheme + " " + realm + algorithms}
}

// maxDescription bounds what a token we do not trust can make us say.
const maxDescription = 240

// descriptionText keeps text to the characters of an error_description (RFC 6750 §3): printable ASCII without quote and backslash.
func descriptionText(text string) string {
	allowed := strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
	return allowed[:min(len(allowed), maxDescription)]
}
