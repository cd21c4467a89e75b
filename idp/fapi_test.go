package idp

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
	"silentrenew/internal/dpop"
	"silentrenew/internal/dpop/dpoptest"
)

// bank is a client of the FAPI 2.0 Security Profile §5.3.3: it signs its assertions, pushes its requests, uses PKCE and binds
// its tokens by DPoP.
type bank struct {
	*site
	browser *browser
	signs   signer
	proves  dpoptest.Key
}

const bankCallback = "https://bank.example/callback"

func newBank(t *testing.T) bank {
	t.Helper()
	s := newSite(t)
	b := bank{s, s.browser(), newSigner(t, jose.ES256), dpoptest.NewKey(t, jose.ES256)}
	s.addClient("bank", func(c *db.Client) {
		c.RequireClientSecret, c.RequirePushedAuthorization, c.RequireDPoP = true, true, true
		c.Secrets = []db.ClientSecret{{Type: db.JSONWebKey, Value: b.signs.public}}
		c.GrantTypes, c.AllowOfflineAccess = []string{grantAuthorizationCode, grantRefreshToken}, true
		c.RedirectURIs, c.AuthorizationCodeLifetime = []string{bankCallback}, 60                  // §5.3.2.1: at most 60 seconds
		c.AllowedIdentityTokenSigningAlgorithms, c.TokenEndpointAuthSigningAlg = "ES256", "ES256" // §5.4.1
		c.RefreshTokenUsage = db.RefreshTokenReUse                                                // §5.3.2.1: no rotation
	})
	return b
}

// authenticated adds a new assertion of the bank to a form.
func (b bank) authenticated(form url.Values, claims map[string]any) url.Values {
	own := map[string]any{"iss": "bank", "sub": "bank"}
	maps.Copy(own, claims)
	form.Set("client_id", "bank")
	form.Set("client_assertion_type", assertionTypeJWT)
	form.Set("client_assertion", b.signs.assertion(own))
	return form
}

func (b bank) request(pairs ...string) url.Values {
	return authorizeParameters(append([]string{"client_id", "bank", "redirect_uri", bankCallback, "scope", "openid offline_access"}, pairs...)...)
}

// push sends a request by the back channel, with a proof.
func (b bank) push(pairs ...string) page {
	b.t.Helper()
	return b.call(http.MethodPost, "/connect/par", b.authenticated(b.request(pairs...), nil), dpop.Header, b.proves.Proof("POST", testIssuer+"/connect/par"))
}

// address brings a pushed request to the authorization endpoint.
func (b bank) address(pushed page) string {
	b.t.Helper()
	answer := decode[pushedResponse](b.t, pushed)
	if pushed.StatusCode != http.StatusCreated || answer.ExpiresIn <= 0 || answer.ExpiresIn >= 600 { // §5.3.2.2
		b.t.Fatalf("push: %d %s", pushed.StatusCode, pushed.Body)
	}
	return b.pushedURL(answer.RequestURI, "client_id", "bank")
}

// authorize returns the answer of the authorization endpoint for Mick.
func (b bank) authorize(address string) page {
	b.t.Helper()
	answer := b.browser.follow(b.browser.get(address))
	if strings.Contains(answer.Request.URL.Path, "/account/login") {
		answer = b.browser.follow(b.browser.submitLogin(answer, "Mick", testPasswords["Mick"]))
	}
	return answer
}

func (b bank) code() string {
	b.t.Helper()
	return b.authorize(b.address(b.push())).sent("code")
}

func (b bank) form(code string, pairs ...string) url.Values {
	return tokenForm(code, append([]string{"redirect_uri", bankCallback, "client_id", "bank"}, pairs...)...)
}

