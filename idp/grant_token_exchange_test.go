package idp

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/admin"
	"silentrenew/internal/declaration"
	"silentrenew/internal/dpop/dpoptest"
)

// addGateway registers a program that is called with users' tokens and calls the companies API for them. Tokens of
// spa-client name it in may_act.
func (s *site) addGateway(id string, change ...func(*db.Client)) {
	s.t.Helper()
	s.addClient(id, func(c *db.Client) {
		c.GrantTypes, c.RedirectURIs, c.RequireClientSecret = []string{grantTokenExchange, grantClientCredentials}, nil, true
		c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("gateway-secret")}}
		for _, f := range change {
			f(c)
		}
	})
}

func (s *site) letAct(client, actor string) {
	s.t.Helper()
	s.exec(`DELETE FROM "ClientProperties" WHERE "Key" = 'may_act' AND "ClientId" = (SELECT "Id" FROM "Clients" WHERE "ClientId" = '` + client + `')`)
	s.exec(`INSERT INTO "ClientProperties" ("ClientId", "Key", "Value") SELECT "Id", 'may_act', '` + actor + `' FROM "Clients" WHERE "ClientId" = '` + client + `'`)
}

// exchangeForm is an exchange by the client named gateway. Pairs change it; the value "" leaves the parameter out.
func exchangeForm(subject string, pairs ...string) url.Values {
	form := url.Values{
		"grant_type": {grantTokenExchange}, "client_id": {"gateway"}, "client_secret": {"gateway-secret"},
		"subject_token": {subject}, "subject_token_type": {tokenTypeAccessToken},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		} else {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	return form
}

// delegated exchanges a token that must be good.
func (s *site) delegated(subject string, pairs ...string) tokenResponse {
	s.t.Helper()
	answer := s.token(exchangeForm(subject, pairs...))
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("exchange: got %d %s", answer.StatusCode, answer.Body)
	}
	return decode[tokenResponse](s.t, answer)
}

func TestRFC8693Delegation(t *testing.T) {
	s := newSite(t)
	s.addGateway("gateway")
	s.addGateway("worker")
	s.letAct("spa-client", "gateway")
	s.letAct("gateway", "worker")
	subject := s.redeem(s.insertCode(nil)).AccessToken
	if got := claimsOf(t, subject)["may_act"]; !reflect.DeepEqual(got, map[string]any{"sub": "gateway"}) {
		t.Fatalf("may_act: %v", got)
	}

	first := s.delegated(subject, "requested_token_type", tokenTypeJWT)
	if first.IssuedTokenType != tokenTypeJWT || first.TokenType != "Bearer" || first.Scope != "companyApi" || first.RefreshToken != "" || first.IDToken != "" {
		t.Errorf("response: %+v", first)
	}
	was, is := claimsOf(t, subject), claimsOf(t, first.AccessToken)
	for _, claim := range []string{"iss", "sub", "sid", "auth_time", "amr", "aud", "role", "name"} {
		if !reflect.DeepEqual(is[claim], was[claim]) {
			t.Errorf("%s: %v became %v", claim, was[claim], is[claim])
		}
	}
	if is["client_id"] != "gateway" || !reflect.DeepEqual(is["act"], map[string]any{"sub": "gateway"}) || headerOf(t, first.AccessToken)["typ"] != accessTokenType {
		t.Errorf("claims: %v", is)
	}

	// On to the next: the newest actor stands outside (RFC 8693 §4.1).
	second := s.delegated(first.AccessToken, "client_id", "worker")
	want := map[string]any{"sub": "worker", "act": map[string]any{"sub": "gateway"}}
	if got := claimsOf(t, second.AccessToken)["act"]; !reflect.DeepEqual(got, want) || second.IssuedTokenType != tokenTypeAccessToken {
		t.Errorf("act: %v, want %v", got, want)
	}
	said := decode[map[string]any](t, s.introspect(second.AccessToken, basic("worker", "gateway-secret")))
	if said["active"] != true || !reflect.DeepEqual(said["act"], want) {
		t.Errorf("introspection: %v", said)
	}

	// With an actor token somebody else acts than the client itself.
	s.letAct("spa-client", "gateway")
	machine := decode[tokenResponse](t, s.token(url.Values{"grant_type": {grantClientCredentials}, "client_id": {"gateway"}, "client_secret": {"gateway-secret"}}))
	acted := s.delegated(subject, "actor_token", machine.AccessToken, "actor_token_type", tokenTypeAccessToken)
	if got := claimsOf(t, acted.AccessToken)["act"]; !reflect.DeepEqual(got, map[string]any{"sub": "gateway"}) {
		t.Errorf("act: %v", got)
	}
	// Userinfo is told only by a scope that was asked for.
	wantError(t, s.userinfo(first.AccessToken), http.StatusForbidden, InsufficientScope)
	if got := s.userinfo(s.delegated(subject, "scope", "openid companyApi").AccessToken); got.StatusCode != http.StatusOK {
		t.Errorf("userinfo: %d %s", got.StatusCode, got.Body)
	}
	if e := s.events("token"); e[len(e)-1].Parameters["act"] != "gateway" || e[len(e)-1].Parameters["subject_token"] != "***" || e[len(e)-1].Subject != was["sub"] {
		t.Errorf("event: %+v", e[len(e)-1])
	}
}

