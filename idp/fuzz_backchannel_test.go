package idp

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
)

// registeredCodes are all a client may ever hear from the back channel (RFC 6749 §11.4 and what extends it).
var registeredCodes = []Code{
	InvalidRequest, InvalidClient, InvalidGrant, UnauthorizedClient, UnsupportedGrantType, InvalidScope, InvalidTarget, UnsupportedTokenType,
	AuthorizationPending, SlowDown, ExpiredToken, AccessDenied, InvalidToken, InsufficientScope, UnsupportedResponseType, InvalidRequestObject,
	InvalidDPoPProof, UseDPoPNonce, RequestNotSupported, InvalidRequestURI, RegistrationNotSupported, UnmetAuthenticationRequirements,
}

var fuzzedEndpoints = []string{
	"/connect/token", "/connect/par", "/connect/introspect", "/connect/revocation", "/connect/deviceauthorization", "/connect/userinfo",
}

// FuzzBackChannel: whatever a client posts, it gets JSON with a registered code, or what it asked for; never a fault of
// ours, never a redirect, never anything a cache may keep.
func FuzzBackChannel(f *testing.F) {
	s := newSite(f)
	s.addTelevision()
	s.addGateway("gateway")
	tokens := s.redeem(s.insertCode(nil))
	bff := basic("bff-client", "bff-secret")
	for endpoint, seeds := range map[int][]url.Values{
		0: {
			tokenForm("c"), tokenForm(s.insertCode(nil)), refreshForm("r"), employeeForm(), employeeForm("scope", `a"b`), employeeForm("resource", "urn:x"),
			exchangeForm(tokens.AccessToken), exchangeForm(tokens.IDToken, "actor_token", "x", "audience", "companyApi"),
			{"grant_type": {grantDeviceCode}, "client_id": {"television"}, "device_code": {"x"}},
			{"client_assertion_type": {assertionTypeJWT}, "client_assertion": {"a.b.c"}, "grant_type": {"client_credentials"}},
		},
		1: {authorizeParameters(), authorizeParameters("claims", `{"id_token":{"acr":{"essential":true}}}`), authorizeParameters("request", "a.b.c"), authorizeParameters("request_uri", "x")},
		2: {{"token": {tokens.AccessToken}, "token_type_hint": {"access_token"}}},
		3: {{"token": {"nothing"}, "client_id": {"spa-client"}}},
		4: {deviceForm(), deviceForm("scope", "everything")},
		5: {{"access_token": {tokens.AccessToken}}, {}},
	} {
		for _, seed := range seeds {
			f.Add(byte(endpoint), formType, "", "", "", seed.Encode())
			f.Add(byte(endpoint), formType, bff, "a.b.c", "a=b", seed.Encode())
		}
	}
	f.Add(byte(0), "application/json", "Bearer "+tokens.AccessToken, "", "client_secret=x", `{"grant_type":5}`)
	f.Add(byte(0), "multipart/form-data; boundary=x", "Basic Og==", "", "%", "--x--")

	f.Fuzz(func(t *testing.T, endpoint byte, contentType, authorization, proof, query, body string) {
		here := *s
		here.t = t
		path := fuzzedEndpoints[int(endpoint)%len(fuzzedEndpoints)]
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.issuer+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.URL.RawQuery = query
		request.Header["Content-Type"] = []string{contentType}
		if authorization != "" {
			request.Header["Authorization"] = []string{authorization}
		}
		if proof != "" {
			request.Header["Dpop"] = []string{proof}
		}
		answer := here.serve(request)
		if answer.StatusCode >= 500 || answer.Header.Get("Location") != "" || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, Location %q, Cache-Control %q\n%s", path, answer.StatusCode, answer.Header.Get("Location"), answer.Header.Get("Cache-Control"), answer.Body)
		}
		if answer.StatusCode < 300 {
			return
		}
		var said errorBody
		if err := json.Unmarshal([]byte(answer.Body), &said); err != nil || !slices.Contains(registeredCodes, said.Error) {
			t.Errorf("%s: %d with %q: %v", path, answer.StatusCode, said.Error, err)
		}
		if descriptionText(said.Description) != said.Description {
			t.Errorf("%s: description %q (RFC 6749 §5.2)", path, said.Description)
		}
		challenged := answer.Header.Get("WWW-Authenticate") != ""
		if wants := path == "/connect/userinfo" || answer.StatusCode == http.StatusUnauthorized && authorization != ""; wants != challenged {
			t.Errorf("%s: %d with WWW-Authenticate %q", path, answer.StatusCode, answer.Header.Get("WWW-Authenticate"))
		}
	})
}

