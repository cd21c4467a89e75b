package spa

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// policies holds the parts of the content security policies that do not change from page to page.
type policies struct {
	app    string // the application: %s takes the nonce
	silent string // the silent callback: %s takes the nonce
}

// newPolicies writes the content security policies. A page loads nothing but our own files, talks to nobody but us, the
// provider and the API, and frames nobody but the provider (the hidden authorization request, the check-session page).
func newPolicies(authority, api *url.URL) policies {
	provider, companies := origin(authority), origin(api)
	app := []string{
		"default-src 'none'",
		"script-src 'self' 'nonce-%s'", // the nonce is for the import map, the only inline script
		"style-src 'self'",
		"img-src 'self'",
		"connect-src 'self' " + provider + " " + companies,
		"frame-src 'self' " + provider, // 'self' is the silent callback inside the hidden frame
		"form-action 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'", // nobody may lay our buttons under theirs
	}
	silent := []string{
		"default-src 'none'",
		"script-src 'self' 'nonce-%s'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'self'", // our own page opens it in the hidden frame, nobody else may
	}
	return policies{app: strings.Join(app, "; "), silent: strings.Join(silent, "; ")}
}

const nonceKey = "spa.nonce"

// secure sets the headers every answer has.
func (s *Server) secure(c *gin.Context) {
	if strings.HasPrefix(c.Request.URL.Path, "/static/") {
		// Files of ours, dozens on a first visit: the few words that mean something for a file.
		h := c.Writer.Header()
		if strings.HasSuffix(c.Request.URL.Path, ".svg") { // a drawing that is opened by itself is a document
			h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store") // until a file says otherwise
		c.Next()
		return
	}
	nonce := rand.Text()
	c.Set(nonceKey, nonce)
	policy := s.policies.app
	if c.Request.URL.Path == silentCallbackPath {
		policy = s.policies.silent
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", fmt.Sprintf(policy, nonce))
	h.Set("X-Content-Type-Options", "nosniff")                              // a file is what its type says
	h.Set("Referrer-Policy", "same-origin")                                 // the address of a callback page, with its code, goes to nobody
	h.Set("Cross-Origin-Resource-Policy", "same-origin")                    // other sites may not embed what we serve
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()") // we need none of these
	if c.Request.URL.Path != silentCallbackPath {
		h.Set("Cross-Origin-Opener-Policy", "same-origin") // no window that opened us keeps a hold on us
	}
	h.Set("Cache-Control", "no-store") // pages carry a nonce or data of the user; static files say otherwise
	c.Next()
}

// nonce returns the nonce of this answer.
func nonce(c *gin.Context) string { return c.GetString(nonceKey) }

// recovery turns a panic into a 500 and a log line; the client learns nothing of the cause.
func (s *Server) recovery(c *gin.Context) {
	defer func() {
		if cause := recover(); cause != nil {
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			slog.Error("spa: panic", "path", c.Request.URL.Path, "cause", cause)
			if !c.Writer.Written() {
				c.String(http.StatusInternalServerError, "internal error\n")
			}
			c.Abort()
		}
	}()
	c.Next()
}
