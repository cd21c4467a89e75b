package idp

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/dpop"
	"silentrenew/internal/dpop/dpoptest"
)

// tokenProof proves possession of a key at the token endpoint, as pairs for token.
func tokenProof(key dpoptest.Key, changes ...any) []string {
	return []string{dpop.Header, key.Proof("POST", testIssuer+"/connect/token", changes...)}
}

// redeemBound redeems a code with a proof.
func (s *site) redeemBound(code string, key dpoptest.Key, pairs ...string) tokenResponse {
	s.t.Helper()
	return s.bound(key, s.token(tokenForm(code, pairs...), tokenProof(key)...))
}

// bound checks that an answer holds a token that only the key's holder can use.
func (s *site) bound(key dpoptest.Key, answer page) tokenResponse {
	s.t.Helper()
	tokens := decode[tokenResponse](s.t, answer)
	if answer.StatusCode != http.StatusOK || tokens.TokenType != "DPoP" {
		s.t.Fatalf("got %d %s", answer.StatusCode, answer.Body)
	}
	if isReference(tokens.AccessToken) {
		return tokens
	}
	if cnf, _ := claimsOf(s.t, tokens.AccessToken)["cnf"].(map[string]any); cnf["jkt"] != key.Thumbprint() {
		s.t.Fatalf("cnf %v", cnf)
	}
	return tokens
}

// ask sends an access token to userinfo in a scheme, with proofs.
func (s *site) ask(scheme, token string, proofs ...string) page {
	s.t.Helper()
	headers := []string{"Authorization", scheme + " " + token}
	for _, proof := range proofs {
		headers = append(headers, dpop.Header, proof)
	}
	return s.call(http.MethodGet, "/connect/userinfo", nil, headers...)
}

func (s *site) proofFor(key dpoptest.Key, token string, changes ...any) string {
	return key.ProofWith(token, "GET", testIssuer+"/connect/userinfo", changes...)
}

func TestRFC9449Section5TokensOfEveryGrantAreBound(t *testing.T) {
	s, key := newSite(t), dpoptest.NewKey(t, jose.ES256)
	tokens := s.redeemBound(s.insertCode(nil), key)
	if answer := s.ask("DPoP", tokens.AccessToken, s.proofFor(key, tokens.AccessToken)); answer.StatusCode != http.StatusOK {
		t.Errorf("userinfo: %d %s", answer.StatusCode, answer.Body)
	}

	offline := s.bound(key, s.token(tokenForm(s.insertCode(func(c *db.AuthorizationCode) {
		c.ClientID, c.Scopes = "bff-client", []string{"openid", "offline_access"}
	}), "client_id", "bff-client", "client_secret", "bff-secret"), tokenProof(key)...))
	other := dpoptest.NewKey(t, jose.EdDSA)
	s.bound(other, s.token(refreshForm(offline.RefreshToken), tokenProof(other)...)) // a confidential client may change its key (§5)

	s.bound(key, s.call(http.MethodPost, "/connect/token", url.Values{"grant_type": {"client_credentials"}},
		append(tokenProof(key), "Authorization", basic("company-employee", "codemazesecret"))...))

	s.exec(`UPDATE "Clients" SET "AccessTokenType" = 1 WHERE "ClientId" = 'spa-client'`)
	reference := s.redeemBound(s.insertCode(nil), key)
	if answer := s.ask("DPoP", reference.AccessToken, s.proofFor(key, reference.AccessToken)); answer.StatusCode != http.StatusOK {
		t.Errorf("userinfo with a reference token: %d %s", answer.StatusCode, answer.Body)
	}
	wantError(t, s.ask("Bearer", reference.AccessToken), http.StatusUnauthorized, InvalidToken)
}

func TestRFC9449Section5TheDeviceFlow(t *testing.T) {
	s, key := newSite(t), dpoptest.NewKey(t, jose.ES256)
	s.addTelevision()
	device := s.startDevice()
	mick, err := s.db.UserByName(t.Context(), "Mick")
	if err != nil {
		t.Fatal(err)
	}
	answer := db.DeviceCode{Answer: db.DeviceAllowed, Scopes: []string{"openid"}, Subject: mick.SubjectID, SessionID: "sid", AuthTime: time.Now()}
	if err := s.db.AnswerDeviceCode(t.Context(), canonicalUserCode(device.UserCode), answer, time.Now()); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {grantDeviceCode}, "client_id": {"television"}, "device_code": {device.DeviceCode}}
	s.bound(key, s.token(form, tokenProof(key)...))
}