func TestRFC8693WhoMayAct(t *testing.T) {
	s := newSite(t)
	s.addGateway("gateway")
	s.addGateway("companyApi") // the API as a client of its own
	s.addReports()
	plain := func(change func(*db.AuthorizationCode)) string { return s.redeem(s.insertCode(change)).AccessToken }
	byName, byURI := plain(nil), plain(func(c *db.AuthorizationCode) { c.Resources = []string{companiesURI} })
	for name, token := range map[string]string{"by name": byName, "by URI": byURI} {
		if got := s.delegated(token, "client_id", "companyApi"); claimsOf(t, got.AccessToken)["aud"] != claimsOf(t, token)["aud"] {
			t.Errorf("sent to the API %s: %v", name, claimsOf(t, got.AccessToken))
		}
		said := decode[map[string]any](t, s.introspect(token, basic("companyApi", "gateway-secret")))
		if said["active"] != true {
			t.Errorf("introspection by the API named %s: %v", name, said)
		}
	}
	wantError(t, s.token(exchangeForm(byName)), http.StatusBadRequest, InvalidRequest) // neither issued nor sent to it

	s.letAct("spa-client", "somebody-else") // counts even against the API it is for
	named := plain(nil)
	wantError(t, s.token(exchangeForm(named, "client_id", "companyApi")), http.StatusBadRequest, InvalidRequest)
	wantError(t, s.token(exchangeForm(named)), http.StatusBadRequest, InvalidRequest)

	s.letAct("spa-client", "company-employee") // who cannot lend its name by its token
	lent := decode[tokenResponse](t, s.token(employeeForm())).AccessToken
	wantError(t, s.token(exchangeForm(plain(nil), "actor_token", lent, "actor_token_type", tokenTypeAccessToken)), http.StatusBadRequest, InvalidRequest)

	own := decode[tokenResponse](t, s.token(url.Values{"grant_type": {grantClientCredentials}, "client_id": {"gateway"}, "client_secret": {"gateway-secret"}}))
	narrow := s.delegated(own.AccessToken) // its own token: no user takes part
	if claims := claimsOf(t, narrow.AccessToken); claims["sub"] != "gateway" || claims["sid"] != nil {
		t.Errorf("claims: %v", claims)
	}
}