// Everything the profile asks for at once, and nothing else in the front channel than a code.
func TestFAPI2SecurityProfileWalk(t *testing.T) {
	b := newBank(t)
	answer := b.authorize(b.address(b.push()))
	to := answer.location()
	if got := slices.Sorted(maps.Keys(to.Query())); !slices.Equal(got, []string{"code", "iss", "session_state", "state"}) || to.Fragment != "" {
		t.Errorf("the answer has %v and the fragment %q", got, to.Fragment)
	}
	if !strings.HasPrefix(to.String(), bankCallback+"?") || answer.sent("iss") != testIssuer || answer.sent("state") != "state-1" { // RFC 9207 §2.4
		t.Errorf("answered at %s", to)
	}
	tokens := b.bound(b.proves, b.token(b.authenticated(b.form(answer.sent("code")), nil), tokenProof(b.proves)...))
	if claims := claimsOf(t, tokens.IDToken); claims["aud"] != "bank" || claims["nonce"] != "nonce-1" || claims["iss"] != testIssuer {
		t.Errorf("ID token %v", claims)
	}
	if alg := must(jwt.ParseSigned(tokens.IDToken, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})).Headers[0].Algorithm; alg != "ES256" {
		t.Errorf("ID token signed with %s (§5.4.1)", alg)
	}
	if answer := b.ask("DPoP", tokens.AccessToken, b.proofFor(b.proves, tokens.AccessToken)); answer.StatusCode != http.StatusOK {
		t.Errorf("userinfo: %d %s", answer.StatusCode, answer.Body)
	}
	wantError(t, b.ask("Bearer", tokens.AccessToken), http.StatusUnauthorized, InvalidToken)

	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken}}
	wantError(t, b.token(b.authenticated(maps.Clone(refresh), nil)), http.StatusBadRequest, InvalidDPoPProof)
	again := b.bound(b.proves, b.token(b.authenticated(refresh, nil), tokenProof(b.proves)...))
	if again.RefreshToken != "" && again.RefreshToken != tokens.RefreshToken {
		t.Error("the refresh token was rotated (§5.3.2.1)")
	}
}

// Each row is a sentence of FAPI 2.0 §5.3.2, RFC 9126 or RFC 9449 that the client violates when it pushes.
func TestI22FAPI2SecurityProfilePush(t *testing.T) {
	b := newBank(t)
	hmac := signer{t: t, key: []byte(b.signs.public + strings.Repeat(".", 64)), alg: jose.HS256} // the public key as a secret
	stranger := newSigner(t, jose.ES256)
	good := func() []string { return []string{dpop.Header, b.proves.Proof("POST", testIssuer+"/connect/par")} }
	as := func(s signer, claims map[string]any, pairs ...string) url.Values {
		return bank{b.site, b.browser, s, b.proves}.authenticated(b.request(pairs...), claims)
	}
	secret := b.request("client_secret", "bff-secret")
	for _, row := range []struct {
		name    string
		form    url.Values
		headers []string
		status  int
		want    Code
	}{
		{"no client authentication (RFC 9126 §2)", b.request(), good(), 401, InvalidClient},
		{"a secret instead of a signature", secret, good(), 401, InvalidClient},
		{"another key's signature", as(stranger, nil), good(), 401, InvalidClient},
		{"HMAC with the public key", as(hmac, nil), good(), 401, InvalidClient},
		{"aud is the endpoint", as(b.signs, map[string]any{"aud": testIssuer + "/connect/par"}), good(), 401, InvalidClient},
		{"aud has the issuer and another", as(b.signs, map[string]any{"aud": []string{testIssuer, "https://other.example"}}), good(), 401, InvalidClient},
		{"an expired assertion", as(b.signs, map[string]any{"exp": time.Now().Unix() - 1}), good(), 401, InvalidClient},
		{"an assertion of more than 60 seconds from now", as(b.signs, map[string]any{"iat": time.Now().Unix() + 61}), good(), 401, InvalidClient},
		{"request_uri pushed (RFC 9126 §2.1)", as(b.signs, nil, "request_uri", pushedRequestURN+"x"), good(), 400, InvalidRequest},
		{"no redirect_uri (§5.3.2.2)", as(b.signs, nil, "redirect_uri", ""), good(), 400, InvalidRequest},
		{"an unregistered redirect_uri", as(b.signs, nil, "redirect_uri", bankCallback+"/"), good(), 400, InvalidRequest},
		{"no PKCE (§5.3.2.2)", as(b.signs, nil, "code_challenge", "", "code_challenge_method", ""), good(), 400, InvalidRequest},
		{"PKCE plain (§5.3.2.2)", as(b.signs, nil, "code_challenge_method", "plain"), good(), 400, InvalidRequest},
		{"response_type with a token (§5.3.2.2)", as(b.signs, nil, "response_type", "code id_token"), good(), 400, UnsupportedResponseType},
		{"a proof for another address", as(b.signs, nil), tokenProof(b.proves), 400, InvalidDPoPProof},
		{"two proofs", as(b.signs, nil), append(good(), good()...), 400, InvalidDPoPProof},
		{"dpop_jkt of another key (RFC 9449 §10.1)", as(b.signs, nil, "dpop_jkt", dpoptest.NewKey(t, jose.ES256).Thumbprint()), good(), 400, InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantError(t, b.call(http.MethodPost, "/connect/par", row.form, row.headers...), row.status, row.want)
		})
	}
	t.Run("an assertion used before", func(t *testing.T) {
		form := as(b.signs, nil)
		if answer := b.call(http.MethodPost, "/connect/par", form, good()...); answer.StatusCode != http.StatusCreated {
			t.Fatalf("got %d %s", answer.StatusCode, answer.Body)
		}
		wantError(t, b.call(http.MethodPost, "/connect/par", form, good()...), http.StatusUnauthorized, InvalidClient)
	})
}