func TestRFC9449Section6Introspection(t *testing.T) {
	s, key := newSite(t), dpoptest.NewKey(t, jose.ES256)
	own := basic("company-employee", "codemazesecret")
	answer := s.token(url.Values{"grant_type": {"client_credentials"}}, append(tokenProof(key), "Authorization", own)...)
	said := decode[map[string]any](t, s.introspect(s.bound(key, answer).AccessToken, own))
	if cnf, _ := said["cnf"].(map[string]any); said["active"] != true || said["token_type"] != "DPoP" || cnf["jkt"] != key.Thumbprint() {
		t.Errorf("got %v", said)
	}
}

// Each row is a sentence of RFC 9449 that a client can violate at the token endpoint; what a proof may look like at all is
// tested in internal/dpop.
func TestI22RFC9449Section5(t *testing.T) {
	s, key := newSite(t), dpoptest.NewKey(t, jose.ES256)
	used := tokenProof(key)
	s.bound(key, s.token(tokenForm(s.insertCode(nil)), used...))
	token := testIssuer + "/connect/token"
	for _, row := range []struct {
		name   string
		proofs []string
	}{
		{"two headers (§4.3)", append(tokenProof(key), tokenProof(key)...)},
		{"an empty header", []string{dpop.Header, ""}},
		{"another address", []string{dpop.Header, key.Proof("POST", testIssuer+"/connect/par")}},
		{"another server", []string{dpop.Header, key.Proof("POST", "https://evil.example/connect/token")}},
		{"another method", []string{dpop.Header, key.Proof("GET", token)}},
		{"alg none", []string{dpop.Header, key.Unsigned(dpoptest.Claims("POST", token))}},
		{"a private key in the header", []string{dpop.Header, key.Signed(map[string]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: key.Private}}, dpoptest.Claims("POST", token))}},
		{"too old", tokenProof(key, "iat", time.Now().Add(-2*time.Minute).Unix())},
		{"from the future", tokenProof(key, "iat", time.Now().Add(2*time.Minute).Unix())},
		{"used before (§11.1)", used},
	} {
		t.Run(row.name, func(t *testing.T) {
			code := s.insertCode(nil)
			answer := s.token(tokenForm(code), row.proofs...)
			wantError(t, answer, http.StatusBadRequest, InvalidDPoPProof)
			if answer.Header.Get("WWW-Authenticate") != "" || answer.Header.Get(dpop.NonceHeader) != "" {
				t.Errorf("header %v", answer.Header)
			}
			s.redeem(code) // a bad proof costs nobody their code
		})
	}
	t.Run("none, although the row demands one (§5.2)", func(t *testing.T) {
		s.exec(`UPDATE "Clients" SET "RequireDPoP" = true WHERE "ClientId" = 'spa-client'`)
		wantError(t, s.token(tokenForm(s.insertCode(nil))), http.StatusBadRequest, InvalidDPoPProof)
		s.redeemBound(s.insertCode(nil), key)
	})
}

