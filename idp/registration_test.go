package idp

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
)

func openRegistration(c *Config) { c.Registration = RegistrationOpen }

// register posts a registration request.
func (s *site) register(body string, headers ...string) page {
	s.t.Helper()
	return s.json(http.MethodPost, s.issuer+registrationPath, body, headers...)
}

// json sends a JSON body as a client's server does.
func (s *site) json(method, address, body string, headers ...string) page {
	s.t.Helper()
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.serve(r)
}

// registered registers a client with one redirect URI and the given members on top.
func (s *site) registered(members map[string]any) clientInformation {
	s.t.Helper()
	all := map[string]any{"redirect_uris": []string{"https://rp.example/cb"}}
	for name, value := range members {
		all[name] = value
	}
	answer := s.register(string(must(json.Marshal(all))))
	if answer.StatusCode != http.StatusCreated {
		s.t.Fatalf("register %v: %d %s", members, answer.StatusCode, answer.Body)
	}
	return decode[clientInformation](s.t, answer)
}

// OIDC Registration §3.2: the answer says everything that was registered, defaults included.
func TestOIDCRegistration32ClientInformation(t *testing.T) {
	s := newSite(t, openRegistration)
	answer := s.register(`{"redirect_uris":["https://rp.example/cb"],"client_name":"RP","unknown":{"a":1},"client_name#de":"x","logo_uri":null,"scope":""}`)
	if answer.StatusCode != http.StatusCreated || answer.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s %s", answer.StatusCode, answer.Header.Get("Cache-Control"), answer.Body)
	}
	got := decode[map[string]any](t, answer)
	for name, want := range map[string]any{
		"redirect_uris": []any{"https://rp.example/cb"}, "client_name": "RP", "response_types": []any{"code"}, "grant_types": []any{"authorization_code"},
		"token_endpoint_auth_method": "client_secret_basic", "application_type": "web", "subject_type": "public", "id_token_signed_response_alg": "RS256",
		"scope": "openid profile address roles position country email phone", "require_auth_time": true,
	} {
		if fmt.Sprint(got[name]) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	for _, absent := range []string{"unknown", "logo_uri", "jwks", "client_name#de", "default_max_age"} {
		if _, has := got[absent]; has {
			t.Errorf("%s: %v", absent, got[absent])
		}
	}
	information := decode[clientInformation](t, answer)
	if len(information.ClientSecret) < 43 || information.ClientSecretExpiresAt == nil || len(information.RegistrationAccessToken) < 43 {
		t.Errorf("secrets: %+v", information)
	}
	if expires := time.Unix(*information.ClientSecretExpiresAt, 0); time.Until(expires) < 8759*time.Hour {
		t.Errorf("client_secret_expires_at %s", expires)
	}
	if want := testIssuer + "/connect/register/" + information.ClientID; information.RegistrationClientURI != want {
		t.Errorf("registration_client_uri %s, want %s", information.RegistrationClientURI, want)
	}
	client := must(s.db.Client(t.Context(), information.ClientID))
	if strings.Contains(fmt.Sprintf("%+v", client), information.ClientSecret) || strings.Contains(fmt.Sprintf("%+v", client), information.RegistrationAccessToken) {
		t.Error("a secret is stored in clear")
	}
	if client.RequirePKCE || !client.RequireConsent || !client.RequireClientSecret {
		t.Errorf("RequirePkce %t, RequireConsent %t, RequireClientSecret %t", client.RequirePKCE, client.RequireConsent, client.RequireClientSecret)
	}
}

