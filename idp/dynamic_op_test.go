package idp

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
)

// clientServer is a client's own server: what the provider fetches from it, by path.
type clientServer struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]string
	asked map[string]int
}

func newClientServer(t *testing.T) *clientServer {
	rp := &clientServer{pages: map[string]string{}, asked: map[string]int{}}
	rp.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rp.mu.Lock()
		defer rp.mu.Unlock()
		rp.asked[r.URL.Path]++
		if target, ok := strings.CutPrefix(rp.pages[r.URL.Path], "redirect:"); ok {
			http.Redirect(w, r, target, http.StatusFound)
			return
		}
		content, ok := rp.pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(content))
	}))
	t.Cleanup(rp.Close)
	return rp
}

func (rp *clientServer) serve(path, content string) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	rp.pages[path] = content
}

func (rp *clientServer) calls(path string) int {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	return rp.asked[path]
}

// openLab lets anybody register, and clients live on this machine.
func openLab(c *Config) { c.Registration, c.Lab = RegistrationOpen, true }

// walker is one registered client in the hands of a user.
type walker struct {
	site    *site
	browser *browser
	client  clientInformation
}

func (w walker) redirectURI() string { return w.client.RedirectURIs[0] }

// authorizeURL is a request of the client: no PKCE, as the Foundation's suite sends it.
func (w walker) authorizeURL(pairs ...string) string {
	query := url.Values{"client_id": {w.client.ClientID}, "redirect_uri": {w.redirectURI()}, "response_type": {"code"},
		"scope": {"openid"}, "state": {"s"}, "nonce": {"n"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			query.Del(pairs[i])
		}
	}
	return w.site.issuer + "/connect/authorize?" + query.Encode()
}

// follow logs in and allows what is asked, until the browser is sent back to the client.
func (w walker) follow(address string) page {
	w.site.t.Helper()
	answer := w.browser.follow(w.browser.get(address))
	for range 3 {
		switch doc := answer.document(w.site.t); {
		case doc.Find("#login").Length() == 1:
			answer = w.browser.follow(w.browser.submitLogin(answer, "Mick", testPasswords["Mick"]))
		case doc.Find("#allow").Length() == 1:
			form := url.Values{"button": {"allow"}, "RememberConsent": {"true"}, "ReturnUrl": {doc.Find("input[name=ReturnUrl]").AttrOr("value", "")}}
			for _, box := range doc.Find("input[name=ScopesConsented], input[name=ClaimsConsented]").EachIter() {
				form.Add(box.AttrOr("name", ""), box.AttrOr("value", ""))
			}
			answer = w.browser.follow(w.browser.post(w.site.issuer+"/consent", form))
		default:
			return answer
		}
	}
	return answer
}

// code is what a whole front channel gives.
func (w walker) code(pairs ...string) string {
	w.site.t.Helper()
	answer := w.follow(w.authorizeURL(pairs...))
	if answer.sent("code") == "" || answer.sent("iss") != w.site.issuer {
		w.site.t.Fatalf("no code: %d %s\n%.500s", answer.StatusCode, answer.Header.Get("Location"), answer.Body)
	}
	return answer.sent("code")
}

func (w walker) redeem(code string) tokenResponse {
	w.site.t.Helper()
	answer := w.site.token(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {w.redirectURI()}},
		"Authorization", basic(w.client.ClientID, w.client.ClientSecret))
	if answer.StatusCode != http.StatusOK {
		w.site.t.Fatalf("token: %d %s", answer.StatusCode, answer.Body)
	}
	return decode[tokenResponse](w.site.t, answer)
}

func (s *site) walk(rp *clientServer, members map[string]any) walker {
	s.t.Helper()
	all := map[string]any{"redirect_uris": []string{rp.URL + "/cb"}}
	for name, value := range members {
		all[name] = value
	}
	return walker{s, s.browser(), s.registered(all)}
}