// The code is bound by dpop_jkt, at the authorization endpoint or pushed, or by the proof of the push (RFC 9449 §10).
func TestRFC9449Section10TheCodeIsBound(t *testing.T) {
	s, key, other := newSite(t), dpoptest.NewKey(t, jose.ES256), dpoptest.NewKey(t, jose.ES256)
	b := s.browser()
	s.signIn(b, "Mick")
	par := func(k dpoptest.Key, changes ...any) string {
		return k.Proof("POST", testIssuer+"/connect/par", changes...)
	}
	pushed := func(headers []string, pairs ...string) string {
		t.Helper()
		answer := s.call(http.MethodPost, "/connect/par", authorizeParameters(pairs...), headers...)
		if answer.StatusCode != http.StatusCreated {
			t.Fatalf("push: %d %s", answer.StatusCode, answer.Body)
		}
		return s.pushedURL(decode[pushedResponse](t, answer).RequestURI)
	}
	for name, ask := range map[string]func() string{
		"dpop_jkt":                     func() string { return s.authorizeURL("dpop_jkt", key.Thumbprint()) },
		"dpop_jkt pushed":              func() string { return pushed(nil, "dpop_jkt", key.Thumbprint()) },
		"a proof at the push":          func() string { return pushed([]string{dpop.Header, par(key)}) },
		"both, and they are the same":  func() string { return pushed([]string{dpop.Header, par(key)}, "dpop_jkt", key.Thumbprint()) },
		"pushed, the URL says another": func() string { return pushed([]string{dpop.Header, par(key)}) + "&dpop_jkt=" + other.Thumbprint() },
	} {
		code := func() string { return b.follow(b.get(ask())).sent("code") }
		s.redeemBound(code(), key)
		wantError(t, s.token(tokenForm(code()), tokenProof(other)...), http.StatusBadRequest, InvalidGrant)
		wantError(t, s.token(tokenForm(code())), http.StatusBadRequest, InvalidGrant)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for _, row := range []struct {
		name    string
		headers []string
		jkt     string
		want    Code
	}{
		{"the proof is another key's (§10.1)", []string{dpop.Header, par(other)}, key.Thumbprint(), InvalidRequest},
		{"the proof is for the token endpoint", tokenProof(key), "", InvalidDPoPProof},
		{"two proofs", []string{dpop.Header, par(key), dpop.Header, par(key)}, "", InvalidDPoPProof},
		{"dpop_jkt is too short", nil, "abc", InvalidRequest},
		{"dpop_jkt is no base64url", nil, strings.Repeat("=", 43), InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantError(t, s.call(http.MethodPost, "/connect/par", authorizeParameters("dpop_jkt", row.jkt), row.headers...), http.StatusBadRequest, row.want)
		})
	}
	wantRedirectError(t, b.get(s.authorizeURL("dpop_jkt", "abc")), InvalidRequest)
}

// A public client's refresh token is worth nothing without its key, and who tries it takes nothing back (RFC 9449 §5).
func TestRFC9449Section5RefreshTokensOfPublicClients(t *testing.T) {
	s, key, other := newSite(t), dpoptest.NewKey(t, jose.ES256), dpoptest.NewKey(t, jose.ES256)
	s.addClient("phone", func(c *db.Client) {
		c.GrantTypes, c.AllowOfflineAccess, c.RequireClientSecret = []string{grantAuthorizationCode, grantRefreshToken}, true, false
	})
	public := func() string {
		return s.insertCode(func(c *db.AuthorizationCode) { c.ClientID, c.Scopes = "phone", []string{"openid", "offline_access"} })
	}
	form := func(token string) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "client_id": {"phone"}, "refresh_token": {token}}
	}
	first := s.redeemBound(public(), key, "client_id", "phone")
	wantError(t, s.token(form(first.RefreshToken)), http.StatusBadRequest, InvalidGrant)
	wantError(t, s.token(form(first.RefreshToken), tokenProof(other)...), http.StatusBadRequest, InvalidGrant)
	second := s.bound(key, s.token(form(first.RefreshToken), tokenProof(key)...))
	wantError(t, s.token(form(first.RefreshToken), tokenProof(other)...), http.StatusBadRequest, InvalidGrant) // no alarm
	wantError(t, s.token(form(second.RefreshToken), tokenProof(other)...), http.StatusBadRequest, InvalidGrant)
	s.bound(key, s.token(form(second.RefreshToken), tokenProof(key)...))
	wantError(t, s.token(form(first.RefreshToken), tokenProof(key)...), http.StatusBadRequest, InvalidGrant) // reuse by who has the key
	if len(s.events("token.reuse")) != 1 {
		t.Error("the reuse by the key's holder is not told, or one that is none is")
	}

	unbound := s.redeem(public(), "client_id", "phone")
	bound := s.bound(key, s.token(form(unbound.RefreshToken), tokenProof(key)...)) // its successor was issued beside a proof
	wantError(t, s.token(form(bound.RefreshToken)), http.StatusBadRequest, InvalidGrant)
	wantError(t, s.token(form(bound.RefreshToken), tokenProof(other)...), http.StatusBadRequest, InvalidGrant)
	s.bound(key, s.token(form(bound.RefreshToken), tokenProof(key)...))
}