// Whatever a client may register comes back, from the first answer and from the client configuration endpoint.
func TestRFC7592ReadTellsTheSame(t *testing.T) {
	s := newSite(t, openRegistration)
	key := newSigner(t, jose.ES256).public
	sent := `{"redirect_uris":["https://rp.example/cb?a=b","https://rp.example/2"],"response_types":["code"],"grant_types":["authorization_code","refresh_token"],
		"application_type":"web","contacts":["a@rp.example","b@rp.example"],"client_name":"Name ☺","logo_uri":"https://rp.example/l.png","client_uri":"https://rp.example/",
		"policy_uri":"https://rp.example/p","tos_uri":"https://rp.example/t","scope":"openid profile","jwks":{"keys":[` + key + `]},"subject_type":"pairwise",
		"id_token_signed_response_alg":"ES256","userinfo_signed_response_alg":"RS256","request_object_signing_alg":"PS256","token_endpoint_auth_method":"private_key_jwt",
		"token_endpoint_auth_signing_alg":"ES256","default_max_age":3600,"require_auth_time":true,"default_acr_values":["1","2"],"initiate_login_uri":"https://rp.example/login",
		"request_uris":["https://rp.example/r#hash"],"post_logout_redirect_uris":["https://rp.example/out"],"frontchannel_logout_uri":"https://rp.example/front",
		"frontchannel_logout_session_required":true,"backchannel_logout_uri":"https://rp.example/back","backchannel_logout_session_required":false,
		"require_pushed_authorization_requests":true,"require_signed_request_object":true,"dpop_bound_access_tokens":true,"software_id":"s","software_version":"1"}`
	created := s.register(sent)
	if created.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", created.StatusCode, created.Body)
	}
	information := decode[clientInformation](t, created)
	read := s.json(http.MethodGet, information.RegistrationClientURI, "", "Authorization", "Bearer "+information.RegistrationAccessToken)
	if read.StatusCode != http.StatusOK || information.ClientSecretExpiresAt != nil {
		t.Fatalf("read: %d %s", read.StatusCode, read.Body)
	}
	for where, answer := range map[string]page{"created": created, "read": read} {
		want, got := map[string]any{}, decode[map[string]any](t, answer)
		if err := json.Unmarshal([]byte(sent), &want); err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if fmt.Sprint(got[name]) != fmt.Sprint(value) {
				t.Errorf("%s: %s is %v, want %v", where, name, got[name], value)
			}
			delete(got, name)
		}
		if extra := len(got); extra != 4 { // client_id, client_id_issued_at, registration_access_token, registration_client_uri
			t.Errorf("%s: %v", where, got)
		}
	}
}

