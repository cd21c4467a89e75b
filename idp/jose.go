package idp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	jwa "github.com/golang-jwt/jwt/v5" // its signing methods are the algorithms of RFC 7518 §3
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
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	token, err := key.sign(typ, payload)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", key.KeyID, err)
	}
	k.known.add(token, knownToken{key.KeyID, typ, payload})
	return token, nil
}

// sign returns the payload as a JWS in the compact serialization (RFC 7515 §3.1): header, payload and signature.
func (key *signingKey) sign(typ jose.ContentType, payload []byte) (string, error) {
	header, err := key.header(typ)
	if err != nil {
		return "", err
	}
	input := header + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := jwa.GetSigningMethod(string(key.algorithm)).Sign(input, key.Key)
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// header returns the header of tokens of the type. It is the same for all of them, so it is encoded once.
func (key *signingKey) header(typ jose.ContentType) (string, error) {
	if made, ok := key.headers.Load(typ); ok {
		return made.(string), nil
	}
	encoded, err := json.Marshal(map[string]string{"alg": string(key.algorithm), "kid": key.KeyID, "typ": string(typ)})
	header := base64.RawURLEncoding.EncodeToString(encoded)
	if err == nil {
		key.headers.Store(typ, header)
	}
	return header, err
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
