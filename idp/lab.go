package idp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/event"
)

// maxLabBody is the longest change we read, in bytes.
const maxLabBody = 4 << 10

// labRoutes lets the page of a learner look at lifetimes and change them. It is served only when Config.Lab is set, and
// knows no user: whoever reaches this machine may use it.
func (p *Provider) labRoutes(r gin.IRouter) {
	lab := r.Group("/lab", p.labCORS, p.labGuard)
	lab.GET("/clients/:client_id", p.look(p.labClient))
	lab.PATCH("/clients/:client_id", p.handle("client.changed", p.labChangeClient))
	lab.GET("/options", p.look(p.labOptions))
	lab.PATCH("/options", p.handle("option.changed", p.labChangeOptions))
	lab.GET("/session", p.look(p.labSession))
	for _, path := range []string{"/clients/:client_id", "/options", "/session"} {
		lab.OPTIONS(path)
	}
}

// look runs a handler that only reads. Pages poll those, so they emit no event.
func (p *Provider) look(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		e := &event.Event{}
		c.Set(eventKey, e)
		if err := run(c, e, h); err != nil {
			logCause(c, asError(err))
			writeProblem(c, err)
		}
	}
}

// labGuard keeps strangers' pages out. The Host must be ours, or a page could make its own name resolve to this machine
// and read the answers as its own (DNS rebinding). A change must come from a registered origin, or from no page at all,
// and as JSON, which a form cannot send.
func (p *Provider) labGuard(c *gin.Context) {
	setCommonHeaders(c.Writer.Header())
	var refused *Error
	origin := c.GetHeader("Origin")
	contentType, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	switch {
	case !strings.EqualFold(c.Request.Host, p.base.Host):
		refused = refuse(Forbidden, "Host must be %s", p.base.Host).withStatus(http.StatusMisdirectedRequest)
	case c.Request.Method == http.MethodGet:
	case origin != "" && !p.labOrigins.OriginAllowed(c.Request):
		refused = refuse(Forbidden, "no client registered this Origin").withStatus(http.StatusForbidden)
	case origin == "" && c.GetHeader("Sec-Fetch-Site") == "cross-site":
		refused = refuse(Forbidden, "a page without an Origin must not change anything").withStatus(http.StatusForbidden)
	case contentType != "application/json":
		refused = refuse(InvalidRequest, "Content-Type must be application/json").withStatus(http.StatusUnsupportedMediaType)
	}
	if refused != nil {
		writeProblem(c, refused)
		c.Abort()
	}
}

// readChange reads a JSON object into a struct, unless into is nil, and returns its values as text. It goes field by field,
// so that every complaint can name its field.
func readChange(c *gin.Context, into any) (map[string]string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxLabBody))
	if err != nil {
		return nil, refuse(InvalidRequest, "the body is longer than %d bytes", maxLabBody).withStatus(http.StatusRequestEntityTooLarge)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || len(fields) == 0 {
		return nil, refuse(InvalidRequest, "the body must be a JSON object with at least one field")
	}
	texts := make(map[string]string, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if into != nil {
			if err := setField(into, name, fields[name]); err != nil {
				return nil, err
			}
		}
		var text string
		if json.Unmarshal(fields[name], &text) != nil { // a number or a switch is its own text
			text = string(fields[name])
		}
		texts[name] = event.Printable(text, maxOtherLength)
	}
	return texts, nil
}

// setField sets one field of a struct by its JSON name.
func setField(into any, name string, value json.RawMessage) error {
	object, err := json.Marshal(map[string]json.RawMessage{name: value})
	if err != nil || string(value) == "null" {
		return refuseField(name, "%s must have a value", name)
	}
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.DisallowUnknownFields()
	if decoder.Decode(into) != nil {
		return refuseField(name, "%s cannot be changed here, or not to a value of this type", name)
	}
	return nil
}

// labError translates what the database says about a change.
func labError(err error) error {
	if invalid, ok := errors.AsType[*db.ValidationError](err); ok {
		return refuseField(invalid.Field, "%s %s", invalid.Field, invalid.Reason)
	}
	if errors.Is(err, db.ErrNotFound) {
		return refuse(NotFound, "there is no such client").withStatus(http.StatusNotFound)
	}
	return err
}
