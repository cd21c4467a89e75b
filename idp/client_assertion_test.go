package idp

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/dpop/dpoptest"
	"silentrenew/internal/jwkset"
	"silentrenew/internal/seal"
)

// signer is a client's key pair.
type signer struct {
	t      testing.TB
	key    any
	public string // as a JWK
	alg    jose.SignatureAlgorithm
}

// kid is that of the public key.
func (s signer) kid() string {
	var key struct{ Kid string }
	_ = json.Unmarshal([]byte(s.public), &key) // a secret has none
	return key.Kid
}

// named returns the same key under another kid.
func (s signer) named(kid string) signer {
	s.public = strings.Replace(s.public, "key-1", kid, 1)
	return s
}

func newSigner(t testing.TB, alg jose.SignatureAlgorithm) signer {
	t.Helper()
	var private, public any
	switch alg {
	case jose.EdDSA, jwkset.Ed25519:
		pub, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		private, public = key, pub
	default:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		private, public = key, key.Public()
	}
	jwk, err := json.Marshal(jose.JSONWebKey{Key: public, KeyID: "key-1"})
	if err != nil {
		t.Fatal(err)
	}
	return signer{t: t, key: private, public: string(jwk), alg: alg}
}

// assertion signs what a client should say, with the given changes; nil leaves a claim out.
func (s signer) assertion(changes map[string]any) string { s.t.Helper(); return s.typed("", changes) }

