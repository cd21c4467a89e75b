package spa

import (
	"context"

	"github.com/gin-gonic/gin"

	"silentrenew/internal/event"
)

// callerOf says on whose behalf a request calls the API. A token in the request counts before the session; the session counts only
// for requests that say so by the header that no other site's page can send.
func (s *Server) callerOf(c *gin.Context) (caller, error) {
	r := c.Request
	who := caller{proofs: readProofs(r), answer: c.Writer.Header(), clientID: s.cfg.ClientID, correlationID: event.CorrelationID(r)}
	who.token, who.dpop = accessToken(r)
	if s.bff == nil || r.Header.Get("Authorization") != "" || r.Header.Get(csrfHeader) == "" {
		return who, nil
	}
	handle := s.bff.sessionHandle(r)
	if handle == "" {
		return who, nil // the API says what is missing
	}
	session, err := s.bff.fresh(withCorrelation(r.Context(), who.correlationID), handle)
	who.token, who.clientID = session.AccessToken, s.bff.clientID
	who.renew = func(ctx context.Context) (string, error) {
		renewed, err := s.bff.renew(withCorrelation(ctx, who.correlationID), session)
		return renewed.AccessToken, err
	}
	// What the API answers to a session that has ended meanwhile is not shown to anybody (R18).
	who.alive = func(ctx context.Context) error {
		_, err := s.bff.session(ctx, handle)
		return err
	}
	return who, err
}
