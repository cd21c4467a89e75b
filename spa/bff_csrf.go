package spa

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
)

// csrfHeader must be on every request that uses the session: a page of another origin can send it only after a preflight, and we
// answer none (Fetch §3.2.2). It also says which of its strategies the page means, when it could use several.
const csrfHeader = "X-CSRF"

// demandHeader lets requests through that carry the header.
func (s *Server) demandHeader(c *gin.Context) {
	if c.GetHeader(csrfHeader) == "" {
		c.AbortWithStatusJSON(http.StatusForbidden, gin.H{"error": "invalid_request", "error_description": "the header " + csrfHeader + " is missing"})
	}
}

// refuseStrangers refuses unsafe requests that a page of another origin makes (Fetch Metadata, RFC 6454 §7): this is what keeps
// a form elsewhere from acting with our cookie, also from another port of this machine, which SameSite does not tell apart.
func (s *Server) refuseStrangers(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(origin(s.url)); err != nil { // behind a proxy, Host may be another name
		slog.Error("spa: cross-origin protection", "error", err)
	}
	protection.AddInsecureBypassPattern("POST " + initiateLoginPath) // a login begun elsewhere (OIDC Core §4); it changes nothing
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "not a page of this site", http.StatusForbidden)
	}))
	return protection.Handler(next)
}

// begunElsewhere reports whether a navigation was started by a page of another site. A sign-in that somebody else begins for the
// user is refused: it could only be meant to confuse (login CSRF, RFC 9700 §4.7).
func begunElsewhere(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "" && site != "same-origin" && site != "none"
}

// bffUnavailable answers when the session cannot be looked up, or the provider cannot be reached.
func (s *Server) bffUnavailable(c *gin.Context, err error) {
	slog.Error("spa: bff", "path", c.Request.URL.Path, "error", err)
	c.Header("Retry-After", "5")
	c.JSON(http.StatusServiceUnavailable, gin.H{"error": "temporarily_unavailable", "error_description": "try again in a moment"})
}
