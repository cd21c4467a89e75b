package jwkset

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

const public = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`

// OIDC Registration §2: a JWK Set of public keys; what is for encryption is left out (RFC 7517 §4.2).
func TestParse(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip("this system makes no short keys: ", err)
	}
	encoded, err := json.Marshal(jose.JSONWebKey{Key: &short.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, set, want string
		keys            int
	}{
		{"two keys", `{"keys":[` + public + `},` + public + `,"kid":"two"}]}`, "", 2},
		{"one of them for encryption", `{"keys":[` + public + `},` + public + `,"use":"enc"}]}`, "", 1},
		{"all of them for encryption", `{"keys":[` + public + `,"use":"enc"}]}`, "must have 1 to 20 keys for signatures", 0},
		{"none", `{"keys":[]}`, "must have 1 to 20 keys", 0},
		{"too many", `{"keys":[` + strings.Repeat(public+`},`, 20) + public + `}]}`, "must have 1 to 20 keys", 0},
		{"no object", `[]`, "is not a JWK Set", 0},
		{"null for a key", `{"keys":[null]}`, "key 1 is not a JWK", 0},
		{"a private key", `{"keys":[` + public + `,"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}`, "key 1 is not a public key", 0},
		{"a symmetric key", `{"keys":[` + public + `},{"kty":"oct","k":"c2VjcmV0"}]}`, "key 2 is not a public key", 0},
		{"a point beside its curve", `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`, "key 1 is not a JWK", 0},
		{"RSA of 1024 bits (RFC 7518 §3.3)", fmt.Sprintf(`{"keys":[%s]}`, encoded), "key 1 is an RSA key of less than 2048 bits", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			keys, err := Parse([]byte(row.set))
			if len(keys) != row.keys || (err == nil) != (row.want == "") || err != nil && !strings.HasPrefix(err.Error(), row.want) {
				t.Errorf("got %d keys, %v; want %d, %q", len(keys), err, row.keys, row.want)
			}
		})
	}
	if _, err := ParseKey([]byte(public + `,"use":"enc"}`)); err == nil {
		t.Error("a key for encryption was taken alone")
	}
}

// FuzzParse: what is kept of a set may verify a client's signatures, is no secret, and is read the same when it is read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"keys":[` + public + `}]}`, `{"keys":[` + public + `,"use":"enc"}]}`, `{"keys":[` + public + `,"d":"AA"}]}`, `{"keys":[{"kty":"oct","k":"AA"}]}`, `{"keys":[null]}`, `{}`, `[]`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`, `{"keys":[` + public + `,"x5c":["AA"]}]}`, `{"keys":[` + public + `,"kid":"\u0000"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		keys, err := Parse(encoded)
		if (err == nil) != (len(keys) > 0) || len(keys) > MaxKeys {
			t.Fatalf("%q: %d keys, %v", encoded, len(keys), err)
		}
		for _, text := range keys {
			var key jose.JSONWebKey
			if err := json.Unmarshal([]byte(text), &key); err != nil || Check(key) != nil || len(text) > maxKeyLength {
				t.Errorf("%q: kept %s: %v, %v", encoded, text, err, Check(key))
			}
			if again, err := ParseKey([]byte(text)); err != nil || again != text {
				t.Errorf("%q: %s became %s, %v", encoded, text, again, err)
			}
		}
	})
}