// What may not be registered, with the code and the member it is about (OIDC Registration §3.3, RFC 7591 §3.2.2).
func TestOIDCRegistration33Refused(t *testing.T) {
	s := newSite(t, openRegistration)
	signs := newSigner(t, jose.ES256)
	public, private := signs.public, string(must(json.Marshal(jose.JSONWebKey{Key: signs.key})))
	long := strings.Repeat("x", 3000)
	many := string(must(json.Marshal(strings.Split(strings.Repeat("https://rp.example/cb ", 30), " "))))
	const redirect = `"redirect_uris":["https://rp.example/cb"]`
	for _, row := range []struct {
		sent  string
		code  Code
		names string
	}{
		{``, InvalidClientMetadata, "JSON object"},
		{`null`, InvalidClientMetadata, "JSON object"},
		{`[]`, InvalidClientMetadata, "JSON object"},
		{`{} {}`, InvalidClientMetadata, "JSON object"},
		{"{\"client_name\":\"\xff\"}", InvalidClientMetadata, "JSON object"},
		{`{}`, InvalidRedirectURI, "redirect_uris"},
		{`{"redirect_uris":[]}`, InvalidRedirectURI, "redirect_uris"},
		{`{"redirect_uris":null}`, InvalidRedirectURI, "redirect_uris"},
		{`{"REDIRECT_URIS":["https://rp.example/cb"]}`, InvalidRedirectURI, "redirect_uris"},
		{`{"redirect_uris":"https://rp.example/cb"}`, InvalidClientMetadata, "redirect_uris"},
		{`{"redirect_uris":[1]}`, InvalidClientMetadata, "redirect_uris"},
		{`{"redirect_uris":["https://rp.example/cb","https://rp.example/cb"]}`, InvalidClientMetadata, "redirect_uris"},
		{`{"redirect_uris":` + many + `}`, InvalidClientMetadata, "redirect_uris"},
		{`{"redirect_uris":["https://rp.example/` + long + `"]}`, InvalidClientMetadata, "redirect_uris"},
		{`{"redirect_uris":["https://rp.example/cb#x"]}`, InvalidRedirectURI, "fragment"},
		{`{"redirect_uris":["https://rp.example/cb#"]}`, InvalidRedirectURI, "fragment"},
		{`{"redirect_uris":["/cb"]}`, InvalidRedirectURI, "absolute"},
		{`{"redirect_uris":["javascript:alert(1)"]}`, InvalidRedirectURI, "redirected"},
		{`{"redirect_uris":["data:text/html,x"],"application_type":"native"}`, InvalidRedirectURI, "redirected"},
		{`{"redirect_uris":["https://user@rp.example/"]}`, InvalidRedirectURI, "redirected"},
		{`{"redirect_uris":["https:///cb"]}`, InvalidRedirectURI, "redirected"},
		{`{"redirect_uris":["http://rp.example/cb"]}`, InvalidRedirectURI, "https"},
		{`{"redirect_uris":["http://localhost/cb"]}`, InvalidRedirectURI, "https"},
		{`{"redirect_uris":["com.example.app:/cb"]}`, InvalidRedirectURI, "native"},
		{`{"redirect_uris":["myapp:/cb"],"application_type":"native"}`, InvalidRedirectURI, "scheme"},
		{`{"redirect_uris":["http://rp.example/cb"],"application_type":"native"}`, InvalidRedirectURI, "https"},
		{`{` + redirect + `,"application_type":"service"}`, InvalidClientMetadata, "application_type"},
		{`{` + redirect + `,"response_types":["token"]}`, InvalidClientMetadata, "response_types"},
		{`{` + redirect + `,"response_types":["code","code id_token"]}`, InvalidClientMetadata, "response_types"},
		{`{` + redirect + `,"grant_types":["password"]}`, InvalidClientMetadata, "grant_types"},
		{`{` + redirect + `,"grant_types":["implicit","authorization_code"]}`, InvalidClientMetadata, "grant_types"},
		{`{` + redirect + `,"grant_types":["client_credentials"]}`, InvalidClientMetadata, "grant_types"},
		{`{"grant_types":["refresh_token"]}`, InvalidClientMetadata, "grant_types"},
		{`{` + redirect + `,"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],"response_types":["code"]}`, InvalidClientMetadata, "response_types"},
		{`{` + redirect + `,"token_endpoint_auth_method":"tls_client_auth"}`, InvalidClientMetadata, "token_endpoint_auth_method"},
		{`{` + redirect + `,"token_endpoint_auth_method":"private_key_jwt"}`, InvalidClientMetadata, "jwks"},
		{`{` + redirect + `,"jwks":{"keys":[]}}`, InvalidClientMetadata, "jwks"},
		{`{` + redirect + `,"jwks":{"keys":[` + private + `]}}`, InvalidClientMetadata, "jwks"},
		{`{` + redirect + `,"jwks":{"keys":[{"kty":"oct","k":"AAAA"}]}}`, InvalidClientMetadata, "jwks"},
		{`{` + redirect + `,"jwks":"x"}`, InvalidClientMetadata, "jwks"},
		{`{` + redirect + `,"jwks":{"keys":[` + public + `]},"jwks_uri":"https://rp.example/k"}`, InvalidClientMetadata, "jwks"},
		{`{` + redirect + `,"jwks_uri":"http://rp.example/k"}`, InvalidClientMetadata, "jwks_uri"},
		{`{` + redirect + `,"id_token_signed_response_alg":"none"}`, InvalidClientMetadata, "id_token_signed_response_alg"},
		{`{` + redirect + `,"id_token_signed_response_alg":"HS256"}`, InvalidClientMetadata, "id_token_signed_response_alg"},
		{`{` + redirect + `,"userinfo_signed_response_alg":"none"}`, InvalidClientMetadata, "userinfo_signed_response_alg"},
		{`{` + redirect + `,"request_object_signing_alg":"HS256"}`, InvalidClientMetadata, "request_object_signing_alg"},
		{`{` + redirect + `,"token_endpoint_auth_signing_alg":"none"}`, InvalidClientMetadata, "token_endpoint_auth_signing_alg"},
		{`{` + redirect + `,"id_token_encrypted_response_alg":"RSA-OAEP"}`, InvalidClientMetadata, "id_token_encrypted_response_alg"},
		{`{` + redirect + `,"userinfo_encrypted_response_alg":"RSA-OAEP"}`, InvalidClientMetadata, "userinfo_encrypted_response_alg"},
		{`{` + redirect + `,"request_object_encryption_alg":"RSA-OAEP"}`, InvalidClientMetadata, "request_object_encryption_alg"},
		{`{` + redirect + `,"id_token_encrypted_response_enc":"A128CBC-HS256"}`, InvalidClientMetadata, "id_token_encrypted_response_enc"},
		{`{` + redirect + `,"userinfo_encrypted_response_enc":"A128CBC-HS256"}`, InvalidClientMetadata, "userinfo_encrypted_response_enc"},
		{`{` + redirect + `,"request_object_encryption_enc":"A128CBC-HS256"}`, InvalidClientMetadata, "request_object_encryption_enc"},
		{`{` + redirect + `,"require_signed_request_object":true,"request_object_signing_alg":"none"}`, InvalidClientMetadata, "request_object_signing_alg"},
		{`{` + redirect + `,"default_max_age":-1}`, InvalidClientMetadata, "default_max_age"},
		{`{` + redirect + `,"default_max_age":"60"}`, InvalidClientMetadata, "default_max_age"},
		{`{` + redirect + `,"default_max_age":1e99}`, InvalidClientMetadata, "default_max_age"},
		{`{` + redirect + `,"default_max_age":315360001}`, InvalidClientMetadata, "default_max_age"},
		{`{` + redirect + `,"default_acr_values":["a b"]}`, InvalidClientMetadata, "default_acr_values"},
		{`{` + redirect + `,"subject_type":"secret"}`, InvalidClientMetadata, "subject_type"},
		{`{"redirect_uris":["https://a.example/","https://b.example/"],"subject_type":"pairwise"}`, InvalidClientMetadata, "sector_identifier_uri"},
		{`{` + redirect + `,"sector_identifier_uri":"http://rp.example/s"}`, InvalidClientMetadata, "sector_identifier_uri"},
		{`{` + redirect + `,"sector_identifier_uri":"https://127.0.0.1:1/s"}`, InvalidClientMetadata, "sector_identifier_uri"},
		{`{` + redirect + `,"initiate_login_uri":"http://rp.example/login"}`, InvalidClientMetadata, "initiate_login_uri"},
		{`{` + redirect + `,"request_uris":["http://rp.example/r"]}`, InvalidClientMetadata, "request_uris"},
		{`{` + redirect + `,"post_logout_redirect_uris":["http://rp.example/"]}`, InvalidClientMetadata, "post_logout_redirect_uris"},
		{`{` + redirect + `,"frontchannel_logout_uri":"https://other.example/front"}`, InvalidClientMetadata, "frontchannel_logout_uri"},
		{`{` + redirect + `,"backchannel_logout_uri":"https://rp.example/#x"}`, InvalidClientMetadata, "backchannel_logout_uri"},
		{`{` + redirect + `,"logo_uri":"javascript:alert(1)"}`, InvalidClientMetadata, "logo_uri"},
		{`{` + redirect + `,"policy_uri":"https://rp.example;script-src *"}`, InvalidClientMetadata, "policy_uri"},
		{`{` + redirect + `,"client_name":"` + long + `"}`, InvalidClientMetadata, "client_name"},
		{`{` + redirect + `,"client_name":"a\u0000b"}`, InvalidClientMetadata, "client_name"},
		{`{` + redirect + `,"contacts":["a b"]}`, InvalidClientMetadata, "contacts"},
		{`{` + redirect + `,"scope":"openid companyApi"}`, InvalidClientMetadata, "with an initial access token those of APIs"},
		{`{"redirect_uris":["https://rp;script-src/cb"]}`, InvalidRedirectURI, "redirect_uris"},
		{`{"redirect_uris":["https://*.example/cb"]}`, InvalidRedirectURI, "redirect_uris"},
		{`{"redirect_uris":["https://:443/cb"]}`, InvalidRedirectURI, "redirect_uris"},
		{`{` + redirect + `,"client_name":"My bank \u202eknab"}`, InvalidClientMetadata, "client_name"},
		{`{` + redirect + `,"subject_type":"pairwise","grant_types":["authorization_code","` + grantDeviceCode + `"]}`, InvalidClientMetadata, "subject_type"},
		{`{` + redirect + `,"software_statement":"eyJ.e30."}`, UnapprovedSoftwareStatement, "software_statement"},
	} {
		answer := s.register(row.sent)
		wantError(t, answer, http.StatusBadRequest, row.code)
		if description := decode[errorBody](t, answer).Description; !strings.Contains(description, row.names) {
			t.Errorf("%.100s: the description does not name %s: %s", row.sent, row.names, description)
		}
	}
	if answer := s.json(http.MethodPost, s.issuer+registrationPath, `{`+redirect+`}`, "Content-Type", "text/plain"); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("another content type: %d", answer.StatusCode)
	}
	if answer := s.json(http.MethodPost, s.issuer+registrationPath, `{`+redirect+`}`, "Content-Encoding", "gzip"); answer.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a content coding (RFC 9110 §15.5.16): %d", answer.StatusCode)
	}
	if answer := s.register(`{"client_name":"` + strings.Repeat("x", 1<<20) + `"}`); answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("1 MB: %d", answer.StatusCode)
	}
	if count := must(s.db.CountRegisteredClients(t.Context())); count != 0 {
		t.Errorf("%d clients were stored", count)
	}
}

