package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
)

// introspectionResponse tells what a token is worth (RFC 7662 §2.2): its claims, those for the API included, and active. Of a
// token that is not active it tells nothing else.
type introspectionResponse map[string]any

// notActive is all there is to say about most tokens.
var notActive = introspectionResponse{"active": false}

// active says everything about a token. A refresh token has no token_type: it is no way to authenticate (RFC 6749 §7.1).
func (t accessToken) active(tokenType string) (introspectionResponse, error) {
	response := introspectionResponse{}
	if err := json.Unmarshal(t.claims, &response); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	response["active"] = true
	if tokenType != "" {
		response["token_type"] = tokenType
	}
	return response, nil
}

// introspection serves POST /connect/introspect (RFC 7662 §2). Only a client with a secret may ask, and it is told only
// about tokens that were issued to it or that name it as their audience; about all others it learns that they are not
// active for it, so that nobody can try out tokens they found (RFC 7662 §4).
func (p *Provider) introspection(c *gin.Context) error {
	form, client, err := p.clientForm(c)
	if err != nil {
		return err
	}
	e := eventOf(c)
	if !client.RequireClientSecret {
		return refuse(InvalidClient, "client %s is public and may not introspect (RFC 7662 section 2.1)", client.ClientID)
	}
	presented := form.Get("token")
	if presented == "" {
		return refuse(InvalidRequest, "token is missing")
	}
	ctx := c.Request.Context()
	token, active, err := p.activeAccessToken(ctx, presented)
	tokenType := tokenTypeOf(token.boundKey())
	if err == nil && !active {
		tokenType = ""
		token, active, err = p.activeRefreshToken(ctx, client, presented)
	}
	if err != nil {
		return err
	}
	addressed, err := p.addressedTo(ctx, token, client)
	if err != nil {
		return err
	}
	if !active || !addressed && token.ClientID != client.ClientID {
		c.JSON(http.StatusOK, notActive)
		return nil
	}
	e.Subject, e.SessionID = token.Subject, token.SessionID
	response, err := token.active(tokenType)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, response)
	return nil
}

// activeRefreshToken says of a refresh token what introspection says of an access token, and reports whether this client
// could use it now. Its audience is the provider, nobody else takes it.
func (p *Provider) activeRefreshToken(ctx context.Context, client db.Client, presented string) (said accessToken, active bool, err error) {
	token, err := p.db.RefreshToken(ctx, presented, time.Now())
	if errors.Is(err, db.ErrNotFound) || err == nil && (token.Consumed != nil || token.Revoked != nil || token.ClientID != client.ClientID) {
		return accessToken{}, false, nil
	}
	if err == nil && !offlineAccessAllowed(client) {
		return accessToken{}, false, nil
	}
	if err == nil {
		_, err = p.stillEntitled(ctx, client, token)
	}
	if refused, ok := errors.AsType[*Error](err); ok && refused.Code == InvalidGrant {
		return accessToken{}, false, nil
	}
	if err != nil {
		return accessToken{}, false, err
	}
	told, err := p.subjectFor(ctx, client, token.Subject)
	if err != nil {
		return accessToken{}, false, err
	}
	said = accessToken{
		Issuer: p.issuer, Subject: told, Audience: jwt.Audience{p.issuer}, ClientID: token.ClientID, SessionID: token.SessionID,
		Scope: Scope(token.Scopes).String(), IssuedAt: token.Created.Unix(), NotBefore: token.Created.Unix(), Expires: token.Expires.Unix(),
	}
	if token.DPoPKey != "" {
		said.Confirmation = &confirmation{token.DPoPKey}
	}
	said.claims, err = json.Marshal(said)
	return said, err == nil, err
}

// activeAccessToken returns the claims of an access token of ours and reports whether it is alive, not revoked, and of a
// user who may still sign in, where it is a user's.
func (p *Provider) activeAccessToken(ctx context.Context, presented string) (token accessToken, active bool, err error) {
	token, alive, err := p.liveAccessToken(ctx, presented)
	if !alive || err != nil || token.SessionID == "" { // a client's own token has no session
		return token, alive, err
	}
	_, active, err = p.activeUser(ctx, token.Subject)
	return token, active, err
}

// liveAccessToken returns the claims of an access token of ours and reports whether it is alive and not revoked.
func (p *Provider) liveAccessToken(ctx context.Context, presented string) (token accessToken, alive bool, err error) {
	token, err = p.verifyAccessToken(ctx, presented)
	if refused, ok := errors.AsType[*Error](err); ok && refused.Code == InvalidToken {
		return accessToken{}, false, nil
	}
	return token, err == nil, err
}
