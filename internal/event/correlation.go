package event

import (
	"crypto/rand"
	"net/http"
	"strings"
)

// CorrelationHeader carries the correlation id on requests made by script; an authorization request, which is a
// navigation and has no headers of ours, carries it in the parameter CorrelationParameter.
const (
	CorrelationHeader    = "X-Correlation-ID"
	CorrelationParameter = "correlation_id"
)

// ValidCorrelationID reports whether id may stand in a log line: 4 to 64 letters, digits, hyphens and underscores.
func ValidCorrelationID(id string) bool {
	return len(id) >= 4 && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// NewCorrelationID returns a fresh id.
func NewCorrelationID() string { return rand.Text()[:12] }

// CorrelationID returns the id a request carries in its header or query, or a fresh one when it carries none that is valid.
func CorrelationID(r *http.Request) string {
	return FirstCorrelationID(r.Header.Get(CorrelationHeader), r.URL.Query().Get(CorrelationParameter))
}

// FirstCorrelationID returns the first of the candidates that is valid, or a fresh id.
func FirstCorrelationID(candidates ...string) string {
	for _, id := range candidates {
		if ValidCorrelationID(id) {
			return id
		}
	}
	return NewCorrelationID()
}
