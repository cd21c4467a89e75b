package idp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"silentrenew/db"
)

func TestI22Userinfo(t *testing.T) { // RFC 6750, OIDC Core §5.3
	s := newSite(t)
	tokens := s.redeem(s.insertCode(nil))
	token := tokens.AccessToken
	narrow := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.Scopes = []string{"companyApi"} })).AccessToken
	machine := decode[tokenResponse](t, s.token(employeeForm())).AccessToken
	const path = "/connect/userinfo"
	parts := strings.Split(token, ".")
	refuseAll(t, s, []misuse{
		{"RFC 6750 §3.1", "nothing", bearing(), toBare, 401, ""},
		{"RFC 6750 §3.1", "another scheme", bearing("Authorization", basic("spa-client", "x")), toBare, 401, ""},
		{"RFC 6750 §3.1", "a scheme that begins like ours", bearing("Authorization", "Bearerish "+token), toBare, 401, ""},
		{"RFC 6750 §3.1", "a form with nothing in it", postingRaw(path, formType, ""), toBare, 401, ""},
		{"RFC 6750 §2.2", "a token in a body that is no form", postingRaw(path, "application/json", `{"access_token":"`+token+`"}`), toBare, 401, ""},
		{"RFC 6750 §2.2", "a token in a multipart body", postingRaw(path, "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=access_token\r\n\r\n"+token+"\r\n--x--"), toBare, 401, ""},
		{"RFC 9110 §15.5.16", "a form in a content coding", postingRaw(path, formType, "access_token="+token, "Content-Encoding", "br"), toChallenge, 415, InvalidRequest},
		{"RFC 6750 §2.2", "a token in the body of a GET", func(s *site) page {
			r := httptest.NewRequest(http.MethodGet, s.issuer+path, strings.NewReader("access_token="+token))
			r.Header.Set("Content-Type", formType)
			return s.serve(r)
		}, toBare, 401, ""},
		{"RFC 6750 §2.1", "nothing behind the scheme", bearing("Authorization", "Bearer"), toChallenge, 400, InvalidRequest},
		{"RFC 6750 §2.1", "two tokens behind the scheme", bearing("Authorization", "Bearer "+token+" "+token), toChallenge, 401, InvalidToken},
		{"RFC 6750 §2.1", "characters no token has", bearing("Authorization", "Bearer <script>"), toChallenge, 401, InvalidToken},
		{"RFC 6750 §2.1", "a token beyond measure", bearing("Authorization", "Bearer "+strings.Repeat("x", 100_000)), toChallenge, 401, InvalidToken},
		{"RFC 6750 §2", "two headers", bearing("Authorization", "Bearer "+token, "Authorization", "Bearer "+token), toChallenge, 400, InvalidRequest},
		{"RFC 6750 §2.3", "in the URL", func(s *site) page { return s.call(http.MethodGet, path+"?access_token="+token, nil) }, toChallenge, 400, InvalidRequest},
		{"RFC 6750 §2", "in the URL and in the header", func(s *site) page {
			return s.call(http.MethodGet, path+"?access_token="+token, nil, "Authorization", "Bearer "+token)
		}, toChallenge, 400, InvalidRequest},
		{"RFC 6750 §2", "in the body and in the header", posting(path, url.Values{"access_token": {token}}, "Authorization", "Bearer "+token), toChallenge, 400, InvalidRequest},
		{"RFC 6750 §2", "in the body and in the URL", posting(path+"?access_token="+token, url.Values{"access_token": {token}}), toChallenge, 400, InvalidRequest},
		{"RFC 6750 §2.2", "twice in the body", posting(path, url.Values{"access_token": {token, token}}), toChallenge, 400, InvalidRequest},
		{"RFC 6750 §2.2", "an empty one in the body", posting(path, url.Values{"access_token": {""}}), toChallenge, 400, InvalidRequest},
		{"RFC 6750 §3.1", "no token of ours", bearing("Authorization", "Bearer nonsense"), toChallenge, 401, InvalidToken},
		{"RFC 9068 §4", "an ID token", bearing("Authorization", "Bearer "+tokens.IDToken), toChallenge, 401, InvalidToken},
		{"RFC 6749 §1.5", "a refresh token", func(s *site) page { return s.userinfo(s.offline().RefreshToken) }, toChallenge, 401, InvalidToken},
		{"RFC 6749 §1.3.1", "a code", func(s *site) page { return s.userinfo(s.insertCode(nil)) }, toChallenge, 401, InvalidToken},
		{"RFC 7515 §5.2", "a token without its signature", bearing("Authorization", "Bearer "+parts[0]+"."+parts[1]+"."), toChallenge, 401, InvalidToken},
		{"RFC 8725 §3.2", "alg none", bearing("Authorization", "Bearer "+unsigned(t, claimsOf(t, token))), toChallenge, 401, InvalidToken},
		{"RFC 7515 §5.2", "another payload under the signature", bearing("Authorization", "Bearer "+parts[0]+"."+strings.Split(machine, ".")[1]+"."+parts[2]), toChallenge, 401, InvalidToken},
		{"RFC 7009 §2", "a revoked token", func(s *site) page {
			token := s.redeem(s.insertCode(nil)).AccessToken
			s.revoke(url.Values{"client_id": {"spa-client"}, "token": {token}})
			return s.userinfo(token)
		}, toChallenge, 401, InvalidToken},
		{"RFC 6749 §4.1.2", "a token of a code that was replayed", func(s *site) page {
			code := s.insertCode(nil)
			token := s.redeem(code).AccessToken
			s.token(tokenForm(code))
			return s.userinfo(token)
		}, toChallenge, 401, InvalidToken},
		{"OIDC Core §5.3", "a token without openid", bearing("Authorization", "Bearer "+narrow), toChallenge, 403, InsufficientScope},
		{"OIDC Core §5.3", "a token of no user", bearing("Authorization", "Bearer "+machine), toChallenge, 403, InsufficientScope},
	})
	if answer := s.call(http.MethodPost, path, url.Values{"access_token": {token}}); answer.StatusCode != http.StatusOK { // RFC 6750 §2.2
		t.Errorf("in the body: %d %s", answer.StatusCode, answer.Body)
	}
}

