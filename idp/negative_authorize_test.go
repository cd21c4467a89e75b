package idp

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"silentrenew/db"
)

func TestI22AuthorizationRequest(t *testing.T) {
	s := newSite(t)
	s.addClient("idle", func(c *db.Client) {
		c.GrantTypes = []string{grantClientCredentials}
		c.RedirectURIs = []string{testCallback}
	})
	s.addClient("switched-off", func(c *db.Client) { c.Enabled = false })
	s.addClient("plain", func(c *db.Client) { c.AllowPlainTextPKCE, c.RequirePKCE = true, false })
	long := strings.Repeat("x", 5000)
	rows := []misuse{
		// Until the client and its redirect URI are known there is nowhere to send an answer.
		{"RFC 6749 §4.1.1", "no client_id", asking("client_id", ""), toPage, 400, InvalidRequest},
		{"RFC 6749 §4.1.2.1", "a client nobody registered", asking("client_id", "nobody"), toPage, 400, UnauthorizedClient},
		{"RFC 6749 §4.1.2.1", "client_id in another case", asking("client_id", "SPA-client"), toPage, 400, UnauthorizedClient},
		{"RFC 6749 §4.1.2.1", "client_id with a space behind it", asking("client_id", "spa-client "), toPage, 400, UnauthorizedClient},
		{"RFC 6749 §4.1.2.1", "client_id with NUL", asking("client_id", "spa-client\x00"), toPage, 400, UnauthorizedClient},
		{"RFC 6749 §4.1.2.1", "client_id beyond measure", asking("client_id", long), toPage, 400, InvalidRequest},
		{"RFC 6749 §4.1.2.1", "SQL for a client_id", asking("client_id", "' OR 1=1 --"), toPage, 400, UnauthorizedClient},
		{"RFC 6749 §3.1", "client_id twice", askingRaw("&client_id=spa-client"), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "redirect_uri twice, once good", askingRaw("&redirect_uri=https%3A%2F%2Fevil.example"), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "redirect_uri twice, the same", askingRaw("&redirect_uri=" + url.QueryEscape(testCallback)), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "broken percent-encoding", askingRaw("&x=%zz"), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "a query beyond measure", askingRaw("&x=" + strings.Repeat("x", 40_000)), toPage, 414, InvalidRequest},
		{"OIDC Core §3.1.2.1", "no redirect_uri", asking("redirect_uri", ""), toPage, 400, InvalidRequest},
	}
	for name, uri := range redirectTricks {
		rows = append(rows, misuse{"RFC 9700 §2.1", "redirect_uri " + name, asking("redirect_uri", uri), toPage, 400, InvalidRequest})
	}
	for _, name := range []string{"response_type", "scope", "state", "nonce", "response_mode", "prompt", "max_age", "code_challenge", "code_challenge_method",
		"id_token_hint", "login_hint", "acr_values", "claims", "display", "ui_locales", "claims_locales", "dpop_jkt", "request", "request_uri", "registration"} {
		once := map[string]string{"max_age": "5", "prompt": "login", "response_mode": "query", "claims": "{}"}[name]
		if once == "" {
			once = authorizeParameters().Get(name) + "x"
		}
		pairs := []string{name, once}
		if name == "request" {
			continue // below: it may change where the answer goes
		}
		rows = append(rows, misuse{"RFC 6749 §3.1", name + " twice", askingRaw("&"+name+"="+url.QueryEscape(once), pairs...), toClient, 302, InvalidRequest})
	}
	refuseAll(t, s, append(rows, []misuse{
		{"RFC 6749 §4.1.2.1", "a client whose row lists another grant", asking("client_id", "idle"), toClient, 302, UnauthorizedClient},
		{"RFC 6749 §4.1.2.1", "a client that is switched off", asking("client_id", "switched-off"), toClient, 302, UnauthorizedClient},
		{"RFC 6749 §3.1.1", "no response_type", asking("response_type", ""), toClient, 302, InvalidRequest},
		{"RFC 6749 §3.1.1", "an unknown response_type", asking("response_type", "cod"), toClient, 302, UnsupportedResponseType},
		{"RFC 6749 §3.1.1", "response_type in another case", asking("response_type", "CODE"), toClient, 302, UnsupportedResponseType},
		{"RFC 9700 §2.1.2", "implicit", asking("response_type", "token"), toClient, 302, UnsupportedResponseType},
		{"RFC 9700 §2.1.2", "implicit with an ID token", asking("response_type", "id_token token"), toClient, 302, UnsupportedResponseType},
		{"RFC 9700 §2.1.2", "hybrid", asking("response_type", "code id_token"), toClient, 302, UnsupportedResponseType},
		{"RFC 9700 §2.1.2", "hybrid in another order", asking("response_type", "id_token code"), toClient, 302, UnsupportedResponseType},
		{"RFC 6749 §3.1.1", "code twice in one value", asking("response_type", "code code"), toClient, 302, UnsupportedResponseType},
		{"OAuth MRT §5", "response_type none", asking("response_type", "none"), toClient, 302, UnsupportedResponseType},
		{"OAuth MRT §2.1", "an unknown response_mode", asking("response_mode", "web_message"), toClient, 302, InvalidRequest},
		{"RFC 6749 §4.1.2.1", "state absent is no fault of the answer", asking("state", "", "response_type", "x"), toClient, 302, UnsupportedResponseType},

		{"RFC 6749 §3.3", "no scope", asking("scope", ""), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "spaces for a scope", asking("scope", "  "), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "an unknown scope value", asking("scope", "openid everything"), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "another client's scope value", asking("scope", "openid roles"), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "scope in another case", asking("scope", "openid Profile"), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "a quotation mark in scope", asking("scope", `openid "profile"`), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "a backslash in scope", asking("scope", `openid pro\file`), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "a tab between scope values", asking("scope", "openid\tprofile"), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "a comma between scope values", asking("scope", "openid,profile"), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "a letter beyond ASCII in scope", asking("scope", "openid profilé"), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "NUL in scope", asking("scope", "openid\x00"), toClient, 302, InvalidScope},
		{"RFC 6749 §3.3", "scope beyond measure", asking("scope", "openid "+long), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "claims about the user without openid", asking("scope", "profile"), toClient, 302, InvalidScope},

		{"OIDC Core §3.1.2.1", "prompt none with login", asking("prompt", "none login"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "prompt consent with none", asking("prompt", "consent none"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "prompt select_account with none", asking("prompt", "select_account none"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "an unknown prompt", asking("prompt", "create"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "prompt in another case", asking("prompt", "None"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.6", "prompt none and nobody is signed in", asking("prompt", "none"), toClient, 302, LoginRequired},
		{"OIDC Core §3.1.2.1", "max_age below zero", asking("max_age", "-1"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "max_age is no number", asking("max_age", "soon"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "max_age with a fraction", asking("max_age", "1.5"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "max_age with a sign", asking("max_age", "+5"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "max_age with a space", asking("max_age", " 5"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "max_age in hexadecimal", asking("max_age", "0x5"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "max_age beyond measure", asking("max_age", strings.Repeat("9", 30)), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "nonce beyond measure", asking("nonce", long), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "nonce with NUL", asking("nonce", "a\x00b"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "nonce of octets that are no UTF-8", asking("nonce", "a\xffb"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "login_hint beyond measure", asking("login_hint", long), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "id_token_hint is nonsense", asking("id_token_hint", "nonsense"), toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "id_token_hint is nonsense, with prompt none", asking("id_token_hint", "a.b.c", "prompt", "none"), toClient, 302, LoginRequired},
		{"OIDC Core §3.1.2.1", "an access token for an id_token_hint", func(s *site) page {
			return asking("id_token_hint", s.redeem(s.insertCode(nil)).AccessToken)(s)
		}, toClient, 302, InvalidRequest},
		{"OIDC Core §3.1.2.1", "id_token_hint with alg none", asking("id_token_hint", unsigned(t, map[string]any{"iss": testIssuer, "sub": "x"})), toClient, 302, InvalidRequest},

		{"OIDC Core §5.5", "claims is no JSON", asking("claims", "{"), toClient, 302, InvalidRequest},
		{"OIDC Core §5.5", "claims is an array", asking("claims", "[]"), toClient, 302, InvalidRequest},
		{"OIDC Core §5.5", "claims is text", asking("claims", `"name"`), toClient, 302, InvalidRequest},
		{"OIDC Core §5.5", "claims has something behind it", asking("claims", "{}{}"), toClient, 302, InvalidRequest},
		{"OIDC Core §5.5.1", "a claim is asked for by a number", asking("claims", `{"id_token":{"name":5}}`), toClient, 302, InvalidRequest},
		{"OIDC Core §5.5.1", "essential is text", asking("claims", `{"id_token":{"name":{"essential":"yes"}}}`), toClient, 302, InvalidRequest},
		{"OIDC Core §5.5.1", "two subjects", asking("claims", `{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`), toClient, 302, InvalidRequest},
		{"OIDC Core §5.5.1.1", "an essential acr we cannot give", asking("claims", `{"id_token":{"acr":{"essential":true,"value":"9"}}}`), toClient, 302, UnmetAuthenticationRequirements},
		{"OIDC Core §6.2", "request_uri at an address", asking("request_uri", "https://example.com/request"), toClient, 302, InvalidRequestURI},
		{"OIDC Core §6.2", "request_uri on this machine", asking("request_uri", "http://127.0.0.1:22/"), toClient, 302, InvalidRequestURI},
		{"OIDC Core §7.2.1", "registration", asking("registration", "{}"), toClient, 302, RegistrationNotSupported},
		{"RFC 9126 §7.3", "a request_uri nobody pushed", asking("request_uri", pushedRequestURN+"x"), toPage, 400, InvalidRequestURI},

		{"RFC 7636 §4.4.1", "no code_challenge", asking("code_challenge", "", "code_challenge_method", ""), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.4.1", "a method nobody knows", asking("code_challenge_method", "S512"), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.3", "the method in another case", asking("code_challenge_method", "s256"), toClient, 302, InvalidRequest},
		{"RFC 9700 §2.1.1", "plain where the row does not allow it", asking("code_challenge_method", "plain"), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.3", "no method, which means plain", asking("code_challenge_method", ""), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.3", "a method without a challenge", asking("client_id", "plain", "code_challenge", ""), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.2", "a challenge with padding", asking("code_challenge", testChallenge[:42]+"="), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.2", "a challenge in standard base64", asking("code_challenge", testChallenge[:41]+"+/"), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.2", "a challenge that is too short", asking("code_challenge", testChallenge[:42]), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.2", "a challenge that no SHA-256 has", asking("code_challenge", testChallenge+"A"), toClient, 302, InvalidRequest},
		{"RFC 7636 §4.1", "a plain challenge that is too long", asking("client_id", "plain", "code_challenge", strings.Repeat("a", 129), "code_challenge_method", "plain"), toClient, 302, InvalidRequest},

		{"RFC 9449 §10", "dpop_jkt is no thumbprint", asking("dpop_jkt", "key-1"), toClient, 302, InvalidRequest},
		{"RFC 9449 §10", "dpop_jkt in standard base64", asking("dpop_jkt", testChallenge[:41]+"+/"), toClient, 302, InvalidRequest},
		{"RFC 8707 §2", "a resource that is no absolute URI", asking("resource", "/api"), toClient, 302, InvalidTarget},
		{"RFC 8707 §2", "a resource with a fragment", asking("resource", "https://api.example/#x"), toClient, 302, InvalidTarget},
		{"RFC 8707 §2", "a resource nobody knows", asking("resource", "https://api.example/"), toClient, 302, InvalidTarget},
		{"RFC 6749 §4.1.1", "state beyond measure", asking("state", long), toClient, 302, InvalidRequest},
		{"OIDC Core §6.2", "request_uri beyond 512 characters", asking("request_uri", "https://example.com/"+strings.Repeat("x", 512)), toClient, 302, InvalidRequestURI},

		{"RFC 6749 §3.1", "parameters without a value count as not sent", asking("request", "", "max_age", "", "prompt", ""), toLogin, 302, ""},
		{"RFC 6749 §3.1", "unknown parameters are ignored, repeated too", askingRaw("&tea=1&tea=2&redirect_uri_=x"), toLogin, 302, ""},
		{"OIDC Core §3.1.2.1", "max_age of years", asking("max_age", "2147483647"), toLogin, 302, ""},
		{"OIDC Core §3.1.2.1", "a scope value twice", asking("scope", "openid openid profile"), toLogin, 302, ""},
	}...))
}

// redirectTricks look like a registered redirect URI to somebody (RFC 9700 §4.1, §4.1.3).
var redirectTricks = map[string]string{
	"of nobody":                       "https://evil.example/",
	"of another client":               testSPA + "/bff/callback",
	"with a slash more":               testCallback + "/",
	"with two slashes":                testSPA + "//signin-callback",
	"with an encoded slash":           testSPA + "/%2Fsignin-callback",
	"with encoded letters":            testSPA + "/%73ignin-callback",
	"with a dot segment":              testSPA + "/x/../signin-callback",
	"with an encoded dot segment":     testSPA + "/x/%2e%2e/signin-callback",
	"with a path parameter":           testCallback + ";x",
	"with a query":                    testCallback + "?x=y",
	"with an empty query":             testCallback + "?",
	"with a fragment":                 testCallback + "#x",
	"with an empty fragment":          testCallback + "#",
	"with a user":                     "http://localhost:4200@evil.example/signin-callback",
	"with a user before the host":     "http://evil@localhost:4200/signin-callback",
	"with a backslash":                "http://localhost:4200\\@evil.example/signin-callback",
	"with a longer host":              "http://localhost:4200.evil.example/signin-callback",
	"on another port":                 "http://localhost:4201/signin-callback",
	"without its port":                "http://localhost/signin-callback",
	"with a zero before its port":     "http://localhost:04200/signin-callback",
	"by https":                        "https://localhost:4200/signin-callback",
	"in upper case":                   strings.ToUpper(testCallback),
	"with the host in another case":   "http://LOCALHOST:4200/signin-callback",
	"with the scheme in another case": "HTTP://localhost:4200/signin-callback",
	"by IP address":                   "http://127.0.0.1:4200/signin-callback",
	"by IPv6 address":                 "http://[::1]:4200/signin-callback",
	"with a dot behind the host":      "http://localhost.:4200/signin-callback",
	"with a wildcard":                 "http://localhost:4200/*",
	"relative":                        "/signin-callback",
	"without a scheme":                "//localhost:4200/signin-callback",
	"of a script":                     "javascript:alert(1)//" + testCallback,
	"of data":                         "data:text/html,x",
	"with a space before it":          " " + testCallback,
	"with a space behind it":          testCallback + " ",
	"with a line break":               testCallback + "\r\nLocation: https://evil.example/",
	"with NUL":                        testCallback + "\x00",
	"with a letter that looks alike":  "http://lоcalhost:4200/signin-callback",
	"beyond measure":                  testCallback + strings.Repeat("x", 5000),
}

// The same by POST: the parameters of the body count, those of the URL do not (OIDC Core §3.1.2.1, §13.2).
func TestI22AuthorizationRequestByPost(t *testing.T) {
	s := newSite(t)
	refuseAll(t, s, []misuse{
		{"OIDC Core §13.2", "the request in the URL of a POST", func(s *site) page {
			p := postingRaw("/connect/authorize?"+authorizeParameters().Encode(), formType, "")(s)
			return s.browser().follow(p)
		}, toPage, 400, InvalidRequest},
		{"OIDC Core §13.2", "the request as JSON", func(s *site) page {
			return s.browser().follow(postingRaw("/connect/authorize", "application/json", `{"client_id":"spa-client"}`)(s))
		}, toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "state twice in a form", func(s *site) page {
			form := authorizeParameters()
			form["state"] = []string{"a", "b"}
			return s.browser().get(s.crossSitePost(form).location().String())
		}, toClient, 302, InvalidRequest},
	})
}

// Every answer says who it is from, errors included, in each response mode, or a client of several providers can be led to
// the wrong one (RFC 9207 §2, RFC 9700 §4.4).
func TestI22EveryAnswerSaysWhoItIsFrom(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	for _, mode := range responseModes {
		for _, failing := range []string{"", "nobody-knows"} {
			answer := b.get(s.authorizeURL("response_mode", mode, "prompt", failing))
			var sent url.Values
			switch mode {
			case responseModeFormPost:
				sent = answer.fields(t)
			case responseModeFragment:
				sent = must(url.ParseQuery(answer.location().Fragment))
			default:
				sent = answer.location().Query()
			}
			if sent.Get("iss") != testIssuer || sent.Get("state") != "state-1" || sent.Has("code") == (failing != "") {
				t.Errorf("%s, prompt=%s: %v", mode, failing, sent)
			}
		}
	}
}

func TestI22RequestObject(t *testing.T) {
	s := newSite(t)
	key := s.signingClient("signing", false)
	s.signingClient("strict", true)
	object := func(claims map[string]any) string { return unsigned(t, claims) }
	with := func(claims map[string]any) func(*site) page { return asking("request", object(claims)) }
	signedBy := func(client string, change map[string]any) func(*site) page {
		return asking("client_id", client, "request", signedObject(t, key, "oauth-authz-req+jwt", objectClaims(client, change)))
	}
	refuseAll(t, s, []misuse{
		{"RFC 6749 §3.1", "request twice", askingRaw("&request=x", "request", object(map[string]any{})), toClient, 302, InvalidRequest},
		{"OIDC Core §6.1", "no JWT", asking("request", "nonsense"), toClient, 302, InvalidRequestObject},
		{"OIDC Core §6.1", "three empty parts", asking("request", ".."), toClient, 302, InvalidRequestObject},
		{"OIDC Core §6.1", "a payload that is no object", asking("request", "eyJhbGciOiJub25lIn0.W10."), toClient, 302, InvalidRequestObject},
		{"OIDC Core §6.1", "another client_id inside", with(map[string]any{"client_id": "bff-client"}), toClient, 302, InvalidRequestObject},
		{"OIDC Core §6.1", "another response_type inside", with(map[string]any{"response_type": "token"}), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §4", "a request inside a request", with(map[string]any{"request": "x"}), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §4", "a request_uri inside a request", with(map[string]any{"request_uri": "x"}), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §10.8", "a client assertion for a request", with(map[string]any{"sub": "spa-client"}), toClient, 302, InvalidRequestObject},
		{"RFC 7519 §4.1", "another issuer", with(map[string]any{"iss": "bff-client"}), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §4", "another audience", with(map[string]any{"aud": "https://elsewhere.example"}), toClient, 302, InvalidRequestObject},
		{"RFC 7519 §4.1.4", "expired", with(map[string]any{"exp": 1}), toClient, 302, InvalidRequestObject},
		{"RFC 7519 §4.1.4", "exp is text", with(map[string]any{"exp": "soon"}), toClient, 302, InvalidRequestObject},
		{"RFC 7519 §4.1.5", "not valid yet", with(map[string]any{"nbf": 1 << 40}), toClient, 302, InvalidRequestObject},
		{"FAPI 2.0 §5.3.2.1", "made more than a minute from now", with(map[string]any{"iat": time.Now().Unix() + 65}), toClient, 302, InvalidRequestObject},
		{"FAPI 2.0 §5.3.2.1", "valid in more than a minute", with(map[string]any{"nbf": time.Now().Unix() + 65}), toClient, 302, InvalidRequestObject},
		{"FAPI 2.0 §5.3.2.1", "made in ten seconds, which a slow clock of ours excuses", with(map[string]any{"iat": time.Now().Unix() + 10, "nbf": time.Now().Unix() + 10}), toLogin, 302, ""},
		{"RFC 7519 §4.1.6", "iat is text", with(map[string]any{"iat": "soon"}), toClient, 302, InvalidRequestObject},
		{"OIDC Core §6.1", "scope is an array", with(map[string]any{"scope": []string{"openid"}}), toClient, 302, InvalidRequestObject},
		{"OIDC Core §6.1", "max_age is text that is no number", with(map[string]any{"max_age": "soon"}), toClient, 302, InvalidRequest},
		{"OIDC Core §6.1", "redirect_uri elsewhere, inside only", with(map[string]any{"redirect_uri": "https://evil.example/"}), toPage, 400, InvalidRequest},
		{"OIDC Core §6", "request and request_uri", asking("request", object(map[string]any{}), "request_uri", "https://example.com/r"), toClient, 302, InvalidRequest},
		{"RFC 9101 §6.2", "a signature of nobody", asking("request", signedObject(t, newKey(t, "ES256"), "JWT", objectClaims("spa-client", nil))), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §6.2", "another client's key", signedBy("spa-client", nil), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §10.5", "unsigned where the row wants a signature", asking("client_id", "strict", "request", object(map[string]any{})), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §10.5", "none where the row wants one", asking("client_id", "strict"), toClient, 302, InvalidRequest},
		{"RFC 9101 §10.8", "a typ of something else", asking("client_id", "signing", "request", signedObject(t, key, "at+jwt", objectClaims("signing", nil))), toClient, 302, InvalidRequestObject},
		{"RFC 9101 §4", "beyond measure", asking("request", strings.Repeat("x", 17_000)), toClient, 302, InvalidRequest},
	})
}

// What our own pages carry back is read like any request from outside: nothing can be smuggled in behind the login.
func TestI22CallbackIsNoBackDoor(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	for _, pairs := range [][]string{
		{"redirect_uri", "https://evil.example/"}, {"client_id", "nobody"},
	} {
		answer := b.get(strings.Replace(s.authorizeURL(pairs...), "authorize?", "authorize/callback?", 1))
		if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
			t.Errorf("%v: %d %s", pairs, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	for _, pairs := range [][]string{{"code_challenge", ""}, {"scope", "everything"}, {"response_type", "token"}, {"prompt", "none", "max_age", "0"}} {
		answer := b.get(strings.Replace(s.authorizeURL(pairs...), "authorize?", "authorize/callback?", 1))
		if answer.sent("error") == "" || answer.sent("code") != "" {
			t.Errorf("%v: %d %s", pairs, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}
