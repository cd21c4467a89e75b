package spa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/event"
)

const (
	maxLogoutToken    = 16 << 10         // bytes of the request
	logoutTokenMaxAge = 10 * time.Minute // and of what lies between iat and exp
	clockSkew         = time.Minute      // by which the provider's clock may be ahead of ours
)

// bffBackChannelLogout serves POST /bff/backchannel-logout (Back-Channel Logout §2.5): the provider says that a session has ended,
// and ours that belong to it end with it, in every browser and on every replica.
func (s *Server) bffBackChannelLogout(c *gin.Context) {
	ctx := withCorrelation(c.Request.Context(), event.CorrelationID(c.Request))
	token, err := s.bff.readLogoutToken(ctx, c)
	ended := 0
	if err == nil {
		ended, err = s.bff.obeyLogout(ctx, token)
	}
	e := event.Event{Kind: "bff.backchannel_logout", CorrelationID: correlationOf(ctx), Status: http.StatusOK,
		Parameters: map[string]string{"sessions_ended": strconv.Itoa(ended)}}
	if token != nil {
		e.Subject, e.SessionID = event.Printable(token.Subject, 200), event.Printable(token.SessionID, 100)
	}
	switch {
	case errors.Is(err, errBadAnswer): // Back-Channel Logout §2.8
		e.Status = http.StatusBadRequest
		c.JSON(e.Status, gin.H{"error": "invalid_request", "error_description": event.Printable(err.Error(), 300)})
	case err != nil:
		e.Status = http.StatusServiceUnavailable
		s.bffUnavailable(c, err)
	default:
		c.Status(http.StatusOK)
	}
	s.bff.emit(e, err)
}

// readLogoutToken finds the logout token in the request and validates it (Back-Channel Logout §2.6). go-oidc looks at
// signature, iss, aud, exp, events, nonce, jti, sub and sid; what it leaves open is here.
func (b *bff) readLogoutToken(ctx context.Context, c *gin.Context) (*oidc.LogoutToken, error) {
	if kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%w: Content-Type must be application/x-www-form-urlencoded", errBadAnswer)
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxLogoutToken)
	if err := c.Request.ParseForm(); err != nil {
		return nil, fmt.Errorf("%w: the form cannot be read", errBadAnswer)
	}
	sent := c.Request.PostForm["logout_token"]
	if len(sent) != 1 || sent[0] == "" {
		return nil, fmt.Errorf("%w: there must be one logout_token", errBadAnswer)
	}
	if err := checkTokenType(sent[0]); err != nil {
		return nil, err
	}
	if _, _, err := b.provider.discover(ctx); err != nil {
		return nil, err
	}
	token, err := b.provider.verifier(b.clientID).VerifyLogout(ctx, sent[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadAnswer, err)
	}
	return token, checkLogoutClaims(token, time.Now())
}

// checkTokenType takes the type that explicit typing gives logout tokens, and none (Back-Channel Logout §2.4). Tokens that are something
// else by name stay out.
func checkTokenType(raw string) error {
	parsed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.PS256, jose.EdDSA})
	if err != nil {
		return fmt.Errorf("%w: it is no signed JWT", errBadAnswer)
	}
	kind, _ := parsed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	switch strings.TrimPrefix(strings.ToLower(kind), "application/") {
	case "", "jwt", "logout+jwt":
		return nil
	}
	return fmt.Errorf("%w: typ %q is no logout token", errBadAnswer, event.Printable(kind, 40))
}

func checkLogoutClaims(token *oidc.LogoutToken, now time.Time) error {
	var claims struct {
		Events map[string]json.RawMessage `json:"events"`
	}
	var member map[string]any
	err := token.Claims(&claims)
	if err == nil {
		err = json.Unmarshal(claims.Events["http://schemas.openid.net/event/backchannel-logout"], &member)
	}
	switch {
	case err != nil || member == nil:
		return fmt.Errorf("%w: the member of events must be an object", errBadAnswer)
	case token.IssuedAt.IsZero() || token.IssuedAt.After(now.Add(clockSkew)) || now.Sub(token.IssuedAt) > logoutTokenMaxAge:
		return fmt.Errorf("%w: iat is missing, in the future or long ago", errBadAnswer)
	case token.Expiry.Sub(token.IssuedAt) > logoutTokenMaxAge:
		return fmt.Errorf("%w: it lives longer than a logout token should", errBadAnswer)
	}
	return nil
}

// obeyLogout ends the sessions that the token names, unless it has been here before.
func (b *bff) obeyLogout(ctx context.Context, token *oidc.LogoutToken) (int, error) {
	until := time.Now().Add(logoutTokenMaxAge + clockSkew)
	first, err := b.insertRecord(ctx, recordLogoutToken, token.TokenID, "", "", struct{}{}, until)
	if err != nil {
		return 0, err
	}
	if !first {
		return 0, fmt.Errorf("%w: its jti was used before", errBadAnswer)
	}
	if token.SessionID != "" { // a sign-in to the session may still be under way, see startSession
		_, err = b.insertRecord(ctx, recordEnded, token.SessionID, "", "", struct{}{}, until)
	}
	ended := 0
	if err == nil {
		ended, err = b.records.DeleteBFFSessions(ctx, token.Subject, token.SessionID)
	}
	if err != nil { // the provider may say it again
		_, again := b.takeRecord(ctx, recordLogoutToken, token.TokenID, new(struct{}))
		return 0, errors.Join(err, again)
	}
	return ended, nil
}
