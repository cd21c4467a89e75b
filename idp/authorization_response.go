package idp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// sendGrant answers with what the response type asks for: an authorization code (RFC 6749 §4.1.2, OIDC Core §3.1.2.5), tokens, or
// both (OIDC Core §3.2.2.5, §3.3.2.5).
func (p *Provider) sendGrant(c *gin.Context, request authorizationRequest, session *db.Session, consented *allowance) error {
	granted := request.scope.Scope
	if consented != nil {
		granted = consented.Scope
		if err := p.keepToConsent(c.Request.Context(), &request, *consented); err != nil {
			return err
		}
	}
	response := url.Values{}
	if request.responseType.Code {
		code, err := p.newAuthorizationCode(c, request, *session, granted)
		if err != nil {
			return err
		}
		response.Set("code", code)
	}
	if request.responseType.frontChannel() {
		if err := p.addTokens(c.Request.Context(), request, *session, granted, response); err != nil {
			return err
		}
	}
	if !slices.Contains(session.ClientIDs, request.client.ClientID) {
		err := p.db.SessionJoined(c.Request.Context(), session.Key, request.client.ClientID)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
	}
	return p.sendResponse(c, request.responseTarget, response)
}

// newAuthorizationCode stores everything the token endpoint will compare later. The correlation id goes along, so that the
// token request is logged with it even when the client sends none (E19).
func (p *Provider) newAuthorizationCode(c *gin.Context, request authorizationRequest, session db.Session, granted Scope) (string, error) {
	code, now := newHandle(), time.Now()
	err := p.db.InsertAuthorizationCode(c.Request.Context(), code, db.AuthorizationCode{
		ClientID:            request.client.ClientID,
		RedirectURI:         request.redirectURI,
		Scopes:              granted,
		Resources:           request.resources,
		Subject:             session.Subject,
		SessionID:           session.SessionID,
		Nonce:               request.nonce,
		CodeChallenge:       request.codeChallenge,
		CodeChallengeMethod: request.codeChallengeMethod,
		DPoPKey:             request.dpopKey,
		CorrelationID:       eventOf(c).CorrelationID,
		AuthTime:            session.AuthTime,
		AMR:                 session.AMR,
		ACR:                 request.acr,
		IDTokenClaims:       request.idTokenClaims,
		UserinfoClaims:      request.userinfoClaims,
		Created:             now,
		Expires:             now.Add(request.client.AuthorizationCodeTTL()),
	})
	return code, err
}

// completeResponse adds what every answer carries: state as it was sent, iss so that a client of several providers cannot
// be confused (RFC 9207 §2), and session_state (Session Management §2), on errors too, so that the client can watch for
// the moment a retry makes sense (I12).
func (p *Provider) completeResponse(c *gin.Context, to responseTarget, response url.Values) {
	response.Set("iss", p.issuer)
	if to.state != "" {
		response.Set("state", to.state)
	}
	var sid string
	if session, err := p.currentSession(c); err == nil && session != nil {
		sid = session.SessionID
	}
	if state := sessionState(to.client.ClientID, to.redirectURI, sid); state != "" {
		response.Set("session_state", state)
	}
}

// redirect sends the browser on. After a POST it says 303, so that no browser repeats the form elsewhere (RFC 9700 §4.12).
func redirect(c *gin.Context, location string) {
	status := http.StatusFound
	if c.Request.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	c.Header("Location", location)
	c.Status(status)
}
