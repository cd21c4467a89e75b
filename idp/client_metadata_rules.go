package idp

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
)

// Application types (OIDC Registration §2).
const (
	applicationWeb    = "web"
	applicationNative = "native"
)

// registrableAuthMethods are the ways a registered client may authenticate. The first is the default (OIDC Registration §2).
var registrableAuthMethods = []string{authClientSecretBasic, authClientSecretPost, authPrivateKeyJWT, authClientSecretJWT, authNone}

// registrableGrantTypes are the grant types anybody may register: those with a user who decides.
var registrableGrantTypes = []string{grantAuthorizationCode, grantImplicit, grantRefreshToken, grantDeviceCode}

// clientFrom turns metadata into the row of a client, or says which member cannot be. A client that somebody vouches for with
// an initial access token may have more than one that anybody may register: the APIs, the grant without a user, and no
// question for consent.
func (p *Provider) clientFrom(ctx context.Context, m clientMetadata, client db.Client, vouched bool) (db.Client, error) {
	for _, rule := range []func(clientMetadata, *db.Client) *Error{
		p.refuseUnsupported, p.describeItself, grantsWanted(vouched), p.redirectsWanted, authenticationWanted, p.keysWanted,
		signaturesWanted, requestsWanted, assertionsWanted, p.addressesWanted,
	} {
		if refused := rule(m, &client); refused != nil {
			return db.Client{}, refused
		}
	}
	if err := p.scopeWanted(ctx, m, &client, vouched); err != nil {
		return db.Client{}, err
	}
	err := p.subjectsWanted(ctx, m, &client)
	return client, err
}

func (p *Provider) refuseUnsupported(m clientMetadata, _ *db.Client) *Error {
	if m.SoftwareStatement != "" { // RFC 7591 §3.2.2
		return refuse(UnapprovedSoftwareStatement, "software_statement: this provider trusts nobody who signs them")
	}
	for _, encryption := range []struct{ field, sent string }{ // an enc that comes without its alg must be refused in any case (OIDC Registration §2)
		{"id_token_encrypted_response_alg", m.IDTokenEncryptedResponseAlg}, {"id_token_encrypted_response_enc", m.IDTokenEncryptedResponseEnc},
		{"userinfo_encrypted_response_alg", m.UserinfoEncryptedResponseAlg}, {"userinfo_encrypted_response_enc", m.UserinfoEncryptedResponseEnc},
		{"request_object_encryption_alg", m.RequestObjectEncryptionAlg}, {"request_object_encryption_enc", m.RequestObjectEncryptionEnc},
	} {
		if encryption.sent != "" {
			return refuseMetadata(encryption.field, "is not supported: nothing is encrypted here")
		}
	}
	if m.ApplicationType != "" && m.ApplicationType != applicationWeb && m.ApplicationType != applicationNative {
		return refuseMetadata("application_type", "must be web or native")
	}
	return nil
}

// What only people read has no column of its own, but a row of ClientProperties.
const (
	contactsProperty        = "contacts"
	applicationTypeProperty = "application_type"
	softwareIDProperty      = "software_id"
	softwareVersionProperty = "software_version"
	vouchedProperty         = "registered_with" // an initial access token; absent without
)

// maxClientName is the width of the column ClientName, in bytes.
const maxClientName = 200

