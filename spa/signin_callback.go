package spa

import (
	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// signinCallback serves GET /signin-callback, the redirect URI of a sign-in (RFC 6749 §4.1.2). The server looks at nothing:
// the script exchanges the code and moves on to / (A10).
func (s *Server) signinCallback(*gin.Context) page {
	return page{name: "signin-callback", title: "Signing in", content: views.SigninCallback()}
}