// What a native application may register (OIDC Registration §2, RFC 8252 §7), and a developer's own machine in Lab mode.
func TestOIDCRegistration2RedirectURIs(t *testing.T) {
	for _, row := range []struct {
		uri, kind string
		lab       bool
	}{
		{"com.example.app:/cb", "native", false},
		{"http://127.0.0.1:9999/cb", "native", false},
		{"http://[::1]/cb", "native", false},
		{"http://localhost/cb", "native", false},
		{"https://app.example/claimed", "native", false},
		{"http://localhost:3000/cb", "web", true},
		{"https://rp.example/cb?a=b&c=d", "web", false},
	} {
		s := newSite(t, openRegistration, func(c *Config) { c.Lab = row.lab })
		s.registered(map[string]any{"redirect_uris": []string{row.uri}, "application_type": row.kind})
	}
}

// A client without a secret has to use PKCE (RFC 9700 §2.1.1), and its pages may call the token endpoint.
func TestRFC9700PublicClientsKeepPKCE(t *testing.T) {
	s := newSite(t, openRegistration)
	information := s.registered(map[string]any{"token_endpoint_auth_method": "none"})
	client := must(s.db.Client(t.Context(), information.ClientID))
	if !client.RequirePKCE || client.RequireClientSecret || information.ClientSecret != "" || information.ClientSecretExpiresAt != nil {
		t.Errorf("%+v", information)
	}
	if !slices.Equal(client.CORSOrigins, []string{"https://rp.example"}) {
		t.Errorf("origins %v", client.CORSOrigins)
	}
	b := s.browser()
	query := url.Values{"client_id": {client.ClientID}, "redirect_uri": {"https://rp.example/cb"}, "response_type": {"code"}, "scope": {"openid"}}
	if got := b.get(s.issuer + "/connect/authorize?" + query.Encode()).sent("error"); got != string(InvalidRequest) {
		t.Errorf("without PKCE: %q", got)
	}
}