func TestRFC8693Narrowing(t *testing.T) {
	s := newSite(t)
	s.addReports()
	s.addGateway("gateway", func(c *db.Client) { c.Scopes = []string{"openid", "companyApi", "reports", "shared", "offline_access"} })
	s.addGateway("modest", func(c *db.Client) { c.Scopes = []string{"reports"} })
	s.letAct("spa-client", "gateway")
	subject := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.Scopes = []string{"openid", "profile", "companyApi", "reports"} })).AccessToken
	one := s.redeem(s.insertCode(func(c *db.AuthorizationCode) {
		c.Scopes, c.Resources = []string{"openid", "shared"}, []string{companiesURI}
	})).AccessToken
	for _, row := range []struct {
		name, subject, scope string
		resources, audiences []string
		audience             any
		granted              string
	}{
		{"everything it reaches", subject, "", nil, nil, []any{"companyApi", "reports"}, "companyApi reports"},
		{"one scope value", subject, "reports", nil, nil, []any{"reports"}, "reports"},
		{"one API by URI", subject, "", []string{reportsURI}, nil, reportsURI, "reports"},
		{"one API by name", subject, "", nil, []string{"companyApi"}, "companyApi", "companyApi"},
		{"one by each", subject, "", []string{reportsURI}, []string{"companyApi"}, []any{reportsURI, "companyApi"}, "companyApi reports"},
		{"a scope value that another API takes too", one, "", nil, nil, companiesURI, "shared"},
		{"its API by name", one, "", nil, []string{"companyApi"}, "companyApi", "shared"},
	} {
		form := named(exchangeForm(row.subject, "scope", row.scope), row.resources...)
		form[audienceParameter] = row.audiences
		want := row.audience
		if list, ok := want.([]any); ok && len(list) == 1 {
			want = list[0]
		}
		wantAudience(t, row.name, decode[tokenResponse](t, s.token(form)).AccessToken, want, row.granted)
	}
	for _, row := range []struct {
		name string
		form url.Values
		want Code
	}{
		{"an unknown URI (§2.2.2)", named(exchangeForm(subject), "https://elsewhere.example"), InvalidTarget},
		{"a malformed URI", named(exchangeForm(subject), "reports"), InvalidTarget},
		{"an unknown name (§2.2.2)", exchangeForm(subject, "audience", "elsewhere"), InvalidTarget},
		{"an API the subject token is not for", exchangeForm(one, "audience", "reports"), InvalidTarget},
		{"by URI", named(exchangeForm(one), reportsURI), InvalidTarget},
		{"a scope value the subject token lacks", exchangeForm(one, "scope", "companyApi"), InvalidScope},
		{"an unknown scope value", exchangeForm(subject, "scope", "everything"), InvalidScope},
		{"a scope value the client's row lacks", exchangeForm(subject, "scope", "openid profile"), InvalidScope},
		{"a scope value of another API than the one named", exchangeForm(subject, "scope", "companyApi reports", "audience", "reports"), InvalidScope},
		{"offline_access", exchangeForm(subject, "scope", "offline_access"), InvalidScope},
	} {
		t.Run(row.name, func(t *testing.T) { wantError(t, s.token(row.form), http.StatusBadRequest, row.want) })
	}
	s.exec(`UPDATE "Clients" SET "AllowOfflineAccess" = true`)
	offline := s.redeem(s.insertCode(func(c *db.AuthorizationCode) { c.Scopes = []string{"openid", "companyApi", "offline_access"} })).AccessToken
	wantError(t, s.token(exchangeForm(offline, "scope", "companyApi offline_access")), http.StatusBadRequest, InvalidScope)

	// The API the subject token is for does not take the scope value any more, another one does: that one is not reached by it.
	s.exec(`DELETE FROM "ApiResourceScopes" WHERE "Scope" = 'shared' AND "ApiResourceId" = (SELECT "Id" FROM "ApiResources" WHERE "Name" = 'companyApi')`)
	wantError(t, s.token(exchangeForm(one)), http.StatusBadRequest, InvalidTarget)

	s.letAct("spa-client", "modest")
	modest := s.redeem(s.insertCode(nil)).AccessToken
	wantError(t, s.token(exchangeForm(modest, "client_id", "modest")), http.StatusBadRequest, InvalidScope) // nothing in common
}

