package spa

import (
	"slices"
	"strconv"
	"time"

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
		rows = append(rows, views.ClaimRow{Type: one.Type, Value: one.Value, At: momentOf(one)})
	}
	return page{name: "privacy", title: "Privacy", content: views.Privacy(rows, time.Now())}, nil
}

// momentOf returns the moment that a claim is about (RFC 7519 §4.1, OIDC Core §2), zero for any other claim.
func momentOf(one claim) time.Time {
	seconds, err := strconv.ParseInt(one.Value, 10, 64)
	if err != nil || !slices.Contains([]string{"exp", "iat", "nbf", "auth_time", "updated_at"}, one.Type) {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