func (p *Provider) describeItself(m clientMetadata, client *db.Client) *Error {
	if len(m.ClientName) > maxClientName {
		return refuseMetadata("client_name", "is longer than %d characters", maxClientName)
	}
	client.ClientName, client.ClientURI, client.LogoURI = m.ClientName, m.ClientURI, m.LogoURI
	client.PolicyURI, client.TermsOfServiceURI = m.PolicyURI, m.TermsOfServiceURI
	for name, address := range map[string]string{
		"client_uri": m.ClientURI, "logo_uri": m.LogoURI, "policy_uri": m.PolicyURI, "tos_uri": m.TermsOfServiceURI,
	} {
		if address != "" && frameOrigin(address) == "" {
			return refuseMetadata(name, "must be a web page: an http or https URL")
		}
	}
	if len(strings.Join(m.Contacts, " ")) > maxMetadataLength || slices.ContainsFunc(m.Contacts, func(s string) bool { return strings.Contains(s, " ") }) {
		return refuseMetadata("contacts", "must be e-mail addresses, %d characters together", maxMetadataLength)
	}
	properties := maps.Clone(client.Properties)
	if properties == nil {
		properties = map[string]string{}
	}
	for name, value := range map[string]string{
		contactsProperty: strings.Join(m.Contacts, " "), applicationTypeProperty: m.ApplicationType,
		softwareIDProperty: m.SoftwareID, softwareVersionProperty: m.SoftwareVersion,
	} {
		delete(properties, name)
		if value != "" {
			properties[name] = value
		}
	}
	client.Properties = properties
	return nil
}

// grantsWanted reads grant_types and response_types, which must fit together (RFC 7591 §2.1).
func grantsWanted(vouched bool) func(clientMetadata, *db.Client) *Error {
	return func(m clientMetadata, client *db.Client) *Error {
		client.GrantTypes = m.GrantTypes
		if len(m.GrantTypes) == 0 {
			client.GrantTypes = []string{grantAuthorizationCode}
		}
		for _, grant := range client.GrantTypes {
			own := vouched && grant == grantClientCredentials
			if !own && !slices.Contains(registrableGrantTypes, grant) {
				return refuseMetadata("grant_types", "may have %s here", strings.Join(registrableGrantTypes, ", "))
			}
		}
		if refused := responsesWanted(m, client); refused != nil {
			return refused
		}
		refresh := slices.Contains(client.GrantTypes, grantRefreshToken)
		first := func(grant string) bool { return grant != grantRefreshToken && grant != grantImplicit }
		if refresh && !slices.ContainsFunc(client.GrantTypes, first) {
			return refuseMetadata("grant_types", "has no grant that would give the first refresh token")
		}
		client.AllowOfflineAccess = refresh
		return nil
	}
}

// responsesWanted reads response_types, each of which goes with its grant types (OIDC Registration §2). A client has one way through
// the front channel: with two, whoever can choose chooses the weaker one.
func responsesWanted(m clientMetadata, client *db.Client) *Error {
	code, implicit := slices.Contains(client.GrantTypes, grantAuthorizationCode), slices.Contains(client.GrantTypes, grantImplicit)
	client.AllowAccessTokensViaBrowser = false
	var hybrid bool
	for _, sent := range m.ResponseTypes {
		t := parseResponseType(sent, everyResponseType)
		switch {
		case t == responseType{}:
			return refuseMetadata("response_types", "may have %q", everyResponseType)
		case t.Code && !code:
			return refuseMetadata("response_types", "has %s but grant_types lacks %s", t, grantAuthorizationCode)
		case t.frontChannel() && !implicit:
			return refuseMetadata("response_types", "has %s but grant_types lacks %s", t, grantImplicit)
		}
		hybrid = hybrid || t == responseTypeHybrid
		client.AllowAccessTokensViaBrowser = client.AllowAccessTokensViaBrowser || t.Token
	}
	switch {
	case hybrid && len(m.ResponseTypes) > 1:
		return refuseMetadata("response_types", "has %s and another one: register a client for each", responseTypeHybrid)
	case hybrid:
		client.GrantTypes = slices.DeleteFunc(slices.Clone(client.GrantTypes), func(grant string) bool { return grant == grantImplicit })
		client.GrantTypes[slices.Index(client.GrantTypes, grantAuthorizationCode)] = grantHybrid
	case code && implicit:
		return refuseMetadata("grant_types", "has %s and %s, which go together for response_types %s only: register a client for each",
			grantAuthorizationCode, grantImplicit, responseTypeHybrid)
	case implicit && len(m.ResponseTypes) == 0: // the default is code (OIDC Registration §2)
		return refuseMetadata("response_types", "is missing: grant_types %s goes with %s or %s", grantImplicit, responseTypeIDToken, responseTypeImplicit)
	}
	return nil
}

