package spa

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// unauthorized serves GET /unauthorized. The reason comes as a word in the address, so that a reload says the same.
func (s *Server) unauthorized(c *gin.Context) page {
	reason := views.LoginFirst
	if c.Query("reason") == string(views.OtherUser) {
		reason = views.OtherUser
	}
	return page{name: "unauthorized", title: "Unauthorized", content: views.Unauthorized(reason), returnAfter: "/"}
}

// unauthorizedPage answers a request the API refused, and moves the address to /unauthorized (A15, A16): a link that was
// followed adds an entry to the history, everything else replaces the one it came from. Who logs in there comes back to the
// page that was refused, or to the company that was to be deleted or restored.
func unauthorizedPage(c *gin.Context, status int, reason views.Reason) page {
	header := "HX-Replace-Url"
	if c.GetHeader("HX-Boosted") == "true" {
		header = "HX-Push-Url"
	}
	wanted := c.Request.URL.RequestURI()
	if c.Request.Method != http.MethodGet {
		wanted = "/companies/" + c.Param("id")
	}
	return page{
		status: status, name: "unauthorized", title: "Unauthorized", content: views.Unauthorized(reason), returnAfter: wanted,
		headers: map[string]string{header: "/unauthorized?reason=" + string(reason)},
	}
}
