package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hash of key identifiers
	"encoding/base64"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms are the ones we sign and verify with. Neither "none" nor an HMAC is among them, so an unsigned token, or one
// signed with a public key taken for a shared secret, cannot pass (RFC 8725 §2.1, §3.1).
var Algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.PS256, jose.EdDSA}

const rsaBits = 2048

// Generate returns a new private key whose kid is its thumbprint (RFC 7638).
func Generate(algorithm jose.SignatureAlgorithm) (jose.JSONWebKey, error) {
	key := jose.JSONWebKey{Algorithm: string(algorithm), Use: "sig"}
	var err error
	switch algorithm {
	case jose.RS256, jose.PS256: // each its own key: one key, one algorithm (RFC 8725 §3.1)
		key.Key, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.ES256:
		key.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, key.Key, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = errors.New("unknown algorithm")
	}
	if err != nil {
		return key, err
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return key, err
}
