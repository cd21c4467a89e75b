package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"silentrenew/db"
)

// storeAccessToken keeps the claims here and gives a handle for them (AccessTokenType = Reference). Nobody can read it or
// believe it without asking, so taking it back counts at once, everywhere.
func (p *Provider) storeAccessToken(ctx context.Context, client db.Client, in accessTokenInput, claims map[string]any) (string, error) {
	claims["jti"] = in.JTI // whatever IncludeJwtId says: the client does not see it, and we need it
	encoded, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	handle := newHandle()
	err = p.db.InsertReferenceToken(ctx, handle, db.ReferenceToken{
		ClientID: client.ClientID, Subject: in.User.SubjectID, SessionID: in.SessionID, JTI: in.JTI,
		Created: time.Now(), Expires: time.Unix(claims["exp"].(int64), 0), Claims: encoded,
	})
	return handle, err
}

// isReference reports whether an access token is a handle: a JWT has dots (RFC 7515 §3.1).
func isReference(token string) bool { return !strings.Contains(token, ".") }

// readReferenceToken returns the claims behind a handle.
func (p *Provider) readReferenceToken(ctx context.Context, token string) (accessToken, error) {
	claims, err := p.db.ReferenceToken(ctx, token, time.Now())
	if errors.Is(err, db.ErrNotFound) {
		return accessToken{}, refuse(InvalidToken, "the access token is malformed, expired or revoked")
	}
	if err != nil {
		return accessToken{}, fmt.Errorf("read reference token: %w", err)
	}
	return parseAccessToken(claims)
}
