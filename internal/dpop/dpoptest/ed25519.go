package dpoptest

import (
	"crypto/ed25519"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/jwkset"
)

// SigningKey returns what go-jose is to sign with by the key. It does not write Ed25519, the newer name of EdDSA (RFC 9864 §2.2).
func SigningKey(private any, alg jose.SignatureAlgorithm) any {
	if key, ok := private.(ed25519.PrivateKey); ok && alg == jwkset.Ed25519 {
		return ed25519Signer(key)
	}
	return private
}

// ed25519Signer is a [jose.OpaqueSigner].
type ed25519Signer ed25519.PrivateKey

func (s ed25519Signer) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: ed25519.PrivateKey(s).Public()}
}

func (s ed25519Signer) Algs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jwkset.Ed25519}
}

func (s ed25519Signer) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return ed25519.Sign(ed25519.PrivateKey(s), payload), nil
}
