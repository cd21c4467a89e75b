package idp

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// sign returns the claims as a JWT of the given type, signed with the current key of the algorithm (RFC 7519 §7.1).
func (k *keys) sign(ctx context.Context, algorithm jose.SignatureAlgorithm, typ jose.ContentType, claims map[string]any) (string, error) {
	set, err := k.fresh(ctx, keysReload)
	if err != nil {
		return "", err
	}
	key := set.signer(algorithm, time.Now())
	if key == nil {
		return "", fmt.Errorf("no key for %s", algorithm)
	}
	if err := k.covers(ctx, key, lifetimeOf(claims)); err != nil {
		return "", err
	}
	signer, err := key.signer(typ)
	if err != nil {
		return "", fmt.Errorf("signer for %s: %w", key.KeyID, err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", key.KeyID, err)
	}
	token, err := signed.CompactSerialize()
	if err == nil {
		k.known.add(token, knownToken{key.KeyID, typ, payload})
	}
	return token, err
}

// signer returns what signs tokens of the type with the key; it is made once.
func (key *signingKey) signer(typ jose.ContentType) (jose.Signer, error) {
	if made, ok := key.signers.Load(typ); ok {
		return made.(jose.Signer), nil
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: key.algorithm, Key: key.JSONWebKey}, (&jose.SignerOptions{}).WithType(typ))
	if err == nil {
		key.signers.Store(typ, signer)
	}
	return signer, err
}

// lifetimeOf is how long a token with these claims will live, 0 when they do not say. Everything we sign says it in whole seconds.
func lifetimeOf(claims map[string]any) time.Duration {
	expires, _ := claims["exp"].(int64)
	return time.Until(time.Unix(expires, 0))
}

// verify checks the signature of a JWT of the given type against our own keys and returns its claims as they were signed,
// for reading only. The header chooses the key by kid only; the algorithm is the key's, whatever the header says (RFC 8725 §3.1), and the type keeps an access
// token from passing for an ID token (RFC 8725 §3.11). It does not look at any claim.
func (k *keys) verify(ctx context.Context, token string, typ jose.ContentType) (claims []byte, err error) {
	set, err := k.fresh(ctx, keysReload)
	if err != nil {
		return nil, err
	}
	if known, found := k.known.find(token, typ, set); found {
		return known.payload, nil
	}
	parsed, err := jwt.ParseSigned(token, signatureAlgorithms)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	header := parsed.Headers[0]
	key, err := k.find(ctx, header.KeyID)
	switch {
	case err != nil:
		return nil, err
	case key == nil:
		return nil, fmt.Errorf("kid %q is not one of our keys", header.KeyID)
	case header.Algorithm != string(key.algorithm):
		return nil, fmt.Errorf("alg %s does not belong to key %s", header.Algorithm, key.KeyID)
	case header.ExtraHeaders[jose.HeaderType] != string(typ):
		return nil, fmt.Errorf("typ %v is not %s", header.ExtraHeaders[jose.HeaderType], typ)
	}
	var payload json.RawMessage
	if err := parsed.Claims(key.Public(), &payload); err != nil {
		return nil, fmt.Errorf("signature of %s: %w", key.KeyID, err)
	}
	k.known.add(token, knownToken{key.KeyID, typ, payload})
	return payload, nil
}
