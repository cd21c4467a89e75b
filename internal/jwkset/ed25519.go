package jwkset

import (
	"crypto/ed25519"

	"github.com/go-jose/go-jose/v4"
)

// Ed25519 is what RFC 9864 §2.2 calls the algorithm that RFC 8037 §3.1 named EdDSA for two curves at once. Newer libraries write no
// other name, older ones do not know it, and go-jose neither; it is one algorithm, for one kind of key.
const Ed25519 jose.SignatureAlgorithm = "Ed25519"

// SameAlgorithm reports whether two values of alg mean the same algorithm.
func SameAlgorithm(one, other string) bool {
	return one == other || isEd25519(one) && isEd25519(other)
}

func isEd25519(alg string) bool { return alg == string(Ed25519) || alg == string(jose.EdDSA) }

// Verifier returns what go-jose is to check a signature of the key's owner with.
func Verifier(key jose.JSONWebKey) any {
	if public, ok := key.Key.(ed25519.PublicKey); ok && len(public) == ed25519.PublicKeySize {
		return ed25519Verifier(public)
	}
	return key
}

// ed25519Verifier is a [jose.OpaqueVerifier] that knows both names of its algorithm.
type ed25519Verifier ed25519.PublicKey

// VerifyPayload checks a signature (RFC 8032 §5.1.7).
func (v ed25519Verifier) VerifyPayload(payload, signature []byte, alg jose.SignatureAlgorithm) error {
	if !isEd25519(string(alg)) {
		return jose.ErrUnsupportedAlgorithm
	}
	if !ed25519.Verify(ed25519.PublicKey(v), payload, signature) {
		return jose.ErrCryptoFailure
	}
	return nil
}