// Each row is a sentence of RFC 9449 §4.3, §7.1 or §7.2 at the provider's own protected resource.
func TestI22RFC9449Section7Userinfo(t *testing.T) {
	s, key, other := newSite(t), dpoptest.NewKey(t, jose.ES256), dpoptest.NewKey(t, jose.ES256)
	token := s.redeemBound(s.insertCode(nil), key).AccessToken
	bearer := s.redeem(s.insertCode(nil)).AccessToken
	used := s.proofFor(key, token)
	if answer := s.ask("DPoP", token, used); answer.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", answer.StatusCode, answer.Body)
	}
	for _, row := range []struct {
		name, scheme, token string
		proofs              []string
		want                Code
	}{
		{"a bound token as Bearer (§7.2)", "Bearer", token, nil, InvalidToken},
		{"a bound token as Bearer, with a proof", "Bearer", token, []string{s.proofFor(key, token)}, InvalidToken},
		{"a bearer token as DPoP", "DPoP", bearer, []string{s.proofFor(key, bearer)}, InvalidToken},
		{"no proof", "DPoP", token, nil, InvalidDPoPProof},
		{"two proofs", "DPoP", token, []string{s.proofFor(key, token), s.proofFor(key, token)}, InvalidDPoPProof},
		{"a used proof", "DPoP", token, []string{used}, InvalidDPoPProof},
		{"no ath", "DPoP", token, []string{key.Proof("GET", testIssuer+"/connect/userinfo")}, InvalidDPoPProof},
		{"ath of another token", "DPoP", token, []string{s.proofFor(key, bearer)}, InvalidDPoPProof},
		{"a proof for the token endpoint", "DPoP", token, tokenProof(key, "ath", dpoptest.Hash(token))[1:], InvalidDPoPProof},
		{"another key", "DPoP", token, []string{s.proofFor(other, token)}, InvalidToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := s.ask(row.scheme, row.token, row.proofs...)
			wantError(t, answer, http.StatusUnauthorized, row.want)
			challenges := answer.Header.Values("WWW-Authenticate")
			if !strings.HasPrefix(challenges[0], row.scheme+` error="`+string(row.want)+`", error_description="`) ||
				!strings.HasSuffix(challenges[len(challenges)-1], `algs="ES256 PS256 EdDSA Ed25519"`) || (len(challenges) == 2) != (row.scheme == "Bearer") {
				t.Errorf("WWW-Authenticate: %q", challenges)
			}
		})
	}
	t.Run("a bound token in the form", func(t *testing.T) {
		wantError(t, s.call(http.MethodPost, "/connect/userinfo", url.Values{"access_token": {token}}), http.StatusUnauthorized, InvalidToken)
	})
	t.Run("in the header and in the form", func(t *testing.T) {
		answer := s.call(http.MethodPost, "/connect/userinfo", url.Values{"access_token": {token}}, "Authorization", "DPoP "+token, dpop.Header, s.proofFor(key, token))
		wantError(t, answer, http.StatusBadRequest, InvalidRequest)
	})
	t.Run("nothing names both schemes (§7.1)", func(t *testing.T) {
		got := s.call(http.MethodGet, "/connect/userinfo", nil).Header.Values("WWW-Authenticate")
		if !slices.Equal(got, []string{"Bearer", `DPoP algs="ES256 PS256 EdDSA Ed25519"`}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestRFC9449Section8Nonces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, key := newSite(t), dpoptest.NewKey(t, jose.ES256)
		s.setOption(dpopNonceOption.name, "true")
		code := s.insertCode(nil)
		answer := s.token(tokenForm(code), tokenProof(key)...)
		wantError(t, answer, http.StatusBadRequest, UseDPoPNonce)
		nonce := answer.Header.Get(dpop.NonceHeader)
		answer = s.token(tokenForm(code), tokenProof(key, "nonce", nonce)...) // the code is still good
		tokens := s.bound(key, answer)
		if answer.Header.Get(dpop.NonceHeader) != nonce || nonce == "" { // §8.2
			t.Errorf("DPoP-Nonce of the answer: %q, want %q", answer.Header.Get(dpop.NonceHeader), nonce)
		}
		answer = s.ask("DPoP", tokens.AccessToken, s.proofFor(key, tokens.AccessToken)) // §9
		wantError(t, answer, http.StatusUnauthorized, UseDPoPNonce)
		if answer.Header.Get(dpop.NonceHeader) != nonce || !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), `DPoP error="use_dpop_nonce"`) {
			t.Errorf("header: %v", answer.Header)
		}
		// A client library would repeat whatever fails with a nonce beside it.
		if answer := s.token(tokenForm(code), tokenProof(key, "nonce", nonce)...); answer.Header.Get(dpop.NonceHeader) != "" {
			t.Errorf("an error about something else carries a nonce: %s", answer.Body)
		}
		replica := newSiteOn(t, s.db)
		code = s.insertCode(nil)
		s.bound(key, replica.token(tokenForm(code), tokenProof(key, "nonce", nonce)...))
		time.Sleep(11 * time.Minute)
		answer = s.token(tokenForm(s.insertCode(nil)), tokenProof(key, "nonce", nonce)...)
		wantError(t, answer, http.StatusBadRequest, UseDPoPNonce)
		if next := answer.Header.Get(dpop.NonceHeader); next == "" || next == nonce {
			t.Errorf("after eleven minutes: %q", next)
		}
	})
}