// The same for the front channel.
func TestI22FAPI2SecurityProfileAuthorize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBank(t)
		b.code() // signs in
		// §5.3.2.2: only pushed requests. The error names its issuer (RFC 9207 §2).
		direct := b.browser.get(testIssuer + "/connect/authorize?" + b.request().Encode())
		if to := direct.location(); to == nil || to.Query().Get("error") != string(InvalidRequest) || to.Query().Get("iss") != testIssuer || to.Query().Has("code") {
			t.Errorf("a request that was not pushed: %d %s", direct.StatusCode, direct.Header.Get("Location"))
		}
		used := b.address(b.push())
		b.authorize(used)
		wantRefusedReference(t, "used before (RFC 9126 §7.3)", b.browser.get(used))
		wantRefusedReference(t, "another client's (RFC 9126 §2.2)", b.browser.get(strings.Replace(b.address(b.push()), "client_id=bank", "client_id=spa-client", 1)))
		late := b.address(b.push())
		time.Sleep(pushedRequestLifetime)
		wantRefusedReference(t, "too late (RFC 9126 §2.2)", b.browser.get(late))
		// What stands beside the reference does not count (RFC 9101 §6.3).
		if answer := b.authorize(b.address(b.push()) + "&redirect_uri=https%3A%2F%2Fevil.example&state=evil&response_type=token"); !strings.HasPrefix(answer.Header.Get("Location"), bankCallback+"?") || answer.sent("state") != "state-1" {
			t.Errorf("parameters beside the reference count: %s", answer.Header.Get("Location"))
		}
	})
}