func TestI22PushedAuthorization(t *testing.T) { // RFC 9126 §2
	s := newSite(t)
	const path = "/connect/par"
	bff := []string{"client_id", "bff-client", "redirect_uri", testSPA + "/bff/callback"}
	push := func(pairs ...string) func(*site) page { return posting(path, authorizeParameters(pairs...)) }
	rows := []misuse{
		{"RFC 9126 §2.1", "no client", push("client_id", ""), toJSON, 401, InvalidClient},
		{"RFC 9126 §2.1", "a client nobody registered", push("client_id", "nobody"), toJSON, 401, InvalidClient},
		{"RFC 9126 §2.1", "a confidential client without its secret", push(bff...), toJSON, 401, InvalidClient},
		{"RFC 9126 §2.1", "a wrong secret", push(append(bff, "client_secret", "wrong")...), toJSON, 401, InvalidClient},
		{"RFC 9126 §2.1", "two clients", posting(path, authorizeParameters(), "Authorization", basic("bff-client", "bff-secret")), toJSON, 400, InvalidRequest},
		{"RFC 9126 §2.1", "a request_uri of ours", func(s *site) page { return push("request_uri", s.push())(s) }, toJSON, 400, InvalidRequest},
		{"RFC 9126 §2.1", "a request_uri of others", push("request_uri", "https://example.com/r"), toJSON, 400, InvalidRequest},
		{"RFC 9126 §2.1", "JSON", postingRaw(path, "application/json", "{}"), toJSON, 400, InvalidRequest},
		{"RFC 9110 §15.5.16", "a content coding", postingRaw(path, formType, authorizeParameters().Encode(), "Content-Encoding", "deflate"), toJSON, 415, InvalidRequest},
		{"RFC 9126 §2.3", "beyond measure", push("state", strings.Repeat("x", 70_000)), toJSON, 413, InvalidRequest},
		{"RFC 9126 §2.3", "no redirect_uri", push("redirect_uri", ""), toJSON, 400, InvalidRequest},
		{"RFC 9126 §2.3", "no response_type", push("response_type", ""), toJSON, 400, InvalidRequest},
		{"RFC 9126 §2.3", "an unknown response_type", push("response_type", "token"), toJSON, 400, UnsupportedResponseType},
		{"RFC 9126 §2.3", "an unknown scope value", push("scope", "everything"), toJSON, 400, InvalidScope},
		{"RFC 9126 §2.3", "no PKCE", push("code_challenge", ""), toJSON, 400, InvalidRequest},
		{"RFC 9126 §2.3", "prompt none with login", push("prompt", "none login"), toJSON, 400, InvalidRequest},
		{"RFC 9126 §2.3", "max_age is no number", push("max_age", "soon"), toJSON, 400, InvalidRequest},
		{"RFC 9126 §3", "a request object of nobody", push("request", "nonsense"), toJSON, 400, InvalidRequestObject},
		{"RFC 9126 §3", "a request object of another client", push("request", unsigned(t, map[string]any{"client_id": "bff-client"})), toJSON, 400, InvalidRequestObject},
		{"RFC 9126 §3", "a redirect_uri elsewhere, inside only", push("request", unsigned(t, map[string]any{"redirect_uri": "https://evil.example/"})), toJSON, 400, InvalidRequest},
		{"RFC 9126 §3", "a request_uri inside", push("request", unsigned(t, map[string]any{"request_uri": "https://example.com/r"})), toJSON, 400, InvalidRequestObject},
		{"RFC 9449 §10", "dpop_jkt is no thumbprint", push("dpop_jkt", "key-1"), toJSON, 400, InvalidRequest},
		{"RFC 8707 §2", "a resource with a fragment", push("resource", "https://api.example/#x"), toJSON, 400, InvalidTarget},
		{"RFC 9126 §7.3", "a reference used twice", func(s *site) page {
			reference, b := s.push("prompt", "none"), s.browser()
			b.get(s.pushedURL(reference))
			return b.get(s.pushedURL(reference))
		}, toPage, 400, InvalidRequestURI},
		{"RFC 9126 §2.2", "a reference of another client", func(s *site) page {
			return s.browser().get(s.pushedURL(s.push(), "client_id", "bff-client"))
		}, toPage, 400, InvalidRequestURI},
		{"RFC 9126 §4", "a reference without a client", func(s *site) page {
			return s.browser().get(s.issuer + "/connect/authorize?request_uri=" + url.QueryEscape(s.push()))
		}, toPage, 400, InvalidRequestURI},
		{"RFC 9126 §4", "a reference twice in one request", func(s *site) page {
			reference := s.push()
			return s.browser().get(s.pushedURL(reference) + "&request_uri=" + url.QueryEscape(reference))
		}, toPage, 400, InvalidRequest},
	}
	for name, uri := range redirectTricks {
		code := InvalidRequest
		rows = append(rows, misuse{"RFC 9126 §2.1", "redirect_uri " + name, push("redirect_uri", uri), toJSON, 400, code})
	}
	refuseAll(t, s, rows)
}

