package idp

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
)

func TestIDTokenClaims(t *testing.T) {
	s := newSite(t)
	signedIn := time.Now().Add(-time.Minute)
	tokens := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.SessionID, c.AuthTime = "sid-1", signedIn }))
	if header := headerOf(t, tokens.IDToken); header["alg"] != "RS256" || header["typ"] != "JWT" { // OIDC Core §15.1
		t.Errorf("header: %v", header)
	}
	claims := claimsOf(t, tokens.IDToken)
	want := []string{"amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"}
	if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) {
		t.Errorf("claims: %v\nwant:   %v", got, want)
	}
	sum := sha256.Sum256([]byte(tokens.AccessToken))
	for name, want := range map[string]any{
		"iss": testIssuer, "aud": "spa-client", "nonce": "nonce-1", "sid": "sid-1", "auth_time": float64(signedIn.Unix()),
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]), // OIDC Core §3.1.3.6
		"exp":     claims["iat"].(float64) + 300,                  // IdentityTokenLifetime
	} {
		if claims[name] != want {
			t.Errorf("%s: got %v, want %v", name, claims[name], want)
		}
	}
	verified, err := jwt.ParseSigned(tokens.IDToken, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	keys := s.keySet()
	if err := verified.Claims(&keys, &map[string]any{}); err != nil {
		t.Errorf("the published keys do not verify it: %v", err)
	}
}

func TestIDTokenFollowsTheClientsRow(t *testing.T) {
	s := newSite(t)
	s.addClient("es256", func(c *db.Client) {
		c.AllowedIdentityTokenSigningAlgorithms = "PS999, ES256,RS256"
		c.AlwaysIncludeUserClaimsInIDToken = true
		c.IdentityTokenLifetime = 7
	})
	code := s.insertCode(func(c *db.AuthorizationCode) { c.ClientID, c.Nonce = "es256", "" })
	idToken := s.redeem(code, "client_id", "es256").IDToken
	if got := headerOf(t, idToken)["alg"]; got != "ES256" {
		t.Errorf("alg: %v, want the first of the row's that we have", got)
	}
	claims := claimsOf(t, idToken)
	if claims["given_name"] != "Mick" {
		t.Errorf("AlwaysIncludeUserClaimsInIdToken is on but given_name is %v", claims["given_name"])
	}
	if _, present := claims["role"]; present {
		t.Error("role is there although no granted scope value stands for it")
	}
	if _, present := claims["nonce"]; present {
		t.Error("a nonce nobody sent (OIDC Core §2)")
	}
	if got := claims["exp"].(float64) - claims["iat"].(float64); got != 7 {
		t.Errorf("exp - iat: %v, want 7", got)
	}
}

func TestNoIDTokenWithoutOpenID(t *testing.T) {
	s := newSite(t)
	tokens := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.Scopes = []string{"companyApi"} }))
	if tokens.IDToken != "" {
		t.Error("an ID token without scope openid (OIDC Core §3.1.3.3)")
	}
}

func TestIDTokenHint(t *testing.T) {
	s := newSite(t)
	p := s.provider()
	tokens := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.SessionID = "sid-1" }))
	claims := claimsOf(t, tokens.IDToken)

	t.Run("our own ID token", func(t *testing.T) {
		hint, err := p.verifyIDTokenHint(t.Context(), tokens.IDToken)
		if err != nil || hint.Subject != claims["sub"] || hint.SessionID != "sid-1" || hint.ClientID != "spa-client" {
			t.Errorf("got %+v %v", hint, err)
		}
	})

	rsaKey, ecKey := testKeys()[0], testKeys()[1]
	foreign := newKey(t, jose.ES256)
	pretender := foreign
	pretender.KeyID = ecKey.KeyID
	rsaPublic, err := json.Marshal(rsaKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	modulus := rsaKey.Key.(*rsa.PrivateKey).N.Bytes()
	otherIssuer := maps.Clone(claims)
	otherIssuer["iss"] = "https://elsewhere.example"
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT","kid":"` + rsaKey.KeyID + `"}`))
	parts := strings.Split(tokens.IDToken, ".")

	for _, row := range []struct{ name, hint string }{
		{"empty", ""},
		{"no JWT", "hint"},
		{"alg none, without signature (RFC 8725 §2.1)", header + "." + parts[1] + "."},
		{"alg none, with a signature", header + "." + parts[1] + "." + parts[2]},
		{"a changed claim", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+testIssuer+`","sub":"x","aud":"spa-client"}`)) + "." + parts[2]},
		{"a foreign key under its own kid", signed(t, jose.ES256, foreign, foreign.KeyID, "JWT", claims)},
		{"a foreign key under our kid", signed(t, jose.ES256, pretender, ecKey.KeyID, "JWT", claims)},
		{"HS256 with our public JWK as the secret (RFC 8725 §2.1)", signed(t, jose.HS256, rsaPublic, rsaKey.KeyID, "JWT", claims)},
		{"HS256 with our modulus as the secret", signed(t, jose.HS256, modulus, rsaKey.KeyID, "JWT", claims)},
		{"our RSA key under another algorithm", signed(t, jose.PS256, rsaKey, rsaKey.KeyID, "JWT", claims)},
		{"our key, another issuer", signed(t, jose.ES256, ecKey, ecKey.KeyID, "JWT", otherIssuer)},
		{"our access token (RFC 8725 §3.11)", tokens.AccessToken},
		{"our claims, no type", signed(t, jose.ES256, ecKey, ecKey.KeyID, "", claims)},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := p.verifyIDTokenHint(t.Context(), row.hint)
			wantCode(t, err, InvalidRequest)
		})
	}

	t.Run("an ID token is no access token", func(t *testing.T) {
		if got := s.userinfo(tokens.IDToken); got.StatusCode != 401 {
			t.Errorf("userinfo: %d", got.StatusCode)
		}
	})
}

// A hint may have expired: that the user was here is all it says (RP-Initiated Logout §2).
func TestI13ExpiredIDTokenHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		p := s.provider()
		tokens := s.redeem(s.insertCode(nil))
		time.Sleep(30 * 24 * time.Hour)
		hint, err := p.verifyIDTokenHint(t.Context(), tokens.IDToken)
		if err != nil || !hint.Expires.Before(time.Now()) {
			t.Errorf("got %+v %v", hint, err)
		}
	})
}

// signed is a JWT somebody makes with a key of their choice.
func signed(t testing.TB, algorithm jose.SignatureAlgorithm, key any, kid, typ string, claims map[string]any) string {
	t.Helper()
	if jwk, ok := key.(jose.JSONWebKey); ok {
		key = jwk.Key
	}
	options := &jose.SignerOptions{}
	if kid != "" {
		options.WithHeader("kid", kid)
	}
	if typ != "" {
		options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims) // not jose's own, which writes seconds as 1.7e+09, so that we would refuse the token for its form
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := token.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}
