package idp

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"silentrenew/db"
)

// basicRaw is an Authorization header with these very octets inside.
func basicRaw(credentials string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}

func TestI22TokenEndpoint(t *testing.T) {
	s := newSite(t)
	s.addClient("idle", func(c *db.Client) { c.GrantTypes = []string{"urn:example:other"} })
	good := tokenForm("no-such-code")
	encoded := good.Encode()
	const path = "/connect/token"
	rows := []misuse{
		{"RFC 6749 §3.2", "no body", postingRaw(path, formType, ""), toJSON, 401, InvalidClient},
		{"RFC 6749 §4.1.3", "no Content-Type", postingRaw(path, "", encoded), toJSON, 400, InvalidRequest},
		{"RFC 6749 §4.1.3", "JSON", postingRaw(path, "application/json", `{"grant_type":"authorization_code"}`), toJSON, 400, InvalidRequest},
		{"RFC 6749 §4.1.3", "multipart", postingRaw(path, "multipart/form-data; boundary=x", "--x--"), toJSON, 400, InvalidRequest},
		{"RFC 6749 §4.1.3", "a Content-Type that is none", postingRaw(path, "form;;", encoded), toJSON, 400, InvalidRequest},
		{"RFC 9110 §15.5.16", "a body in a content coding", postingRaw(path, formType, encoded, "Content-Encoding", "gzip"), toJSON, 415, InvalidRequest},
		{"RFC 9110 §8.4", "a body in the coding that is none", postingRaw(path, formType, encoded, "Content-Encoding", "identity"), toJSON, 400, InvalidGrant},
		{"RFC 6749 §2.3.1", "all in the URL", postingRaw(path+"?"+encoded, formType, ""), toJSON, 400, InvalidRequest},
		{"RFC 6749 §3.2", "the client in the URL", postingRaw(path+"?client_id=spa-client&grant_type=authorization_code", formType, "code=x"), toJSON, 401, InvalidClient},
		{"RFC 6749 §2.3.1", "an assertion in the URL", postingRaw(path+"?client_assertion=x", formType, encoded), toJSON, 400, InvalidRequest},
		{"RFC 9700 §4.3.2", "a refresh token in the URL", postingRaw(path+"?refresh_token=x", formType, encoded), toJSON, 400, InvalidRequest},
		{"RFC 6749 §3.2", "the grant in the URL, the client in the body", postingRaw(path+"?"+encoded, formType, "client_id=spa-client"), toJSON, 400, InvalidRequest},
		{"RFC 6749 §2.3.1", "the secret in the URL", postingRaw(path+"?client_secret=bff-secret", formType, "client_id=bff-client&grant_type=authorization_code"), toJSON, 400, InvalidRequest},
		{"RFC 6749 §2.3.1", "the secret in the URL and in the body", postingRaw(path+"?client_secret=bff-secret", formType, "client_id=bff-client&client_secret=bff-secret"), toJSON, 400, InvalidRequest},
		{"RFC 6749 §3.2", "an unknown parameter twice", postingRaw(path, formType, encoded+"&tea=1&tea=2"), toJSON, 400, InvalidRequest},
		{"RFC 6749 §3.2", "broken percent-encoding", postingRaw(path, formType, encoded+"&x=%zz"), toJSON, 400, InvalidRequest},
		{"RFC 6749 §3.2", "a semicolon between parameters", postingRaw(path, formType, encoded+";x=y"), toJSON, 400, InvalidRequest},
		{"RFC 6749 App. A", "NUL", postingRaw(path, formType, encoded+"&x=%00"), toJSON, 400, InvalidRequest},
		{"RFC 6749 App. A", "a line break", postingRaw(path, formType, encoded+"&x=%0d%0a"), toJSON, 400, InvalidRequest},
		{"RFC 6749 App. B", "octets that are no UTF-8", postingRaw(path, formType, encoded+"&x=%ff"), toJSON, 400, InvalidRequest},
		{"DESIGN §4", "a body beyond measure", postingRaw(path, formType, encoded+"&x="+strings.Repeat("x", 1<<20)), toJSON, 413, InvalidRequest},

		{"RFC 6749 §5.2", "no grant_type", posting(path, tokenForm("c", "grant_type", "")), toJSON, 400, InvalidRequest},
		{"RFC 6749 §5.2", "an unknown grant_type", posting(path, tokenForm("c", "grant_type", "telepathy")), toJSON, 400, UnsupportedGrantType},
		{"RFC 6749 §5.2", "grant_type in another case", posting(path, tokenForm("c", "grant_type", "Authorization_Code")), toJSON, 400, UnsupportedGrantType},
		{"RFC 9700 §2.4", "the password grant", posting(path, tokenForm("c", "grant_type", "password", "username", "Mick", "password", "MickPassword")), toJSON, 400, UnsupportedGrantType},
		{"RFC 9700 §2.1.2", "implicit", posting(path, tokenForm("c", "grant_type", "implicit")), toJSON, 400, UnsupportedGrantType},
		{"RFC 7523 §2.1", "a JWT as a grant", posting(path, tokenForm("c", "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", "x")), toJSON, 400, UnsupportedGrantType},
		{"RFC 6749 §5.2", "a grant the client's row does not list", posting(path, tokenForm("c", "client_id", "idle")), toJSON, 400, UnauthorizedClient},
		{"RFC 6749 §4.4", "client credentials of a public client", posting(path, tokenForm("c", "grant_type", grantClientCredentials)), toJSON, 400, UnauthorizedClient},
	}
	for name := range good {
		rows = append(rows, misuse{"RFC 6749 §3.2", name + " twice", postingRaw(path, formType, encoded+"&"+name+"="+url.QueryEscape(good.Get(name))), toJSON, 400, InvalidRequest})
	}
	refuseAll(t, s, rows)
}

