package db

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// ValidateForSaving says what [Client.Validate] says, and refuses what a row may hold although it leads nowhere: a text that is longer than its
// column (SQLite would not mind, PostgreSQL would), an address nobody can be sent to, a word that means nothing to the provider. A row that was edited
// by hand is served all the same; whoever declares or edits one through this program hears of it before.
func (c Client) ValidateForSaving() error { return first(c.Faults()) }

// Faults is all that [Client.ValidateForSaving] has to say.
func (c Client) Faults() []*ValidationError { return c.broken(slices.Concat(servable, sensible)) }

// sensible are the rules for who saves a client through this program.
var sensible = []func(Client, fault){nameSendable, textsFit, addressesReachable, redirectsPossible, listedOnce, wordsKnown, keysInOnePlace}

func nameSendable(c Client, wrong fault) {
	if strings.ContainsFunc(c.ClientID, func(r rune) bool { return r < ' ' || r > '~' }) {
		wrong("ClientId", "must be printable ASCII: a request can carry nothing else (RFC 6749 appendix A)")
	}
}

// textsFit compares with the columns' widths (D1, D2); of a redirect URI the authorization endpoint reads less (D5).
func textsFit(c Client, wrong fault) {
	for _, column := range []struct {
		name    string
		longest int
		texts   []string
	}{
		{"ClientName", 200, []string{c.ClientName}},
		{"Description", 1000, []string{c.Description}},
		{"AllowedIdentityTokenSigningAlgorithms", 100, []string{c.AllowedIdentityTokenSigningAlgorithms}},
		{"ClientClaimsPrefix", 200, []string{c.ClientClaimsPrefix}},
		{"PairWiseSubjectSalt", 200, []string{c.PairWiseSubjectSalt}},
		{"DefaultAcrValues", 300, []string{c.DefaultACRValues}},
		{"RedirectUri", 400, c.RedirectURIs},
		{"PostLogoutRedirectUri", 2000, c.PostLogoutRedirectURIs},
		{"Scope", 200, c.Scopes},
		{"GrantType", 250, c.GrantTypes},
		{"Origin", 150, c.CORSOrigins},
		{"RequestUri", 2000, c.RequestURIs},
		{"Claims", 250, claimTexts(c.Claims)},
		{"Properties", 250, slices.Sorted(maps.Keys(c.Properties))},
		{"Properties", 2000, slices.Collect(maps.Values(c.Properties))},
	} {
		for _, text := range column.texts {
			if utf8.RuneCountInString(text) > column.longest || !storable(text) {
				wrong(column.name, "must be text of at most %d characters", column.longest)
			}
		}
	}
}

// addressesReachable wants addresses that a browser or we can be sent to.
func addressesReachable(c Client, wrong fault) {
	for _, column := range []struct {
		name      string
		addresses []string
	}{
		{"ClientUri", []string{c.ClientURI}},
		{"LogoUri", []string{c.LogoURI}},
		{"FrontChannelLogoutUri", []string{c.FrontChannelLogoutURI}},
		{"BackChannelLogoutUri", []string{c.BackChannelLogoutURI}},
		{"InitiateLoginUri", []string{c.InitiateLoginURI}},
		{"SectorIdentifierUri", []string{c.SectorIdentifierURI}},
		{"JwksUri", []string{c.JWKSURI}},
		{"PolicyUri", []string{c.PolicyURI}},
		{"TermsOfServiceUri", []string{c.TermsOfServiceURI}},
		{"RequestUri", c.RequestURIs},
	} {
		for _, address := range column.addresses {
			u, err := url.Parse(address)
			if address != "" && (err != nil || !overHTTP(u) || u.Hostname() == "" || len(address) > 2000) {
				wrong(column.name, "%q must be an http or https URL of at most 2000 characters", address)
			}
		}
	}
}

