package idp

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// UnsupportedTokenType is the one code the revocation endpoint adds (RFC 7009 §2.2.1).
const UnsupportedTokenType Code = "unsupported_token_type"

// revocation serves POST /connect/revocation (RFC 7009 §2): a client takes back a token of its own. With a refresh token
// goes all that descends from the same sign-in (§2.1), with an access token only that one. The provider's own endpoints
// refuse it from now on. An API that verifies tokens by itself, as ours does, believes an access token until it expires.
func (p *Provider) revocation(c *gin.Context) error {
	form, client, err := p.clientForm(c)
	if err != nil {
		return err
	}
	e := eventOf(c)
	presented := form.Get("token")
	if presented == "" {
		return refuse(InvalidRequest, "token is missing")
	}
	ctx := c.Request.Context()
	if found, err := p.revokeRefreshToken(c, client, presented); found || err != nil {
		return err
	}
	token, alive, err := p.liveAccessToken(ctx, presented) // also that of a user who cannot sign in now, and may again before it ends
	switch {
	case err != nil:
		return err
	case !alive: // nothing is left to take back, which is what the client wanted (RFC 7009 §2.2)
		c.Status(http.StatusOK)
		return nil
	case token.ClientID != client.ClientID: // RFC 7009 §2.1
		return refuse(InvalidGrant, "token was issued to another client")
	case token.JTI == "":
		return refuse(UnsupportedTokenType, "token has no jti, so nobody could recognise it: the row of client %s says IncludeJwtId = false", client.ClientID)
	}
	e.Subject, e.SessionID = token.Subject, token.SessionID
	if err := p.db.RevokeToken(ctx, token.JTI, time.Unix(token.Expires, 0)); err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	c.Status(http.StatusOK)
	return nil
}

// revokeRefreshToken takes back the family of a refresh token, a used one included, and reports whether it was one. A hint
// about the kind of the token is not needed: one look-up tells (RFC 7009 §2.1).
func (p *Provider) revokeRefreshToken(c *gin.Context, client db.Client, presented string) (found bool, err error) {
	ctx := c.Request.Context()
	token, err := p.db.RefreshToken(ctx, presented, time.Now())
	switch {
	case errors.Is(err, db.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case token.ClientID != client.ClientID: // RFC 7009 §2.1
		return true, refuse(InvalidGrant, "token was issued to another client")
	}
	e := eventOf(c)
	e.Subject, e.SessionID = token.Subject, token.SessionID
	if err := p.revokeFamily(ctx, token.FamilyID); err != nil {
		return true, err
	}
	c.Status(http.StatusOK)
	return true, nil
}
