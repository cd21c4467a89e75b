package idp

import (
	"context"
	"net/url"
	"strings"

	"silentrenew/db"
	"silentrenew/views"
)

// logoutFrames are the pages of the clients in the session that the logged-out page loads in hidden frames, so that each
// ends its own session in this browser (Front-Channel Logout §2). iss and sid tell the client whose (§3).
func (p *Provider) logoutFrames(ctx context.Context, session *db.Session) []views.IDPLogoutFrame {
	if session == nil {
		return nil
	}
	var frames []views.IDPLogoutFrame
	for _, client := range p.joinedClients(ctx, *session) {
		address := client.FrontChannelLogoutURI
		if frameOrigin(address) == "" {
			continue
		}
		if client.FrontChannelLogoutSessionRequired {
			address = withQuery(address, url.Values{"iss": {p.issuer}, "sid": {session.SessionID}})
		}
		frames = append(frames, views.IDPLogoutFrame{Client: clientName(client), Address: address})
	}
	return frames
}

// frameOrigin returns the origin to allow in frame-src, "" for an address that cannot be framed or would break the policy.
func frameOrigin(address string) string {
	origin := originOf(address)
	if !redirectable(address) || strings.ContainsAny(origin, " ;,'\"*") {
		return ""
	}
	return origin
}
