package idp

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// checkSession serves GET /connect/checksession, the check_session_iframe (Session Management §3.2). Clients load it in a
// hidden frame and ask it by postMessage whether their session_state still holds; its script looks at the readable cookie
// and answers without a request. Anybody may frame it: it says no more than "changed" or "unchanged".
func (p *Provider) checkSession(c *gin.Context) error {
	page := views.IDPCheckSessionPage{Site: p.site(), CookieName: sessionIDCookie}
	return p.render(c, http.StatusOK, views.IDPCheckSession(page), policy{framed: "*", scripts: true})
}