// typed is assertion with a typ in the header.
func (s signer) typed(typ string, changes map[string]any) string {
	s.t.Helper()
	claims := map[string]any{"iss": "robot", "sub": "robot", "aud": testIssuer, "jti": rand.Text(), "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix()}
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: jose.JSONWebKey{Key: dpoptest.SigningKey(s.key, s.alg), KeyID: s.kid()}}, options)
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := jwt.Signed(made).Claims(claims).Serialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func assertionForm(assertion string, pairs ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {assertionTypeJWT}, "client_assertion": {assertion}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func (s *site) addRobot(keys ...signer) {
	s.t.Helper()
	s.addClient("robot", func(c *db.Client) {
		c.GrantTypes, c.RedirectURIs, c.RequireClientSecret = []string{grantClientCredentials}, nil, true
		for _, key := range keys {
			c.Secrets = append(c.Secrets, db.ClientSecret{Type: db.JSONWebKey, Value: key.public})
		}
	})
}

func TestI22PrivateKeyJWT(t *testing.T) {
	s := newSite(t)
	ec, ed, stranger := newSigner(t, jose.ES256), newSigner(t, jose.EdDSA), newSigner(t, jose.ES256)
	s.addRobot(ec, ed)
	renamed := ed
	renamed.alg = jwkset.Ed25519
	hmac := signer{t: t, key: []byte(ec.public + "........................"), alg: jose.HS256} // the public key as a secret
	now := time.Now()
	for _, row := range []struct {
		name   string
		form   url.Values
		status int
		want   Code // "" = tokens
	}{
		{"ES256", assertionForm(ec.assertion(nil)), 200, ""},
		{"EdDSA", assertionForm(ed.assertion(nil)), 200, ""},
		{"Ed25519 (RFC 9864 §2.2)", assertionForm(renamed.assertion(nil)), 200, ""},
		{"with the client_id beside it", assertionForm(ec.assertion(nil), "client_id", "robot"), 200, ""},
		{"another client_id (RFC 7521 §4.2)", assertionForm(ec.assertion(nil), "client_id", "spa-client"), 401, InvalidClient},
		{"a key nobody registered", assertionForm(stranger.assertion(nil)), 401, InvalidClient},
		{"HS256 with the public key (RFC 8725 §2.1)", assertionForm(hmac.assertion(nil)), 401, InvalidClient},
		{"typ of its own (RFC 7523bis)", assertionForm(ec.typed("client-authentication+jwt", nil)), 200, ""},
		{"typ of an access token (RFC 8725 §3.11)", assertionForm(ec.typed("at+jwt", nil)), 401, InvalidClient},
		{"typ of a DPoP proof", assertionForm(ec.typed("dpop+jwt", nil)), 401, InvalidClient},
		{"typ of a request object", assertionForm(ec.typed("oauth-authz-req+jwt", nil)), 401, InvalidClient},
		{"no JWT", assertionForm("a.b.c"), 401, InvalidClient},
		{"empty", assertionForm(""), 401, InvalidClient},
		{"an unknown type", assertionForm(ec.assertion(nil), "client_assertion_type", "urn:example:saml"), 401, InvalidClient},
		{"no iss (RFC 7523 §3)", assertionForm(ec.assertion(map[string]any{"iss": nil})), 401, InvalidClient},
		{"no sub (RFC 7523 §3)", assertionForm(ec.assertion(map[string]any{"sub": nil})), 401, InvalidClient},
		{"no sub, but the client_id beside it", assertionForm(ec.assertion(map[string]any{"sub": nil}), "client_id", "robot"), 401, InvalidClient},
		{"sub of another client", assertionForm(ec.assertion(map[string]any{"sub": "spa-client"})), 401, InvalidClient},
		{"iss of another client (RFC 7523 §3)", assertionForm(ec.assertion(map[string]any{"iss": "spa-client"})), 401, InvalidClient},
		{"aud of another server", assertionForm(ec.assertion(map[string]any{"aud": "https://example.com"})), 401, InvalidClient},
		{"aud as a list of one (FAPI 2.0 §5.3.2.1)", assertionForm(ec.assertion(map[string]any{"aud": []string{testIssuer}})), 401, InvalidClient},
		{"aud is a number", assertionForm(ec.assertion(map[string]any{"aud": 1})), 401, InvalidClient},
		{"aud of two servers", assertionForm(ec.assertion(map[string]any{"aud": []string{testIssuer, "https://example.com"}})), 401, InvalidClient},
		{"aud is the token endpoint", assertionForm(ec.assertion(map[string]any{"aud": testIssuer + "/connect/token"})), 401, InvalidClient},
		{"no aud", assertionForm(ec.assertion(map[string]any{"aud": nil})), 401, InvalidClient},
		{"no exp", assertionForm(ec.assertion(map[string]any{"exp": nil})), 401, InvalidClient},
		{"expired", assertionForm(ec.assertion(map[string]any{"exp": now.Add(-time.Second).Unix()})), 401, InvalidClient},
		{"exp in a year", assertionForm(ec.assertion(map[string]any{"exp": now.AddDate(1, 0, 0).Unix()})), 401, InvalidClient},
		{"iat in the future", assertionForm(ec.assertion(map[string]any{"iat": now.Add(5 * time.Minute).Unix()})), 401, InvalidClient},
		{"nbf in the future (RFC 7523 §3)", assertionForm(ec.assertion(map[string]any{"nbf": now.Add(5 * time.Minute).Unix()})), 401, InvalidClient},
		{"iat and nbf in ten seconds (FAPI 2.0 §5.3.2.1)", assertionForm(ec.assertion(map[string]any{"iat": now.Add(10 * time.Second).Unix(), "nbf": now.Add(10 * time.Second).Unix()})), 200, ""},
		{"exp is text (RFC 7519 §4.1.4)", assertionForm(ec.assertion(map[string]any{"exp": "soon"})), 401, InvalidClient},
		{"jti is a number (RFC 7519 §4.1.7)", assertionForm(ec.assertion(map[string]any{"jti": 5})), 401, InvalidClient},
		{"no jti", assertionForm(ec.assertion(map[string]any{"jti": nil})), 401, InvalidClient},
		{"a secret beside it (RFC 6749 §2.3)", assertionForm(ec.assertion(nil), "client_id", "robot", "client_secret", "x"), 400, InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := s.token(row.form)
			if row.want != "" {
				wantError(t, answer, row.status, row.want)
			} else if answer.StatusCode != row.status {
				t.Errorf("got %d %s", answer.StatusCode, answer.Body)
			}
		})
	}
	t.Run("an Authorization header beside it", func(t *testing.T) {
		wantError(t, s.token(assertionForm(ec.assertion(nil)), "Authorization", basic("bff-client", "bff-secret")), http.StatusBadRequest, InvalidRequest)
	})
	t.Run("another algorithm than the registered one (OIDC Registration §2)", func(t *testing.T) {
		s.exec(`UPDATE "Clients" SET "TokenEndpointAuthSigningAlg" = 'EdDSA' WHERE "ClientId" = 'robot'`)
		wantError(t, s.token(assertionForm(ec.assertion(nil))), http.StatusUnauthorized, InvalidClient)
		if answer := s.token(assertionForm(ed.assertion(nil))); answer.StatusCode != http.StatusOK {
			t.Errorf("the registered one: %d %s", answer.StatusCode, answer.Body)
		}
		if answer := s.token(assertionForm(renamed.assertion(nil))); answer.StatusCode != http.StatusOK {
			t.Errorf("the registered one by its other name (RFC 9864 §2.2): %d %s", answer.StatusCode, answer.Body)
		}
		s.exec(`UPDATE "Clients" SET "TokenEndpointAuthSigningAlg" = NULL WHERE "ClientId" = 'robot'`)
	})
	t.Run("an expired key", func(t *testing.T) {
		s.exec(`UPDATE "ClientSecrets" SET "Expiration" = '2020-01-01 00:00:00+00:00' WHERE "Type" = 'JsonWebKey'`)
		wantError(t, s.token(assertionForm(ec.assertion(nil))), http.StatusUnauthorized, InvalidClient)
	})
}

