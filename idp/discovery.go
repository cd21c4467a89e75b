package idp

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/internal/dpop"
)

// metadata is the provider's description of itself (OIDC Discovery §3, RFC 8414 §2, RP-Initiated Logout §2.1, Session
// Management §3.3, RFC 7009, RFC 7662, RFC 8628 §4, RFC 9207 §3, RFC 9449 §5.1). It lists what works and nothing else; what is absent has the standard's default.
type metadata struct {
	Issuer                              string                    `json:"issuer"`
	AuthorizationEndpoint               string                    `json:"authorization_endpoint"`
	TokenEndpoint                       string                    `json:"token_endpoint"`
	UserinfoEndpoint                    string                    `json:"userinfo_endpoint"`
	PushedAuthorizationEndpoint         string                    `json:"pushed_authorization_request_endpoint"`
	RequirePushedAuthorization          bool                      `json:"require_pushed_authorization_requests"`
	RegistrationEndpoint                string                    `json:"registration_endpoint,omitempty"` // where it is open
	RevocationEndpoint                  string                    `json:"revocation_endpoint"`
	IntrospectionEndpoint               string                    `json:"introspection_endpoint"`
	DeviceAuthorizationEndpoint         string                    `json:"device_authorization_endpoint"`
	EndSessionEndpoint                  string                    `json:"end_session_endpoint"`
	CheckSessionIframe                  string                    `json:"check_session_iframe"`
	FrontChannelLogoutSupported         bool                      `json:"frontchannel_logout_supported"`
	FrontChannelLogoutSession           bool                      `json:"frontchannel_logout_session_supported"`
	BackChannelLogoutSupported          bool                      `json:"backchannel_logout_supported"`
	BackChannelLogoutSession            bool                      `json:"backchannel_logout_session_supported"`
	JWKSURI                             string                    `json:"jwks_uri"`
	ScopesSupported                     []string                  `json:"scopes_supported"`
	ClaimsSupported                     []string                  `json:"claims_supported"`
	ClaimTypesSupported                 []string                  `json:"claim_types_supported"`
	ResponseTypesSupported              []string                  `json:"response_types_supported"`
	ResponseModesSupported              []string                  `json:"response_modes_supported"`
	GrantTypesSupported                 []string                  `json:"grant_types_supported"`
	PromptValuesSupported               []string                  `json:"prompt_values_supported"`
	SubjectTypesSupported               []string                  `json:"subject_types_supported"`
	IDTokenSigningAlgValuesSupported    []string                  `json:"id_token_signing_alg_values_supported"`
	TokenEndpointAuthMethodsSupported   []string                  `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgValuesSupported         []jose.SignatureAlgorithm `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthMethodsSupported      []string                  `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgValuesSupported    []jose.SignatureAlgorithm `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthMethodsSupported   []string                  `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgValuesSupported []jose.SignatureAlgorithm `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	CodeChallengeMethodsSupported       []string                  `json:"code_challenge_methods_supported"`
	DPoPSigningAlgValuesSupported       []jose.SignatureAlgorithm `json:"dpop_signing_alg_values_supported"`
	IssParameterSupported               bool                      `json:"authorization_response_iss_parameter_supported"`
	ACRValuesSupported                  []string                  `json:"acr_values_supported"`
	ClaimsParameterSupported            bool                      `json:"claims_parameter_supported"`
	RequestParameterSupported           bool                      `json:"request_parameter_supported"`
	RequestObjectSigningAlgs            []string                  `json:"request_object_signing_alg_values_supported"`
	RequestURIParameterSupported        bool                      `json:"request_uri_parameter_supported"`
	RequireRequestURIRegistration       bool                      `json:"require_request_uri_registration"`
	UserinfoSigningAlgs                 []string                  `json:"userinfo_signing_alg_values_supported"`
}

// protocolClaims are the claims a client finds in an ID token whoever the user is.
var protocolClaims = []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "amr", "acr"}

// metadataPath is where RFC 8414 §3.1 looks for the same document: there the path of an issuer that has one comes last.
func (p *Provider) metadataPath() string {
	return "/.well-known/oauth-authorization-server" + p.base.Path
}

// discovery serves GET /.well-known/openid-configuration (OIDC Discovery §4) and the address of RFC 8414 §3.1.
func (p *Provider) discovery(c *gin.Context) error {
	written, err := p.discoveryDocument(db.AllowRecent(c.Request.Context()))
	if err != nil {
		return err
	}
	written.write(c, "application/json; charset=utf-8")
	return nil
}