func overHTTP(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

// redirectsPossible refuses redirect URIs that no request can match, or no browser follow.
func redirectsPossible(c Client, wrong fault) {
	for _, uri := range slices.Concat(c.RedirectURIs, c.PostLogoutRedirectURIs) {
		column := "RedirectUri"
		if !slices.Contains(c.RedirectURIs, uri) {
			column = "PostLogoutRedirectUri"
		}
		u, err := url.Parse(uri)
		switch {
		case err != nil: // Validate has said so
		case overHTTP(u) && u.Hostname() == "":
			wrong(column, "%q names no host", uri)
		case strings.Contains(u.Host, "*"):
			wrong(column, hasWildcard, uri)
		case hostForScheme(u):
			wrong(column, "%q has no scheme: write http://%s", uri, uri)
		}
	}
}

// listedOnce refuses a value that a list has twice: the second was meant to be another.
func listedOnce(c Client, wrong fault) {
	for _, list := range []struct {
		column string
		values []string
	}{
		{"RedirectUri", c.RedirectURIs}, {"PostLogoutRedirectUri", c.PostLogoutRedirectURIs}, {"Scope", c.Scopes}, {"Origin", c.CORSOrigins},
		{"RequestUri", c.RequestURIs},
	} {
		for i, value := range list.values {
			if slices.Contains(list.values[:i], value) {
				wrong(list.column, "%q is listed twice", value)
			}
		}
	}
}

// hostForScheme reports whether a URI begins with a host and port, read as a scheme: localhost:3000/callback.
func hostForScheme(u *url.URL) bool {
	return u.Opaque != "" && u.Opaque[0] >= '0' && u.Opaque[0] <= '9'
}

// What the provider understands; a test of idp compares.
var (
	signatureAlgorithms = []string{"RS256", "PS256", "ES256", "EdDSA"}
	clientAlgorithms    = append(slices.Clone(signatureAlgorithms), "Ed25519") // EdDSA too, by its newer name (RFC 9864 §2.2)
	assertionAlgorithms = append(slices.Clone(clientAlgorithms), "HS256", "HS384", "HS512")
	grantTypes          = []string{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
		"urn:ietf:params:oauth:grant-type:token-exchange", "implicit", "hybrid"} // the last two where clients register themselves (decision 0041)
	authenticationMethods = []string{"none", "client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt"}
)

// GrantTypes are those that the provider has.
func GrantTypes() []string { return slices.Clone(grantTypes) }

// UnknownGrantTypes returns those of the client's grant types that the provider does not have.
func (c Client) UnknownGrantTypes() []string {
	return slices.DeleteFunc(slices.Clone(c.GrantTypes), func(grantType string) bool { return slices.Contains(grantTypes, grantType) })
}

// Unprovable reports whether the client is registered for a way of authentication that it has no credential for.
func (c Client) Unprovable() bool {
	has := func(kind string) bool {
		return slices.ContainsFunc(c.Secrets, func(s ClientSecret) bool { return s.Type == kind })
	}
	switch c.TokenEndpointAuthMethod {
	case "none": // which is refused where a secret is required
		return c.RequireClientSecret
	case "client_secret_basic", "client_secret_post":
		return !has("SharedSecret")
	case "client_secret_jwt":
		return !has("RecoverableSecret")
	case "private_key_jwt":
		return c.JWKSURI == "" && !has("JsonWebKey")
	}
	return false
}

func claimTexts(claims []ClientClaim) (texts []string) {
	for _, claim := range claims {
		texts = append(texts, claim.Type, claim.Value)
	}
	return texts
}

// keysInOnePlace is OIDC Registration §2: a client says its keys or where they are, not both.
func keysInOnePlace(c Client, wrong fault) {
	if c.JWKSURI != "" && slices.ContainsFunc(c.Secrets, func(s ClientSecret) bool { return s.Type == JSONWebKey }) {
		wrong("JwksUri", "must not be given together with Jwks (OIDC Registration §2)")
	}
}

func wordsKnown(c Client, wrong fault) {
	for _, column := range []struct {
		name  string
		words []string
		known []string
	}{
		{"AllowedIdentityTokenSigningAlgorithms", strings.Split(c.AllowedIdentityTokenSigningAlgorithms, ","), signatureAlgorithms},
		{"UserinfoSignedResponseAlg", []string{c.UserinfoSignedResponseAlg}, signatureAlgorithms},
		{"RequestObjectSigningAlg", []string{c.RequestObjectSigningAlg}, append([]string{"none"}, clientAlgorithms...)},
		{"TokenEndpointAuthMethod", []string{c.TokenEndpointAuthMethod}, authenticationMethods},
		{"TokenEndpointAuthSigningAlg", []string{c.TokenEndpointAuthSigningAlg}, assertionAlgorithms},
		{"UserCodeType", []string{c.UserCodeType}, []string{"Numeric"}},
	} {
		for _, word := range column.words {
			if word = strings.TrimSpace(word); word != "" && !slices.Contains(column.known, word) {
				wrong(column.name, "%q is not one of %s", word, strings.Join(column.known, ", "))
			}
		}
	}
}