// FuzzRequestObject: whatever a request object says, the browser is sent to a registered redirect URI or to a page of ours.
func FuzzRequestObject(f *testing.F) {
	for _, claims := range []string{
		`{}`, `[]`, `null`, `{"redirect_uri":"https://evil.example/"}`, `{"redirect_uri":["http://localhost:4200/signin-callback"]}`,
		`{"client_id":"bff-client"}`, `{"max_age":1e400}`, `{"max_age":-1}`, `{"claims":{"id_token":{"sub":{"value":5}}}}`, `{"exp":"x"}`, `{"aud":5}`,
		`{"resource":["urn:a","urn:a",5]}`, `{"scope":"openid","prompt":"none","state":"\r\n"}`, `{"response_mode":"form_post"}`, `{"login_after":"1"}`,
	} {
		f.Add(`{"alg":"none"}`, claims)
	}
	f.Add(`{"alg":"HS256","typ":"JWT"}`, `{}`)
	s := newSite(f)
	b := s.browser()
	s.signIn(b, "Mick")
	f.Fuzz(func(t *testing.T, header, claims string) {
		b.t = t
		encoded := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
		answer := b.get(s.authorizeURL("request", encoded))
		location := answer.Header.Get("Location")
		ours := strings.HasPrefix(location, "/account/login?returnUrl=") || strings.HasPrefix(location, "/consent?returnUrl=")
		theirs := strings.HasPrefix(location, testCallback+"?") || strings.HasPrefix(location, testCallback+"#") || strings.HasPrefix(location, testSPA+"/assets/silent-callback.html?") || strings.HasPrefix(location, testSPA+"/assets/silent-callback.html#")
		if location != "" && !ours && !theirs || strings.ContainsAny(location, "\r\n") {
			t.Errorf("Location %q", location)
		}
		if answer.StatusCode >= 500 {
			t.Errorf("got %d %s", answer.StatusCode, answer.Body)
		}
		if code := Code(answer.sent("error")); theirs && code != "" && !slices.Contains(append(registeredCodes, LoginRequired, ConsentRequired), code) {
			t.Errorf("error %q", code)
		}
	})
}

// FuzzClaims: what cannot be read is invalid_request, and what can be read asks for at most one subject.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{"", "{}", "{}{}", "[]", `{"id_token":null}`, `{"id_token":{"sub":{"values":["a","b"]}}}`, `{"userinfo":{"name":null,"x":{"essential":true,"value":[1]}}}`, "{\"\xff\":1}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		claims, err := parseClaims(sent)
		if err != nil {
			wantCode(t, err, InvalidRequest)
			return
		}
		if _, err := claims.subject(); err != nil {
			wantCode(t, err, InvalidRequest)
		}
		if _, err := chooseACR(claims, ""); err != nil {
			wantCode(t, err, UnmetAuthenticationRequirements)
		}
	})
}

// FuzzResources: a token is never for more than what was granted, however its APIs are named.
func FuzzResources(f *testing.F) {
	for _, seed := range []string{"", companiesURI, reportsURI + "\n" + companiesURI, companiesURI + "#", "companyApi", "urn:x:y", "//x", "http:///x", "\x00", strings.Repeat(companiesURI+"\n", 30)} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	granted := grantedScope{
		Scope: Scope{"openid", "companyApi", "reports", "shared"}, Identity: []db.IdentityResource{{Name: "openid"}},
		APIScopes: []db.APIScope{{Name: "companyApi"}, {Name: "reports"}, {Name: "shared"}},
		APIs: []db.APIResource{
			{Name: "companyApi", ResourceURI: companiesURI, Scopes: []string{"companyApi", "shared"}}, {Name: "reports", ResourceURI: reportsURI, Scopes: []string{"reports", "shared"}},
		},
	}
	f.Fuzz(func(t *testing.T, lines string, exactly bool) {
		resources, err := readResources(url.Values{resourceParameter: strings.Split(lines, "\n")})
		if err != nil {
			wantCode(t, err, InvalidTarget)
			return
		}
		limit, allowed := granted.limitedTo, []Code{InvalidTarget}
		if exactly {
			limit, allowed = granted.limitedExactlyTo, []Code{InvalidTarget, InvalidScope}
		}
		limited, err := limit(resources)
		if err != nil {
			if !slices.Contains(allowed, asError(err).Code) {
				t.Errorf("%v", err)
			}
			return
		}
		if len(resources) == 0 {
			if !reflect.DeepEqual(limited, granted) {
				t.Error("naming nothing changed something")
			}
			return
		}
		if !slices.Equal(limited.Audience, resources) || len(limited.APIs) != len(resources) || !limited.Scope.Contains("openid") {
			t.Errorf("%q became %+v", resources, limited)
		}
		for _, value := range limited.Scope {
			if value != "openid" && !limited.accepts(value) || !granted.Scope.Contains(value) {
				t.Errorf("scope %q for %q", value, resources)
			}
		}
	})
}