func TestI22TokenExchangeRefuses(t *testing.T) {
	s := newSite(t)
	s.addGateway("gateway")
	s.addGateway("public", func(c *db.Client) { c.RequireClientSecret = false })
	s.addGateway("other-grants", func(c *db.Client) { c.GrantTypes = []string{grantClientCredentials} })
	s.letAct("spa-client", "gateway")
	tokens := s.redeem(s.insertCode(nil))
	subject := tokens.AccessToken
	offline := s.offline()
	machine := decode[tokenResponse](t, s.token(employeeForm())).AccessToken
	revoked := s.redeem(s.insertCode(nil)).AccessToken
	s.revoke(url.Values{"client_id": {"spa-client"}, "token": {revoked}})
	for _, row := range []struct {
		name   string
		form   url.Values
		status int
		want   Code
	}{
		{"no subject_token (§2.1)", exchangeForm(""), 400, InvalidRequest},
		{"no subject_token_type (§2.1)", exchangeForm(subject, "subject_token_type", ""), 400, InvalidRequest},
		{"a type we do not know", exchangeForm(subject, "subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), 400, InvalidRequest},
		{"an ID token", exchangeForm(tokens.IDToken, "subject_token_type", "urn:ietf:params:oauth:token-type:id_token"), 400, InvalidRequest},
		{"an ID token that passes itself off as an access token", exchangeForm(tokens.IDToken), 400, InvalidRequest},
		{"an ID token as a JWT", exchangeForm(tokens.IDToken, "subject_token_type", tokenTypeJWT), 400, InvalidRequest},
		{"a refresh token", exchangeForm(offline.RefreshToken, "subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), 400, InvalidRequest},
		{"a refresh token that passes itself off as an access token", exchangeForm(offline.RefreshToken), 400, InvalidRequest},
		{"no token at all", exchangeForm("nonsense"), 400, InvalidRequest},
		{"beyond measure", exchangeForm(strings.Repeat("x", 9000)), 400, InvalidRequest},
		{"a forged signature", exchangeForm(subject[:len(subject)-4] + "AAAA"), 400, InvalidRequest},
		{"a revoked token", exchangeForm(revoked), 400, InvalidRequest},
		{"a token of another client without may_act", exchangeForm(offline.AccessToken), 400, InvalidRequest},
		{"a refresh token is wanted", exchangeForm(subject, "requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), 400, InvalidRequest},
		{"an ID token is wanted", exchangeForm(subject, "requested_token_type", "urn:ietf:params:oauth:token-type:id_token"), 400, InvalidRequest},
		{"actor_token without its type (§2.1)", exchangeForm(subject, "actor_token", machine), 400, InvalidRequest},
		{"a type without actor_token (§2.1)", exchangeForm(subject, "actor_token_type", tokenTypeAccessToken), 400, InvalidRequest},
		{"another client's actor_token", exchangeForm(subject, "actor_token", machine, "actor_token_type", tokenTypeAccessToken), 400, InvalidRequest},
		{"an actor_token that is none", exchangeForm(subject, "actor_token", "x", "actor_token_type", tokenTypeAccessToken), 400, InvalidRequest},
		{"a public client", exchangeForm(subject, "client_id", "public", "client_secret", ""), 400, UnauthorizedClient},
		{"a client whose row lists another grant", exchangeForm(subject, "client_id", "other-grants"), 400, UnauthorizedClient},
		{"a wrong secret", exchangeForm(subject, "client_secret", "wrong"), 401, InvalidClient},
		{"subject_token twice", url.Values{"grant_type": {grantTokenExchange}, "client_id": {"gateway"}, "client_secret": {"gateway-secret"}, "subject_token": {subject, subject}}, 400, InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) { wantError(t, s.token(row.form), row.status, row.want) })
	}
	s.exec(`UPDATE "Users" SET "Enabled" = false`)
	wantError(t, s.token(exchangeForm(subject)), http.StatusBadRequest, InvalidRequest)
}

// A token somebody acts with ends no later than the one it was made from, and with everything that ends that one.
func TestRFC8693EndsWithTheSubjectToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.addGateway("gateway") // its own tokens live for an hour
		s.letAct("spa-client", "gateway")
		subject := s.redeem(s.insertCode(nil)).AccessToken // ten minutes
		time.Sleep(4 * time.Minute)
		for _, kind := range []string{"0", "1"} { // JWT, Reference
			s.exec(`UPDATE "Clients" SET "AccessTokenType" = ` + kind + ` WHERE "ClientId" = 'gateway'`)
			got := s.delegated(subject)
			if got.ExpiresIn != 360 {
				t.Errorf("expires_in %d, want 360", got.ExpiresIn)
			}
			said := decode[map[string]any](t, s.introspect(got.AccessToken, basic("gateway", "gateway-secret")))
			if said["exp"] != claimsOf(t, subject)["exp"] {
				t.Errorf("exp %v, want %v", said["exp"], claimsOf(t, subject)["exp"])
			}
		}
		s.exec(`UPDATE "Clients" SET "AccessTokenLifetime" = 60 WHERE "ClientId" = 'gateway'`)
		if got := s.delegated(subject); got.ExpiresIn != 60 {
			t.Errorf("expires_in %d, want the client's own 60", got.ExpiresIn)
		}
		s.exec(`UPDATE "Clients" SET "AccessTokenLifetime" = 3600 WHERE "ClientId" = 'gateway'`)
		reference := s.delegated(subject).AccessToken
		time.Sleep(6 * time.Minute)
		wantInactive(t, s.introspect(reference, basic("gateway", "gateway-secret")))
		wantError(t, s.token(exchangeForm(subject)), http.StatusBadRequest, InvalidRequest)
	})
}

func TestRFC8693RevocationReachesDescendants(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		s := newSeededSite(t, store)
		s.addGateway("gateway")
		s.addGateway("worker")
		s.letAct("bff-client", "gateway")
		s.letAct("gateway", "worker")
		chain := func() (offline tokenResponse, second string) {
			offline = s.offline()
			first := s.delegated(offline.AccessToken)
			return offline, s.delegated(first.AccessToken, "client_id", "worker").AccessToken
		}
		credentials := basic("worker", "gateway-secret")
		bff := []string{"client_id", "bff-client", "client_secret", "bff-secret"}
		_, untouched := chain()
		byToken, first := chain()
		s.revoke(url.Values{"client_id": {bff[1]}, "client_secret": {bff[3]}, "token": {byToken.AccessToken}})
		wantInactive(t, s.introspect(first, credentials))
		byFamily, second := chain()
		s.revoke(url.Values{"client_id": {bff[1]}, "client_secret": {bff[3]}, "token": {byFamily.RefreshToken}})
		wantInactive(t, s.introspect(second, credentials))
		if decode[map[string]any](t, s.introspect(untouched, credentials))["active"] != true {
			t.Error("another sign-in's token ends too")
		}
		// Taking back the descendant leaves its subject token alone.
		s.revoke(url.Values{"client_id": {"worker"}, "client_secret": {"gateway-secret"}, "token": {untouched}})
		wantInactive(t, s.introspect(untouched, credentials))
	})
}

