package idp

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"silentrenew/db"
	"silentrenew/internal/event"
)

// refresh answers the refresh token grant (RFC 6749 §6, OIDC Core §12): find the token, see whether client, user and scope
// still stand, mint, then exchange it for its successor. The exchange comes last, because it cannot be taken back: after an answer
// that says anything but yes, be it for a wrong scope or a full disk, the client has its token still and may try again. What was minted for the
// loser of a race is seen by nobody.
func (p *Provider) refresh(ctx context.Context, request tokenRequest) (tokenResponse, error) {
	presented := request.Form.Get("refresh_token")
	if presented == "" {
		return tokenResponse{}, refuse(InvalidRequest, "refresh_token is missing")
	}
	token, err := p.findRefreshToken(ctx, request, presented)
	if err != nil {
		return tokenResponse{}, err
	}
	user, err := p.stillEntitled(ctx, request.Client, token)
	if err != nil {
		return tokenResponse{}, err
	}
	scope, err := narrowScope(request, token)
	if err != nil {
		return tokenResponse{}, err
	}
	_, granted, err := p.grantedEarlier(ctx, request, scope, token.Resources)
	if err != nil {
		return tokenResponse{}, err
	}
	claims := token.Claims
	if request.Client.UpdateAccessTokenClaimsOnRefresh {
		claims = user.Claims
	}
	// No nonce: there was no authentication request (OIDC Core §12.2). iss, sub, aud and auth_time are those of the first.
	response, err := p.issueTokens(ctx, request.Client, accessTokenInput{
		JTI: newJTI(token.FamilyID), JKT: request.JKT, Granted: granted, User: user, Claims: claims,
		SessionID: token.SessionID, AuthTime: token.AuthTime, AMR: token.AMR,
		Named: claimNames{token.IDTokenClaims, token.UserinfoClaims, token.ACR},
	}, "")
	if err != nil {
		return tokenResponse{}, err
	}
	response.RefreshToken, err = p.exchange(ctx, request, presented, token)
	return response, err
}

// findRefreshToken returns the token if it is this client's and alive. To another client it is as good as unknown
// (RFC 6749 §10.4), and what strangers present takes nothing back.
func (p *Provider) findRefreshToken(ctx context.Context, request tokenRequest, presented string) (db.RefreshToken, error) {
	unknown := refuse(InvalidGrant, "refresh_token is unknown, expired or revoked")
	if len(presented) > maxCodeLength {
		return db.RefreshToken{}, unknown
	}
	now := time.Now()
	token, err := p.db.RefreshToken(ctx, presented, now)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return token, unknown
	case err != nil:
		return token, err
	case token.ClientID != request.Client.ClientID:
		unknown.cause = errors.New("issued to client " + token.ClientID)
		return token, unknown
	}
	request.Event.Subject, request.Event.SessionID = token.Subject, token.SessionID
	switch {
	case token.DPoPKey != "" && token.DPoPKey != request.JKT: // without the key it is worth nothing, so nothing is taken back
		return token, refuse(InvalidGrant, "refresh_token is bound to another DPoP key (RFC 9449 section 5)")
	case token.Revoked != nil:
		return token, refuse(InvalidGrant, "refresh_token was revoked")
	case !request.Client.AllowOfflineAccess:
		return token, refuse(InvalidGrant, "client %s may not have refresh tokens any more (AllowOfflineAccess)", request.Client.ClientID)
	case token.Consumed != nil && !now.Before(token.Consumed.Add(request.Client.RefreshTokenReuseGrace())):
		return token, p.refuseReuse(ctx, request, token)
	}
	return token, nil
}

// narrowScope returns what the new access token is for: all that was granted, or the part of it the request names
// (RFC 6749 §6). What the client's row has lost since is not given again.
func narrowScope(request tokenRequest, token db.RefreshToken) (Scope, error) {
	left := Scope(slices.DeleteFunc(slices.Clone(token.Scopes), func(value string) bool {
		return value != scopeOfflineAccess && !slices.Contains(request.Client.Scopes, value)
	}))
	asked := parseScope(request.Form.Get("scope"))
	if len(asked) == 0 {
		return left, nil
	}
	for _, value := range asked {
		if !left.Contains(value) {
			return nil, refuse(InvalidScope, "scope %q was not granted with this refresh token", value)
		}
	}
	return asked, nil
}

// exchange gives the refresh token for the next time: a new one each time, or the same (RefreshTokenUsage).
func (p *Provider) exchange(ctx context.Context, request tokenRequest, presented string, token db.RefreshToken) (next string, err error) {
	client, now := request.Client, time.Now()
	expires := nextExpiry(client, token, now)
	if !expires.After(now) {
		return "", refuse(InvalidGrant, "refresh_token has reached its absolute lifetime")
	}
	if client.RefreshTokenUsage == db.RefreshTokenOneTimeOnly || token.Consumed != nil {
		token.DPoPKey = cmp.Or(token.DPoPKey, keyOfRefreshToken(client, request.JKT))
		next, err = p.db.RotateRefreshToken(ctx, presented, token, expires, now, client.RefreshTokenReuseGrace())
	} else {
		next, err = presented, p.db.ExtendRefreshToken(ctx, presented, expires, now)
	}
	if reused, ok := errors.AsType[*db.RefreshTokenReusedError](err); ok {
		return "", p.refuseReuse(ctx, request, reused.Token)
	}
	if errors.Is(err, db.ErrNotFound) {
		return "", refuse(InvalidGrant, "refresh_token was revoked")
	}
	return next, err
}

// refuseReuse answers who presents a token that was exchanged before. Either they or the one who was first stole it, and
// we cannot tell which: unless the row says otherwise the whole family ends, and the user has to sign in again
// (RFC 9700 §4.14.2, I9).
func (p *Provider) refuseReuse(ctx context.Context, request tokenRequest, token db.RefreshToken) error {
	revoke := request.Client.RevokeFamilyOnReuse
	if revoke {
		if err := p.revokeFamily(ctx, token.FamilyID); err != nil {
			return err
		}
	}
	p.bus.Emit(event.Event{
		Kind: "token.reuse", Role: event.RoleIDP, CorrelationID: request.Event.CorrelationID,
		ClientID: token.ClientID, Subject: token.Subject, SessionID: token.SessionID,
		Outcome: string(InvalidGrant), Reason: "a refresh token was used again after it had been exchanged",
		Parameters: map[string]string{
			"consumed":       token.Consumed.Format(time.RFC3339),
			"family":         token.FamilyID,
			"family_revoked": strconv.FormatBool(revoke),
		},
	})
	if !revoke {
		return refuse(InvalidGrant, "refresh_token was used before")
	}
	return refuse(InvalidGrant, "refresh_token was used before; all tokens of this sign-in are revoked (RFC 9700 section 4.14.2)")
}
