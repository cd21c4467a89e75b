package idp

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/event"
)

const (
	// logoutTokenType keeps a logout token from passing for an ID token (Back-Channel Logout §2.4).
	logoutTokenType = "logout+jwt"

	// logoutTokenLifetime is two minutes at most, as Back-Channel Logout §2.4 recommends.
	logoutTokenLifetime = 2 * time.Minute

	backChannelLogoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// tellClients tells the servers of all clients that joined the session that it has ended (Back-Channel Logout §2.5): all at
// once, each with its own time limit, and none of them while the user waits (I14). Every result is an event.
func (p *Provider) tellClients(c *gin.Context, session db.Session) {
	joined := p.joinedClients(c.Request.Context(), session)
	p.tell(c.Request.Context(), &p.calls, joined, session, eventOf(c).CorrelationID)
}

// tell tells those of the clients that registered an address for it. The calls outlive ctx; whoever gives the group waits for them, as
// Close does for those of requests.
func (p *Provider) tell(ctx context.Context, calls *sync.WaitGroup, clients []db.Client, session db.Session, correlationID string) {
	told := event.Event{Kind: "backchannel_logout", Role: event.RoleIDP, CorrelationID: correlationID,
		Subject: session.Subject, SessionID: session.SessionID}
	for _, client := range clients {
		if client.BackChannelLogoutURI != "" {
			calls.Go(func() { p.tellClient(context.WithoutCancel(ctx), client, session, told) })
		}
	}
}

// joinedClients are the clients of the session that still may be told. One that cannot be read is left out: a user can
// always log out.
func (p *Provider) joinedClients(ctx context.Context, session db.Session) []db.Client {
	var joined []db.Client
	for _, id := range session.ClientIDs {
		if client, err := p.db.Client(ctx, id); err == nil && client.Enabled {
			joined = append(joined, client)
		}
	}
	return joined
}

func (p *Provider) tellClient(ctx context.Context, client db.Client, session db.Session, told event.Event) {
	ctx, cancel := context.WithTimeout(ctx, outgoingTimeout)
	defer cancel()
	started := time.Now()
	status, err := p.postLogoutToken(ctx, client, session)
	told.ClientID, told.Status, told.Duration, told.Outcome = client.ClientID, status, time.Since(started), event.OutcomeOK
	if err != nil {
		told.Outcome, told.Reason = string(ServerError), err.Error()
	}
	p.bus.Emit(told)
}

// postLogoutToken returns the status the client answered with. Anything but 200 or 204 means that it did not log the user
// out (Back-Channel Logout §2.8).
func (p *Provider) postLogoutToken(ctx context.Context, client db.Client, session db.Session) (int, error) {
	token, err := p.mintLogoutToken(ctx, client, session)
	if err != nil {
		return 0, err
	}
	body := url.Values{"logout_token": {token}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, client.BackChannelLogoutURI, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, err := p.outgoing.do(request)
	if err == nil && status != http.StatusOK && status != http.StatusNoContent {
		err = errors.New(answered(status))
	}
	return status, err
}

// mintLogoutToken returns a logout token (Back-Channel Logout §2.4). It has no nonce, so that it cannot pass for an ID token.
func (p *Provider) mintLogoutToken(ctx context.Context, client db.Client, session db.Session) (string, error) {
	subject, err := p.subjectFor(ctx, client, session.Subject)
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims := map[string]any{
		"iss":    p.issuer,
		"sub":    subject,
		"aud":    client.ClientID,
		"iat":    now.Unix(),
		"exp":    now.Add(logoutTokenLifetime).Unix(),
		"jti":    rand.Text(),
		"events": map[string]any{backChannelLogoutEvent: map[string]any{}},
	}
	if client.BackChannelLogoutSessionRequired {
		claims["sid"] = session.SessionID
	}
	return p.keys.sign(ctx, idTokenAlgorithm(client), logoutTokenType, claims)
}