func TestI22DeviceGrant(t *testing.T) { // RFC 8628
	s := newSite(t)
	s.addTelevision()
	s.addTelevisionLike("radio")
	const path = "/connect/deviceauthorization"
	start := func(pairs ...string) func(*site) page { return posting(path, deviceForm(pairs...)) }
	polling := func(pairs ...string) func(*site) page {
		return func(s *site) page { return s.poll(s.startDevice().DeviceCode, pairs...) }
	}
	refuseAll(t, s, []misuse{
		{"RFC 8628 §3.1", "no client", start("client_id", ""), toJSON, 401, InvalidClient},
		{"RFC 8628 §3.1", "a client whose row lists another grant", start("client_id", "spa-client"), toJSON, 400, UnauthorizedClient},
		{"RFC 8628 §3.1", "a confidential client without its secret", start("client_id", "bff-client"), toJSON, 401, InvalidClient},
		{"RFC 8628 §3.1", "an unknown scope value", start("scope", "everything"), toJSON, 400, InvalidScope},
		{"RFC 8628 §3.1", "scope twice", posting(path, url.Values{"client_id": {"television"}, "scope": {"openid", "profile"}}), toJSON, 400, InvalidRequest},
		{"RFC 8628 §3.1", "JSON", postingRaw(path, "application/json", "{}"), toJSON, 400, InvalidRequest},
		{"RFC 8628 §3.1", "in the URL", postingRaw(path+"?client_id=television", formType, ""), toJSON, 401, InvalidClient},
		{"RFC 8628 §3.4", "no device_code", polling("device_code", ""), toJSON, 400, InvalidRequest},
		{"RFC 8628 §3.4", "a device_code nobody issued", polling("device_code", "guess"), toJSON, 400, InvalidGrant},
		{"RFC 8628 §3.4", "the user code for it", func(s *site) page { return s.poll(s.startDevice().UserCode) }, toJSON, 400, InvalidGrant},
		{"RFC 8628 §3.4", "another client's", polling("client_id", "radio"), toJSON, 400, InvalidGrant},
		{"RFC 8628 §3.5", "the user has not answered", polling(), toJSON, 400, AuthorizationPending},
		{"RFC 8628 §3.5", "too soon", func(s *site) page {
			code := s.startDevice().DeviceCode
			s.poll(code)
			return s.poll(code)
		}, toJSON, 400, SlowDown},
		{"RFC 8628 §3.5", "the time is up", func(s *site) page {
			code := s.startDevice().DeviceCode
			s.exec(`UPDATE "DeviceCodes" SET "Expiration" = '2001-01-01 00:00:00'`)
			return s.poll(code)
		}, toJSON, 400, ExpiredToken},
	})
}

