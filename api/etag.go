package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// tagOf returns the strong entity tag of what is sent (RFC 9110 §8.8.3). It is computed from the content, so a change by
// any SQL client counts.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// writeTagged writes v with its entity tag, or 304 when the client has it already (RFC 9110 §13.1.2). A browser may keep
// it for this user and must ask before it shows it again.
func writeTagged(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tag := tagOf(body)
	c.Header("ETag", tag)
	if c.Request.Method == http.MethodGet {
		c.Header("Cache-Control", "private, no-cache")
		c.Writer.Header().Add("Vary", "Authorization")
		if known := strings.Join(c.Request.Header.Values("If-None-Match"), ","); known != "" {
			tags, any, err := entityTags("If-None-Match", known)
			if err != nil {
				return err
			}
			if any || slices.Contains(tags, tag) || slices.Contains(tags, "W/"+tag) { // weak comparison
				c.Status(http.StatusNotModified)
				return nil
			}
		}
	}
	c.Data(status, "application/json; charset=utf-8", body)
	return nil
}

// precondition is what If-Match asks for (RFC 9110 §13.1.1).
type precondition struct {
	any  bool
	tags []string
}

// requirePrecondition reads If-Match, without which nothing is changed: two editors who do not know of one another would
// overwrite each other's work and never learn of it (RFC 6585 §3).
func requirePrecondition(c *gin.Context) (precondition, error) {
	text := strings.Join(c.Request.Header.Values("If-Match"), ",")
	if strings.TrimSpace(text) == "" {
		return precondition{}, &Error{
			Status: http.StatusPreconditionRequired, Code: PreconditionRequired, Field: "If-Match",
			Detail: "If-Match must say which version you saw: send the ETag of your last answer, or * for any",
		}
	}
	tags, any, err := entityTags("If-Match", text)
	return precondition{any, tags}, err
}

// check refuses when the company is not the one the client saw: 412.
func (p precondition) check(current company) error {
	body, err := json.Marshal(current)
	if err != nil {
		return err
	}
	if p.any || slices.Contains(p.tags, tagOf(body)) { // strong comparison
		return nil
	}
	return &Error{
		Status: http.StatusPreconditionFailed, Code: PreconditionFailed, Field: "If-Match",
		Detail: "somebody changed the company since you read it: read it again, then decide",
	}
}

// entityTag is the syntax of RFC 9110 §8.8.3.
var entityTag = regexp.MustCompile(`^(W/)?"[!#-~\x80-\xff]*"`)

// entityTags reads a list of tags, or "*". Our own tags have no comma inside, but others' may.
func entityTags(header, text string) (tags []string, any bool, err error) {
	text = strings.Trim(text, ", \t") // elements may be empty (RFC 9110 §5.6.1)
	if text == "*" {
		return nil, true, nil
	}
	for text != "" {
		tag := entityTag.FindString(text)
		if tag == "" {
			return nil, false, refuseField(header, "%s must be * or a list of entity tags such as \"abc\"", header)
		}
		tags = append(tags, tag)
		rest := strings.TrimLeft(text[len(tag):], " \t")
		if rest != "" && rest[0] != ',' {
			return nil, false, refuseField(header, "%s must have commas between its entity tags", header)
		}
		text = strings.TrimLeft(rest, ", \t")
	}
	if len(tags) > maxTags {
		return nil, false, refuseField(header, "%s must name at most %d entity tags", header, maxTags)
	}
	return tags, false, nil
}

const maxTags = 100
