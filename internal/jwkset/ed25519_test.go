package jwkset_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/dpop/dpoptest"
	"silentrenew/internal/jwkset"
)

// RFC 9864 §2.2 gives EdDSA with Ed25519 another name; it is the same signature by the same kind of key, and none by another.
func TestEd25519ByBothNames(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name     string
		signs    crypto.Signer
		alg      jose.SignatureAlgorithm
		verifies crypto.Signer
		want     bool
	}{
		{"EdDSA", ed, jose.EdDSA, ed, true},
		{"Ed25519", ed, jwkset.Ed25519, ed, true},
		{"Ed25519 of another key", stranger, jwkset.Ed25519, ed, false},
		{"Ed25519 and a P-256 key", ed, jwkset.Ed25519, ec, false},
		{"ES256", ec, jose.ES256, ec, true},
		{"ES256 and an Ed25519 key", ec, jose.ES256, ed, false},
	} {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: row.alg, Key: dpoptest.SigningKey(row.signs, row.alg)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Sign([]byte("a request"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jwkset.Ed25519})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsed.Verify(jwkset.Verifier(jose.JSONWebKey{Key: row.verifies.Public()})); (err == nil) != row.want {
			t.Errorf("%s: got %v, want it taken: %t", row.name, err, row.want)
		}
	}
	for _, other := range []string{"ES256", "none", ""} {
		if jwkset.SameAlgorithm(string(jwkset.Ed25519), other) || jwkset.SameAlgorithm(other, "EdDSA") {
			t.Errorf("%q is taken for Ed25519", other)
		}
	}
	if !jwkset.SameAlgorithm("EdDSA", "Ed25519") || !jwkset.SameAlgorithm("ES256", "ES256") {
		t.Error("one algorithm is taken for two")
	}
}
