package seal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// keyBytes is the length of a key: that of A256GCM (RFC 7518 §5.3).
const keyBytes = 32

// purposeHeader is the header parameter, ours, that ties a sealed value to where it belongs.
const purposeHeader = "for"

// Why a sealed value does not open.
var (
	ErrNoKey    = errors.New("is encrypted, and no key to open it was given")
	ErrWrongKey = errors.New("is encrypted with another key than the ones given, or was altered")
)

// Sealer seals with one key and opens with several. Nil is usable and seals nothing. Safe for concurrent use.
type Sealer struct{ keys [][]byte }

// New returns a sealer for keys of 32 bytes in base64, base64url or hex: the current one first, then those that are only to
// open what they have sealed. Without any it returns nil. An error names a key by its position and never shows it.
func New(keys ...string) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	s := new(Sealer)
	for i, text := range keys {
		key, err := parseKey(text)
		if err != nil {
			return nil, fmt.Errorf("encryption key %d of %d %w", i+1, len(keys), err)
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

func parseKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if key, err := decode(text); err == nil && len(key) == keyBytes {
			return key, nil
		}
	}
	return nil, fmt.Errorf("must be %d random bytes in base64 or hex, such as \"openssl rand -base64 %d\" prints", keyBytes, keyBytes)
}

// Active reports whether values are encrypted at all.
func (s *Sealer) Active() bool { return s != nil }

// Seal encrypts a value for a purpose, such as "Keys/" and the kid. Without a key it returns the value as it is.
func (s *Sealer) Seal(purpose, value string) (string, error) {
	if s == nil {
		return value, nil
	}
	options := (&jose.EncrypterOptions{}).WithHeader(purposeHeader, purpose)
	encrypter, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: s.keys[0]}, options)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	sealed, err := encrypter.Encrypt([]byte(value))
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return sealed.CompactSerialize()
}

// Open returns the value behind a text that Seal made for this purpose. A text that is not sealed is returned as it is: it was
// stored before there was a key. Current is false when it should be sealed anew, because it is not, or by an older key.
// The error wraps [ErrNoKey] or [ErrWrongKey] and never quotes the text.
func (s *Sealer) Open(purpose, text string) (value string, current bool, err error) {
	sealed, ok := parse(text)
	if !ok {
		return text, s == nil, nil
	}
	if s == nil {
		return "", false, ErrNoKey
	}
	if sealed.Header.ExtraHeaders[purposeHeader] != purpose {
		return "", false, ErrWrongKey
	}
	for i, key := range s.keys {
		if opened, err := sealed.Decrypt(key); err == nil {
			return string(opened), i == 0, nil
		}
	}
	return "", false, ErrWrongKey
}

// Sealed reports whether a text is sealed, by whatever key.
func Sealed(text string) bool {
	_, ok := parse(text)
	return ok
}

// parse takes a compact JWE of our kind and nothing else. The header cannot choose another algorithm (RFC 8725 §3.1).
func parse(text string) (*jose.JSONWebEncryption, bool) {
	sealed, err := jose.ParseEncryptedCompact(text, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return nil, false
	}
	_, ours := sealed.Header.ExtraHeaders[purposeHeader]
	return sealed, ours
}
