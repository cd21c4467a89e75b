package idp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"silentrenew/db"
)

// maxCodeLength is the longest code we look for, in bytes; ours are shorter.
const maxCodeLength = 200

// maxTokenLifetime is the longest lifetime a client's row may give a token. A revocation is remembered that long when the
// lifetime of the very token is not known any more.
const maxTokenLifetime = 10 * 365 * 24 * time.Hour

// redeemCode answers the authorization code grant (RFC 6749 §4.1.3, OIDC Core §3.1.3.2): take the code exactly once,
// compare it with the request, then mint.
//
// Taking comes first and nothing gives a code back. Whoever presents a code and then fails to prove that it is theirs
// (another client, another redirect_uri, a wrong verifier) shows that the code has leaked or is being guessed, so it is
// burnt for everybody (RFC 6749 §4.1.2, §10.5). The owner loses one sign-in, which costs a redirect; the finder of a
// leaked code gets no second guess, and one statement decides who was first.
func (p *Provider) redeemCode(ctx context.Context, request tokenRequest) (tokenResponse, error) {
	presented := request.Form.Get("code")
	if presented == "" {
		return tokenResponse{}, refuse(InvalidRequest, "code is missing")
	}
	code, err := p.takeCode(ctx, request, presented)
	if err != nil {
		return tokenResponse{}, err
	}
	if err := matchCode(code, request); err != nil {
		return tokenResponse{}, err
	}
	user, err := p.stillSignedIn(ctx, code)
	if err != nil {
		return tokenResponse{}, err
	}
	granted, now, err := p.grantedEarlier(ctx, request, code.Scopes, code.Resources)
	if err != nil {
		return tokenResponse{}, err
	}
	in := accessTokenInput{
		JTI: newJTI(code.FamilyID), JKT: request.JKT, Granted: granted, User: user, Claims: user.Claims, SessionID: code.SessionID, AuthTime: code.AuthTime, AMR: code.AMR,
		Named: claimNames{code.IDTokenClaims, code.UserinfoClaims, code.ACR},
	}
	refreshToken, err := p.startFamily(ctx, request.Client, in, code.FamilyID, code.FamilyID)
	if err != nil {
		return tokenResponse{}, err
	}
	in.Granted = now
	response, err := p.issueTokens(ctx, request.Client, in, code.Nonce)
	response.RefreshToken = refreshToken
	return response, err
}

// newJTI identifies an access token. It begins with the family, so that one row takes back all that descends from one
// sign-in, tokens that are being minted at this moment included.
func newJTI(family string) string { return family + "." + rand.Text() }

// takeCode consumes the code. A second use is denied and revokes what the first one gave (RFC 6749 §4.1.2).
func (p *Provider) takeCode(ctx context.Context, request tokenRequest, presented string) (db.AuthorizationCode, error) {
	if len(presented) > maxCodeLength {
		return db.AuthorizationCode{}, refuse(InvalidGrant, "code is unknown")
	}
	code, err := p.db.ConsumeAuthorizationCode(ctx, presented, time.Now())
	replayed, again := errors.AsType[*db.CodeReplayedError](err)
	if again {
		code = replayed.Code
	}
	if request.Event.Subject, request.Event.SessionID = code.Subject, code.SessionID; code.CorrelationID != "" {
		request.Event.CorrelationID = code.CorrelationID // the authorization request's, which the token request belongs to
	}
	switch {
	case errors.Is(err, db.ErrNotFound):
		return code, refuse(InvalidGrant, "code is unknown or has expired")
	case again:
		if err := p.revokeFamily(ctx, code.FamilyID); err != nil {
			return code, err
		}
		return code, refuse(InvalidGrant, "code was used before; what it gave is revoked (RFC 6749 section 4.1.2)")
	case err != nil:
		return code, fmt.Errorf("consume code: %w", err)
	}
	return code, nil
}

// matchCode compares the token request with the authorization request the code stands for (RFC 6749 §4.1.3).
func matchCode(code db.AuthorizationCode, request tokenRequest) error {
	if code.ClientID != request.Client.ClientID {
		return refuse(InvalidGrant, "code was issued to another client")
	}
	switch redirectURI := request.Form.Get("redirect_uri"); {
	case redirectURI == "":
		return refuse(InvalidGrant, "redirect_uri is missing: repeat the one of the authorization request")
	case redirectURI != code.RedirectURI:
		return refuse(InvalidGrant, "redirect_uri is not the one of the authorization request")
	}
	if code.DPoPKey != "" && code.DPoPKey != request.JKT {
		return refuse(InvalidGrant, "code is bound to another DPoP key (RFC 9449 section 10)")
	}
	return verifyCodeChallenge(code.CodeChallenge, code.CodeChallengeMethod, request.Form.Get("code_verifier"))
}

// stillSignedIn returns the user of a code whose session is alive. Logging out between authorization and token request
// wins: a code must not open the door again that its owner has just closed.
func (p *Provider) stillSignedIn(ctx context.Context, code db.AuthorizationCode) (db.User, error) {
	_, err := p.db.SessionBySID(ctx, code.SessionID, time.Now())
	switch {
	case errors.Is(err, db.ErrNotFound):
		return db.User{}, refuse(InvalidGrant, "the session the code belongs to has ended")
	case err != nil:
		return db.User{}, fmt.Errorf("read session: %w", err)
	}
	user, active, err := p.activeUser(ctx, code.Subject)
	if err == nil && !active {
		err = refuse(InvalidGrant, "the user cannot sign in any more")
	}
	return user, err
}

// grantedBy returns what a scope that was granted earlier stands for now.
func (p *Provider) grantedBy(ctx context.Context, scope Scope) (grantedScope, error) {
	resources, err := p.db.Resources(ctx)
	if err != nil {
		return grantedScope{}, fmt.Errorf("read resources: %w", err)
	}
	granted := resourcesOf(scope, resources)
	granted.Scope = scope
	return granted, nil
}

// issueTokens mints what a user's grant gives: an access token, and an ID token when the scope has openid.
func (p *Provider) issueTokens(ctx context.Context, client db.Client, in accessTokenInput, nonce string) (tokenResponse, error) {
	access, err := p.mintAccessToken(ctx, client, in)
	if err != nil {
		return tokenResponse{}, fmt.Errorf("access token: %w", err)
	}
	response := tokenResponse{AccessToken: access, TokenType: tokenTypeOf(in.JKT), ExpiresIn: client.AccessTokenLifetime, Scope: in.Granted.Scope.String()}
	if !in.Granted.Scope.Contains(scopeOpenID) {
		return response, nil
	}
	response.IDToken, err = p.mintIDToken(ctx, client, idTokenInput{
		Granted: in.Granted, User: in.User, SessionID: in.SessionID, AuthTime: in.AuthTime, AMR: in.AMR, Nonce: nonce, AccessToken: access,
		Named: in.Named,
	})
	if err != nil {
		return tokenResponse{}, fmt.Errorf("ID token: %w", err)
	}
	return response, nil
}