func TestRFC8693TheChainHasAnEnd(t *testing.T) {
	s := newSite(t)
	s.addGateway("gateway")
	s.letAct("spa-client", "gateway")
	token := s.redeem(s.insertCode(nil)).AccessToken
	for range maxActors {
		token = s.delegated(token).AccessToken
	}
	if jti := claimsOf(t, token)["jti"].(string); len(jti) > 200 {
		t.Errorf("a jti of %d characters fits no row", len(jti))
	}
	s.revoke(url.Values{"client_id": {"gateway"}, "client_secret": {"gateway-secret"}, "token": {token}})
	wantError(t, s.userinfo(token), http.StatusUnauthorized, InvalidToken)
	token = s.redeem(s.insertCode(nil)).AccessToken
	for range maxActors {
		token = s.delegated(token).AccessToken
	}
	wantError(t, s.token(exchangeForm(token)), http.StatusBadRequest, InvalidRequest)
}

// docs/delegation.md works as it stands there.
func TestTheDelegationPageWorks(t *testing.T) {
	text := string(must(os.ReadFile("../docs/delegation.md")))
	block := func(language string) string {
		before, rest, found := strings.Cut(text, "```"+language+"\n")
		block, rest, _ := strings.Cut(rest, "```")
		if text = before + rest; !found {
			t.Fatalf("the page has no more %s", language)
		}
		return block
	}
	commands, exchange, result, file := block("sh"), block("sh"), block("json"), block("yaml")
	s := newSeededSite(t, dbtest.New(t))
	s.exec(`UPDATE "ApiResources" SET "ResourceUri" = '` + companiesURI + `'`) // as main seeds it
	var secret string
	for line := range strings.Lines(commands) {
		var out, warned bytes.Buffer
		arguments := append(strings.Fields(strings.TrimPrefix(line, "go run . ")), "--db", s.db.Location())
		if err := admin.Command(t.Context(), arguments, func(string) string { return "" }, nil, &out, &warned); err != nil || warned.Len() > 0 {
			t.Fatalf("%s: %v %s", line, err, &warned)
		}
		if shown := regexp.MustCompile(`Secret: (\S+)`).FindStringSubmatch(out.String()); shown != nil {
			secret = shown[1]
		}
	}
	form := url.Values{}
	for _, argument := range regexp.MustCompile(`-d (\S+)=(\S+)`).FindAllStringSubmatch(exchange, -1) {
		form.Set(argument[1], argument[2])
	}
	form.Set("subject_token", s.redeem(s.insertCode(nil)).AccessToken)
	answer := s.token(form, "Authorization", basic("gateway", secret))
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", answer.StatusCode, answer.Body)
	}
	var promised map[string]any
	if err := json.Unmarshal([]byte(result), &promised); err != nil {
		t.Fatal(err)
	}
	claims := claimsOf(t, decode[tokenResponse](t, answer).AccessToken)
	for _, name := range []string{"client_id", "act", "aud", "scope"} {
		if !reflect.DeepEqual(claims[name], promised[name]) {
			t.Errorf("%s: %v, the page says %v", name, claims[name], promised[name])
		}
	}

	path := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	declared, err := declaration.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := declared.Apply(t.Context(), s.db, nil); err != nil || len(done.Warnings) > 0 {
		t.Errorf("the file: %v, warned %q", err, done.Warnings)
	}
}

