// Package dpoptest makes DPoP proofs for tests, right ones and wrong ones.
package dpoptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/jwkset"
)

// Key is a client's key pair.
type Key struct {
	T       testing.TB
	Private any
	Public  jose.JSONWebKey
	Alg     jose.SignatureAlgorithm
}

// NewKey makes a key for the algorithm; RSA keys have the given bits, 2048 when none are given.
func NewKey(t testing.TB, alg jose.SignatureAlgorithm, bits ...int) Key {
	t.Helper()
	var private crypto.Signer
	var err error
	switch alg {
	case jose.EdDSA, jwkset.Ed25519:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case jose.RS256, jose.PS256:
		private, err = rsa.GenerateKey(rand.Reader, append(bits, 2048)[0])
	default:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Key{t, private, jose.JSONWebKey{Key: private.Public()}, alg}
}

// Thumbprint is what tokens bound to the key say of it (RFC 7638).
func (k Key) Thumbprint() string {
	k.T.Helper()
	sum, err := k.Public.Thumbprint(crypto.SHA256)
	if err != nil {
		k.T.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// Proof makes a proof for a request. Pairs of name and value change its claims, nil leaves one out.
func (k Key) Proof(method, url string, changes ...any) string {
	k.T.Helper()
	return k.Signed(map[string]any{"typ": "dpop+jwt", "jwk": k.Public}, Claims(method, url, changes...))
}

// ProofWith makes a proof that stands beside an access token.
func (k Key) ProofWith(token, method, url string, changes ...any) string {
	k.T.Helper()
	return k.Proof(method, url, append([]any{"ath", Hash(token)}, changes...)...)
}

// Claims are those of a proof.
func Claims(method, url string, changes ...any) map[string]any {
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": url, "iat": time.Now().Unix()}
	for i := 0; i+1 < len(changes); i += 2 {
		name := changes[i].(string)
		if claims[name] = changes[i+1]; changes[i+1] == nil {
			delete(claims, name)
		}
	}
	return claims
}

// Hash is ath: base64url of the SHA-256 of a token.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Signed signs any claims under any header.
func (k Key) Signed(header, claims map[string]any) string {
	k.T.Helper()
	options := &jose.SignerOptions{}
	for name, value := range header {
		options = options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Alg, Key: SigningKey(k.Private, k.Alg)}, options)
	if err != nil {
		k.T.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		k.T.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		k.T.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		k.T.Fatal(err)
	}
	return raw
}

// Unsigned is a JWT with alg none and the key in its header.
func (k Key) Unsigned(claims map[string]any) string {
	k.T.Helper()
	var parts [2]string
	for i, part := range []any{map[string]any{"typ": "dpop+jwt", "alg": "none", "jwk": k.Public}, claims} {
		encoded, err := json.Marshal(part)
		if err != nil {
			k.T.Fatal(err)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(encoded)
	}
	return parts[0] + "." + parts[1] + "."
}

// SignedOctets signs header and payload as they are, whatever they are (RFC 7515 §3.1): no library would. The key must be for ES256.
func (k Key) SignedOctets(header, payload string) string {
	k.T.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, k.Private.(*ecdsa.PrivateKey), sum[:])
	if err != nil {
		k.T.Fatal(err)
	}
	return input + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)) // RFC 7518 §3.4
}
