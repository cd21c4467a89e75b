package idp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
	"silentrenew/internal/jwkset"
)

// Methods of a client that signs an assertion (OIDC Core §9, RFC 7523 §2.2): with a key only it has, or with a secret that we
// have too and must be able to read, see recoverableSecret.
const (
	authPrivateKeyJWT   = "private_key_jwt"
	authClientSecretJWT = "client_secret_jwt"
)

// assertionTypeJWT is the only value of client_assertion_type we know (RFC 7523 §2.2).
const assertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// recoverableSecret is a value of ClientSecrets.Type. It says that Value is a secret that can be read again: sealed where the provider has an encryption key,
// in clear where it has none. Checking an HMAC takes the secret itself, so no hash will do (decision 0023). Such a secret
// is for client_secret_jwt and opens nothing else.
const recoverableSecret = "RecoverableSecret"

const (
	maxAssertionLength = 8000             // bytes
	maxAssertionAge    = time.Hour        // exp may be as far ahead; as long it has to be remembered
	assertionLeeway    = 30 * time.Second // by which a client's clock may be ahead of ours
)

// Algorithms of assertions. A client's requests and private_key_jwt take the asymmetric ones, so nobody can sign with a public
// key; client_secret_jwt takes the others, and for them no public key is looked at (RFC 8725 §2.1, §3.1).
var (
	assertionAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA, jwkset.Ed25519}
	hmacAlgorithms      = []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
	clientAlgorithms    = slices.Concat(assertionAlgorithms, hmacAlgorithms)
)

// assertionTypes are the values of typ an assertion may have; what the same key signs for another purpose has another typ
// (RFC 8725 §3.11).
var assertionTypes = []any{nil, "JWT", "jwt", "client-authentication+jwt"}

// assertionClaims are what a client says about itself (RFC 7523 §3).
type assertionClaims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  any              `json:"aud"`
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
	parsed, err := jwt.ParseSigned(assertion, clientAlgorithms)
	if err == nil {
		err = parsed.UnsafeClaimsWithoutVerification(&claims)
	}
	if err != nil {
		refused := refuse(InvalidClient, "client_assertion is not a JWT signed with one of %v", clientAlgorithms)
		refused.cause = err
		return clientCredentials{}, refused
	}
	if clientID != "" && clientID != claims.Subject { // RFC 7521 §4.2
		return clientCredentials{}, refuse(InvalidClient, "client_id is not the sub of client_assertion")
	}
	method := authPrivateKeyJWT
	if isHMAC(parsed.Headers[0]) {
		method = authClientSecretJWT
	}
	return clientCredentials{ClientID: claims.Subject, Assertion: assertion, Method: method}, nil
}

func isHMAC(header jose.Header) bool {
	return slices.Contains(hmacAlgorithms, jose.SignatureAlgorithm(header.Algorithm))
}

