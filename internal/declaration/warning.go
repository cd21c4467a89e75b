package declaration

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

// credentialFor says what a way of authentication wants.
var credentialFor = map[string]string{
	"client_secret_basic": "give it a secret",
	"client_secret_post":  "give it a secret",
	"client_secret_jwt":   "give it a recoverable secret (in the file, or by silentrenew clients secret --recoverable)",
	"none":                "set RequireClientSecret to no, or choose client_secret_basic",
	"private_key_jwt":     "give it a public key: Jwks or JwksUri",
}

// Warnings names what of a client leads nowhere although it can be stored: scope values and grant types that stand for nothing here, a way of
// authentication without a credential and a credential that nobody has to show, refresh tokens that are not given, addresses that are not called,
// a page whose origin may not call, and the loop. The reasons are sentences about the client.
func Warnings(ctx context.Context, store *db.DB, c db.Client) ([]db.ValidationError, error) {
	resources, err := store.Resources(ctx)
	if err != nil {
		return nil, err
	}
	known := []string{"offline_access"}
	for _, r := range resources.Identity {
		known = append(known, r.Name)
	}
	for _, s := range resources.APIScopes {
		known = append(known, s.Name)
	}
	var warnings []db.ValidationError
	warn := func(field, format string, args ...any) {
		warnings = append(warnings, db.ValidationError{Field: field, Reason: fmt.Sprintf(format, args...)})
	}
	if loop := Loop(c); loop != "" {
		warn("AccessTokenLifetime", "%s", loop)
	}
	for _, grantType := range c.UnknownGrantTypes() {
		warn("GrantType", "lists the grant type %q, which this provider does not have (known: %s)", grantType, strings.Join(db.GrantTypes(), " "))
	}
	for _, list := range []struct {
		field  string
		values []string
		word   string
	}{{"Scope", c.Scopes, "offline_access"}, {"GrantType", c.GrantTypes, "refresh_token"}} {
		if !c.AllowOfflineAccess && slices.Contains(list.values, list.word) {
			warn(list.field, "lists %q and gets no refresh token, because AllowOfflineAccess is off", list.word)
		}
	}
	if c.Unprovable() {
		warn("TokenEndpointAuthMethod", "is registered for %s and cannot prove itself that way, so nobody can be this client; %s",
			c.TokenEndpointAuthMethod, credentialFor[c.TokenEndpointAuthMethod])
	}
	if u, err := url.Parse(c.JWKSURI); err == nil && u.Scheme == "http" {
		warn("JwksUri", "publishes its keys without TLS: they are fetched %s", whoFetches(u.Hostname()))
	}
	if u, err := url.Parse(c.BackChannelLogoutURI); err == nil && u.Scheme == "http" && !isThisMachine(u.Hostname()) {
		warn("BackChannelLogoutUri", "is told of a logout without TLS: it is called %s", whoFetches(u.Hostname()))
	}
	if !c.RequireClientSecret && slices.ContainsFunc(c.Secrets, func(s db.ClientSecret) bool { return s.Type == "SharedSecret" }) {
		warn("RequireClientSecret", "has a secret that nobody has to show, because RequireClientSecret is off")
	}
	for _, secret := range c.Secrets {
		if expires := secret.Expiration; expires != nil && expires.Before(time.Now()) {
			warn("ClientSecret", "has a secret that counts no more: it expired at %s", expires.UTC().Format(time.RFC3339))
		}
	}
	for _, origin := range originsOf(c.RedirectURIs) {
		if !c.RequireClientSecret && len(c.CORSOrigins) > 0 && !slices.Contains(c.CORSOrigins, origin) { // a client without any is no page
			warn("Origin", "returns to %s, which is not among its CorsOrigins, so no page there can call the provider", origin)
		}
	}
	for _, scope := range c.Scopes {
		if !slices.Contains(known, scope) {
			warn("Scope", "lists the scope %q, which is neither an identity resource nor an API scope (known: %s)", scope, strings.Join(known, " "))
		}
	}
	return warnings, nil
}

// whoFetches says which provider calls a plain http address.
func whoFetches(host string) string {
	if isThisMachine(host) {
		return "in lab mode or with --outgoing-private only"
	}
	return "with --outgoing-private only"
}

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// defaultLead is when oidc-client-ts renews, unless the row advises otherwise: 60 s ahead of expiry.
const defaultLead = 60 * time.Second

// Loop says what a page will do whose tokens live no longer than it renews ahead (I24, A33), "" when they live longer.
func Loop(c db.Client) string {
	lead, advised := c.RenewLead()
	if !advised {
		lead = defaultLead
	}
	if c.AccessTokenTTL() > lead || !slices.Contains(c.GrantTypes, "authorization_code") {
		return ""
	}
	return fmt.Sprintf("has an AccessTokenLifetime (%s) that is not longer than the lead of a renewing page (%s): it would renew every second, the loop of "+
		"chapter 7; give the token a longer life, or the page a shorter lead (RenewLeadHint)", attribute.Lifetime(c.AccessTokenTTL()), attribute.Lifetime(lead))
}