// RFC 6749 §2.3: who the client is, by exactly one method.
func TestI22ClientCredentialsOnTheWire(t *testing.T) {
	s := newSite(t)
	form := func(pairs ...string) url.Values {
		return tokenForm("no-such-code", append([]string{"client_id", ""}, pairs...)...)
	}
	const path, unknown = "/connect/token", "no-such-code"
	refuseAll(t, s, []misuse{
		{"RFC 6749 §3.2.1", "nobody", posting(path, form()), toJSON, 401, InvalidClient},
		{"RFC 6749 §3.2.1", "a confidential client without its secret", posting(path, form("client_id", "bff-client")), toJSON, 401, InvalidClient},
		{"RFC 6749 §3.2.1", "an empty secret", postingRaw(path, formType, "client_id=bff-client&client_secret=&grant_type=authorization_code&code=x"), toJSON, 401, InvalidClient},
		{"RFC 6749 §2.3", "basic and post", posting(path, form("client_id", "bff-client", "client_secret", "bff-secret"), "Authorization", basic("bff-client", "bff-secret")), toJSON, 400, InvalidRequest},
		{"RFC 6749 §2.3", "basic and post of another client", posting(path, form("client_id", "spa-client"), "Authorization", basic("bff-client", "bff-secret")), toJSON, 400, InvalidRequest},
		{"RFC 6749 §2.3", "an assertion and basic", posting(path, form("client_assertion", "x", "client_assertion_type", assertionTypeJWT), "Authorization", basic("bff-client", "bff-secret")), toJSON, 400, InvalidRequest},
		{"RFC 6749 §2.3", "an assertion and post", posting(path, form("client_id", "bff-client", "client_secret", "bff-secret", "client_assertion", "x", "client_assertion_type", assertionTypeJWT)), toJSON, 400, InvalidRequest},
		{"RFC 6749 §2.3", "two Authorization headers", posting(path, form(), "Authorization", basic("bff-client", "bff-secret"), "Authorization", basic("bff-client", "bff-secret")), toJSON, 400, InvalidRequest},
		{"RFC 6749 §2.3.1", "a wrong secret in the header", posting(path, form(), "Authorization", basic("bff-client", "wrong")), toBasic, 401, InvalidClient},
		{"RFC 6749 §2.3.1", "a wrong secret in the body", posting(path, form("client_id", "bff-client", "client_secret", "wrong")), toJSON, 401, InvalidClient},
		{"RFC 6749 §2.3.1", "a client nobody registered", posting(path, form(), "Authorization", basic("nobody", "x")), toBasic, 401, InvalidClient},
		{"RFC 7617 §2", "no base64", posting(path, form(), "Authorization", "Basic %%%"), toBasic, 401, InvalidClient},
		{"RFC 7617 §2", "base64 for URLs", posting(path, form(), "Authorization", "Basic "+base64.URLEncoding.EncodeToString([]byte("bff-client:\xff\xfe\xfb"))), toBasic, 401, InvalidClient},
		{"RFC 7617 §2", "base64 without its padding", posting(path, form(), "Authorization", strings.TrimRight(basicRaw("company-employee:codemazesecret"), "=")), toBasic, 401, InvalidClient},
		{"RFC 7617 §2", "nothing behind the scheme", posting(path, form(), "Authorization", "Basic"), toBasic, 401, InvalidClient},
		{"RFC 7617 §2", "no colon", posting(path, form(), "Authorization", basicRaw("bff-client")), toBasic, 401, InvalidClient},
		{"RFC 7617 §2", "a colon alone", posting(path, form(), "Authorization", basicRaw(":")), toBasic, 401, InvalidClient},
		{"RFC 7617 §2", "no client_id", posting(path, form(), "Authorization", basicRaw(":bff-secret")), toBasic, 401, InvalidClient},
		{"RFC 7617 §2", "a comma for a second credential", posting(path, form(), "Authorization", basic("bff-client", "wrong")+", "+basic("bff-client", "bff-secret")), toBasic, 401, InvalidClient},
		{"RFC 6749 App. B", "a broken percent-encoding", posting(path, form(), "Authorization", basicRaw("bff-client:%zz")), toBasic, 401, InvalidClient},
		{"RFC 6749 App. A", "a line break in the secret", posting(path, form(), "Authorization", basicRaw("bff-client:bff-secret\r\n")), toBasic, 401, InvalidClient},
		{"RFC 6749 App. A", "NUL behind the secret", posting(path, form(), "Authorization", basicRaw("bff-client:bff-secret\x00")), toBasic, 401, InvalidClient},
		{"RFC 6749 App. A", "a secret beyond measure", posting(path, form(), "Authorization", basicRaw("bff-client:"+strings.Repeat("x", 5000))), toBasic, 401, InvalidClient},
		{"RFC 6749 §2.3.1", "the hash of the secret", posting(path, form("client_id", "bff-client", "client_secret", db.HashSecret("bff-secret"))), toJSON, 401, InvalidClient},
		{"RFC 6749 §5.2", "another scheme", posting(path, form("client_id", "bff-client"), "Authorization", "Bearer bff-secret"), toBasic, 401, InvalidClient},
		{"RFC 6749 §5.2", "a scheme nobody knows", posting(path, form("client_id", "spa-client"), "Authorization", "Digest x"), toBasic, 401, InvalidClient},
		{"RFC 7521 §4.2", "client_assertion without its type", posting(path, form("client_assertion", "x")), toJSON, 401, InvalidClient},
		{"RFC 7521 §4.2", "a type without client_assertion", posting(path, form("client_assertion_type", assertionTypeJWT)), toJSON, 401, InvalidClient},
		{"RFC 7521 §4.2", "a type nobody knows", posting(path, form("client_assertion", "x", "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")), toJSON, 401, InvalidClient},
		{"RFC 7523 §3", "an assertion that is no JWT", posting(path, form("client_assertion", "x", "client_assertion_type", assertionTypeJWT)), toJSON, 401, InvalidClient},
		{"RFC 7523 §3", "an assertion with alg none", posting(path, form("client_assertion", unsigned(t, map[string]any{"iss": "bff-client", "sub": "bff-client", "aud": testIssuer}), "client_assertion_type", assertionTypeJWT)), toJSON, 401, InvalidClient},

		{"RFC 6749 §2.3.1", "percent-encoded credentials are decoded", posting(path, form("code", unknown), "Authorization", basicRaw("%62ff-client:bff%2Dsecret")), toJSON, 400, InvalidGrant},
		{"RFC 9110 §11.1", "the scheme in another case", posting(path, form(), "Authorization", strings.Replace(basic("bff-client", "bff-secret"), "Basic", "BASIC", 1)), toJSON, 400, InvalidGrant},
		{"RFC 6749 §3.2", "parameters without a value count as not sent", postingRaw(path, formType, "client_id=spa-client&client_secret=&grant_type=authorization_code&code=x&redirect_uri=x"), toJSON, 400, InvalidGrant},
	})
}