// redirectsWanted reads where answers may go. What a registered URI looks like is told by application_type (OIDC
// Registration §2); afterwards it is compared byte for byte.
func (p *Provider) redirectsWanted(m clientMetadata, client *db.Client) *Error {
	client.RedirectURIs = m.RedirectURIs
	if len(m.RedirectURIs) == 0 && redirects(*client) {
		return refuse(InvalidRedirectURI, "redirect_uris is missing")
	}
	for _, uri := range m.RedirectURIs {
		if why := p.unfitRedirect(uri, m.ApplicationType); why != "" {
			return refuse(InvalidRedirectURI, "redirect_uris: %q %s", uri, why)
		}
	}
	client.PostLogoutRedirectURIs = m.PostLogoutRedirectURIs
	for _, uri := range m.PostLogoutRedirectURIs {
		if why := p.unfitRedirect(uri, m.ApplicationType); why != "" {
			return refuseMetadata("post_logout_redirect_uris", "has %q, which %s", uri, why)
		}
	}
	return nil
}

// unfitRedirect says why a browser must not be sent to an address, "" when it may. A native client may have a claimed https
// address too (RFC 8252 §7.2), which the table of OIDC Registration §2 was too early for.
func (p *Provider) unfitRedirect(address, applicationType string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || !u.IsAbs():
		return "must be an absolute URI (RFC 6749 section 3.1.2)"
	case len(address) > maxLength["redirect_uri"]:
		return "is too long"
	case strings.Contains(address, "#"):
		return "must not have a fragment (RFC 6749 section 3.1.2)"
	case !redirectable(address) || strings.ContainsAny(address, " \\\"<>") || u.User != nil:
		return "cannot be redirected to"
	case u.Host != "" && frameOrigin(address) == "" && (u.Scheme == "https" || u.Scheme == "http"): // pages name it in their policy
		return "has a host that is none"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && applicationType == applicationNative && isLoopbackName(u.Hostname()): // RFC 8252 §7.3
		return ""
	case u.Scheme == "http" && applicationType != applicationNative && p.outgoing.checkURL(u) == nil: // a developer's own machine
		return ""
	case u.Scheme == "http":
		return "must use https (OIDC Registration section 2)"
	case applicationType != applicationNative:
		return "has a scheme of its own, which is for application_type native"
	case !strings.Contains(u.Scheme, "."): // RFC 8252 §7.1, §8.4
		return "must have a scheme made from a domain name, such as com.example.app"
	}
	return ""
}

// authenticationWanted reads token_endpoint_auth_method. A client without a credential is public: it must use PKCE (RFC 9700
// §2.1.1), and its pages may call us. One with a credential may do without PKCE, as OpenID Connect clients of old do; if it
// sends a challenge all the same, the verifier is asked for.
func authenticationWanted(m clientMetadata, client *db.Client) *Error {
	method := m.TokenEndpointAuthMethod
	if method == "" {
		method = registrableAuthMethods[0]
	}
	if !slices.Contains(registrableAuthMethods, method) {
		return refuseMetadata("token_endpoint_auth_method", "must be one of %s", strings.Join(registrableAuthMethods, ", "))
	}
	client.TokenEndpointAuthMethod = method
	public := method == authNone
	client.RequireClientSecret, client.RequirePKCE = !public, public
	client.CORSOrigins = nil
	if !public {
		return nil
	}
	if slices.Contains(client.GrantTypes, grantClientCredentials) { // RFC 6749 §4.4
		return refuseMetadata("token_endpoint_auth_method", "none does not go with grant_types %s", grantClientCredentials)
	}
	for _, uri := range client.RedirectURIs {
		if origin := originOf(uri); origin != "" && len(origin) <= maxOriginLength && !slices.Contains(client.CORSOrigins, origin) {
			client.CORSOrigins = append(client.CORSOrigins, origin)
		}
	}
	return nil
}