// Two providers on one database are two replicas.
func TestRFC9449Section111OneOfAHundredParallelUses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		s, key := newSeededSite(t, store), dpoptest.NewKey(t, jose.ES256)
		replicas := []*site{s, newSiteOn(t, store)}
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"company-employee"}, "client_secret": {"codemazesecret"}}
		proof := tokenProof(key)
		results := make(chan string, 100)
		var all errgroup.Group
		for i := range cap(results) {
			all.Go(func() error {
				answer := replicas[i%2].token(form, proof...)
				results <- decode[struct{ Error string }](t, answer).Error
				return nil
			})
		}
		_ = all.Wait()
		close(results)
		count := map[string]int{}
		for result := range results {
			count[result]++
		}
		if count[""] != 1 || count[string(InvalidDPoPProof)] != 99 {
			t.Errorf("got %v, want one success", count)
		}
	})
}

// The address in a proof is the public one, the issuer's path included.
func TestRFC9449Section43AProviderBelowAPath(t *testing.T) {
	const issuer = "https://example.com/tenant"
	s, key := newSite(t, func(c *Config) { c.Issuer = issuer }), dpoptest.NewKey(t, jose.ES256)
	for address, accepted := range map[string]bool{issuer + "/connect/token": true, "https://example.com/connect/token": false, "http://example.com/tenant/connect/token": false} {
		r := httptest.NewRequest(http.MethodPost, "/tenant/connect/token", strings.NewReader(tokenForm(s.insertCode(nil)).Encode()))
		r.Host = "10.0.0.1:5005" // as a proxy calls us
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(dpop.Header, key.Proof("POST", address))
		if answer := s.serve(r); (answer.StatusCode == http.StatusOK) != accepted {
			t.Errorf("%s: %d %s", address, answer.StatusCode, answer.Body)
		}
	}
}

func TestRFC9449CORS(t *testing.T) {
	s := newSite(t)
	answer := s.call(http.MethodOptions, "/connect/token", nil, "Origin", testSPA, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "dpop")
	if answer.Header.Get("Access-Control-Allow-Headers") != "dpop" {
		t.Errorf("preflight: %v", answer.Header)
	}
	answer = s.call(http.MethodGet, "/connect/userinfo", nil, "Origin", testSPA)
	if exposed := answer.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Dpop-Nonce") || !strings.Contains(exposed, "Www-Authenticate") {
		t.Errorf("exposed: %s", exposed)
	}
}

// The token of the figures of RFC 9449 §7 and its ath.
func TestRFC9449Section7Vector(t *testing.T) {
	const token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
	sum := sha256.Sum256([]byte(token))
	if got := base64.RawURLEncoding.EncodeToString(sum[:]); got != "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo" || dpoptest.Hash(token) != got {
		t.Errorf("ath is %s", got)
	}
}
