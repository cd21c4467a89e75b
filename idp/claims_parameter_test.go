package idp

import (
	"crypto/sha512"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
)

// askingClient may have roles and profile; its requests ask for less.
func (s *site) askingClient() {
	s.t.Helper()
	s.addClient("asking", func(c *db.Client) { c.Scopes = []string{"openid", "profile", "roles"} })
}

func TestClaimsParameterNamesClaims(t *testing.T) { // OIDC Core §5.5
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.askingClient()
		s.exec(`INSERT INTO "ServerOptions" ("Name", "Value", "Updated") VALUES ('Userinfo.StrictScopes', 'true', '2026-11-23 00:00:00+00:00')`)
		b := s.browser()
		code := s.signIn(b, "Mick", "client_id", "asking", "scope", "openid", "claims",
			`{"id_token":{"given_name":null,"role":{"essential":true},"iss":{"value":"https://evil.example"},"country":null},"userinfo":{"family_name":{"essential":true},"address":null},"nonsense":[1]}`)
		tokens := s.redeem(code, "client_id", "asking")
		id := claimsOf(t, tokens.IDToken)
		if id["given_name"] != "Mick" || id["role"] != "Admin" || id["iss"] != testIssuer || id["country"] != nil {
			t.Errorf("ID token: %v", id)
		}
		info := decode[map[string]any](t, s.userinfo(tokens.AccessToken))
		if info["family_name"] != "Mining" || info["address"] != nil || info["given_name"] != nil {
			t.Errorf("userinfo: %v", info)
		}
	})
}

// A client whose users are asked gets no claim that the consent page did not show, or that the user unticked (OIDC Core §3.1.2.4).
func TestClaimsParameterOnTheConsentPage(t *testing.T) {
	const claims = `{"userinfo":{"role":{"essential":true},"name":null},"id_token":{"given_name":null,"position":null}}`
	for name, row := range map[string]struct {
		scopes, claims     []string // what is ticked
		userinfo, idClaims []string // what is told beside the protocol's claims
		remembered         bool
	}{
		"everything":       {[]string{"profile"}, []string{"role"}, []string{"family_name", "given_name", "name", "role", "sub"}, []string{"given_name"}, true},
		"without the role": {[]string{"profile"}, nil, []string{"family_name", "given_name", "name", "sub"}, []string{"given_name"}, false},
		"without profile":  {nil, []string{"role"}, []string{"role", "sub"}, nil, false},
		"nothing":          {nil, []string{"position", "iss"}, []string{"sub"}, nil, false}, // position is not registered for this client
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.addClient("asking", func(c *db.Client) { c.Scopes, c.RequireConsent = []string{"openid", "profile", "roles"}, true })
			b := s.browser()
			asked := s.consentPage(b, "client_id", "asking", "scope", "openid profile", "claims", claims).document(t)
			if boxes := asked.Find("[name=ClaimsConsented]"); boxes.Length() != 1 || boxes.AttrOr("value", "") != "role" {
				t.Errorf("the page asks for %d single claims, the first is %s", boxes.Length(), boxes.AttrOr("value", ""))
			}
			answer := b.post(s.issuer+"/consent", url.Values{"button": {"allow"}, "ScopesConsented": row.scopes, "ClaimsConsented": row.claims, "RememberConsent": {"true"},
				"ReturnUrl": {asked.Find("[name=ReturnUrl]").AttrOr("value", "")}})
			tokens := s.redeem(answer.sent("code"), "client_id", "asking")
			told := decode[map[string]any](t, s.userinfo(tokens.AccessToken))
			if got := slices.Sorted(maps.Keys(told)); !slices.Equal(got, row.userinfo) {
				t.Errorf("userinfo tells %v, want %v", got, row.userinfo)
			}
			id := claimsOf(t, tokens.IDToken)
			if id["given_name"] != nil != (row.idClaims != nil) || id["position"] != nil || id["role"] != nil {
				t.Errorf("ID token %v, want %v", id, row.idClaims)
			}
			again := b.get(s.authorizeURL("client_id", "asking", "scope", "openid profile", "claims", claims, "prompt", "none"))
			if got := again.sent("code") != ""; got != row.remembered {
				t.Errorf("asked again: %s", again.Header.Get("Location"))
			}
		})
	}
}