// Who may register: nobody, who has a token, everybody (RFC 7591 §3).
func TestRFC7591WhoMayRegister(t *testing.T) {
	const metadata = `{"redirect_uris":["https://rp.example/cb"],"scope":"openid companyApi"}`
	const modest = `{"redirect_uris":["https://rp.example/cb"]}`
	for _, row := range []struct {
		mode          Registration
		token, sent   string
		status        int
		code          Code
		consentNeeded bool
	}{
		{RegistrationClosed, "", modest, 403, AccessDenied, false},
		{"", "", modest, 403, AccessDenied, false},
		{"", "from-config", modest, 403, AccessDenied, false},
		{RegistrationToken, "", modest, 401, InvalidToken, false},
		{RegistrationToken, "wrong", modest, 401, InvalidToken, false},
		{RegistrationToken, "expired", modest, 401, InvalidToken, false},
		{RegistrationToken, "from-config", metadata, 201, "", false},
		{RegistrationToken, "from-database", metadata, 201, "", false},
		{RegistrationOpen, "", modest, 201, "", true},
		{RegistrationOpen, "", metadata, 400, InvalidClientMetadata, false},
		{RegistrationOpen, "wrong", modest, 401, InvalidToken, false},
		{RegistrationOpen, "from-config", metadata, 201, "", false},
	} {
		s := newSite(t, func(c *Config) { c.Registration, c.InitialAccessToken = row.mode, "from-config" })
		past := time.Now().Add(-time.Second)
		for token, expires := range map[string]*time.Time{"from-database": nil, "expired": &past} {
			if err := s.db.InsertInitialAccessToken(t.Context(), token, db.InitialAccessToken{Created: past, Expires: expires}); err != nil {
				t.Fatal(err)
			}
		}
		var headers []string
		if row.token != "" {
			headers = []string{"Authorization", "Bearer " + row.token}
		}
		answer := s.register(row.sent, headers...)
		_, listed := s.discovery()["registration_endpoint"]
		if open := row.mode == RegistrationOpen || row.mode == RegistrationToken; listed != open {
			t.Errorf("%s: discovery lists the endpoint: %t", row.mode, listed)
		}
		if row.code != "" {
			wantError(t, answer, row.status, row.code)
			if challenge := answer.Header.Get("WWW-Authenticate"); (row.status == 401) != strings.HasPrefix(challenge, "Bearer") {
				t.Errorf("%s %s: challenge %q", row.mode, row.token, challenge)
			}
			continue
		}
		if answer.StatusCode != row.status {
			t.Errorf("%s %s: %d %s", row.mode, row.token, answer.StatusCode, answer.Body)
			continue
		}
		if client := must(s.db.Client(t.Context(), decode[clientInformation](t, answer).ClientID)); client.RequireConsent != row.consentNeeded {
			t.Errorf("%s %s: RequireConsent %t", row.mode, row.token, client.RequireConsent)
		}
	}
	if _, err := New(Config{Issuer: testIssuer, Registration: "maybe"}, nil, nil); err == nil {
		t.Error("registration \"maybe\" was taken")
	}
}

