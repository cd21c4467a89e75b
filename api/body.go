package api

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// maxBody is the longest request body we read, in bytes.
const maxBody = 16 << 10

// readStrings reads a JSON object of the media type, whose fields are strings, into the named places; what is not there
// stays nil. Every complaint names its field.
func readStrings(c *gin.Context, mediaType string, into map[string]**string) error {
	// JSON only: a form on a stranger's page can send everything but this without being asked first.
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || kind != mediaType {
		return &Error{Status: http.StatusUnsupportedMediaType, Code: UnsupportedMediaType, Detail: "Content-Type must be " + mediaType}
	}
	if coding := c.GetHeader("Content-Encoding"); coding != "" {
		c.Header("Accept-Encoding", "identity") // RFC 9110 §12.5.3
		return &Error{Status: http.StatusUnsupportedMediaType, Code: UnsupportedMediaType, Detail: "the body must come without a Content-Encoding"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: ContentTooLarge, Detail: "the body is too long"}
	}
	var fields map[string]json.RawMessage
	if err != nil || json.Unmarshal(body, &fields) != nil || fields == nil {
		return &Error{Status: http.StatusBadRequest, Code: InvalidRequest, Detail: "the body must be one JSON object"}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		place, known := into[name]
		if !known {
			return refuseField(name, "there is no such field here")
		}
		if json.Unmarshal(fields[name], place) != nil || *place == nil {
			return refuseField(name, "%s must be a string", name)
		}
	}
	return nil
}