func TestClaimsParameterSubject(t *testing.T) { // OIDC Core §5.5.1
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		tokens := s.redeem(s.signIn(b, "Mick"))
		mick := claimsOf(t, tokens.IDToken)["sub"].(string)
		jane, err := s.db.UserByName(t.Context(), "Jane")
		if err != nil {
			t.Fatal(err)
		}
		sub := func(subject string) string { return `{"id_token":{"sub":{"value":"` + subject + `"}}}` }
		if answer := b.get(s.authorizeURL("prompt", "none", "claims", sub(mick))); answer.sent("code") == "" {
			t.Errorf("the user who is signed in: %v", answer.location())
		}
		wantRedirectError(t, b.get(s.authorizeURL("prompt", "none", "claims", sub(jane.SubjectID))), LoginRequired)
		if answer := b.get(s.authorizeURL("claims", sub(jane.SubjectID))); answer.location().Path != "/account/login" {
			t.Errorf("another user: %v, want the login page", answer.location())
		}
		form := b.follow(b.get(s.authorizeURL("claims", sub(jane.SubjectID))))
		wantRedirectError(t, b.follow(b.submitLogin(form, "Mick", "MickPassword")), LoginRequired)
		wantRedirectError(t, b.get(s.authorizeURL("claims", sub(jane.SubjectID), "id_token_hint", tokens.IDToken)), InvalidRequest)
	})
}

func TestI22ClaimsParameterRefuses(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, row := range []struct {
		name, claims string
		want         Code
	}{
		{"no JSON", "x", InvalidRequest},
		{"an array", `[{"id_token":{}}]`, InvalidRequest},
		{"a text", `"id_token"`, InvalidRequest},
		{"null", `null`, InvalidRequest},
		{"unclosed", `{"id_token":{`, InvalidRequest},
		{"something behind", `{} {}`, InvalidRequest},
		{"a member that is no object", `{"id_token":true}`, InvalidRequest},
		{"a claim that is no object", `{"userinfo":{"name":1}}`, InvalidRequest},
		{"two subjects", `{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`, InvalidRequest},
		{"a subject that is a number", `{"id_token":{"sub":{"value":1}}}`, InvalidRequest},
		{"an essential acr that nobody reaches", `{"id_token":{"acr":{"essential":true,"values":["phr"]}}}`, UnmetAuthenticationRequirements}, // §5.5.1.1
	} {
		t.Run(row.name, func(t *testing.T) {
			wantRedirectError(t, b.get(s.authorizeURL("claims", row.claims)), row.want)
			wantRedirectError(t, b.get(s.authorizeURL("claims", row.claims, "prompt", "none")), row.want)
		})
	}
}

func TestACR(t *testing.T) { // OIDC Core §3.1.2.1, §5.5.1.1
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		s.signIn(b, "Mick")
		for _, row := range []struct {
			name  string
			pairs []string
			want  any
		}{
			{"not asked for", nil, nil},
			{"acr_values", []string{"acr_values", "phr 1"}, acrPassword},
			{"acr_values out of reach", []string{"acr_values", "phr"}, acrPassword},
			{"voluntary claim", []string{"claims", `{"id_token":{"acr":null}}`}, acrPassword},
			{"voluntary claim out of reach", []string{"claims", `{"id_token":{"acr":{"value":"phr"}}}`}, acrPassword},
			{"essential claim", []string{"claims", `{"id_token":{"acr":{"essential":true,"values":["phr","1"]}}}`}, acrPassword},
		} {
			tokens := s.redeem(b.get(s.authorizeURL(row.pairs...)).sent("code"))
			if got := claimsOf(t, tokens.IDToken)["acr"]; got != row.want {
				t.Errorf("%s: acr is %v, want %v", row.name, got, row.want)
			}
		}
	})
}