// RFC 7592 §2: only the registration access token of this very client opens its configuration endpoint.
func TestRFC7592Tokens(t *testing.T) {
	s := newSite(t, openRegistration)
	mine, other := s.registered(nil), s.registered(nil)
	for name, row := range map[string]struct{ address, token string }{
		"no token":             {mine.RegistrationClientURI, ""},
		"another client's":     {mine.RegistrationClientURI, other.RegistrationAccessToken},
		"the client's secret":  {mine.RegistrationClientURI, mine.ClientSecret},
		"a client that is not": {s.issuer + registrationPath + "/nobody", mine.RegistrationAccessToken},
		"a seeded client":      {s.issuer + registrationPath + "/spa-client", mine.RegistrationAccessToken},
		"NUL":                  {s.issuer + registrationPath + "/%00", mine.RegistrationAccessToken},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			var headers []string
			if row.token != "" {
				headers = []string{"Authorization", "Bearer " + row.token}
			}
			answer := s.json(method, row.address, `{}`, headers...)
			if answer.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s, %s: %d %s", name, method, answer.StatusCode, answer.Body)
			}
		}
	}
	if answer := s.json(http.MethodPost, mine.RegistrationClientURI, `{}`); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", answer.StatusCode)
	}
}

// RFC 7592 §2.2: an update replaces everything.
func TestRFC7592Update(t *testing.T) {
	s := newSite(t, openRegistration)
	before := s.registered(map[string]any{"client_name": "Before", "logo_uri": "https://rp.example/l", "contacts": []string{"a@b"}})
	put := func(body string) page {
		return s.json(http.MethodPut, before.RegistrationClientURI, body, "Authorization", "Bearer "+before.RegistrationAccessToken)
	}
	id := `"client_id":"` + before.ClientID + `"`
	for sent, code := range map[string]Code{
		`{"redirect_uris":["https://rp.example/2"]}`:                          InvalidClientMetadata, // no client_id
		`{"client_id":"spa-client","redirect_uris":["https://rp.example/2"]}`: InvalidClientMetadata,
		`{` + id + `}`: InvalidRedirectURI,
		`{` + id + `,"client_secret":"wrong","redirect_uris":["https://rp.example/2"]}`:                        InvalidClientMetadata,
		`{` + id + `,"registration_access_token":"x","redirect_uris":["https://rp.example/2"]}`:                InvalidClientMetadata,
		`{` + id + `,"client_id_issued_at":1,"redirect_uris":["https://rp.example/2"]}`:                        InvalidClientMetadata,
		`{` + id + `,"scope":"companyApi","redirect_uris":["https://rp.example/2"]}`:                           InvalidClientMetadata,
		`{` + id + `,"token_endpoint_auth_method":"private_key_jwt","redirect_uris":["https://rp.example/2"]}`: InvalidClientMetadata,
	} {
		wantError(t, put(sent), http.StatusBadRequest, code)
	}
	s.exec(`UPDATE "Clients" SET "AccessTokenLifetime" = 42 WHERE "ClientId" = ?`, before.ClientID)
	answer := put(`{` + id + `,"client_secret":"` + before.ClientSecret + `","redirect_uris":["https://rp.example/2"],"client_name":"After"}`)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", answer.StatusCode, answer.Body)
	}
	after := decode[clientInformation](t, answer)
	if after.ClientName != "After" || after.LogoURI != "" || len(after.Contacts) != 0 || !slices.Equal(after.RedirectURIs, []string{"https://rp.example/2"}) {
		t.Errorf("after: %+v", after)
	}
	if after.ClientSecret != "" || after.RegistrationAccessToken != before.RegistrationAccessToken || after.ClientIDIssuedAt != before.ClientIDIssuedAt {
		t.Errorf("after: %+v", after)
	}
	if client := must(s.db.Client(t.Context(), before.ClientID)); client.AccessTokenLifetime != 42 || !client.RequireConsent {
		t.Errorf("what the operator set: %d %t", client.AccessTokenLifetime, client.RequireConsent)
	}

	// A secret that has expired is replaced, and only then.
	s.exec(`UPDATE "ClientSecrets" SET "Expiration" = '2020-01-01 00:00:00' WHERE "ClientId" = (SELECT "Id" FROM "Clients" WHERE "ClientId" = ?)`, before.ClientID)
	again := decode[clientInformation](t, put(`{`+id+`,"redirect_uris":["https://rp.example/2"]}`))
	if again.ClientSecret == "" || again.ClientSecret == before.ClientSecret || *again.ClientSecretExpiresAt < time.Now().Unix() {
		t.Errorf("after the secret has expired: %+v", again)
	}
	public := decode[clientInformation](t, put(`{`+id+`,"redirect_uris":["https://rp.example/2"],"token_endpoint_auth_method":"none"}`))
	if client := must(s.db.Client(t.Context(), before.ClientID)); public.ClientSecretExpiresAt != nil || len(client.Secrets) != 0 || !client.RequirePKCE {
		t.Errorf("without a secret: %+v", client)
	}
}