// verified returns the claims of a JWT of this provider, checked with the published keys.
func (s *site) verified(token string) map[string]any {
	s.t.Helper()
	parsed, err := jwt.ParseSigned(token, signatureAlgorithms)
	if err != nil {
		s.t.Fatal(err)
	}
	published := s.keySet()
	for _, key := range published.Key(parsed.Headers[0].KeyID) {
		var claims map[string]any
		if parsed.Claims(key, &claims) == nil {
			return claims
		}
	}
	s.t.Fatalf("no published key verifies %s", token)
	return nil
}

// The Dynamic OP plan, module by module, as far as one machine can walk it.
func TestDynamicOPPlan(t *testing.T) {
	s, rp := newSite(t, openLab), newClientServer(t)

	t.Run("oidcc-server: register, authorize without PKCE, redeem, userinfo", func(t *testing.T) {
		w := s.walk(rp, map[string]any{"client_name": "Suite", "response_types": []string{"code"}, "grant_types": []string{"authorization_code"}, "contacts": []string{"a@b.example"}})
		tokens := w.redeem(w.code())
		claims := s.verified(tokens.IDToken)
		if claims["nonce"] != "n" || claims["aud"] != w.client.ClientID || headerOf(t, tokens.IDToken)["alg"] != "RS256" {
			t.Errorf("ID token %v", claims)
		}
		if told := decode[map[string]any](t, s.userinfo(tokens.AccessToken)); told["sub"] != claims["sub"] {
			t.Errorf("userinfo %v", told)
		}
	})

	t.Run("oidcc-userinfo-rs256", func(t *testing.T) {
		w := s.walk(rp, map[string]any{"userinfo_signed_response_alg": "RS256"})
		tokens := w.redeem(w.code("scope", "openid profile"))
		answer := s.userinfo(tokens.AccessToken)
		if got := answer.Header.Get("Content-Type"); got != "application/jwt" {
			t.Fatalf("Content-Type %q: %s", got, answer.Body)
		}
		told, claims := s.verified(answer.Body), s.verified(tokens.IDToken)
		if told["iss"] != testIssuer || told["aud"] != w.client.ClientID || told["sub"] != claims["sub"] || told["name"] == nil {
			t.Errorf("userinfo %v", told)
		}
		if header := headerOf(t, answer.Body); header["alg"] != "RS256" {
			t.Errorf("header %v", header)
		}
		// It is no ID token: nobody can hint with it.
		if got := w.browser.get(w.authorizeURL("prompt", "none", "id_token_hint", answer.Body)).sent("error"); got != string(LoginRequired) {
			t.Errorf("as id_token_hint: %q", got)
		}
	})

	t.Run("oidcc-refresh-token", func(t *testing.T) {
		w := s.walk(rp, map[string]any{"grant_types": []string{"authorization_code", "refresh_token"}})
		tokens := w.redeem(w.code("scope", "openid offline_access", "prompt", "consent"))
		answer := s.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken}}, "Authorization", basic(w.client.ClientID, w.client.ClientSecret))
		again := decode[tokenResponse](t, answer)
		before, after := s.verified(tokens.IDToken), s.verified(again.IDToken)
		if again.AccessToken == "" || before["sub"] != after["sub"] || before["auth_time"] != after["auth_time"] {
			t.Errorf("%d %s", answer.StatusCode, answer.Body)
		}
	})

	t.Run("oidcc-redirect-uri: query, mismatch, missing, unregistered", func(t *testing.T) {
		w := s.walk(rp, map[string]any{"redirect_uris": []string{rp.URL + "/cb?dummy1=lorem"}})
		if code := w.follow(w.authorizeURL()).location().Query(); code.Get("dummy1") != "lorem" || code.Get("code") == "" {
			t.Errorf("query kept: %v", code)
		}
		for _, uri := range []string{rp.URL + "/cb", rp.URL + "/cb?dummy1=lorem&x=y", rp.URL + "/cb?dummy2=lorem", "", "https://evil.example/"} {
			if answer := w.browser.get(w.authorizeURL("redirect_uri", uri)); answer.StatusCode != http.StatusBadRequest || answer.location() != nil {
				t.Errorf("%q: %d %s", uri, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
	})

	t.Run("oidcc-registration: logo, policy and terms on the login page", func(t *testing.T) {
		w := s.walk(rp, map[string]any{"logo_uri": rp.URL + "/logo.png", "policy_uri": rp.URL + "/policy", "tos_uri": rp.URL + "/tos", "client_uri": rp.URL + "/"})
		form := w.browser.follow(w.browser.get(w.authorizeURL()))
		doc := form.document(t)
		for selector, want := range map[string]string{"img.Card-logo": "src", "#policy": "href", "#terms": "href", "#about": "href"} {
			if got := doc.Find(selector).AttrOr(want, ""); !strings.HasPrefix(got, rp.URL+"/") {
				t.Errorf("%s: %q", selector, got)
			}
		}
		if csp := form.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "img-src 'self' "+rp.URL) {
			t.Errorf("policy %s", csp)
		}
	})

	t.Run("oidcc-registration-sector: good and bad", func(t *testing.T) {
		rp.serve("/good.json", `["`+rp.URL+`/cb"]`)
		rp.serve("/bad.json", `["https://other.example/cb"]`)
		rp.serve("/object.json", `{}`)
		rp.serve("/moved.json", "redirect:"+rp.URL+"/good.json")
		rp.serve("/long.json", `["`+strings.Repeat("x", maxSectorList)+`"]`)
		s.walk(rp, map[string]any{"subject_type": "pairwise", "sector_identifier_uri": rp.URL + "/good.json"})
		for _, path := range []string{"/bad.json", "/object.json", "/moved.json", "/long.json", "/missing.json"} {
			for _, kind := range []string{"pairwise", "public"} {
				answer := s.register(string(must(json.Marshal(map[string]any{
					"redirect_uris": []string{rp.URL + "/cb"}, "subject_type": kind, "sector_identifier_uri": rp.URL + path,
				}))))
				wantError(t, answer, http.StatusBadRequest, InvalidClientMetadata)
			}
		}
	})

	t.Run("oidcc-request-uri", func(t *testing.T) {
		signs := newSigner(t, jose.ES256)
		plain := s.walk(rp, map[string]any{"request_uris": []string{rp.URL + "/unsigned#registered"}})
		signed := s.walk(rp, map[string]any{"request_uris": []string{rp.URL + "/signed"}, "request_object_signing_alg": "ES256",
			"jwks": map[string]any{"keys": []json.RawMessage{json.RawMessage(signs.public)}}})
		object := func(w walker) map[string]any { // a sub that is the client_id would be a client assertion
			return map[string]any{"iss": w.client.ClientID, "sub": "somebody", "client_id": w.client.ClientID, "state": "inside", "redirect_uri": w.redirectURI(), "response_type": "code", "scope": "openid", "nonce": "inside"}
		}
		rp.serve("/unsigned", "\n"+unsigned(t, object(plain))+"\n")
		rp.serve("/signed", signs.assertion(object(signed)))
		for name, w := range map[string]walker{"/unsigned": plain, "/signed": signed} {
			answer := w.follow(w.authorizeURL("request_uri", rp.URL+name+"#another"))
			if answer.sent("code") == "" || answer.sent("state") != "inside" {
				t.Errorf("%s: %s\n%.300s", name, answer.Header.Get("Location"), answer.Body)
				continue
			}
			if nonce := s.verified(w.redeem(answer.sent("code")).IDToken)["nonce"]; nonce != "inside" {
				t.Errorf("%s: nonce %v", name, nonce)
			}
		}
		// A request_uri that is not the client's own is not called; what is no request object is refused.
		rp.serve("/signed", unsigned(t, object(signed)))
		rp.serve("/unsigned", "redirect:"+rp.URL+"/elsewhere")
		for _, row := range []struct {
			w    walker
			uri  string
			code Code
		}{
			{plain, rp.URL + "/signed", InvalidRequestURI},
			{plain, rp.URL + "/elsewhere", InvalidRequestURI},
			{plain, rp.URL + "/unsigned", InvalidRequestURI}, // leads elsewhere
			{plain, rp.URL + "/unsigned?a=b", InvalidRequestURI},
			{plain, "https://evil.example/" + strings.Repeat("x", maxRequestURILength), InvalidRequestURI},
			{signed, rp.URL + "/signed", InvalidRequestObject}, // unsigned, but ES256 is registered
		} {
			if got := row.w.browser.get(row.w.authorizeURL("request_uri", row.uri)).sent("error"); got != string(row.code) {
				t.Errorf("%.60s: %q, want %s", row.uri, got, row.code)
			}
		}
		if rp.calls("/elsewhere") != 0 {
			t.Error("a redirect was followed")
		}
		if answer := plain.browser.get(plain.authorizeURL("request_uri", rp.URL+"/unsigned", "redirect_uri", "https://evil.example/")); answer.location() != nil {
			t.Errorf("an error was sent to %s", answer.location())
		}
		both := plain.authorizeURL("request_uri", rp.URL+"/unsigned", "request", unsigned(t, object(plain)))
		if got := plain.browser.get(both).sent("error"); got != string(InvalidRequest) {
			t.Errorf("request and request_uri: %q", got)
		}
	})

	t.Run("oidcc-rp-initiated-logout", func(t *testing.T) {
		w := s.walk(rp, map[string]any{"post_logout_redirect_uris": []string{rp.URL + "/out"}, "subject_type": "pairwise"})
		hint := w.redeem(w.code()).IDToken
		query := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {rp.URL + "/out"}, "state": {"x"}}
		answer := w.browser.get(s.issuer + "/connect/endsession?" + query.Encode())
		if got := answer.document(t).Find("#return").AttrOr("href", ""); got != rp.URL+"/out?state=x" {
			t.Errorf("the way back: %q\n%.300s", got, answer.Body)
		}
		if got := w.browser.get(w.authorizeURL("prompt", "none")).sent("error"); got != string(LoginRequired) {
			t.Errorf("still signed in: %q", got)
		}
	})

	t.Run("oidcc-3rd_party-init-login", func(t *testing.T) {
		w := s.walk(rp, map[string]any{"initiate_login_uri": "https://rp.example/login"})
		read := s.json(http.MethodGet, w.client.RegistrationClientURI, "", "Authorization", "Bearer "+w.client.RegistrationAccessToken)
		if got := decode[clientInformation](t, read).InitiateLoginURI; got != "https://rp.example/login" {
			t.Errorf("initiate_login_uri %q", got)
		}
		answer := s.register(`{"redirect_uris":["https://rp.example/cb"],"initiate_login_uri":"http://localhost/login"}`)
		wantError(t, answer, http.StatusBadRequest, InvalidClientMetadata)
	})

	t.Run("one authentication method: the registered one", func(t *testing.T) {
		w := s.walk(rp, map[string]any{"token_endpoint_auth_method": "client_secret_post"})
		form := url.Values{"grant_type": {"authorization_code"}, "code": {w.code()}, "redirect_uri": {w.redirectURI()}}
		wantError(t, s.token(form, "Authorization", basic(w.client.ClientID, w.client.ClientSecret)), http.StatusUnauthorized, InvalidClient)
		form.Set("client_id", w.client.ClientID)
		form.Set("client_secret", w.client.ClientSecret)
		if answer := s.token(form); answer.StatusCode != http.StatusOK {
			t.Errorf("client_secret_post: %d %s", answer.StatusCode, answer.Body)
		}
	})
}

