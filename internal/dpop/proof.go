package dpop

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // the hash of thumbprints and of ath
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/internal/jwkset"
)

// Algorithms are those a proof may be signed with: asymmetric ones only, and never "none" (RFC 9449 §4.3). RS256 is not among
// them: a proof brings its own key, so nothing else would say that the key is for PS256 only (RFC 8725 §3.1, FAPI 2.0 §5.4.1).
var Algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA, jwkset.Ed25519}

// AlgorithmNames lists them as a challenge does (RFC 9449 §7.1).
func AlgorithmNames() string {
	var names []string
	for _, algorithm := range Algorithms {
		names = append(names, string(algorithm))
	}
	return strings.Join(names, " ")
}

// proofType is the only value of typ a proof may have (RFC 9449 §4.2).
const proofType = "dpop+jwt"

const (
	maxProof = 6000 // bytes; one with an RSA key of 4096 bits has about 2500
	maxJTI   = 300  // characters
	minRSA   = 2048 // bits
	maxRSA   = 4096 // bits; checking a signature must not cost more than making a request
)

// proof is a JWT whose form and signature are right. What it says has not been compared with anything yet.
type proof struct {
	thumbprint string // of its key (RFC 7638)
	claims     claims
}

// claims are what a proof says (RFC 9449 §4.2). Times are seconds since the epoch (RFC 7519 §2).
type claims struct {
	ID         string           `json:"jti"`
	Method     string           `json:"htm"`
	Target     string           `json:"htu"`
	IssuedAt   *jwt.NumericDate `json:"iat"`
	Expires    *jwt.NumericDate `json:"exp"`
	NotBefore  *jwt.NumericDate `json:"nbf"`
	Nonce      string           `json:"nonce"`
	AccessHash string           `json:"ath"`
}

// parse checks what can be said about a proof without knowing the request (RFC 9449 §4.3, items 2 to 7): a well-formed JWT of
// the right type, signed with an asymmetric algorithm by the key in its own header, which must be a public one. Claims are
// read only after the signature has been checked.
func parse(raw string) (proof, error) {
	if len(raw) > maxProof {
		return proof{}, fmt.Errorf("it is longer than %d bytes", maxProof)
	}
	token, err := jwt.ParseSigned(raw, Algorithms) // refuses an embedded key that is private or symmetric
	if err != nil {
		return proof{}, errors.New("it must be a JWT with the public key as jwk, signed with one of " + AlgorithmNames())
	}
	header := token.Headers[0]
	_, plain := header.ExtraHeaders["b64"] // a JWT has its payload encoded (RFC 7797 §7)
	switch {
	case header.ExtraHeaders[jose.HeaderType] != proofType:
		return proof{}, errors.New("its typ must be " + proofType)
	case plain:
		return proof{}, errors.New("its header must not have b64")
	case header.JSONWebKey == nil || !header.JSONWebKey.IsPublic():
		return proof{}, errors.New("its header must hold the public key as jwk")
	}
	if err := keyFits(header.JSONWebKey); err != nil {
		return proof{}, err
	}
	var said claims
	if err := token.Claims(jwkset.Verifier(*header.JSONWebKey), &said); err != nil {
		return proof{}, errors.New("its signature or a claim is wrong")
	}
	thumbprint, err := header.JSONWebKey.Thumbprint(crypto.SHA256)
	if err != nil {
		return proof{}, errors.New("its key has no thumbprint")
	}
	return proof{base64.RawURLEncoding.EncodeToString(thumbprint), said}, said.complete()
}

// keyFits bounds the size of RSA keys from both sides.
func keyFits(key *jose.JSONWebKey) error {
	if public, ok := key.Key.(*rsa.PublicKey); ok && (public.N.BitLen() < minRSA || public.N.BitLen() > maxRSA) {
		return fmt.Errorf("its RSA key must have %d to %d bits", minRSA, maxRSA)
	}
	return nil
}

// complete wants the claims every proof must have (RFC 9449 §4.2).
func (c claims) complete() error {
	switch {
	case c.ID == "" || len(c.ID) > maxJTI:
		return fmt.Errorf("its jti must have 1 to %d characters", maxJTI)
	case c.Method == "":
		return errors.New("its htm is missing")
	case c.Target == "":
		return errors.New("its htu is missing")
	case c.IssuedAt == nil:
		return errors.New("its iat is missing")
	}
	return nil
}

// What a client's clock may be off by. FAPI 2.0 wants 10 seconds ahead accepted and 60 refused.
const (
	Age   = time.Minute      // how long a proof counts
	Ahead = 30 * time.Second // how far in the future it may have been made
)

// fresh compares the times of a proof with now. When it was made says its iat, or a nonce: then the client's clock does not
// matter (RFC 9449 §4.3 item 11, §11.1).
func (c claims) fresh(now time.Time, byNonce bool) error {
	made := c.IssuedAt.Time()
	switch {
	case !byNonce && made.After(now.Add(Ahead)):
		return errors.New("its iat is in the future")
	case !byNonce && made.Before(now.Add(-Age)):
		return fmt.Errorf("its iat is more than %v ago", Age)
	case !byNonce && c.Expires != nil && !now.Before(c.Expires.Time()): // not asked for, but a JWT that says so means it (RFC 7519 §4.1.4)
		return errors.New("its exp is over")
	case !byNonce && c.NotBefore != nil && c.NotBefore.Time().After(now.Add(Ahead)):
		return errors.New("its nbf is in the future")
	}
	return nil
}
