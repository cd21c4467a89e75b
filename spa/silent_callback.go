package spa

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

const silentCallbackPath = "/assets/silent-callback.html"

// silentCallback serves GET /assets/silent-callback.html, the redirect URI of the hidden frame (OIDC Core §3.1.2.5). It is
// no part of the application: no shell, no style, one script that hands the address to the parent (A32). It alone may be
// framed, by our own origin.
func (s *Server) silentCallback(c *gin.Context) {
	component := views.SilentCallback(views.SilentCallbackPage{
		Nonce: nonce(c), ImportMap: s.assets.silentImportMap, Script: s.assets.silent,
	})
	if err := views.Render(c.Request.Context(), c.Writer, http.StatusOK, component); err != nil && !c.Writer.Written() {
		slog.Error("spa: render", "page", "silent-callback", "error", err)
		c.String(http.StatusInternalServerError, "internal error\n")
	}
}