// RFC 6749 §4.1.3, RFC 7636 §4.6: each row presents a good code the wrong way.
func TestI22AuthorizationCodeGrant(t *testing.T) {
	s := newSite(t)
	bff := func(c *db.AuthorizationCode) { c.ClientID, c.RedirectURI = "bff-client", testSPA+"/bff/callback" }
	without := func(c *db.AuthorizationCode) { c.CodeChallenge, c.CodeChallengeMethod = "", "" }
	plain := func(c *db.AuthorizationCode) { c.CodeChallenge, c.CodeChallengeMethod = testVerifier, challengePlain }
	refuseAll(t, s, []misuse{
		{"RFC 6749 §4.1.3", "no code", redeeming(nil, "code", ""), toJSON, 400, InvalidRequest},
		{"RFC 6749 §4.1.3", "a code nobody issued", redeeming(nil, "code", "guess"), toJSON, 400, InvalidGrant},
		{"RFC 6749 §4.1.2", "a code whose time is up", redeeming(func(c *db.AuthorizationCode) { c.Expires = time.Now() }), toJSON, 400, InvalidGrant},
		{"RFC 8707 §2.2", "a resource that was not asked for", redeeming(nil, "resource", "https://api.example/"), toJSON, 400, InvalidTarget},
		{"RFC 6749 §4.1.3", "a code with a space behind it", func(s *site) page { return s.token(tokenForm(s.insertCode(nil) + " ")) }, toJSON, 400, InvalidGrant},
		{"RFC 6749 §4.1.3", "a code in lower case", func(s *site) page { return s.token(tokenForm(strings.ToLower(s.insertCode(nil)))) }, toJSON, 400, InvalidGrant},
		{"RFC 6749 §4.1.3", "a code beyond measure", redeeming(nil, "code", strings.Repeat("x", 60_000)), toJSON, 400, InvalidGrant},
		{"RFC 6749 §4.1.3", "no redirect_uri", redeeming(nil, "redirect_uri", ""), toJSON, 400, InvalidGrant},
		{"RFC 6749 §4.1.3", "another registered redirect_uri", redeeming(nil, "redirect_uri", testSPA+"/assets/silent-callback.html"), toJSON, 400, InvalidGrant},
		{"RFC 6749 §4.1.3", "redirect_uri with a slash more", redeeming(nil, "redirect_uri", testCallback+"/"), toJSON, 400, InvalidGrant},
		{"RFC 9700 §4.5", "a code that was injected from another client", redeeming(bff), toJSON, 400, InvalidGrant},
		{"RFC 9700 §4.5", "the same with that client's redirect_uri", redeeming(bff, "redirect_uri", testSPA+"/bff/callback"), toJSON, 400, InvalidGrant},
		{"RFC 6749 §3.2.1", "a confidential client's code without its secret", redeeming(bff, "client_id", "bff-client", "redirect_uri", testSPA+"/bff/callback"), toJSON, 401, InvalidClient},
		{"RFC 6749 §4.1.2", "a code used twice", func(s *site) page {
			code := s.insertCode(nil)
			s.redeem(code)
			return s.token(tokenForm(code))
		}, toJSON, 400, InvalidGrant},
		{"RFC 6749 §10.5", "a code after a wrong guess", func(s *site) page {
			code := s.insertCode(nil)
			s.token(tokenForm(code, "code_verifier", strings.Repeat("x", 43)))
			return s.token(tokenForm(code))
		}, toJSON, 400, InvalidGrant},
		{"RFC 6749 §4.1.3", "a refresh token for a code", func(s *site) page { return s.token(tokenForm(s.offline().RefreshToken)) }, toJSON, 400, InvalidGrant},

		{"RFC 7636 §4.5", "no verifier", redeeming(nil, "code_verifier", ""), toJSON, 400, InvalidGrant},
		{"RFC 7636 §4.6", "another verifier", redeeming(nil, "code_verifier", strings.Repeat("x", 43)), toJSON, 400, InvalidGrant},
		{"RFC 7636 §4.6", "the challenge for a verifier", redeeming(nil, "code_verifier", testChallenge), toJSON, 400, InvalidGrant},
		{"RFC 7636 §4.1", "a verifier that is too short", redeeming(nil, "code_verifier", testVerifier[:42]), toJSON, 400, InvalidGrant},
		{"RFC 7636 §4.1", "a verifier that is too long", redeeming(nil, "code_verifier", strings.Repeat("a", 129)), toJSON, 400, InvalidGrant},
		{"RFC 7636 §4.1", "a verifier with other characters", redeeming(nil, "code_verifier", strings.Repeat("a+", 22)), toJSON, 400, InvalidGrant},
		{"RFC 7636 §4.6", "a plain verifier for S256", redeeming(nil, "code_verifier", testChallenge, "code_challenge_method", "plain"), toJSON, 400, InvalidGrant},
		{"RFC 7636 §4.6", "an S256 verifier for plain", redeeming(plain, "code_verifier", testChallenge), toJSON, 400, InvalidGrant},
		{"RFC 9700 §2.1.1", "a verifier where no challenge was sent", redeeming(without), toJSON, 400, InvalidGrant},
	})
}

