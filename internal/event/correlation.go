package event

import (
	"crypto/rand"
	"net/http"
	"regexp"
)

// CorrelationHeader carries the correlation id on requests made by script; an authorization request, which is a
// navigation and has no headers of ours, carries it in the parameter CorrelationParameter.
const (
	CorrelationHeader    = "X-Correlation-ID"
	CorrelationParameter = "correlation_id"
)

var correlationID = regexp.MustCompile(`^[A-Za-z0-9_-]{4,64}$`)

// ValidCorrelationID reports whether id may stand in a log line: 4 to 64 letters, digits, hyphens and underscores.
func ValidCorrelationID(id string) bool { return correlationID.MatchString(id) }

// NewCorrelationID returns a fresh id.
func NewCorrelationID() string { return rand.Text()[:12] }

// CorrelationID returns the id a request carries in its header or query, or a fresh one when it carries none that is valid.
func CorrelationID(r *http.Request) string {
	if id := r.Header.Get(CorrelationHeader); ValidCorrelationID(id) {
		return id
	}
	if id := r.URL.Query().Get(CorrelationParameter); ValidCorrelationID(id) {
		return id
	}
	return NewCorrelationID()
}
