package idp

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
)

// signingClient registers a client with one public key and returns the private one.
func (s *site) signingClient(id string, required bool) jose.JSONWebKey {
	s.t.Helper()
	key := newKey(s.t, jose.ES256)
	public, err := json.Marshal(key.Public())
	if err != nil {
		s.t.Fatal(err)
	}
	s.addClient(id, func(c *db.Client) {
		c.RequireRequestObject = required
		c.Secrets = []db.ClientSecret{{Type: db.JSONWebKey, Value: string(public)}}
	})
	return key
}

// unsigned is a JWT with alg none (RFC 7519 §6.1).
func unsigned(t testing.TB, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return unsignedUnder(`{"alg":"none"}`, payload...)
}

// unsignedUnder is the same under any header.
func unsignedUnder(header string, payload ...byte) string {
	if payload == nil {
		payload = []byte("{}")
	}
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
}

func signedObject(t testing.TB, key jose.JSONWebKey, typ string, claims map[string]any) string {
	t.Helper()
	return signed(t, jose.SignatureAlgorithm(key.Algorithm), key, key.KeyID, typ, claims)
}

// objectClaims is a whole authorization request of the client as claims.
func objectClaims(clientID string, change map[string]any) map[string]any {
	claims := map[string]any{"iss": clientID, "aud": testIssuer, "exp": time.Now().Add(time.Minute).Unix()}
	for name, values := range authorizeParameters("client_id", clientID, "state", "inside") {
		claims[name] = values[0]
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// What stands in the object counts, what stands outside fills the gaps (OIDC Core §6.1).
func TestUnsignedRequestObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		object := unsigned(t, map[string]any{"client_id": "spa-client", "state": "inside", "scope": "openid", "max_age": 600, "prompt": "login"})
		login := b.follow(b.get(s.authorizeURL("request", object)))
		answer := b.follow(b.submitLogin(login, "Mick", "MickPassword"))
		if answer.sent("code") == "" || answer.sent("state") != "inside" {
			t.Fatalf("got %d %s", answer.StatusCode, answer.Header.Get("Location"))
		}
		if tokens := s.redeem(answer.sent("code")); tokens.Scope != "openid" || claimsOf(t, tokens.IDToken)["nonce"] != "nonce-1" {
			t.Errorf("scope %q, ID token %v", tokens.Scope, claimsOf(t, tokens.IDToken))
		}
	})
}

func TestSignedRequestObject(t *testing.T) { // RFC 9101 §5, §6
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		key := s.signingClient("signing", true)
		b := s.browser()
		for _, typ := range []string{"", "JWT", "oauth-authz-req+jwt"} {
			object := signedObject(t, key, typ, objectClaims("signing", map[string]any{"claims": map[string]any{"id_token": map[string]any{"acr": nil}}}))
			// Nothing outside counts, not even a registered value.
			answer := b.follow(b.get(s.issuer + "/connect/authorize?" + url.Values{
				"client_id": {"signing"}, "request": {object}, "state": {"outside"}, "login_after": {"1"}, "prompt": {"none"}, "response_mode": {"fragment"},
			}.Encode()))
			if login := answer.document(t).Find("#login"); login.Length() == 1 {
				if strings.Contains(answer.Body, object) || strings.Contains(answer.Body, testChallenge) {
					t.Error("the login page carries the request, where it could be changed")
				}
				time.Sleep(10 * time.Minute) // the object expires meanwhile, the request has arrived
				answer = b.follow(b.submitLogin(answer, "Mick", "MickPassword"))
			}
			tokens := s.redeem(answer.sent("code"), "client_id", "signing")
			if answer.sent("state") != "inside" || claimsOf(t, tokens.IDToken)["acr"] != acrPassword {
				t.Errorf("typ %q: %v", typ, answer.location())
			}
		}
	})
}