func TestI22RefreshTokenGrant(t *testing.T) {
	s := newSite(t)
	s.addClient("other", func(c *db.Client) {
		c.GrantTypes, c.AllowOfflineAccess = []string{grantRefreshToken}, true
	})
	s.addClient("idle", func(*db.Client) {})
	refreshing := func(pairs ...string) func(*site) page {
		return func(s *site) page { return s.token(refreshForm(s.offline().RefreshToken, pairs...)) }
	}
	refuseAll(t, s, []misuse{
		{"RFC 6749 §6", "no refresh_token", refreshing("refresh_token", ""), toJSON, 400, InvalidRequest},
		{"RFC 6749 §6", "one nobody issued", refreshing("refresh_token", "guess"), toJSON, 400, InvalidGrant},
		{"RFC 6749 §6", "one beyond measure", refreshing("refresh_token", strings.Repeat("x", 60_000)), toJSON, 400, InvalidGrant},
		{"RFC 6749 §6", "without client authentication", refreshing("client_secret", ""), toJSON, 401, InvalidClient},
		{"RFC 6749 §6", "by another client", refreshing("client_id", "other", "client_secret", ""), toJSON, 400, InvalidGrant},
		{"RFC 6749 §6", "by a client whose row lists another grant", refreshing("client_id", "idle", "client_secret", ""), toJSON, 400, UnauthorizedClient},
		{"RFC 6749 §6", "a scope value more", refreshing("scope", "openid profile companyApi roles offline_access"), toJSON, 400, InvalidScope},
		{"RFC 6749 §6", "an unknown scope value", refreshing("scope", "everything"), toJSON, 400, InvalidScope},
		{"RFC 6749 §3.3", "a scope of characters no scope has", refreshing("scope", `op"enid`), toJSON, 400, InvalidScope},
		{"RFC 6749 §6", "an access token", func(s *site) page { return s.token(refreshForm(s.offline().AccessToken)) }, toJSON, 400, InvalidGrant},
		{"RFC 6749 §6", "an authorization code", func(s *site) page { return s.token(refreshForm(s.insertCode(nil))) }, toJSON, 400, InvalidGrant},
		{"RFC 9700 §4.14.2", "one that was exchanged", func(s *site) page {
			first := s.offline().RefreshToken
			s.refresh(first)
			return s.token(refreshForm(first))
		}, toJSON, 400, InvalidGrant},
		{"RFC 9700 §4.14.2", "its successor after that", func(s *site) page {
			first := s.offline().RefreshToken
			second := s.refresh(first).RefreshToken
			s.token(refreshForm(first))
			return s.token(refreshForm(second))
		}, toJSON, 400, InvalidGrant},
		{"RFC 7009 §2.1", "one that was revoked", func(s *site) page {
			token := s.offline().RefreshToken
			s.revoke(url.Values{"client_id": {"bff-client"}, "client_secret": {"bff-secret"}, "token": {token}})
			return s.token(refreshForm(token))
		}, toJSON, 400, InvalidGrant},
	})
}

