package idp

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
)

// fieldError says which field of a request an Error is about.
type fieldError struct {
	refused *Error
	field   string
}

func (e *fieldError) Error() string { return e.refused.Error() }

func (e *fieldError) Unwrap() error { return e.refused }

// refuseField returns an invalid_request about one field.
func refuseField(field, format string, args ...any) error {
	return &fieldError{refuse(InvalidRequest, format, args...), field}
}

// problem describes an error (RFC 9457 §3.1). Field is an extension (§3.2).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"`
}

// writeProblem answers with problem+json (RFC 9457 §3).
func writeProblem(c *gin.Context, err error) {
	e := asError(err)
	p := problem{Type: "about:blank", Title: http.StatusText(e.status()), Status: e.status(), Detail: e.Description}
	if about, ok := errors.AsType[*fieldError](err); ok {
		p.Field = about.field
	}
	c.Header("Content-Type", "application/problem+json") // gin keeps a type that is set
	c.JSON(p.Status, p)
}