// RFC 7592 §2.3: after the delete nothing of the client counts any more.
func TestRFC7592Delete(t *testing.T) {
	s := newSite(t, openRegistration)
	information := s.registered(map[string]any{"grant_types": []string{"authorization_code", "refresh_token"}})
	code := s.insertCode(func(c *db.AuthorizationCode) {
		c.ClientID, c.RedirectURI, c.Scopes, c.CodeChallenge, c.CodeChallengeMethod = information.ClientID, "https://rp.example/cb", []string{"openid", "offline_access"}, "", ""
	})
	form := tokenForm(code, "client_id", "", "code_verifier", "", "redirect_uri", "https://rp.example/cb")
	tokens := decode[tokenResponse](t, s.token(form, "Authorization", basic(information.ClientID, information.ClientSecret)))
	if tokens.RefreshToken == "" || s.userinfo(tokens.AccessToken).StatusCode != http.StatusOK {
		t.Fatalf("tokens %+v", tokens)
	}
	bearer := "Bearer " + information.RegistrationAccessToken
	if answer := s.json(http.MethodDelete, information.RegistrationClientURI, "", "Authorization", bearer); answer.StatusCode != http.StatusNoContent || answer.Body != "" {
		t.Fatalf("%d %s", answer.StatusCode, answer.Body)
	}
	if got := s.userinfo(tokens.AccessToken).StatusCode; got != http.StatusUnauthorized {
		t.Errorf("userinfo with its access token: %d", got)
	}
	wantError(t, s.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken}}, "Authorization",
		basic(information.ClientID, information.ClientSecret)), http.StatusUnauthorized, InvalidClient)
	if answer := s.json(http.MethodDelete, information.RegistrationClientURI, "", "Authorization", bearer); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a second time: %d", answer.StatusCode)
	}
}

// Registrations without a token are counted by address.
func TestRegistrationIsThrottled(t *testing.T) {
	s := newSite(t, openRegistration)
	s.exec(`INSERT INTO "LoginFailures" ("Key", "Count", "Since") VALUES (?, ?, ?)`, "register:"+sessionKey("192.0.2.1"), registrationsPerAddress, time.Now().UTC())
	answer := s.register(`{"redirect_uris":["https://rp.example/cb"]}`)
	wantError(t, answer, http.StatusTooManyRequests, TemporarilyUnavailable)
	if answer.Header.Get("Retry-After") != "3600" {
		t.Errorf("Retry-After %q", answer.Header.Get("Retry-After"))
	}
}

// Any page may register: there is no cookie, and no origin can be known before.
func TestA51RegistrationCORS(t *testing.T) {
	s := newSite(t, openRegistration)
	preflight := s.call(http.MethodOptions, registrationPath, nil, "Origin", "https://unknown.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if got := preflight.Header.Get("Access-Control-Allow-Origin"); got != "*" || preflight.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %q", got)
	}
	answer := s.register(`{}`, "Origin", "https://unknown.example", "Sec-Fetch-Site", "cross-site")
	if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %q", answer.StatusCode, answer.Header.Get("Access-Control-Allow-Origin"))
	}
}