// The same for the token endpoint. Every row begins with a good code.
func TestI22FAPI2SecurityProfileToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBank(t)
		other := dpoptest.NewKey(t, jose.ES256)
		usedProof, usedAssertion := tokenProof(b.proves), b.authenticated(url.Values{}, nil)
		b.bound(b.proves, b.token(withAssertion(b.form(b.code()), usedAssertion), usedProof...))
		token := testIssuer + "/connect/token"
		for _, row := range []struct {
			name   string
			send   func(code string) page
			status int
			want   Code
		}{
			{"no proof (RFC 9449 §5.2)", func(code string) page { return b.token(b.authenticated(b.form(code), nil)) }, 400, InvalidDPoPProof},
			{"a used proof (RFC 9449 §11.1)", func(code string) page { return b.token(b.authenticated(b.form(code), nil), usedProof...) }, 400, InvalidDPoPProof},
			{"another key than the push (RFC 9449 §10.1)", func(code string) page { return b.token(b.authenticated(b.form(code), nil), tokenProof(other)...) }, 400, InvalidGrant},
			{"htu of userinfo", func(code string) page {
				return b.token(b.authenticated(b.form(code), nil), dpop.Header, b.proves.Proof("POST", testIssuer+"/connect/userinfo"))
			}, 400, InvalidDPoPProof},
			{"alg none", func(code string) page {
				return b.token(b.authenticated(b.form(code), nil), dpop.Header, b.proves.Unsigned(dpoptest.Claims("POST", token)))
			}, 400, InvalidDPoPProof},
			{"a used assertion (RFC 7523 §3)", func(code string) page {
				return b.token(withAssertion(b.form(code), usedAssertion), tokenProof(b.proves)...)
			}, 401, InvalidClient},
			{"no client authentication", func(code string) page { return b.token(b.form(code), tokenProof(b.proves)...) }, 401, InvalidClient},
			{"another client", func(code string) page {
				return b.token(b.form(code, "client_id", "spa-client"), tokenProof(b.proves)...)
			}, 400, InvalidGrant},
			{"no verifier (RFC 7636 §4.6)", func(code string) page {
				return b.token(b.authenticated(b.form(code, "code_verifier", ""), nil), tokenProof(b.proves)...)
			}, 400, InvalidGrant},
			{"another verifier", func(code string) page {
				return b.token(b.authenticated(b.form(code, "code_verifier", strings.Repeat("x", 43)), nil), tokenProof(b.proves)...)
			}, 400, InvalidGrant},
			{"a code after 60 seconds (§5.3.2.1)", func(code string) page {
				time.Sleep(time.Minute)
				return b.token(b.authenticated(b.form(code), nil), tokenProof(b.proves)...)
			}, 400, InvalidGrant},
			{"a code a second time (RFC 6749 §4.1.2)", func(code string) page {
				b.bound(b.proves, b.token(b.authenticated(b.form(code), nil), tokenProof(b.proves)...))
				return b.token(b.authenticated(b.form(code), nil), tokenProof(b.proves)...)
			}, 400, InvalidGrant},
			{"the password grant (§5.3.2.1)", func(code string) page {
				return b.token(b.authenticated(b.form(code, "grant_type", "password"), nil), tokenProof(b.proves)...)
			}, 400, UnsupportedGrantType},
		} {
			answer := row.send(b.code())
			if got := decode[errorBody](t, answer); answer.StatusCode != row.status || got.Error != row.want {
				t.Errorf("%s: got %d %s (%s), want %d %s", row.name, answer.StatusCode, got.Error, got.Description, row.status, row.want)
			}
		}
	})
}

// withAssertion takes the client authentication of one form over into another.
func withAssertion(form, from url.Values) url.Values {
	for _, name := range []string{"client_assertion_type", "client_assertion"} {
		form.Set(name, from.Get(name))
	}
	return form
}

// With nonces a client hears use_dpop_nonce first, and sends the same form again under another proof, its assertion included: that
// must not count as used (RFC 9449 §8, FAPI 2.0 §5.3.2.1).
func TestFAPI2AnAssertionSurvivesTheDemandForANonce(t *testing.T) {
	b := newBank(t)
	b.setOption(dpopNonceOption.name, "true")
	repeated := func(path string, form url.Values) page {
		t.Helper()
		first := b.call(http.MethodPost, path, form, dpop.Header, b.proves.Proof("POST", testIssuer+path))
		wantError(t, first, http.StatusBadRequest, UseDPoPNonce)
		nonce := first.Header.Get(dpop.NonceHeader)
		return b.call(http.MethodPost, path, form, dpop.Header, b.proves.Proof("POST", testIssuer+path, "nonce", nonce))
	}
	pushed := repeated("/connect/par", b.authenticated(b.request(), nil))
	code := b.authorize(b.address(pushed)).sent("code")
	form := b.authenticated(b.form(code), nil)
	b.bound(b.proves, repeated("/connect/token", form))
	again := b.call(http.MethodPost, "/connect/token", form, dpop.Header, b.proves.Proof("POST", testIssuer+"/connect/token"))
	wantError(t, again, http.StatusBadRequest, UseDPoPNonce) // and nothing about the client
}