// signaturesWanted reads by which algorithms we are to sign, and the client will.
func signaturesWanted(m clientMetadata, client *db.Client) *Error {
	for _, algorithm := range []struct {
		field, sent string
		known       []jose.SignatureAlgorithm
	}{
		{"id_token_signed_response_alg", m.IDTokenSignedResponseAlg, signatureAlgorithms},
		{"userinfo_signed_response_alg", m.UserinfoSignedResponseAlg, signatureAlgorithms},
		{"request_object_signing_alg", m.RequestObjectSigningAlg, append([]jose.SignatureAlgorithm{unsignedAlgorithm}, assertionAlgorithms...)},
		{"token_endpoint_auth_signing_alg", m.TokenEndpointAuthSigningAlg, assertionAlgorithmsOf(client.TokenEndpointAuthMethod)},
	} {
		if algorithm.sent != "" && !slices.Contains(algorithm.known, jose.SignatureAlgorithm(algorithm.sent)) {
			return refuseMetadata(algorithm.field, "must be one of %v", algorithm.known)
		}
	}
	client.AllowedIdentityTokenSigningAlgorithms = m.IDTokenSignedResponseAlg
	client.UserinfoSignedResponseAlg = m.UserinfoSignedResponseAlg
	client.RequestObjectSigningAlg = m.RequestObjectSigningAlg
	client.TokenEndpointAuthSigningAlg = m.TokenEndpointAuthSigningAlg
	return nil
}

// assertionAlgorithmsOf are those a client of this method may sign its assertions with.
func assertionAlgorithmsOf(method string) []jose.SignatureAlgorithm {
	if method == authClientSecretJWT {
		return hmacAlgorithms
	}
	return assertionAlgorithms
}

// requestsWanted reads what a request means where it says nothing, and how it must come.
func requestsWanted(m clientMetadata, client *db.Client) *Error {
	if m.DefaultMaxAge != nil && (*m.DefaultMaxAge < 0 || int64(*m.DefaultMaxAge) > int64(maxTokenLifetime.Seconds())) {
		return refuseMetadata("default_max_age", "must be 0 or more seconds, ten years at most")
	}
	values := strings.Join(m.DefaultACRValues, " ")
	if len(values) > maxLength["acr_values"] || len(parseScope(values)) != len(m.DefaultACRValues) {
		return refuseMetadata("default_acr_values", "must be values without spaces, %d characters together", maxLength["acr_values"])
	}
	client.DefaultMaxAge, client.DefaultACRValues = m.DefaultMaxAge, values
	client.RequirePushedAuthorization = m.RequirePushedAuthorization != nil && *m.RequirePushedAuthorization
	client.RequireDPoP = m.DPoPBoundAccessTokens != nil && *m.DPoPBoundAccessTokens
	client.RequireRequestObject = m.RequireSignedRequestObject != nil && *m.RequireSignedRequestObject
	if client.RequireRequestObject && m.RequestObjectSigningAlg == unsignedAlgorithm {
		return refuseMetadata("request_object_signing_alg", "must not be none with require_signed_request_object (RFC 9101 section 10.5)")
	}
	return nil
}

// assertionsWanted lets a client of OpenID Connect name the token endpoint in its assertions, as OIDC Core §9 tells it to. One that
// asks for the ways of FAPI 2.0 has to name the issuer, as that profile says (§5.3.2.1).
func assertionsWanted(_ clientMetadata, client *db.Client) *Error {
	delete(client.Properties, assertionAudienceProperty)
	signs := client.TokenEndpointAuthMethod == authPrivateKeyJWT || client.TokenEndpointAuthMethod == authClientSecretJWT
	if signs && !client.RequirePushedAuthorization && !client.RequireDPoP {
		client.Properties[assertionAudienceProperty] = tokenEndpointAudience
	}
	return nil
}
