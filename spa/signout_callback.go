package spa

import (
	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// signoutCallback serves GET /signout-callback, the post-logout redirect URI (RP-Initiated Logout §3).
func (s *Server) signoutCallback(*gin.Context) page {
	return page{name: "signout-callback", title: "Signing out", content: views.SignoutCallback()}
}
