package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"silentrenew/db"
)

// offlineAccessAllowed reports whether the client's row lets it have refresh tokens. AllowOfflineAccess alone says so, as in
// IdentityServer4; the grant type need not be listed as well.
func offlineAccessAllowed(client db.Client) bool { return client.AllowOfflineAccess }

// grantAllowed reports whether the client may use a grant type at the token endpoint. A client whose AllowOfflineAccess was
// switched off is told so by the grant itself.
func grantAllowed(client db.Client, grantType string) bool {
	return slices.Contains(client.GrantTypes, grantType) || grantType == grantRefreshToken && client.AllowOfflineAccess ||
		grantType == grantAuthorizationCode && slices.Contains(client.GrantTypes, grantHybrid)
}

// startFamily gives the first refresh token of a sign-in; "" when the granted scope lacks offline_access (OIDC Core §11) or
// the row leaves it no time to live. The parent is the code it came from, "" for none.
func (p *Provider) startFamily(ctx context.Context, client db.Client, in accessTokenInput, family, parent string) (string, error) {
	now := time.Now()
	expires := firstExpiry(client, now)
	if !in.Granted.Scope.Contains(scopeOfflineAccess) || !offlineAccessAllowed(client) || !expires.After(now) {
		return "", nil
	}
	wanted := oneOf(in.Granted.accessTokenClaims())
	handle := newHandle()
	err := p.db.InsertRefreshToken(ctx, handle, db.RefreshToken{
		ClientID:       client.ClientID,
		Subject:        in.User.SubjectID,
		SessionID:      in.SessionID,
		Scopes:         in.Granted.Scope,
		Resources:      in.Granted.Audience,
		AuthTime:       in.AuthTime,
		AMR:            in.AMR,
		Claims:         slices.DeleteFunc(slices.Clone(in.Claims), func(claim db.UserClaim) bool { return !wanted(claim.Type) }),
		ACR:            in.Named.ACR,
		IDTokenClaims:  in.Named.IDToken,
		UserinfoClaims: in.Named.Userinfo,
		DPoPKey:        keyOfRefreshToken(client, in.JKT),
		Started:        now,
		Created:        now,
		Expires:        expires,
		FamilyID:       family,
		ParentKey:      parent,
	})
	if errors.Is(err, db.ErrNotFound) {
		return "", refuse(InvalidGrant, "code is gone: its client was removed, or its time was up, while it was redeemed")
	}
	return handle, err
}

// keyOfRefreshToken is the key that a refresh token is bound to which is issued beside a proof with that key (RFC 9449 §5): of a
// public client the key itself; one that authenticates is bound by its own credentials already.
func keyOfRefreshToken(client db.Client, proven string) string {
	if client.RequireClientSecret {
		return ""
	}
	return proven
}

// firstExpiry is when the first refresh token of a family ends. Absolute counts AbsoluteRefreshTokenLifetime, Sliding counts
// SlidingRefreshTokenLifetime within it; an absolute lifetime of 0 is no cap. The arithmetic is IdentityServer4's.
func firstExpiry(client db.Client, started time.Time) time.Time {
	if client.RefreshTokenExpiration == db.RefreshTokenAbsolute {
		return started.Add(client.AbsoluteRefreshTokenTTL())
	}
	return slidingExpiry(client, started, started)
}

// nextExpiry is when a refresh token ends that is used now. Only a sliding one gains time: tokens already issued keep
// theirs, whatever the row says by now (I6).
func nextExpiry(client db.Client, token db.RefreshToken, now time.Time) time.Time {
	if client.RefreshTokenExpiration == db.RefreshTokenAbsolute {
		return token.Expires
	}
	return slidingExpiry(client, token.Started, now)
}

func slidingExpiry(client db.Client, started, now time.Time) time.Time {
	expires := now.Add(client.SlidingRefreshTokenTTL())
	if last := started.Add(client.AbsoluteRefreshTokenTTL()); client.AbsoluteRefreshTokenLifetime > 0 && expires.After(last) {
		return last
	}
	return expires
}

// stillEntitled returns the user of a refresh token who may still be acted for. A disabled user may not (I5). The session
// counts only when an option says so: offline_access is for when the user has left (OIDC Core §11, I11).
func (p *Provider) stillEntitled(ctx context.Context, client db.Client, token db.RefreshToken) (db.User, error) {
	user, active, err := p.activeUser(ctx, token.Subject)
	if err == nil && !active {
		err = refuse(InvalidGrant, "the user cannot sign in any more")
	}
	if err != nil {
		return db.User{}, err
	}
	if err := p.sessionHolds(ctx, client, token.SessionID); err != nil {
		return db.User{}, err
	}
	enforced, err := p.ssoLifetimeOnRefresh(ctx)
	if err != nil {
		return db.User{}, err
	}
	if lifetime, limited := client.UserSSOTTL(); enforced && limited && time.Since(token.AuthTime) > lifetime {
		return db.User{}, refuse(InvalidGrant, "the login is older than this client accepts (UserSsoLifetime)")
	}
	return user, nil
}

// sessionHolds refuses a refresh token whose session is over, where the client's row or the option ties the two together.
func (p *Provider) sessionHolds(ctx context.Context, client db.Client, sid string) error {
	bound, err := p.endsWithSession(ctx, client)
	if !bound || err != nil {
		return err
	}
	_, err = p.db.SessionBySID(ctx, sid, time.Now())
	if errors.Is(err, db.ErrNotFound) {
		return refuse(InvalidGrant, "the session the token belongs to has ended")
	}
	return err
}

// endsWithSession reports whether the client's refresh and reference tokens end with the session they were given in: its row
// decides, and where the row does not, the option.
func (p *Provider) endsWithSession(ctx context.Context, client db.Client) (bool, error) {
	if client.CoordinateLifetimeWithUserSession != nil {
		return *client.CoordinateLifetimeWithUserSession, nil
	}
	return p.tokensEndWithSession(ctx)
}

// boundClients are those of the session whose tokens end with it.
func (p *Provider) boundClients(ctx context.Context, session db.Session) ([]db.Client, error) {
	var bound []db.Client
	for _, client := range p.joinedClients(ctx, session) {
		ends, err := p.endsWithSession(ctx, client)
		if err != nil {
			return nil, err
		}
		if ends {
			bound = append(bound, client)
		}
	}
	return bound, nil
}

// endRefreshTokens takes back what was given to the bound clients in a session that ends now.
func (p *Provider) endRefreshTokens(ctx context.Context, session db.Session) error {
	unsaid, err := p.tokensEndWithSession(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	return p.db.RevokeSessionFamilies(ctx, session.Subject, session.SessionID, unsaid, now, now.Add(maxTokenLifetime))
}

// revokeFamily takes back all that descends from one sign-in: refresh tokens and access tokens.
func (p *Provider) revokeFamily(ctx context.Context, family string) error {
	now := time.Now()
	if err := p.db.RevokeFamily(ctx, family, now, now.Add(maxTokenLifetime)); err != nil {
		return fmt.Errorf("revoke family: %w", err)
	}
	return nil
}