// The scopes of OIDC Core §5.4 that the seed has no rows for (A2) work as those that it has, with the JSON types of §5.1. A row that is
// switched off takes them away.
func TestScopesEmailAndPhoneNeedNoRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		for claim, value := range map[string]string{"email": "mick@example.com", "email_verified": "true", "phone_number": "+44 20 7946 0000", "phone_number_verified": "false"} {
			s.exec(`INSERT INTO "UserClaims" ("UserId", "Type", "Value") SELECT "Id", ?, ? FROM "Users" WHERE "Username" = 'Mick'`, claim, value)
		}
		s.addClient("mail", func(c *db.Client) {
			c.Scopes, c.AlwaysIncludeUserClaimsInIDToken = []string{"openid", "email", "phone"}, true
		})
		tokens := s.redeem(s.signIn(s.browser(), "Mick", "client_id", "mail", "scope", "openid email phone"), "client_id", "mail")
		for name, told := range map[string]map[string]any{"ID token": claimsOf(t, tokens.IDToken), "userinfo": decode[map[string]any](t, s.userinfo(tokens.AccessToken))} {
			if told["email"] != "mick@example.com" || told["email_verified"] != true || told["phone_number_verified"] != false {
				t.Errorf("%s: %v", name, told)
			}
		}
		s.exec(`INSERT INTO "IdentityResources" ("Enabled", "Name", "Created") VALUES (false, 'phone', CURRENT_TIMESTAMP)`)
		if got := s.browser().get(s.authorizeURL("client_id", "mail", "scope", "openid phone")).sent("error"); got != "invalid_scope" {
			t.Errorf("a scope that is switched off: %q", got)
		}
	})
}

func TestClientWithoutPKCEAndNonce(t *testing.T) { // OIDC Core §3.1.2.1: nonce is optional for the code flow
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.addClient("plain", func(c *db.Client) { c.RequirePKCE = false })
		code := s.signIn(s.browser(), "Mick", "client_id", "plain", "nonce", "", "code_challenge", "", "code_challenge_method", "",
			"display", "popup", "ui_locales", "de fr-CH", "claims_locales", "de", "foo", "bar")
		answer := s.token(url.Values{"grant_type": {"authorization_code"}, "client_id": {"plain"}, "code": {code}, "redirect_uri": {testCallback}})
		if told := claimsOf(t, decode[tokenResponse](t, answer).IDToken); told["nonce"] != nil || told["c_hash"] != nil {
			t.Errorf("nonce and c_hash belong into no ID token of this request: %v", told)
		}
	})
}

// Every algorithm verifies with the published keys and nothing else; at_hash follows it (OIDC Core §3.1.3.6).
func TestIDTokenAlgorithms(t *testing.T) {
	s := newSite(t)
	for _, algorithm := range signatureAlgorithms {
		id := "signs-" + string(algorithm)
		s.addClient(id, func(c *db.Client) { c.AllowedIdentityTokenSigningAlgorithms = string(algorithm) })
		tokens := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.ClientID = id }), "client_id", id)
		parsed, err := jwt.ParseSigned(tokens.IDToken, []jose.SignatureAlgorithm{algorithm})
		if err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		keys := s.keySet()
		if err := parsed.Claims(&keys, &claims); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		if sum := sha512.Sum512([]byte(tokens.AccessToken)); algorithm == jose.EdDSA && claims["at_hash"] != base64.RawURLEncoding.EncodeToString(sum[:32]) {
			t.Errorf("at_hash of EdDSA: %v", claims["at_hash"])
		}
		if hint, err := s.provider().verifyIDTokenHint(t.Context(), tokens.IDToken); err != nil || hint.ClientID != id {
			t.Errorf("%s as a hint: %v %v", algorithm, hint, err)
		}
	}
}
