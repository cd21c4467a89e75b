package idp

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"silentrenew/db"
	"silentrenew/internal/jwkset"
)

// keysWanted reads the client's public keys, by value or by address but not both (OIDC Registration §2). Keys for encryption
// are left out, nothing is encrypted here.
func (p *Provider) keysWanted(m clientMetadata, client *db.Client) *Error {
	client.JWKSURI = m.JWKSURI
	client.SetPublicKeys(nil)
	switch {
	case len(m.JWKS) > 0 && m.JWKSURI != "":
		return refuseMetadata("jwks", "must not be sent together with jwks_uri")
	case m.JWKSURI != "":
		return p.checkAddress("jwks_uri", m.JWKSURI)
	case len(m.JWKS) == 0 && client.TokenEndpointAuthMethod == authPrivateKeyJWT:
		return refuseMetadata("jwks", "or jwks_uri is needed for token_endpoint_auth_method %s", authPrivateKeyJWT)
	case len(m.JWKS) == 0:
		return nil
	}
	keys, err := jwkset.Parse(m.JWKS) // RSA as long as RFC 7518 §3.3 says
	if err != nil {
		refused := refuseMetadata("jwks", "must be a JWK Set of 1 to %d public keys, RSA with 2048 bits or more, EC or OKP", jwkset.MaxKeys)
		refused.cause = err
		return refused
	}
	client.SetPublicKeys(keys)
	return nil
}

// checkAddress refuses an address that we, or the browsers of our users, could not be sent to.
func (p *Provider) checkAddress(field, address string) *Error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || frameOrigin(strings.SplitN(address, "#", 2)[0]) == "" || p.outgoing.checkURL(u) != nil {
		return refuseMetadata(field, "must be an https URL")
	}
	return nil
}

// addressesWanted reads the addresses of the client's own endpoints.
func (p *Provider) addressesWanted(m clientMetadata, client *db.Client) *Error {
	for _, endpoint := range []struct {
		field, address string
		row            *string
	}{
		{"initiate_login_uri", m.InitiateLoginURI, &client.InitiateLoginURI},
		{"frontchannel_logout_uri", m.FrontChannelLogoutURI, &client.FrontChannelLogoutURI},
		{"backchannel_logout_uri", m.BackChannelLogoutURI, &client.BackChannelLogoutURI},
	} {
		if endpoint.address == "" {
			*endpoint.row = ""
			continue
		}
		if refused := p.checkAddress(endpoint.field, endpoint.address); refused != nil {
			return refused
		}
		if strings.Contains(endpoint.address, "#") {
			return refuseMetadata(endpoint.field, "must not have a fragment")
		}
		if endpoint.row == &client.InitiateLoginURI && !strings.HasPrefix(endpoint.address, "https://") { // OIDC Registration §2, on any machine
			return refuseMetadata(endpoint.field, "must be an https URL")
		}
		*endpoint.row = endpoint.address
	}
	if m.FrontChannelLogoutURI != "" { // Front-Channel Logout §2
		sameOrigin := func(uri string) bool { return originOf(uri) == originOf(m.FrontChannelLogoutURI) }
		if !slices.ContainsFunc(m.RedirectURIs, sameOrigin) {
			return refuseMetadata("frontchannel_logout_uri", "must have scheme, host and port of one of the redirect_uris")
		}
	}
	client.FrontChannelLogoutSessionRequired = m.FrontChannelLogoutSession != nil && *m.FrontChannelLogoutSession
	client.BackChannelLogoutSessionRequired = m.BackChannelLogoutSession != nil && *m.BackChannelLogoutSession
	for _, uri := range m.RequestURIs { // OIDC Core §6.2: the whole URI has 512 characters at most
		if refused := p.checkAddress("request_uris", uri); refused != nil || len(uri) > maxRequestURILength {
			return refuseMetadata("request_uris", "must be https URLs of %d characters at most", maxRequestURILength)
		}
	}
	client.RequestURIs = m.RequestURIs
	return nil
}

// scopeWanted reads which scope values the client may ask for. Without a wish it gets those about the user that discovery
// lists. Access to an API is not for everybody to register.
func (p *Provider) scopeWanted(ctx context.Context, m clientMetadata, client *db.Client, vouched bool) error {
	resources, err := p.db.Resources(ctx)
	if err != nil {
		return err
	}
	var standard, allowed Scope
	for _, r := range resources.Identity {
		allowed = append(allowed, r.Name)
		if r.ShowInDiscoveryDocument {
			standard = append(standard, r.Name)
		}
	}
	if vouched {
		for _, s := range resources.APIScopes {
			allowed = append(allowed, s.Name)
		}
	}
	client.Scopes = nil
	for _, value := range parseScope(m.Scope) {
		switch {
		case value == scopeOfflineAccess: // grant_types says whether there are refresh tokens
		case !allowed.Contains(value) && !vouched:
			return refuseMetadata("scope", "has a value that cannot be registered here; there are: %s, and with an initial access token those of APIs", allowed)
		case !allowed.Contains(value):
			return refuseMetadata("scope", "has a value that cannot be registered here; there are: %s", allowed)
		default:
			client.Scopes = append(client.Scopes, value)
		}
	}
	if len(client.Scopes) == 0 {
		client.Scopes = standard
	}
	return nil
}
