package idp

import (
	"context"
	"slices"
	"time"

	"silentrenew/db"
)

// grantTokenExchange is the grant by which a program that was called with a user's access token gets one for calling
// others on the user's behalf (RFC 8693 §2.1).
const grantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

// Token types of this grant (RFC 8693 §3). An access token of ours that is a JWT goes by either name.
const (
	tokenTypeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
	tokenTypeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

// audienceParameter names an API by its name, where resource does by its URI (RFC 8693 §2.1).
const audienceParameter = "audience"

// maxExchangedToken is the longest token we look at, in bytes.
const maxExchangedToken = 8000

// exchangeToken answers the token exchange grant (RFC 8693 §2): see whose token it is and whether this client may act with
// it, then mint one that says so. The new token never reaches further than the old one: its scope, its APIs and its life are
// part of the other's, and what takes the old one back takes the new one back. There is no refresh token: who still has a
// subject token exchanges it again.
func (p *Provider) exchangeToken(ctx context.Context, request tokenRequest) (tokenResponse, error) {
	client := request.Client
	if !client.RequireClientSecret { // who acts has to be sure (RFC 8693 §2.1, §5)
		return tokenResponse{}, refuse(UnauthorizedClient, "client %s is public, and anybody could exchange tokens in its name", client.ClientID)
	}
	issued, err := requestedTokenType(request)
	if err != nil {
		return tokenResponse{}, err
	}
	subject, err := p.exchangedToken(ctx, request, "subject_token")
	if err != nil {
		return tokenResponse{}, err
	}
	request.Event.Subject, request.Event.SessionID = subject.Subject, subject.SessionID
	act, err := p.delegate(ctx, request, subject)
	if err != nil {
		return tokenResponse{}, err
	}
	granted, err := p.narrowToken(ctx, request, subject)
	if err != nil {
		return tokenResponse{}, err
	}
	in := accessTokenInput{
		JTI: descendantJTI(subject), JKT: request.JKT, Granted: granted, SessionID: subject.SessionID, AuthTime: time.Unix(subject.AuthTime, 0), AMR: subject.AMR,
		Delegated: &delegation{Subject: subject.Subject, Act: act, Expires: subject.Expires},
	}
	if subject.SessionID != "" { // a user's
		if in.User, _, err = p.activeUser(ctx, subject.Subject); err != nil {
			return tokenResponse{}, err
		}
		in.Claims = in.User.Claims
	}
	access, err := p.mintAccessToken(ctx, client, in)
	return tokenResponse{
		AccessToken: access, IssuedTokenType: issued, TokenType: tokenTypeOf(request.JKT), Scope: granted.Scope.String(),
		ExpiresIn: int(min(int64(client.AccessTokenLifetime), subject.Expires-time.Now().Unix())),
	}, err
}

// requestedTokenType is the type of token the client wants: we give access tokens only.
func requestedTokenType(request tokenRequest) (string, error) {
	isJWT := request.Client.AccessTokenType == db.AccessTokenJWT
	switch wanted := request.Form.Get("requested_token_type"); {
	case wanted == "", wanted == tokenTypeAccessToken:
		return tokenTypeAccessToken, nil
	case wanted == tokenTypeJWT && isJWT:
		return wanted, nil
	}
	return "", refuse(InvalidRequest, "requested_token_type must be %s", tokenTypeAccessToken)
}

// exchangedToken returns the claims of the token in the parameter of that name. It must be a live access token of ours; for
// one that is not, whatever the reason, the code is invalid_request (RFC 8693 §2.2.2).
func (p *Provider) exchangedToken(ctx context.Context, request tokenRequest, name string) (accessToken, error) {
	sent, kind := request.Form.Get(name), request.Form.Get(name+"_type")
	switch {
	case sent == "":
		return accessToken{}, refuse(InvalidRequest, "%s is missing", name)
	case kind == "":
		return accessToken{}, refuse(InvalidRequest, "%s_type is missing", name)
	case kind != tokenTypeAccessToken && (kind != tokenTypeJWT || isReference(sent)):
		return accessToken{}, refuse(InvalidRequest, "%s_type must be %s, and %s such a token of this provider", name, tokenTypeAccessToken, name)
	case len(sent) > maxExchangedToken:
		return accessToken{}, refuse(InvalidRequest, "%s is longer than %d characters", name, maxExchangedToken)
	}
	token, active, err := p.activeAccessToken(ctx, sent)
	switch {
	case err != nil:
		return accessToken{}, err
	case !active:
		return accessToken{}, refuse(InvalidRequest, "%s is no access token of this provider, has expired or was revoked", name)
	case token.boundKey() != "" && token.boundKey() != request.JKT: // RFC 9449 §6: only who has its key may use it
		return accessToken{}, refuse(InvalidRequest, "%s is bound to a key of the client it was issued to", name)
	}
	return token, nil
}

// narrowToken returns what the new token is for: of the scope and the APIs of the subject token what the request names and
// the client's row lists. Without a scope parameter that is access to APIs; what the provider itself tells about the user
// has to be asked for.
func (p *Provider) narrowToken(ctx context.Context, request tokenRequest, subject accessToken) (grantedScope, error) {
	targets, err := readTargets(request.Form)
	if err != nil {
		return grantedScope{}, err
	}
	asked, err := askedScope(request.Form)
	if err != nil {
		return grantedScope{}, err
	}
	held := parseScope(subject.Scope)
	limit := grantedScope.limitedExactlyTo
	for _, value := range asked {
		if !held.Contains(value) {
			return grantedScope{}, refuse(InvalidScope, "scope %q is not that of subject_token", value)
		}
	}
	if len(asked) == 0 {
		limit = grantedScope.limitedTo
		all, err := p.grantedBy(ctx, held)
		if err != nil {
			return grantedScope{}, err
		}
		for _, scope := range all.APIScopes {
			if slices.Contains(request.Client.Scopes, scope.Name) {
				asked = append(asked, scope.Name)
			}
		}
	}
	if len(asked) == 0 {
		return grantedScope{}, refuse(InvalidScope, "client %s may not have any scope of subject_token", request.Client.ClientID)
	}
	granted, err := p.resolveScope(ctx, request.Client, asked)
	if err != nil {
		return grantedScope{}, err
	}
	if granted.Scope.Contains(scopeOfflineAccess) {
		return grantedScope{}, refuse(InvalidScope, "scope %s: an exchange gives no refresh token", scopeOfflineAccess)
	}
	within := slices.DeleteFunc(slices.Clone([]string(subject.Audience)), func(name string) bool { return granted.reaches(name) < 0 })
	if len(within) == 0 && len(granted.APIs) > 0 {
		return grantedScope{}, refuse(InvalidTarget, "subject_token is for no API that this scope is for")
	}
	if granted, err = limit(granted, within); err != nil {
		return grantedScope{}, err
	}
	return limit(granted, targets)
}

// readTargets returns the APIs a token exchange names, by URI or by name. Both parameters may be repeated (RFC 8693 §2.1).
func readTargets(values map[string][]string) ([]string, error) {
	targets, err := readResources(values)
	for _, name := range values[audienceParameter] {
		if name != "" && !slices.Contains(targets, name) && err == nil {
			targets = append(targets, name)
		}
	}
	if err == nil && len(targets) > maxResources {
		err = refuse(InvalidTarget, "resource and audience may be sent %d times", maxResources)
	}
	return targets, err
}