// discoveryDocument returns the document as it was written for the configuration that counts now.
func (p *Provider) discoveryDocument(ctx context.Context) (*document, error) {
	version, err := p.db.ConfigurationVersion(ctx)
	if err != nil {
		return nil, err
	}
	if written := p.discovered.Load(); written != nil && written.version == version && version != "" {
		return written, nil
	}
	resources, err := p.db.Resources(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(p.metadata(resources))
	if err != nil {
		return nil, fmt.Errorf("encode discovery: %w", err)
	}
	written := newDocument(version, body)
	p.discovered.Store(written)
	return written, nil
}

func (p *Provider) metadata(resources db.Resources) metadata {
	m := metadata{
		Issuer:                              p.issuer,
		AuthorizationEndpoint:               p.url("/connect/authorize"),
		TokenEndpoint:                       p.url("/connect/token"),
		UserinfoEndpoint:                    p.url("/connect/userinfo"),
		PushedAuthorizationEndpoint:         p.url("/connect/par"),
		RevocationEndpoint:                  p.url("/connect/revocation"),
		IntrospectionEndpoint:               p.url("/connect/introspect"),
		DeviceAuthorizationEndpoint:         p.url("/connect/deviceauthorization"),
		EndSessionEndpoint:                  p.url("/connect/endsession"),
		CheckSessionIframe:                  p.url("/connect/checksession"),
		FrontChannelLogoutSupported:         true,
		FrontChannelLogoutSession:           true,
		BackChannelLogoutSupported:          true,
		BackChannelLogoutSession:            true,
		JWKSURI:                             p.url("/.well-known/openid-configuration/jwks"),
		ClaimsSupported:                     slices.Clone(protocolClaims),
		ClaimTypesSupported:                 []string{"normal"},
		ResponseModesSupported:              slices.Clone(responseModes),
		GrantTypesSupported:                 slices.Sorted(maps.Keys(grantTypes)),
		PromptValuesSupported:               []string{"none", "login", "consent", "select_account"},
		SubjectTypesSupported:               []string{subjectPublic, subjectPairwise},
		TokenEndpointAuthMethodsSupported:   []string{authNone, authClientSecretBasic, authClientSecretPost, authPrivateKeyJWT, authClientSecretJWT},
		TokenAuthAlgValuesSupported:         clientAlgorithms,
		RevocationAuthMethodsSupported:      []string{authNone, authClientSecretBasic, authClientSecretPost, authPrivateKeyJWT, authClientSecretJWT},
		RevocationAuthAlgValuesSupported:    clientAlgorithms,
		IntrospectionAuthMethodsSupported:   []string{authClientSecretBasic, authClientSecretPost, authPrivateKeyJWT, authClientSecretJWT},
		IntrospectionAuthAlgValuesSupported: clientAlgorithms,
		CodeChallengeMethodsSupported:       []string{challengeS256}, // plain works for single clients and is nothing to advertise
		DPoPSigningAlgValuesSupported:       dpop.Algorithms,
		IssParameterSupported:               true,
		ACRValuesSupported:                  []string{acrPassword},
		ClaimsParameterSupported:            true,
		RequestParameterSupported:           true,
		RequestURIParameterSupported:        true,
		RequireRequestURIRegistration:       true,
		RequestObjectSigningAlgs:            []string{"none"},
	}
	for _, t := range p.responseTypes() {
		m.ResponseTypesSupported = append(m.ResponseTypesSupported, t.String())
	}
	if p.registration.open() {
		m.RegistrationEndpoint = p.url(registrationPath)
		m.GrantTypesSupported = append(m.GrantTypesSupported, grantImplicit) // OIDC Discovery §3
		slices.Sort(m.GrantTypesSupported)
		m.ClaimsSupported = append(m.ClaimsSupported, "c_hash")
	}
	for _, algorithm := range signatureAlgorithms {
		m.IDTokenSigningAlgValuesSupported = append(m.IDTokenSigningAlgValuesSupported, string(algorithm))
	}
	m.UserinfoSigningAlgs = m.IDTokenSigningAlgValuesSupported
	for _, algorithm := range assertionAlgorithms {
		m.RequestObjectSigningAlgs = append(m.RequestObjectSigningAlgs, string(algorithm))
	}
	for _, resource := range resources.Identity {
		if resource.ShowInDiscoveryDocument {
			m.ScopesSupported = append(m.ScopesSupported, resource.Name)
			m.ClaimsSupported = append(m.ClaimsSupported, resource.Claims...)
		}
	}
	for _, scope := range resources.APIScopes {
		if scope.ShowInDiscoveryDocument {
			m.ScopesSupported = append(m.ScopesSupported, scope.Name)
		}
	}
	m.ScopesSupported = append(m.ScopesSupported, scopeOfflineAccess) // OIDC Core §11
	slices.Sort(m.ClaimsSupported)
	m.ClaimsSupported = slices.Compact(m.ClaimsSupported)
	return m
}