func TestI22AnAssertionIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		s, key := newSeededSite(t, store), newSigner(t, jose.ES256)
		s.addRobot(key)
		assertion := key.assertion(nil)
		if answer := s.token(assertionForm(assertion)); answer.StatusCode != http.StatusOK {
			t.Fatalf("got %d %s", answer.StatusCode, answer.Body)
		}
		wantError(t, s.token(assertionForm(assertion)), http.StatusUnauthorized, InvalidClient)
	})
}

// A secret that can be read again, sealed or not, for HMAC and for nothing else (OIDC Core §9, decision 0023).
func TestI22ClientSecretJWT(t *testing.T) {
	sealer, err := seal.New(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *Config) { c.Sealer = sealer })
	secret := strings.Repeat("0123456789abcdef", 4)
	sealed := func(client string) string {
		text, err := sealer.Seal(secretPurpose(client), secret)
		if err != nil || strings.Contains(text, secret) {
			t.Fatal(text, err)
		}
		return text
	}
	past := time.Now().Add(-time.Second)
	for id, row := range map[string]db.ClientSecret{
		"sealed": {Value: sealed("sealed")}, "clear": {Value: secret}, "expired": {Value: secret, Expiration: &past},
		"moved": {Value: sealed("sealed")}, "short": {Value: secret[:40]}, "empty": {Value: ""}, "hashed": {Value: db.HashSecret(secret), Type: sharedSecret},
	} {
		if row.Type == "" {
			row.Type = recoverableSecret
		}
		s.addClient(id, func(c *db.Client) {
			c.GrantTypes, c.RedirectURIs, c.RequireClientSecret, c.Secrets = []string{grantClientCredentials}, nil, true, []db.ClientSecret{row}
		})
	}
	sign := func(client, with string, alg jose.SignatureAlgorithm, changes map[string]any) url.Values {
		own := map[string]any{"iss": client, "sub": client}
		maps.Copy(own, changes)
		return assertionForm(signer{t: t, key: []byte(with), alg: alg}.assertion(own))
	}
	for _, row := range []struct {
		name string
		form url.Values
		want Code
	}{
		{"HS256, sealed", sign("sealed", secret, jose.HS256, nil), ""},
		{"HS384, sealed", sign("sealed", secret, jose.HS384, nil), ""},
		{"HS512, sealed", sign("sealed", secret, jose.HS512, nil), ""},
		{"HS256, in clear", sign("clear", secret, jose.HS256, nil), ""},
		{"another secret", sign("sealed", secret[1:]+"x", jose.HS256, nil), InvalidClient},
		{"the stored text as the secret", sign("sealed", sealed("sealed"), jose.HS256, nil), InvalidClient},
		{"an expired secret", sign("expired", secret, jose.HS256, nil), InvalidClient},
		{"a sealed secret moved to another client's row", sign("moved", secret, jose.HS256, nil), InvalidClient},
		{"HS256 with 40 characters", sign("short", secret[:40], jose.HS256, nil), ""},
		{"a hashed secret, known in clear", sign("hashed", secret, jose.HS256, nil), InvalidClient},
		{"a hashed secret, its hash", sign("hashed", db.HashSecret(secret), jose.HS256, nil), InvalidClient},
		{"aud of another server", sign("sealed", secret, jose.HS256, map[string]any{"aud": "https://example.com"}), InvalidClient},
		{"sub of another client", sign("sealed", secret, jose.HS256, map[string]any{"sub": "clear"}), InvalidClient},
		{"no jti", sign("sealed", secret, jose.HS256, map[string]any{"jti": nil}), InvalidClient},
		{"the secret itself, posted", url.Values{"grant_type": {"client_credentials"}, "client_id": {"clear"}, "client_secret": {secret}}, InvalidClient},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := s.token(row.form)
			if row.want != "" {
				wantError(t, answer, http.StatusUnauthorized, row.want)
			} else if answer.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", answer.StatusCode, answer.Body)
			}
		})
	}
	client, err := s.db.Client(t.Context(), "clear")
	if err != nil || !seal.Sealed(client.Secrets[0].Value) {
		t.Errorf("a secret that was found in clear was not sealed: %+v, %v", client.Secrets, err)
	}
	if answer := s.token(sign("clear", secret, jose.HS256, nil)); answer.StatusCode != http.StatusOK {
		t.Errorf("after it was sealed: %d %s", answer.StatusCode, answer.Body)
	}
	once := sign("sealed", secret, jose.HS256, nil)
	s.token(once)
	wantError(t, s.token(once), http.StatusUnauthorized, InvalidClient)

	withoutKey := newSite(t)
	withoutKey.addClient("clear", func(c *db.Client) {
		c.GrantTypes, c.RedirectURIs, c.RequireClientSecret = []string{grantClientCredentials}, nil, true
		c.Secrets = []db.ClientSecret{{Value: secret, Type: recoverableSecret}}
	})
	if answer := withoutKey.token(sign("clear", secret, jose.HS256, nil)); answer.StatusCode != http.StatusOK {
		t.Errorf("without an encryption key: %d %s", answer.StatusCode, answer.Body)
	}
}

