package idp

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// introspectionResponse tells what a token is worth (RFC 7662 §2.2). Of a token that is not active it tells nothing else.
type introspectionResponse struct {
	Active bool `json:"active"`
	*accessToken
	TokenType string `json:"token_type,omitempty"`
}

// introspection serves POST /connect/introspect (RFC 7662 §2). Only a client with a secret may ask, and it is told only
// about tokens that were issued to it or that name it as their audience; about all others it learns that they are not
// active for it, so that nobody can try out tokens they found (RFC 7662 §4).
func (p *Provider) introspection(c *gin.Context) error {
	form, err := readForm(c.Request)
	if err != nil {
		return err
	}
	client, err := p.clientOf(c.Request, form)
	if err != nil {
		return err
	}
	e := eventOf(c)
	if e.ClientID = client.ClientID; !client.RequireClientSecret {
		return refuse(InvalidClient, "client %s is public and may not introspect (RFC 7662 section 2.1)", client.ClientID)
	}
	presented := form.Get("token")
	if presented == "" {
		return refuse(InvalidRequest, "token is missing")
	}
	token, active, err := p.activeAccessToken(c.Request.Context(), presented)
	if err != nil {
		return err
	}
	concerned := token.ClientID == client.ClientID || slices.Contains(token.Audience, client.ClientID)
	if !active || !concerned {
		c.JSON(http.StatusOK, introspectionResponse{})
		return nil
	}
	e.Subject, e.SessionID = token.Subject, token.SessionID
	c.JSON(http.StatusOK, introspectionResponse{Active: true, accessToken: &token, TokenType: "Bearer"})
	return nil
}

// activeAccessToken returns the claims of an access token of ours and reports whether it is alive, not revoked, and of a
// user who may still sign in, where it is a user's.
func (p *Provider) activeAccessToken(ctx context.Context, presented string) (token accessToken, active bool, err error) {
	token, err = p.verifyAccessToken(ctx, presented)
	if refused, ok := errors.AsType[*Error](err); ok && refused.Code == InvalidToken {
		return accessToken{}, false, nil
	}
	if err != nil || token.SessionID == "" { // a client's own token has no session
		return token, err == nil, err
	}
	_, active, err = p.activeUser(ctx, token.Subject)
	return token, active, err
}
