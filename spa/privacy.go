package spa

import (
	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// privacy serves GET /privacy: the claims the API saw in the access token, for Admins (A17).
func (s *Server) privacy(c *gin.Context, who caller) (page, error) {
	claims, err := s.api.privacy(c.Request.Context(), who)
	if err != nil {
		return page{}, err
	}
	var rows []views.ClaimRow
	for _, one := range claims {
		rows = append(rows, views.ClaimRow{Type: one.Type, Value: one.Value})
	}
	return page{name: "privacy", title: "Privacy", content: views.Privacy(rows)}, nil
}