func TestI22ClientCredentialsGrant(t *testing.T) {
	s := newSite(t)
	refuseAll(t, s, []misuse{
		{"RFC 6749 §4.4.2", "a wrong secret", posting("/connect/token", employeeForm("client_secret", "wrong")), toJSON, 401, InvalidClient},
		{"RFC 6749 §3.3", "a scope about a user", posting("/connect/token", employeeForm("scope", "openid")), toJSON, 400, InvalidScope},
		{"RFC 6749 §3.3", "an unknown scope value", posting("/connect/token", employeeForm("scope", "companyApi everything")), toJSON, 400, InvalidScope},
		{"RFC 6749 §3.3", "a backslash", posting("/connect/token", employeeForm("scope", `company\Api`)), toJSON, 400, InvalidScope},
		{"RFC 6749 §4.4.3", "offline_access alone", posting("/connect/token", employeeForm("scope", "offline_access")), toJSON, 400, InvalidScope},
		{"RFC 8707 §2", "a resource with a fragment", posting("/connect/token", employeeForm("resource", "https://api.example/#x")), toJSON, 400, InvalidTarget},
	})
	answer := s.token(employeeForm())
	if answer.StatusCode != http.StatusOK || strings.Contains(answer.Body, "refresh_token") || strings.Contains(answer.Body, "id_token") {
		t.Errorf("RFC 6749 §4.4.3: got %d %s", answer.StatusCode, answer.Body)
	}
}
