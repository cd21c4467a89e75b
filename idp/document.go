package idp

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// documentMaxAge is how long a client may keep discovery and the key set without asking again.
const documentMaxAge = time.Minute

var documentCacheControl = fmt.Sprintf("public, max-age=%d", int(documentMaxAge.Seconds()))

// document is one that is the same for everybody, as the bytes it travels in. It never changes: another one takes its place.
type document struct {
	version string // of the configuration it was made from, see db.ConfigurationVersion
	body    []byte
	etag    string // a hash of the body (RFC 9110 §8.8.3)
}

func newDocument(version string, body []byte) *document {
	sum := sha256.Sum256(body)
	return &document{version, body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// write sends the document, or says that the client has it already (RFC 9110 §13.1.2).
func (d *document) write(c *gin.Context, contentType string) {
	h := c.Writer.Header()
	h.Del("Pragma") // every other answer has it
	h["Cache-Control"] = []string{documentCacheControl}
	h["Etag"] = []string{d.etag}
	if d.heldBy(c.Request) {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, contentType, d.body)
}

// heldBy reports whether If-None-Match names the document. The comparison is the weak one.
func (d *document) heldBy(r *http.Request) bool {
	for _, line := range r.Header["If-None-Match"] {
		for tag := range strings.SplitSeq(line, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == d.etag {
				return true
			}
		}
	}
	return false
}