// A request may be silent about max_age and acr_values where the client has registered them (OIDC Registration §2).
func TestOIDCRegistration2Defaults(t *testing.T) {
	s, rp := newSite(t, openLab), newClientServer(t)
	w := s.walk(rp, map[string]any{"default_acr_values": []string{"1"}, "default_max_age": 0})
	if claims := s.verified(w.redeem(w.code()).IDToken); claims["acr"] != "1" {
		t.Errorf("acr %v", claims["acr"])
	}
	if got := w.browser.get(w.authorizeURL("prompt", "none")).sent("error"); got != string(LoginRequired) {
		t.Errorf("default_max_age 0: %q", got)
	}
	if got := w.browser.get(w.authorizeURL("prompt", "none", "max_age", "1000")).sent("code"); got == "" {
		t.Error("max_age of the request does not count")
	}
}

// OIDC Core §8: one subject per sector, the same in every document the client sees, and nothing that leads to the user's own.
func TestOIDCCore8PairwiseSubjects(t *testing.T) {
	s, rp := newSite(t, openLab), newClientServer(t)
	rp.serve("/sector.json", `["`+rp.URL+`/cb","https://elsewhere.example/cb"]`)
	own := must(s.db.UserByName(t.Context(), "Mick")).SubjectID
	sector := map[string]any{"subject_type": "pairwise", "sector_identifier_uri": rp.URL + "/sector.json", "grant_types": []string{"authorization_code", "refresh_token"}}
	first, second := s.walk(rp, sector), s.walk(rp, sector)
	stranger := s.walk(rp, map[string]any{"redirect_uris": []string{"https://other.example/cb"}, "subject_type": "pairwise"})
	public := s.walk(rp, nil)

	tokens := first.redeem(first.code("scope", "openid offline_access", "prompt", "consent"))
	subject, _ := s.verified(tokens.IDToken)["sub"].(string)
	if subject == "" || subject == own {
		t.Fatalf("sub %q", subject)
	}
	if got := s.verified(second.redeem(second.code()).IDToken)["sub"]; got != subject {
		t.Errorf("another client of the sector is told %v", got)
	}
	if got := s.verified(stranger.redeem(stranger.code()).IDToken)["sub"]; got == subject || got == own {
		t.Errorf("another sector is told %v", got)
	}
	if got := s.verified(public.redeem(public.code()).IDToken)["sub"]; got != own {
		t.Errorf("a public client is told %v", got)
	}

	authorization := basic(first.client.ClientID, first.client.ClientSecret)
	refreshed := decode[tokenResponse](t, s.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken}}, "Authorization", authorization))
	for what, document := range map[string]string{
		"access token":                 string(must(json.Marshal(s.verified(tokens.AccessToken)))),
		"refreshed ID token":           string(must(json.Marshal(s.verified(refreshed.IDToken)))),
		"refreshed access token":       string(must(json.Marshal(s.verified(refreshed.AccessToken)))),
		"userinfo":                     s.userinfo(refreshed.AccessToken).Body,
		"introspection":                s.introspect(refreshed.AccessToken, authorization).Body,
		"introspection, refresh token": s.introspect(refreshed.RefreshToken, authorization).Body,
	} {
		var claims map[string]any
		if err := json.Unmarshal([]byte(document), &claims); err != nil || claims["sub"] != subject || strings.Contains(document, own) {
			t.Errorf("%s: %s", what, document)
		}
	}

	b := first.browser
	for name, row := range map[string]struct {
		w     walker
		pairs []string
		want  string
	}{
		"the own hint":               {first, []string{"id_token_hint", tokens.IDToken}, ""},
		"the hint of a sibling":      {second, []string{"id_token_hint", tokens.IDToken}, ""},
		"the claims parameter":       {first, []string{"claims", `{"id_token":{"sub":{"value":"` + subject + `"}}}`}, ""},
		"both":                       {first, []string{"id_token_hint", tokens.IDToken, "claims", `{"id_token":{"sub":{"value":"` + subject + `"}}}`}, ""},
		"the user's own in claims":   {first, []string{"claims", `{"id_token":{"sub":{"value":"` + own + `"}}}`}, string(LoginRequired)},
		"nobody in claims":           {first, []string{"claims", `{"id_token":{"sub":{"value":"nobody"}}}`}, string(LoginRequired)},
		"a hint and another subject": {first, []string{"id_token_hint", tokens.IDToken, "claims", `{"id_token":{"sub":{"value":"nobody"}}}`}, string(InvalidRequest)},
	} {
		w := row.w
		w.browser = b
		w.follow(w.authorizeURL()) // whoever has not consented does so now
		if got := b.get(w.authorizeURL(append(row.pairs, "prompt", "none")...)).sent("error"); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}

	session := must(s.db.SessionBySID(t.Context(), s.verified(tokens.IDToken)["sid"].(string), time.Now()))
	client := must(s.db.Client(t.Context(), first.client.ClientID))
	if got := s.verified(must(s.provider().mintLogoutToken(t.Context(), client, session)))["sub"]; got != subject {
		t.Errorf("logout token: sub %v", got)
	}
	if status := s.revoke(url.Values{"token": {refreshed.AccessToken}}, "Authorization", authorization).StatusCode; status != http.StatusOK {
		t.Errorf("revocation: %d", status)
	}
	if status := s.userinfo(refreshed.AccessToken).StatusCode; status != http.StatusUnauthorized {
		t.Errorf("userinfo after the revocation: %d", status)
	}
}

