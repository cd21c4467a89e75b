package spa

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/internal/event"
)

// logoutTicketLifetime is how long the page may take to follow the address that its logout has given it.
const logoutTicketLifetime = time.Minute

// bffLogoutTicket is what the way to the provider's end session endpoint needs.
type bffLogoutTicket struct {
	IDToken       string `json:"id_token"`
	CorrelationID string `json:"correlation_id"`
}

// bffLogout serves POST /bff/logout. The session ends here and now, before anything else can go wrong, and its refresh token is
// given back (RFC 7009). The answer says where the page must go for the provider's session to end too; the way is by a ticket of
// ours, because the ID token that the provider wants as a hint is nothing for a script to see.
func (s *Server) bffLogout(c *gin.Context) {
	ctx := withCorrelation(c.Request.Context(), event.CorrelationID(c.Request))
	handle := s.bff.sessionHandle(c.Request)
	var session bffSession
	found, err := s.bff.takeRecord(ctx, recordSession, handle, &session)
	if err != nil {
		s.bffUnavailable(c, err)
		return
	}
	s.bff.forgetSessionCookie(c)
	if !found {
		c.JSON(http.StatusOK, gin.H{"location": "/"})
		return
	}
	s.bff.emit(event.Event{Kind: "bff.signout", CorrelationID: correlationOf(ctx), Subject: session.Subject, SessionID: session.SessionID}, nil)
	s.bff.revoke(ctx, session)
	ticket := newHandle()
	_, err = s.bff.insertRecord(ctx, recordLogout, ticket, "", "", bffLogoutTicket{session.IDToken, correlationOf(ctx)}, time.Now().Add(logoutTicketLifetime))
	if err != nil {
		s.bffUnavailable(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"location": bffEndSessionPath + "?" + url.Values{"ticket": {ticket}}.Encode()})
}

// bffEndSession serves GET /bff/end-session: on to the provider's end session endpoint (RP-Initiated Logout §2). Without a ticket
// there is nothing to end, and the way leads home.
func (s *Server) bffEndSession(c *gin.Context) {
	var ticket bffLogoutTicket
	found, err := s.bff.takeRecord(c.Request.Context(), recordLogout, c.Query("ticket"), &ticket)
	if err != nil || !found {
		c.Redirect(http.StatusSeeOther, "/")
		return
	}
	_, metadata, err := s.bff.provider.discover(c.Request.Context())
	if err != nil || metadata.EndSessionEndpoint == "" {
		c.Redirect(http.StatusSeeOther, "/")
		return
	}
	query := url.Values{
		"id_token_hint":            {ticket.IDToken},
		"client_id":                {s.bff.clientID},
		"post_logout_redirect_uri": {s.bff.root() + bffSignoutCallbackPath},
		event.CorrelationParameter: {ticket.CorrelationID},
	}
	c.Redirect(http.StatusSeeOther, withQuery(metadata.EndSessionEndpoint, query))
}

// bffSignoutCallback serves GET /bff/signout-callback, the post-logout redirect URI (RP-Initiated Logout §3). Everything is done by
// then, so nothing in the address counts.
func (s *Server) bffSignoutCallback(c *gin.Context) { c.Redirect(http.StatusSeeOther, "/") }

// revoke gives the refresh token back, and with it what descends from it (RFC 7009 §2.1). A provider that does not answer keeps nobody
// from signing out: the event says so.
func (b *bff) revoke(ctx context.Context, session bffSession) {
	if session.RefreshToken == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bffProviderTimeout)
	defer cancel()
	started := time.Now()
	status, err := b.postRevocation(ctx, session.RefreshToken)
	b.emit(event.Event{Kind: "bff.revoked", CorrelationID: correlationOf(ctx), Subject: session.Subject, SessionID: session.SessionID,
		Status: status, Duration: time.Since(started)}, err)
}

func (b *bff) postRevocation(ctx context.Context, token string) (int, error) {
	_, metadata, err := b.provider.discover(ctx)
	if err != nil || metadata.RevocationEndpoint == "" {
		return 0, err
	}
	form := url.Values{"token": {token}, "token_type_hint": {"refresh_token"}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, metadata.RevocationEndpoint, strings.NewReader(form))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(b.clientID), url.QueryEscape(b.secret)) // RFC 6749 §2.3.1
	response, err := b.provider.client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// withQuery adds parameters to an address that may have some.
func withQuery(address string, query url.Values) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + query.Encode()
}