// A subject token that is bound to a key is worth nothing to whoever cannot prove to have it, the client it names in
// may_act included (RFC 9449 §6); with the key the new token is bound to it too.
func TestRFC8693OfABoundToken(t *testing.T) {
	s := newSite(t)
	s.addGateway("gateway")
	s.letAct("spa-client", "gateway")
	key, other := dpoptest.NewKey(t, jose.ES256), dpoptest.NewKey(t, jose.ES256)
	subject := s.redeemBound(s.insertCode(nil), key).AccessToken
	wantError(t, s.token(exchangeForm(subject)), http.StatusBadRequest, InvalidRequest)
	wantError(t, s.token(exchangeForm(subject), tokenProof(other)...), http.StatusBadRequest, InvalidRequest)
	got := decode[tokenResponse](t, s.token(exchangeForm(subject), tokenProof(key)...))
	if got.TokenType != "DPoP" || !reflect.DeepEqual(claimsOf(t, got.AccessToken)["cnf"], map[string]any{"jkt": key.Thumbprint()}) {
		t.Errorf("got %+v", got)
	}
	// A token that is not bound may become one that is.
	plain := s.redeem(s.insertCode(nil)).AccessToken
	if got := decode[tokenResponse](t, s.token(exchangeForm(plain), tokenProof(other)...)); got.TokenType != "DPoP" {
		t.Errorf("got %+v", got)
	}
}
