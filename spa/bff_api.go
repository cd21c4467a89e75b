package spa

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"
)

// apiPath is what may follow /api: names, and nothing that leads elsewhere.
var apiPath = regexp.MustCompile(`^(/[A-Za-z0-9_-]+)+$`)

// bffAPI serves GET /bff/api/{path}: a call of the API with the token of the session, for what a page asks the API itself. Under the other
// strategies such a call goes to the API directly. It reads only: whatever changes something has a handler of its own.
func (s *Server) bffAPI(c *gin.Context) {
	ctx := c.Request.Context()
	path := c.Param("path")
	if !apiPath.MatchString(path) {
		c.JSON(http.StatusNotFound, gin.H{"title": "Not Found", "detail": "the API has no such path"})
		return
	}
	if c.Request.URL.RawQuery != "" {
		path += "?" + c.Request.URL.RawQuery
	}
	var body json.RawMessage
	who, err := s.callerOf(c)
	if err == nil {
		_, err = s.api.call(ctx, who, request{method: http.MethodGet, path: "/api" + path}, &body)
	}
	if err == nil && who.alive != nil {
		err = who.alive(ctx)
	}
	refused, ok := errors.AsType[*apiError](err)
	switch {
	case err == nil:
		c.JSON(http.StatusOK, body)
	case ok:
		c.JSON(refused.status, gin.H{"title": http.StatusText(refused.status), "detail": refused.detail})
	case errors.Is(err, errSessionOver):
		s.bff.forgetSessionCookie(c)
		sessionOver(c)
	case errors.Is(err, errUnreachable):
		slog.Error("spa: call the API", "path", path, "error", err)
		c.JSON(http.StatusServiceUnavailable, gin.H{"title": "Service Unavailable", "detail": "the API does not answer"})
	default:
		s.bffUnavailable(c, err)
	}
}