func TestI22RevocationAndIntrospection(t *testing.T) { // RFC 7009 §2, RFC 7662 §2
	s := newSite(t)
	token := s.redeem(s.insertCode(nil)).AccessToken
	bff := func(pairs ...string) url.Values {
		form := url.Values{"token": {token}, "client_id": {"bff-client"}, "client_secret": {"bff-secret"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return form
	}
	var rows []misuse
	for path, clause := range map[string]string{"/connect/revocation": "RFC 7009 §2.1", "/connect/introspect": "RFC 7662 §2.1"} {
		rows = append(rows, []misuse{
			{clause, "no client " + path, posting(path, url.Values{"token": {token}}), toJSON, 401, InvalidClient},
			{clause, "a bearer token for a client " + path, posting(path, url.Values{"token": {token}}, "Authorization", "Bearer "+token), toBasic, 401, InvalidClient},
			{clause, "a wrong secret " + path, posting(path, bff("client_secret", "wrong")), toJSON, 401, InvalidClient},
			{clause, "a wrong secret in the header " + path, posting(path, url.Values{"token": {token}}, "Authorization", basic("bff-client", "wrong")), toBasic, 401, InvalidClient},
			{clause, "two methods " + path, posting(path, bff(), "Authorization", basic("bff-client", "bff-secret")), toJSON, 400, InvalidRequest},
			{clause, "no token " + path, posting(path, bff("token", "")), toJSON, 400, InvalidRequest},
			{clause, "token twice " + path, posting(path, url.Values{"token": {token, token}, "client_id": {"bff-client"}, "client_secret": {"bff-secret"}}), toJSON, 400, InvalidRequest},
			{clause, "token_type_hint twice " + path, postingRaw(path, formType, bff().Encode()+"&token_type_hint=a&token_type_hint=b"), toJSON, 400, InvalidRequest},
			{"RFC 9110 §15.5.16", "a content coding " + path, postingRaw(path, formType, bff().Encode(), "Content-Encoding", "gzip"), toJSON, 415, InvalidRequest},
			{clause, "JSON " + path, postingRaw(path, "application/json", `{"token":"x"}`), toJSON, 400, InvalidRequest},
			{clause, "the token in the URL " + path, postingRaw(path+"?token="+token, formType, "client_id=bff-client&client_secret=bff-secret"), toJSON, 400, InvalidRequest},
			{clause, "the secret in the URL " + path, postingRaw(path+"?client_secret=bff-secret", formType, "client_id=bff-client&token=x"), toJSON, 400, InvalidRequest},
			{clause, "a body beyond measure " + path, posting(path, bff("token", strings.Repeat("x", 70_000))), toJSON, 413, InvalidRequest},
		}...)
	}
	refuseAll(t, s, append(rows, []misuse{
		{"RFC 7009 §2.1", "another client's token", posting("/connect/revocation", bff()), toJSON, 400, InvalidGrant},
		{"RFC 7662 §2.1", "a public client asks", posting("/connect/introspect", url.Values{"token": {token}, "client_id": {"spa-client"}}), toJSON, 401, InvalidClient},
	}...))
	if answer := s.userinfo(token); answer.StatusCode != http.StatusOK {
		t.Errorf("somebody took the token back: %d", answer.StatusCode)
	}
}