// Claims asked for by name are told again after a refresh (OIDC Core §5.5, §12).
func TestOIDCCore55ClaimsAfterRefresh(t *testing.T) {
	s := newSite(t)
	s.setOption("Userinfo.StrictScopes", "true")
	tokens := s.offline(func(c *db.AuthorizationCode) {
		c.IDTokenClaims, c.UserinfoClaims, c.ACR, c.Scopes = []string{"name"}, []string{"position"}, "1", []string{"openid", "offline_access"}
	})
	for range 2 {
		tokens = s.refresh(tokens.RefreshToken)
		if claims := claimsOf(t, tokens.IDToken); claims["name"] == nil || claims["acr"] != "1" {
			t.Errorf("ID token %v", claims)
		}
		if told := decode[map[string]any](t, s.userinfo(tokens.AccessToken)); told["position"] != "Administrator" {
			t.Errorf("userinfo %v", told)
		}
	}
}

// FuzzClientMetadata: whatever is registered, no address stands in the row that the rules forbid, a public client keeps PKCE, and
// what is answered can be registered again.
func FuzzClientMetadata(f *testing.F) {
	for _, seed := range []string{
		`{"redirect_uris":["https://rp.example/cb"]}`, `{"redirect_uris":["javascript:alert(1)"]}`, `{"redirect_uris":["com.a:/x"],"application_type":"native"}`,
		`{"redirect_uris":["https://a/"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`,
		`{"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],"subject_type":"pairwise"}`, `[]`, `{"jwks":{"keys":[{}]}}`,
		`{"redirect_uris":["https://rp.example/cb"],"initiate_login_uri":"http://x","request_uris":["https://x/#y"],"default_max_age":1}`,
	} {
		f.Add([]byte(seed))
	}
	s := newSite(f, openRegistration)
	provider := s.provider()
	provider.outgoing = newOutgoing(false, false, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		metadata, _, err := parseClientMetadata(body)
		if err != nil || metadata.SectorIdentifierURI != "" { // would be fetched
			return
		}
		client, err := provider.clientFrom(t.Context(), metadata, db.NewClient("fuzz"), false)
		if err != nil {
			if code := asError(err).Code; code != InvalidClientMetadata && code != InvalidRedirectURI && code != UnapprovedSoftwareStatement {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		if !client.RequireClientSecret && !client.RequirePKCE {
			t.Errorf("%q: a public client without PKCE", body)
		}
		for _, uri := range append(client.RedirectURIs, client.PostLogoutRedirectURIs...) {
			if u := must(url.Parse(uri)); !redirectable(uri) || u.Scheme == "http" && !isLoopbackName(u.Hostname()) {
				t.Errorf("%q: %q is registered", body, uri)
			}
		}
		for _, uri := range append(client.RequestURIs, client.InitiateLoginURI, client.JWKSURI, client.BackChannelLogoutURI, client.FrontChannelLogoutURI) {
			if uri != "" && !strings.HasPrefix(strings.ToLower(uri), "https://") {
				t.Errorf("%q: %q is registered", body, uri)
			}
		}
		again := must(json.Marshal(metadataOf(client)))
		read, _, err := parseClientMetadata(again)
		if err != nil {
			t.Fatalf("%q: what is answered, %s, is refused: %v", body, again, err)
		}
		if _, err := provider.clientFrom(t.Context(), read, db.NewClient("fuzz"), false); err != nil {
			t.Fatalf("%q: what is answered, %s, is refused: %v", body, again, err)
		}
	})
}
