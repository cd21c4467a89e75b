package jwkset

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// MaxKeys is how many keys a client may register.
const MaxKeys = 20

// leastRSABits is the size of an RSA key that may sign (RFC 7518 §3.3).
const leastRSABits = 2048

// maxKeyLength is the width of the column ClientSecrets.Value, in bytes.
const maxKeyLength = 4000

// Parse returns the keys of a JWK Set for signatures, each as JSON. Keys for encryption are left out: nothing is encrypted here.
func Parse(encoded []byte) ([]string, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(encoded, &set); err != nil {
		return nil, fmt.Errorf("is not a JWK Set: %w", err)
	}
	var keys []string
	for i, encoded := range set.Keys {
		switch key, err := parseKey(encoded); {
		case err != nil:
			return nil, fmt.Errorf("key %d %w", i+1, err)
		case key != "":
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 || len(keys) > MaxKeys {
		return nil, fmt.Errorf("must have 1 to %d keys for signatures", MaxKeys)
	}
	return keys, nil
}

// ParseKey returns one key for signatures as JSON.
func ParseKey(encoded []byte) (string, error) {
	key, err := parseKey(encoded)
	if err == nil && key == "" {
		err = errors.New("is for encryption, and nothing is encrypted here")
	}
	return key, err
}

// errEncryption says that a key is not for signatures (RFC 7517 §4.2).
var errEncryption = errors.New("is for encryption")

// Check says why no signature of a client counts that the key would verify, nil when one may: the key is not public or not for
// signatures, or an RSA key that is too short.
func Check(key jose.JSONWebKey) error {
	switch rsaKey, isRSA := key.Key.(*rsa.PublicKey); {
	case !key.Valid() || !key.IsPublic(): // a private key that somebody has shown us is nobody's any more
		return errors.New("is not a public key")
	case key.Use == "enc":
		return errEncryption
	case isRSA && rsaKey.N.BitLen() < leastRSABits:
		return fmt.Errorf("is an RSA key of less than %d bits (RFC 7518 §3.3)", leastRSABits)
	}
	return nil
}

// parseKey returns "" for a key for encryption.
func parseKey(encoded []byte) (string, error) {
	var key jose.JSONWebKey
	if err := json.Unmarshal(encoded, &key); err != nil {
		return "", fmt.Errorf("is not a JWK: %w", err)
	}
	switch err := Check(key); {
	case errors.Is(err, errEncryption):
		return "", nil
	case err != nil:
		return "", err
	}
	text, err := key.MarshalJSON()
	if err != nil {
		return "", err
	}
	if len(text) > maxKeyLength {
		return "", fmt.Errorf("is longer than %d characters", maxKeyLength)
	}
	return string(text), nil
}