// OIDC Core §4: the home page leads to the clients that let a login begin here, and says where the links go.
func TestOIDCCore4TheHomePageInitiatesLogins(t *testing.T) {
	s := newSite(t, openRegistration)
	s.registered(map[string]any{"client_name": "Elsewhere", "client_uri": "https://rp.example/start", "initiate_login_uri": "https://rp.example/login?a=b"})
	s.addClient("bad", func(c *db.Client) { c.InitiateLoginURI = "javascript:alert(1)" })
	s.addClient("off", func(c *db.Client) { c.InitiateLoginURI, c.Enabled = "https://off.example/", false })
	links := map[string]string{}
	for _, link := range s.browser().get(s.issuer + "/").document(t).Find("a.js-initiate").EachIter() {
		links[link.Text()] = link.AttrOr("href", "")
	}
	iss := url.QueryEscape(testIssuer)
	want := map[string]string{
		"Elsewhere":            "https://rp.example/login?a=b&iss=" + iss + "&target_link_uri=" + url.QueryEscape("https://rp.example/start"),
		"CompanyEmployees SPA": testSPA + "/initiate-login?iss=" + iss + "&target_link_uri=" + url.QueryEscape(testSPA),
	}
	if !maps.Equal(links, want) {
		t.Errorf("links %v, want %v", links, want)
	}
}

// With registration open to everybody, a stranger's client comes after ours on the home page, and its pages are never "the
// application" that the page leads to.
func TestOIDCCore4StrangersComeLastOnTheHomePage(t *testing.T) {
	s := newSite(t, openRegistration, func(c *Config) { c.Lab = true })
	for range maxListedClients + 5 {
		s.registered(map[string]any{"redirect_uris": []string{"https://stranger.example/cb"}, "token_endpoint_auth_method": "none",
			"client_name": "Bank", "initiate_login_uri": "https://stranger.example/login"})
	}
	page := s.browser().get(s.issuer + "/").document(t)
	if first := page.Find("a.js-initiate").First().Text(); first != "CompanyEmployees SPA" {
		t.Errorf("the list begins with %q", first)
	}
	if links := page.Find(`a.Button[href^="https://stranger.example"]`).Length(); links != 0 {
		t.Error("the page leads to a stranger's site as the application")
	}
}

// In the lab any page could register its own origin, if registration is open to everybody. That must not let it change the
// provider's settings, nor read the session of whoever looks at it.
func TestA51StrangersStayOutOfTheLab(t *testing.T) {
	s := newSite(t, openRegistration, func(c *Config) { c.Lab = true })
	s.registered(map[string]any{"redirect_uris": []string{"https://stranger.example/cb"}, "token_endpoint_auth_method": "none"})
	change := func(origin string) page {
		return s.json(http.MethodPatch, s.issuer+"/lab/options", `{"DPoP.RequireNonce":"false"}`, "Origin", origin, "Content-Type", "application/json")
	}
	if answer := change("https://stranger.example"); answer.StatusCode != http.StatusForbidden {
		t.Errorf("a stranger's page changes an option: %d", answer.StatusCode)
	}
	if answer := change(testSPA); answer.StatusCode != http.StatusOK {
		t.Errorf("our own page: %d", answer.StatusCode)
	}
	read := s.json(http.MethodGet, s.issuer+"/lab/session", "", "Origin", "https://stranger.example")
	if got := read.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a stranger's page reads the session: %q", got)
	}
	if got := s.call(http.MethodGet, "/.well-known/openid-configuration", nil, "Origin", "https://stranger.example").Header.Get("Access-Control-Allow-Origin"); got != "https://stranger.example" {
		t.Errorf("and yet it is a client: %q", got)
	}
}

// RFC 6749 §4.4: client credentials are for who has some, vouched for or not.
func TestRFC7591NoClientCredentialsWithoutACredential(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Registration, c.InitialAccessToken = RegistrationToken, "vouches" })
	metadata := func(method string) string {
		return `{"grant_types":["client_credentials"],"scope":"companyApi","token_endpoint_auth_method":"` + method + `"}`
	}
	wantError(t, s.register(metadata("none"), "Authorization", "Bearer vouches"), http.StatusBadRequest, InvalidClientMetadata)
	if answer := s.register(metadata("client_secret_post"), "Authorization", "Bearer vouches"); answer.StatusCode != http.StatusCreated {
		t.Errorf("with a secret: %d %s", answer.StatusCode, answer.Body)
	}
}

// However they come, there is an end to the clients that strangers may leave here.
func TestRegistrationHasAnEnd(t *testing.T) {
	s := newSite(t, openRegistration)
	s.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO "Clients" ("ClientId", "RegistrationAccessToken") SELECT 'client-' || i, 'hash' FROM n`, maxRegisteredClients)
	wantError(t, s.register(`{"redirect_uris":["https://rp.example/cb"]}`), http.StatusServiceUnavailable, TemporarilyUnavailable)
}
