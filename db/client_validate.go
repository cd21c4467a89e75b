package db

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Validate says what is wrong with the client's configuration, as a [*ValidationError], or nil. The rules are those of
// IdentityServer4's DefaultClientConfigurationValidator and Client.ValidateGrantTypes. Rows are edited by hand, so a
// provider asks each time it loads one and treats a client that fails as switched off.
func (c Client) Validate() error {
	return first(c.broken(servable))
}

// fault notes a rule that is broken, by the column's name.
type fault func(field, format string, args ...any)

// servable are the rules without which a client cannot be served.
var servable = []func(Client, fault){
	identified, grantTypesFit, lifetimesPossible, redirectURIsRegistered, urisUsable, originsWellFormed, secretPresent, sectorKnown,
}

// broken returns everything that breaks one of the rules, in their order.
func (c Client) broken(rules []func(Client, fault)) []*ValidationError {
	var all []*ValidationError
	wrong := func(field, format string, args ...any) {
		all = append(all, &ValidationError{field, fmt.Sprintf(format, args...)})
	}
	for _, rule := range rules {
		rule(c, wrong)
	}
	return all
}

func first(broken []*ValidationError) error {
	if len(broken) == 0 {
		return nil
	}
	return broken[0]
}

func identified(c Client, wrong fault) {
	switch {
	case c.ClientID == "" || len(c.ClientID) > 200 || !storable(c.ClientID):
		wrong("ClientId", "must have 1 to 200 characters")
	case c.ProtocolType != "oidc":
		wrong("ProtocolType", "must be oidc")
	}
}

func grantTypesFit(c Client, wrong fault) {
	if len(c.GrantTypes) == 0 {
		wrong("GrantType", "must be registered at least once")
	}
	for i, grantType := range c.GrantTypes {
		switch {
		case grantType == "" || strings.ContainsAny(grantType, " \t\r\n"):
			wrong("GrantType", "%q must not be empty or contain spaces", grantType)
		case slices.Contains(c.GrantTypes[:i], grantType):
			wrong("GrantType", "%q is registered twice", grantType)
		}
	}
	// Two front-channel grants at one client would let an attacker choose the weaker one.
	for _, pair := range [][2]string{{"implicit", "authorization_code"}, {"implicit", "hybrid"}, {"authorization_code", "hybrid"}} {
		if slices.Contains(c.GrantTypes, pair[0]) && slices.Contains(c.GrantTypes, pair[1]) {
			wrong("GrantType", "%s cannot be combined with %s", pair[0], pair[1])
		}
	}
}

func lifetimesPossible(c Client, wrong fault) {
	for _, lifetime := range []struct {
		column       string
		value, least int
	}{
		{"AccessTokenLifetime", c.AccessTokenLifetime, 1},
		{"IdentityTokenLifetime", c.IdentityTokenLifetime, 1},
		{"AuthorizationCodeLifetime", c.AuthorizationCodeLifetime, 1},
		{"DeviceCodeLifetime", c.DeviceCodeLifetime, 1},
		{"AbsoluteRefreshTokenLifetime", c.AbsoluteRefreshTokenLifetime, 0},
		{"SlidingRefreshTokenLifetime", c.SlidingRefreshTokenLifetime, 0},
		{"RefreshTokenReuseGraceSeconds", c.RefreshTokenReuseGraceSeconds, 0},
		{"ConsentLifetime", orLeast(c.ConsentLifetime, 1), 1},
		{"UserSsoLifetime", orLeast(c.UserSSOLifetime, 1), 1},
		{"RenewLeadHint", orLeast(c.RenewLeadHint, 0), 0},
		{"DefaultMaxAge", orLeast(c.DefaultMaxAge, 0), 0},
	} {
		if lifetime.value < lifetime.least || lifetime.value > tenYears {
			broken := outOfRange(lifetime.column, lifetime.least)
			wrong(broken.Field, "%s", broken.Reason)
		}
	}
}

func orLeast(n *int, least int) int {
	if n == nil {
		return least
	}
	return *n
}

func redirectURIsRegistered(c Client, wrong fault) {
	redirects := slices.ContainsFunc(c.GrantTypes, func(g string) bool {
		return g == "authorization_code" || g == "implicit" || g == "hybrid"
	})
	if redirects && len(c.RedirectURIs) == 0 {
		wrong("RedirectUri", "must be registered for a grant that redirects (RFC 6749 §3.1.2.2)")
	}
}

// forbiddenSchemes are those a browser would run or show as the provider's own content.
var forbiddenSchemes = []string{"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"}

const hasWildcard = "%q has a wildcard: it is compared in every character (RFC 9700 §2.1), so list each address"

// ForbiddenScheme reports whether no browser must be sent to an address of that scheme, whoever registered it.
func ForbiddenScheme(scheme string) bool {
	return slices.Contains(forbiddenSchemes, strings.ToLower(scheme))
}

func urisUsable(c Client, wrong fault) {
	for _, list := range []struct {
		column string
		uris   []string
	}{{"RedirectUri", c.RedirectURIs}, {"PostLogoutRedirectUri", c.PostLogoutRedirectURIs}} {
		for _, uri := range list.uris {
			u, err := url.Parse(uri)
			switch {
			case err != nil && strings.Contains(uri, "*"): // for a port: url.Parse does not know what it means
				wrong(list.column, hasWildcard, uri)
			case err != nil || !u.IsAbs():
				wrong(list.column, "%q must be an absolute URI (RFC 6749 §3.1.2)", uri)
			case ForbiddenScheme(u.Scheme):
				wrong(list.column, "%q uses a forbidden scheme", uri)
			case strings.Contains(uri, "#"):
				wrong(list.column, "%q must not have a fragment (RFC 6749 §3.1.2)", uri)
			}
		}
	}
}

func originsWellFormed(c Client, wrong fault) {
	for _, origin := range c.CORSOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			wrong("Origin", "%q must be scheme, host and port, without a path or a slash at the end (RFC 6454 §6.2)", origin)
		}
	}
}

func secretPresent(c Client, wrong fault) {
	onlyImplicit := len(c.GrantTypes) == 1 && c.GrantTypes[0] == "implicit"
	if c.RequireClientSecret && !onlyImplicit && len(c.Secrets) == 0 && c.JWKSURI == "" {
		wrong("ClientSecret", "is required but none is registered")
	}
}

func sectorKnown(c Client, wrong fault) {
	if c.PairWiseSubjectSalt != "" && c.Sector() == "" {
		wrong("SectorIdentifierUri", "must be set for pairwise subjects where the redirect URIs have no host or several (OIDC Core §8.1)")
	}
}