func TestI22RequestObjectRefuses(t *testing.T) { // RFC 9101 §6.2, §10.8; OIDC Core §6.3.2
	s := newSite(t)
	key := s.signingClient("signing", true)
	s.signingClient("free", false)
	stranger, b := newKey(t, jose.ES256), s.browser()
	sign := func(change map[string]any) string { return signedObject(t, key, "", objectClaims("signing", change)) }
	past, future := time.Now().Add(-time.Second).Unix(), time.Now().Add(time.Hour).Unix()
	tampered := sign(nil)
	tampered = tampered[:len(tampered)-4] + "AAAA"
	says := map[string]string{ // by name of the row, part of the description
		"unsigned where it must be signed": "must sign",
		"no JWT":                           "not a JWT signed with one of",
		"unsigned null":                    "payload",
		"signed with another key":          "no registered key",
		"typ of an access token":           "typ",
	}
	for _, row := range []struct {
		name, client, object string
		want                 Code
	}{
		{"none at all", "signing", "", InvalidRequest},
		{"unsigned where it must be signed", "signing", unsigned(t, objectClaims("signing", nil)), InvalidRequestObject},
		{"no JWT", "signing", "eyJ", InvalidRequestObject},
		{"no JWT, unsigned allowed", "free", "a.b.c", InvalidRequestObject},
		{"alg none with a signature", "free", unsigned(t, objectClaims("free", nil)) + "AAAA", InvalidRequestObject},
		{"unsigned null", "free", unsigned(t, nil), InvalidRequestObject},
		{"signed with another key", "signing", signedObject(t, stranger, "", objectClaims("signing", nil)), InvalidRequestObject},
		{"tampered", "signing", tampered, InvalidRequestObject},
		{"another client's", "free", sign(nil), InvalidRequestObject},
		{"typ of an access token", "signing", signedObject(t, key, "at+jwt", objectClaims("signing", nil)), InvalidRequestObject},
		{"client_id of another", "signing", sign(map[string]any{"client_id": "free"}), InvalidRequestObject},
		{"iss of another", "signing", sign(map[string]any{"iss": "free"}), InvalidRequestObject},
		{"a client assertion", "signing", sign(map[string]any{"sub": "signing"}), InvalidRequestObject},
		{"aud of another", "signing", sign(map[string]any{"aud": "https://other.example"}), InvalidRequestObject},
		{"expired", "signing", sign(map[string]any{"exp": past}), InvalidRequestObject},
		{"not valid yet", "signing", sign(map[string]any{"nbf": future}), InvalidRequestObject},
		{"exp is a text", "signing", sign(map[string]any{"exp": "soon"}), InvalidRequestObject},
		{"request inside", "signing", sign(map[string]any{"request": "x"}), InvalidRequestObject},
		{"request_uri inside", "signing", sign(map[string]any{"request_uri": "https://x"}), InvalidRequestObject},
		{"scope is a list", "signing", sign(map[string]any{"scope": []string{"openid"}}), InvalidRequestObject},
		{"response_type differs", "free", unsigned(t, map[string]any{"response_type": "token"}), InvalidRequestObject},
		{"too long", "signing", strings.Repeat("a", 16_001), InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := b.get(s.authorizeURL("client_id", row.client, "request", row.object))
			wantRedirectError(t, answer, row.want)
			if got := answer.sent("error_description"); !strings.Contains(got, says[row.name]) {
				t.Errorf("says %q and not what is wrong: %q", got, says[row.name])
			}
		})
	}
	evil := sign(map[string]any{"redirect_uri": "https://evil.example/"})
	if answer := b.get(s.authorizeURL("client_id", "signing", "request", evil)); answer.StatusCode != http.StatusBadRequest || answer.location() != nil {
		t.Errorf("an unregistered redirect_uri inside: got %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	wantRedirectError(t, b.get(strings.Replace(s.authorizeURL("client_id", "signing"), "authorize?", "authorize/callback?", 1)), InvalidRequest)
	wantError(t, s.call(http.MethodPost, "/connect/par", authorizeParameters("client_id", "signing")), 400, InvalidRequest)
	if answer := s.call(http.MethodPost, "/connect/par", url.Values{"client_id": {"signing"}, "request": {sign(nil)}}); answer.StatusCode != http.StatusCreated {
		t.Errorf("a signed request, pushed: got %d %s", answer.StatusCode, answer.Body)
	}
}

// A row that names an algorithm takes no other, and none only where it says so (OIDC Registration §2).
func TestI22RegisteredRequestObjectSigningAlg(t *testing.T) {
	s := newSite(t)
	key := s.signingClient("signing", false)
	b := s.browser()
	s.signIn(b, "Mick")
	signed := signedObject(t, key, "", objectClaims("signing", nil))
	plain := unsigned(t, objectClaims("signing", nil))
	for _, row := range []struct{ registered, object, want, says string }{
		{"", signed, "", ""}, {"", plain, "", ""}, {"ES256", signed, "", ""}, {"ES256", plain, "invalid_request_object", "must sign"},
		{"PS256", signed, "invalid_request_object", "has registered PS256"}, {"none", plain, "", ""}, {"none", signed, "invalid_request_object", "has registered none"},
	} {
		s.exec(`UPDATE "Clients" SET "RequestObjectSigningAlg" = ? WHERE "ClientId" = 'signing'`, row.registered)
		answer := b.get(s.authorizeURL("client_id", "signing", "request", row.object))
		if got := answer.sent("error"); got != row.want || !strings.Contains(answer.sent("error_description"), row.says) {
			t.Errorf("registered %q: got %q, want %q: %d %s", row.registered, got, row.want, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}