// checkAssertion verifies an assertion with what the client's row knows and takes it once (RFC 7523 §3, OIDC Core §9).
func (p *Provider) checkAssertion(ctx context.Context, client db.Client, assertion string) error {
	claims, err := p.verifyAssertion(ctx, client, assertion)
	if err != nil {
		return err
	}
	now := time.Now()
	switch {
	case claims.Issuer != client.ClientID || claims.Subject != client.ClientID:
		return refuse(InvalidClient, "iss and sub of client_assertion must be the client_id")
	case !p.isAudience(client, claims.Audience):
		return p.otherAudience(client)
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

// assertionAudienceProperty is a client's row in ClientProperties; tokenEndpointAudience as its value lets the client name us by an address in
// its assertions, as OIDC Core §9 and RFC 9126 §2 tell it to. Without the row it has to name the issuer (decision 0023).
const (
	assertionAudienceProperty = "assertion_audience"
	tokenEndpointAudience     = "token_endpoint"
)

// isAudience reports whether an assertion of the client that names this audience is meant for us and for nobody else: another server that is
// named too could pass it on. A list is refused, where the row does not say otherwise, even when we are all there is in it (FAPI 2.0 §5.3.2.1);
// with the row it counts as long as every member is ours (decision 0048).
func (p *Provider) isAudience(client db.Client, audience any) bool {
	if client.Properties[assertionAudienceProperty] != tokenEndpointAudience {
		return audience == p.issuer
	}
	named, isList := audience.([]any)
	if !isList {
		named = []any{audience}
	}
	ours := []any{p.issuer, p.url("/connect/token"), p.url("/connect/par")}
	return len(named) > 0 && !slices.ContainsFunc(named, func(one any) bool { return !slices.Contains(ours, one) })
}

// otherAudience says which audience is wanted, and to whom it helps by which row: libraries that go by OIDC Core §9 cannot all be told.
func (p *Provider) otherAudience(client db.Client) *Error {
	if client.Properties[assertionAudienceProperty] == tokenEndpointAudience {
		return refuse(InvalidClient, "aud of client_assertion must be the issuer %s or the address of its token or pushed authorization request endpoint, and nobody else", p.issuer)
	}
	return refuse(InvalidClient, "aud of client_assertion must be the issuer %s, as text and not in a list, unless the client has the property %s=%s",
		p.issuer, assertionAudienceProperty, tokenEndpointAudience)
}

// verifyAssertion returns the claims when a live key or secret of the client made the signature.
func (p *Provider) verifyAssertion(ctx context.Context, client db.Client, assertion string) (assertionClaims, error) {
	var claims assertionClaims
	refused := refuse(InvalidClient, "client authentication failed")
	parsed, err := jwt.ParseSigned(assertion, clientAlgorithms)
	if err != nil {
		refused.cause = err
		return claims, refused
	}
	header := parsed.Headers[0]
	if !slices.Contains(assertionTypes, header.ExtraHeaders[jose.HeaderType]) {
		return claims, refuse(InvalidClient, "typ of client_assertion is not that of a client assertion")
	}
	if only := client.TokenEndpointAuthSigningAlg; only != "" && !jwkset.SameAlgorithm(only, header.Algorithm) { // OIDC Registration §2
		return claims, refuse(InvalidClient, "client_assertion must be signed with %s, as client %s has registered", only, client.ClientID)
	}
	if isHMAC(header) {
		err := p.verifyHMAC(ctx, client, parsed, &claims)
		return claims, err
	}
	keys, err := p.clientKeys(ctx, client, header.KeyID)
	for _, key := range keys {
		if fits(key, header) && parsed.Claims(jwkset.Verifier(key), &claims) == nil {
			return claims, nil
		}
	}
	if err != nil {
		return claims, err
	}
	refused.cause = errors.New("no live key of the client made the signature")
	return claims, refused
}

// verifyHMAC checks a signature with the client's recoverable secrets.
func (p *Provider) verifyHMAC(ctx context.Context, client db.Client, parsed *jwt.JSONWebToken, claims *assertionClaims) error {
	refused := refuse(InvalidClient, "client authentication failed")
	refused.cause = fmt.Errorf("no live %s of the client made the signature; a hashed secret cannot check an HMAC", recoverableSecret)
	now := time.Now()
	for _, row := range client.Secrets {
		if row.Type != recoverableSecret || row.Expiration != nil && !now.Before(*row.Expiration) {
			continue
		}
		secret, current, err := p.openSecret(client, row)
		if err == nil {
			err = parsed.Claims([]byte(secret), claims) // refuses a secret shorter than the hash (RFC 7518 §3.2)
		}
		if err == nil && !current {
			return p.sealSecret(ctx, client, row, secret)
		}
		if err == nil {
			return nil
		}
		refused.cause = err
	}
	return refused
}

// openSecret reads a recoverable secret. It is not current when it should be sealed anew: it lies in the database in clear, or
// under an older key. Where there is no key to seal with, that is told, once per client and process.
func (p *Provider) openSecret(client db.Client, row db.ClientSecret) (secret string, current bool, err error) {
	secret, current, err = p.sealer.Open(secretPurpose(client.ClientID), row.Value)
	if err != nil {
		return "", false, fmt.Errorf("a secret of the client's row %w", err)
	}
	if _, told := p.inClear.LoadOrStore(client.ClientID, true); !told && !p.sealer.Active() {
		slog.Warn("a client's secret can be read by whoever has the database: give the provider an encryption key",
			"client_id", client.ClientID, "type", recoverableSecret)
	}
	return secret, current, nil
}

// sealSecret stores a secret sealed with the key of today.
func (p *Provider) sealSecret(ctx context.Context, client db.Client, row db.ClientSecret, secret string) error {
	sealed, err := p.sealer.Seal(secretPurpose(client.ClientID), secret)
	if err != nil {
		return err
	}
	return p.db.ReplaceClientSecret(ctx, client.ClientID, row, sealed)
}

// secretPurpose is what a recoverable secret is sealed for, so that it does not open in the row of another client.
func secretPurpose(clientID string) string { return "ClientSecrets/" + clientID }
