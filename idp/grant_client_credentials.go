package idp

import (
	"context"
	"crypto/rand"
)

// actForItself answers the client credentials grant (RFC 6749 §4.4): a client acts for itself, no user takes part.
// So there is no ID token, no claim about a user, and nothing to renew.
func (p *Provider) actForItself(ctx context.Context, request tokenRequest) (tokenResponse, error) {
	client := request.Client
	if !client.RequireClientSecret { // RFC 6749 §4.4: confidential clients only
		return tokenResponse{}, refuse(UnauthorizedClient, "client %s is public and has no credentials to act on", client.ClientID)
	}
	resources, err := readResources(request.Form)
	if err != nil {
		return tokenResponse{}, err
	}
	asked, err := askedScope(request.Form)
	if err != nil {
		return tokenResponse{}, err
	}
	limit := grantedScope.limitedExactlyTo
	if len(asked) == 0 {
		limit = grantedScope.limitedTo // everything the row allows (RFC 6749 §3.3)
		granted, err := p.grantedBy(ctx, client.Scopes)
		if err != nil {
			return tokenResponse{}, err
		}
		for _, scope := range granted.APIScopes {
			asked = append(asked, scope.Name)
		}
	}
	granted, err := p.resolveScope(ctx, client, asked)
	if err != nil {
		return tokenResponse{}, err
	}
	if granted, err = limit(granted, resources); err != nil {
		return tokenResponse{}, err
	}
	if len(granted.Identity) > 0 {
		return tokenResponse{}, refuse(InvalidScope, "scope %s is about a user, and no user takes part", granted.Identity[0].Name)
	}
	if granted.Scope.Contains(scopeOfflineAccess) { // RFC 6749 §4.4.3: no refresh token, its credentials are as good
		return tokenResponse{}, refuse(InvalidScope, "scope %s is for when the user is away, and no user takes part", scopeOfflineAccess)
	}
	return p.issueTokens(ctx, client, accessTokenInput{JTI: rand.Text(), JKT: request.JKT, Granted: granted}, "")
}
