package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
)

// authPrivateKeyJWT is the method of a client that signs an assertion with a key only it has (OIDC Core §9, RFC 7523 §2.2).
// There is no client_secret_jwt: checking one takes the secret in clear, and we have its hash.
const authPrivateKeyJWT = "private_key_jwt"

// assertionTypeJWT is the only value of client_assertion_type we know (RFC 7523 §2.2).
const assertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// jsonWebKey is the value of ClientSecrets.Type whose Value is a public key as a JWK (RFC 7517 §4).
const jsonWebKey = "JsonWebKey"

const (
	maxAssertionLength = 8000             // bytes
	maxAssertionAge    = time.Hour        // exp may be as far ahead; as long it has to be remembered
	assertionLeeway    = 30 * time.Second // by which a client's clock may be ahead of ours
)

// assertionAlgorithms are those a client may sign with, its requests as well. No HMAC is among them, so nobody can sign with a public key.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

// assertionClaims are what a client says about itself (RFC 7523 §3).
type assertionClaims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  jwt.Audience     `json:"aud"`
	ID        string           `json:"jti"`
	Expires   *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
}

// readAssertion finds out which client an assertion is from. Nothing in it is believed yet.
func readAssertion(assertionType, assertion, clientID string) (clientCredentials, error) {
	switch {
	case assertionType != assertionTypeJWT:
		return clientCredentials{}, refuse(InvalidClient, "client_assertion_type must be %s", assertionTypeJWT)
	case assertion == "" || len(assertion) > maxAssertionLength:
		return clientCredentials{}, refuse(InvalidClient, "client_assertion must have 1 to %d characters", maxAssertionLength)
	}
	var claims assertionClaims
	parsed, err := jwt.ParseSigned(assertion, assertionAlgorithms)
	if err == nil {
		err = parsed.UnsafeClaimsWithoutVerification(&claims)
	}
	if err != nil {
		refused := refuse(InvalidClient, "client_assertion is not a JWT signed with RS256, PS256, ES256 or EdDSA")
		refused.cause = err
		return clientCredentials{}, refused
	}
	if clientID != "" && clientID != claims.Subject { // RFC 7521 §4.2
		return clientCredentials{}, refuse(InvalidClient, "client_id is not the sub of client_assertion")
	}
	return clientCredentials{ClientID: claims.Subject, Assertion: assertion, Method: authPrivateKeyJWT}, nil
}

// checkAssertion verifies an assertion with the keys of the client's row and takes it once (RFC 7523 §3, OIDC Core §9).
func (p *Provider) checkAssertion(ctx context.Context, client db.Client, assertion string) error {
	now := time.Now()
	claims, err := verifyAssertion(client.Secrets, assertion, now)
	if err != nil {
		refused := refuse(InvalidClient, "client authentication failed")
		refused.cause = err
		return refused
	}
	switch {
	case claims.Issuer != client.ClientID || claims.Subject != client.ClientID:
		return refuse(InvalidClient, "iss and sub of client_assertion must be the client_id")
	case len(claims.Audience) != 1 || claims.Audience[0] != p.issuer: // one value, or it could be passed on to another server
		return refuse(InvalidClient, "aud of client_assertion must be the issuer %s and nothing else", p.issuer)
	case claims.Expires == nil || !now.Before(claims.Expires.Time()):
		return refuse(InvalidClient, "exp of client_assertion is missing or over")
	case claims.Expires.Time().After(now.Add(maxAssertionAge)):
		return refuse(InvalidClient, "exp of client_assertion must be within %s", maxAssertionAge)
	case claims.NotBefore != nil && claims.NotBefore.Time().After(now.Add(assertionLeeway)),
		claims.IssuedAt != nil && claims.IssuedAt.Time().After(now.Add(assertionLeeway)):
		return refuse(InvalidClient, "nbf or iat of client_assertion is in the future")
	case claims.ID == "":
		return refuse(InvalidClient, "jti of client_assertion is missing (OIDC Core section 9)")
	}
	first, err := p.db.UseOnce(ctx, "assertion", client.ClientID+"\n"+claims.ID, claims.Expires.Time())
	if err == nil && !first {
		err = refuse(InvalidClient, "client_assertion was used before")
	}
	return err
}

// verifyAssertion returns the claims when one of the stored keys that has not expired made the signature.
func verifyAssertion(stored []db.ClientSecret, assertion string, now time.Time) (assertionClaims, error) {
	var claims assertionClaims
	parsed, err := jwt.ParseSigned(assertion, assertionAlgorithms)
	if err != nil {
		return claims, err
	}
	header := parsed.Headers[0]
	for _, secret := range stored {
		if secret.Type != jsonWebKey || secret.Expiration != nil && !now.Before(*secret.Expiration) {
			continue
		}
		var key jose.JSONWebKey
		if err := json.Unmarshal([]byte(secret.Value), &key); err != nil {
			return claims, fmt.Errorf("a key in the client's row: %w", err)
		}
		public := key.Public()
		switch {
		case !public.Valid(): // a symmetric key is no key here
		case header.KeyID != "" && key.KeyID != "" && header.KeyID != key.KeyID:
		case key.Algorithm != "" && header.Algorithm != key.Algorithm: // RFC 8725 §3.1
		case parsed.Claims(public, &claims) == nil:
			return claims, nil
		}
	}
	return claims, errors.New("no live key of the client's row made the signature")
}
