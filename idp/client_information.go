package idp

import (
	"encoding/json"
	"slices"
	"strings"

	"silentrenew/db"
)

// clientInformation is the answer to a registration: all that is registered, defaults included (OIDC Registration §3.2, RFC
// 7591 §3.2.1, RFC 7592 §3).
type clientInformation struct {
	ClientID                string `json:"client_id"`
	ClientSecret            string `json:"client_secret,omitempty"`            // told once
	ClientIDIssuedAt        int64  `json:"client_id_issued_at"`                // seconds since the epoch
	ClientSecretExpiresAt   *int64 `json:"client_secret_expires_at,omitempty"` // seconds since the epoch; 0 = never; absent without a secret
	RegistrationAccessToken string `json:"registration_access_token"`
	RegistrationClientURI   string `json:"registration_client_uri"`

	clientMetadata
}

func (p *Provider) clientInformation(client db.Client, token, secret string) clientInformation {
	information := clientInformation{
		ClientID:                client.ClientID,
		ClientSecret:            secret,
		ClientIDIssuedAt:        client.Created.Unix(),
		RegistrationAccessToken: token,
		RegistrationClientURI:   p.url(registrationPath + "/" + client.ClientID),
		clientMetadata:          metadataOf(client),
	}
	for _, known := range client.Secrets {
		if known.Type == db.JSONWebKey {
			continue
		}
		information.ClientSecretExpiresAt = new(int64)
		if known.Expiration != nil {
			*information.ClientSecretExpiresAt = known.Expiration.Unix()
		}
	}
	return information
}

// metadataOf reads metadata back from the row: what clientFrom wrote there, and what an operator has changed since.
func metadataOf(client db.Client) clientMetadata {
	always := true
	m := clientMetadata{
		RedirectURIs:                client.RedirectURIs,
		GrantTypes:                  client.GrantTypes,
		ApplicationType:             client.Properties[applicationTypeProperty],
		Contacts:                    parseScope(client.Properties[contactsProperty]),
		ClientName:                  client.ClientName,
		LogoURI:                     client.LogoURI,
		ClientURI:                   client.ClientURI,
		PolicyURI:                   client.PolicyURI,
		TermsOfServiceURI:           client.TermsOfServiceURI,
		Scope:                       strings.Join(client.Scopes, " "),
		JWKSURI:                     client.JWKSURI,
		JWKS:                        keySetOf(client),
		SectorIdentifierURI:         client.SectorIdentifierURI,
		SubjectType:                 subjectTypeOf(client),
		IDTokenSignedResponseAlg:    string(idTokenAlgorithm(client)),
		UserinfoSignedResponseAlg:   client.UserinfoSignedResponseAlg,
		RequestObjectSigningAlg:     client.RequestObjectSigningAlg,
		TokenEndpointAuthMethod:     client.TokenEndpointAuthMethod,
		TokenEndpointAuthSigningAlg: client.TokenEndpointAuthSigningAlg,
		DefaultMaxAge:               client.DefaultMaxAge,
		RequireAuthTime:             &always, // every ID token of ours has auth_time
		DefaultACRValues:            parseScope(client.DefaultACRValues),
		InitiateLoginURI:            client.InitiateLoginURI,
		RequestURIs:                 client.RequestURIs,
		PostLogoutRedirectURIs:      client.PostLogoutRedirectURIs,
		FrontChannelLogoutURI:       client.FrontChannelLogoutURI,
		BackChannelLogoutURI:        client.BackChannelLogoutURI,
		SoftwareID:                  client.Properties[softwareIDProperty],
		SoftwareVersion:             client.Properties[softwareVersionProperty],
		RequirePushedAuthorization:  &client.RequirePushedAuthorization,
		DPoPBoundAccessTokens:       &client.RequireDPoP,
		RequireSignedRequestObject:  &client.RequireRequestObject,
	}
	if client.FrontChannelLogoutURI != "" {
		m.FrontChannelLogoutSession = &client.FrontChannelLogoutSessionRequired
	}
	if client.BackChannelLogoutURI != "" {
		m.BackChannelLogoutSession = &client.BackChannelLogoutSessionRequired
	}
	if m.ApplicationType == "" {
		m.ApplicationType = applicationWeb
	}
	m.ResponseTypes = responseTypesOf(client)
	if i := slices.Index(client.GrantTypes, grantHybrid); i >= 0 {
		m.GrantTypes = slices.Replace(slices.Clone(client.GrantTypes), i, i+1, grantAuthorizationCode, grantImplicit)
	}
	return m
}

func subjectTypeOf(client db.Client) string {
	if client.PairWiseSubjectSalt != "" {
		return subjectPairwise
	}
	return subjectPublic
}

// keySetOf returns the keys in the client's rows as a JWK Set, nil for none.
func keySetOf(client db.Client) json.RawMessage {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	for _, secret := range client.Secrets {
		if secret.Type == db.JSONWebKey && json.Valid([]byte(secret.Value)) {
			set.Keys = append(set.Keys, json.RawMessage(secret.Value))
		}
	}
	if len(set.Keys) == 0 {
		return nil
	}
	encoded, _ := json.Marshal(set) // made of JSON
	return encoded
}