// OIDC Core §9 tells a client to name the token endpoint, FAPI 2.0 §5.3.2.1 the issuer and nothing else. Who registered as a client of
// the former may do so; a row made by hand says so in ClientProperties, or has to name the issuer (TestI22PrivateKeyJWT).
func TestOIDCCore9AudienceIsTheTokenEndpoint(t *testing.T) {
	s, key := newSite(t, openLab), newSigner(t, jose.ES256)
	keys := map[string]any{"keys": []json.RawMessage{json.RawMessage(key.public)}}
	for _, row := range []struct {
		client string
		means  map[string]any
		status int
	}{
		{"of OpenID Connect", nil, http.StatusBadRequest}, // authenticated: only the code is unknown
		{"that pushes its requests", map[string]any{"require_pushed_authorization_requests": true}, http.StatusUnauthorized},
		{"that binds its tokens", map[string]any{"dpop_bound_access_tokens": true}, http.StatusUnauthorized},
	} {
		members := map[string]any{"token_endpoint_auth_method": "private_key_jwt", "jwks": keys}
		maps.Copy(members, row.means)
		id := s.registered(members).ClientID
		for audience, status := range map[string]int{
			testIssuer + "/connect/token": row.status, testIssuer + "/connect/par": row.status, testIssuer + "/": http.StatusUnauthorized,
			"https://example.com/connect/token": http.StatusUnauthorized,
		} {
			form := assertionForm(key.assertion(map[string]any{"iss": id, "sub": id, "aud": audience}), "grant_type", "authorization_code", "code", "unknown")
			if answer := s.token(form); answer.StatusCode != status {
				t.Errorf("a client %s, aud %s: got %d %s, want %d", row.client, audience, answer.StatusCode, answer.Body, status)
			}
		}
	}
	s.addRobot(key)
	s.exec(`INSERT INTO "ClientProperties" ("ClientId", "Key", "Value") SELECT "Id", 'assertion_audience', 'token_endpoint' FROM "Clients" WHERE "ClientId" = 'robot'`)
	token, pushed, elsewhere := testIssuer+"/connect/token", testIssuer+"/connect/par", "https://example.com/connect/token"
	for _, row := range []struct {
		name     string
		audience any
		status   int
	}{
		{"the issuer", testIssuer, http.StatusOK},
		{"the token endpoint (OIDC Core §9)", token, http.StatusOK},
		{"the pushed authorization request endpoint (RFC 9126 §2)", pushed, http.StatusOK},
		{"a list of one (RFC 7519 §4.1.3)", []string{token}, http.StatusOK},
		{"a list of all that we are (RFC 7519 §4.1.3)", []string{testIssuer, token, pushed}, http.StatusOK},
		{"another server too (RFC 7523 §3)", []string{token, elsewhere}, http.StatusUnauthorized},
		{"another server (RFC 7523 §3)", elsewhere, http.StatusUnauthorized},
		{"another endpoint", testIssuer + "/connect/userinfo", http.StatusUnauthorized},
		{"nobody", []string{}, http.StatusUnauthorized},
		{"a list in a list", [][]string{{token}}, http.StatusUnauthorized},
		{"an object", map[string]any{"aud": token}, http.StatusUnauthorized},
		{"objects", []any{map[string]any{"aud": token}}, http.StatusUnauthorized},
	} {
		if answer := s.token(assertionForm(key.assertion(map[string]any{"aud": row.audience}))); answer.StatusCode != row.status {
			t.Errorf("a row with the property, aud names %s: got %d %s, want %d", row.name, answer.StatusCode, answer.Body, row.status)
		}
	}
}
