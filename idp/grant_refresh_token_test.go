package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// offline signs Mick in at bff-client with offline_access and redeems the code.
func (s *site) offline(change ...func(*db.AuthorizationCode)) tokenResponse {
	s.t.Helper()
	code := s.insertCode(func(c *db.AuthorizationCode) {
		c.ClientID, c.Scopes = "bff-client", []string{"openid", "profile", "companyApi", "offline_access"}
		for _, f := range change {
			f(c)
		}
	})
	tokens := s.redeem(code, "client_id", "bff-client", "client_secret", "bff-secret")
	if tokens.RefreshToken == "" {
		s.t.Fatal("no refresh token")
	}
	return tokens
}

// refreshForm is a refresh request of bff-client. Pairs change it; the value "" leaves the parameter out.
func refreshForm(token string, pairs ...string) url.Values {
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"bff-client"}, "client_secret": {"bff-secret"}, "refresh_token": {token}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		} else {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	return form
}

// refresh uses a refresh token that must be good.
func (s *site) refresh(token string, pairs ...string) tokenResponse {
	s.t.Helper()
	answer := s.token(refreshForm(token, pairs...))
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("refresh: got %d %s", answer.StatusCode, answer.Body)
	}
	return decode[tokenResponse](s.t, answer)
}

// changeClient edits a column of bff-client, as a learner does.
func (s *site) changeClient(column string, value any) {
	s.t.Helper()
	s.exec(`UPDATE "Clients" SET "`+column+`" = ? WHERE "ClientId" = 'bff-client'`, value)
}

func (s *site) wantRefused(token string) {
	s.t.Helper()
	wantError(s.t, s.token(refreshForm(token)), http.StatusBadRequest, InvalidGrant)
}

func TestRFC6749Section6RefreshGivesNewTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		first := s.offline(func(c *db.AuthorizationCode) { c.SessionID = "sid-1" })
		time.Sleep(time.Minute)
		second := s.refresh(first.RefreshToken)
		if second.RefreshToken == "" || second.RefreshToken == first.RefreshToken || second.ExpiresIn != 600 || second.Scope != first.Scope {
			t.Errorf("got %+v", second)
		}
		was, is := claimsOf(t, first.AccessToken), claimsOf(t, second.AccessToken)
		for _, same := range []string{"iss", "sub", "aud", "client_id", "sid", "auth_time", "scope", "role", "name"} {
			if was[same] != is[same] {
				t.Errorf("access token: %s was %v and is %v", same, was[same], is[same])
			}
		}
		for _, different := range []string{"jti", "iat", "exp"} {
			if was[different] == is[different] {
				t.Errorf("access token: %s is the same", different)
			}
		}
		if got := s.userinfo(second.AccessToken); got.StatusCode != http.StatusOK {
			t.Errorf("userinfo: %d", got.StatusCode)
		}
		if got := s.userinfo(first.AccessToken); got.StatusCode != http.StatusOK {
			t.Errorf("userinfo with the token before: %d", got.StatusCode)
		}
		s.wantRefused(first.RefreshToken)
	})
}

// A fault of ours costs nobody the refresh token: the client is told to try again, and trying again is no reuse (I9), not even without grace.
func TestARefreshThatFailsLeavesTheRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		first := s.offline()
		s.changeClient("AccessTokenType", 1)
		s.exec(`CREATE TRIGGER "Full" BEFORE INSERT ON "PersistedGrants" WHEN NEW."Type" = 'reference_token' BEGIN SELECT RAISE(FAIL, 'disk full'); END`)
		wantError(t, s.token(refreshForm(first.RefreshToken)), http.StatusInternalServerError, ServerError)
		s.exec(`DROP TRIGGER "Full"`)
		second := s.refresh(first.RefreshToken)
		s.wantRefused(first.RefreshToken)
		s.wantRefused(second.RefreshToken) // of the same family
	})
}

// OIDC Core §12.2: the same user, client and time of login; no nonce, for there was no authentication request.
func TestOIDCCore122IDTokenOfARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		first := s.offline(func(c *db.AuthorizationCode) { c.AuthTime = time.Now().Add(-time.Hour) })
		time.Sleep(time.Minute)
		second := s.refresh(first.RefreshToken)
		was, is := claimsOf(t, first.IDToken), claimsOf(t, second.IDToken)
		for _, same := range []string{"iss", "sub", "aud", "auth_time", "sid"} {
			if was[same] != is[same] {
				t.Errorf("%s was %v and is %v", same, was[same], is[same])
			}
		}
		if was["iat"] == is["iat"] || is["at_hash"] != leftHalfHash(jose.RS256, second.AccessToken) {
			t.Errorf("iat %v, at_hash %v", is["iat"], is["at_hash"])
		}
		if _, present := is["nonce"]; present || was["nonce"] == nil {
			t.Errorf("nonce: %v, then %v", was["nonce"], is["nonce"])
		}
		if third := s.refresh(second.RefreshToken, "scope", "companyApi"); third.IDToken != "" {
			t.Error("an ID token without openid")
		}
	})
}

func TestOIDCCore11OfflineAccess(t *testing.T) {
	for _, row := range []struct {
		name   string
		column string
		value  any
		scope  string
		want   bool
	}{
		{"asked for and allowed", "", nil, "openid offline_access", true},
		{"not asked for", "", nil, "openid", false},
		{"AllowOfflineAccess = false: the request is served without it", "AllowOfflineAccess", false, "openid offline_access", false},
		{"AbsoluteRefreshTokenLifetime = 0 leaves it no time", "AbsoluteRefreshTokenLifetime", 0, "openid offline_access", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			if row.column != "" {
				s.changeClient(row.column, row.value)
			}
			b := s.browser()
			callback := testSPA + "/bff/callback"
			code := s.signIn(b, "Mick", "client_id", "bff-client", "redirect_uri", callback, "scope", row.scope)
			tokens := s.redeem(code, "client_id", "bff-client", "client_secret", "bff-secret", "redirect_uri", callback)
			if got := tokens.RefreshToken != ""; got != row.want {
				t.Errorf("refresh token %t, want %t", got, row.want)
			}
			if row.column == "AllowOfflineAccess" && tokens.Scope != "openid" {
				t.Errorf("granted %q, of which offline_access was left out", tokens.Scope)
			}
		})
	}
	t.Run("AllowOfflineAccess alone is enough, as in IdentityServer4", func(t *testing.T) {
		s := newSite(t)
		s.exec(`DELETE FROM "ClientGrantTypes" WHERE "GrantType" = 'refresh_token'`)
		code := s.insertCode(func(c *db.AuthorizationCode) {
			c.ClientID, c.Scopes = "bff-client", []string{"openid", "offline_access"}
		})
		tokens := s.redeem(code, "client_id", "bff-client", "client_secret", "bff-secret")
		if next := s.token(refreshForm(tokens.RefreshToken)); tokens.RefreshToken == "" || next.StatusCode != 200 {
			t.Errorf("refresh token %q, then %d", tokens.RefreshToken, next.StatusCode)
		}
	})
	t.Run("nothing but offline_access", func(t *testing.T) {
		s := newSite(t)
		answer := s.browser().get(s.authorizeURL("client_id", "bff-client", "redirect_uri", testSPA+"/bff/callback", "scope", "offline_access"))
		if answer.sent("error") != string(InvalidScope) {
			t.Errorf("got %s", answer.Header.Get("Location"))
		}
	})
	t.Run("a client that acts for itself has no user who could be away", func(t *testing.T) {
		s := newSite(t)
		s.addClient("offline-machine", func(c *db.Client) {
			c.GrantTypes, c.AllowOfflineAccess, c.RequireClientSecret = []string{grantClientCredentials, grantRefreshToken}, true, true
			c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("codemazesecret")}}
		})
		wantError(t, s.token(employeeForm("client_id", "offline-machine", "scope", "companyApi offline_access")), 400, InvalidScope)
	})
}

// Where the row wants consent, offline_access is part of what the user is asked for and may leave out; prompt=none cannot
// give it. Where it does not, the operator has agreed for the users (decision 0017).
func TestOIDCCore11OfflineAccessNeedsConsentWhereTheRowWantsIt(t *testing.T) {
	s := newSite(t)
	s.changeClient("RequireConsent", true)
	b := s.browser()
	callback := testSPA + "/bff/callback"
	request := []string{"client_id", "bff-client", "redirect_uri", callback, "scope", "openid offline_access"}
	form := b.follow(b.get(s.authorizeURL(request...)))
	consent := b.follow(b.submitLogin(form, "Mick", testPasswords["Mick"]))
	if consent.document(t).Find(`input[value="offline_access"]`).Length() != 1 {
		t.Fatalf("offline_access is not on the consent page:\n%s", consent.Body)
	}
	if answer := b.get(s.authorizeURL(append(request, "prompt", "none")...)); answer.sent("error") != string(ConsentRequired) {
		t.Errorf("prompt=none: %s", answer.Header.Get("Location"))
	}
	for _, row := range []struct {
		ticked string
		want   bool
	}{{"openid", false}, {"offline_access", true}} { // openid is required, ticked or not
		code := b.follow(b.submit(consent, "allow", "ScopesConsented", row.ticked)).sent("code")
		tokens := s.redeem(code, "client_id", "bff-client", "client_secret", "bff-secret", "redirect_uri", callback)
		if got := tokens.RefreshToken != ""; got != row.want {
			t.Errorf("%s ticked: refresh token %t", row.ticked, got)
		}
	}
}

func TestI22RefreshRefuses(t *testing.T) {
	s := newSite(t)
	s.addClient("other-bff", func(c *db.Client) {
		c.AllowOfflineAccess, c.GrantTypes = true, append(c.GrantTypes, grantRefreshToken)
	})
	token := s.offline().RefreshToken
	for _, row := range []struct {
		name   string
		form   url.Values
		status int
		want   Code
	}{
		{"no refresh_token", refreshForm(""), 400, InvalidRequest},
		{"an unknown one (RFC 6749 §5.2)", refreshForm("no-such-token"), 400, InvalidGrant},
		{"a very long one", refreshForm(strings.Repeat("r", 5000)), 400, InvalidGrant},
		{"an access token", refreshForm(s.offline().AccessToken), 400, InvalidGrant},
		{"a code", refreshForm(s.insertCode(nil)), 400, InvalidGrant},
		{"another client's (§6, §10.4)", refreshForm(token, "client_id", "other-bff", "client_secret", ""), 400, InvalidGrant},
		{"a client without the grant type", refreshForm(token, "client_id", "company-employee", "client_secret", "codemazesecret"), 400, UnauthorizedClient},
		{"no client authentication (§6)", refreshForm(token, "client_secret", ""), 401, InvalidClient},
		{"a wrong secret", refreshForm(token, "client_secret", "wrong"), 401, InvalidClient},
		{"more scope than was granted (§6)", refreshForm(token, "scope", "openid roles"), 400, InvalidScope},
		{"a scope nobody knows", refreshForm(token, "scope", "everything"), 400, InvalidScope},
	} {
		t.Run(row.name, func(t *testing.T) { wantError(t, s.token(row.form), row.status, row.want) })
	}
	s.refresh(token) // none of it cost the owner anything
}

func TestRFC6749Section6NarrowerScope(t *testing.T) {
	s := newSite(t)
	first := s.offline()
	second := s.refresh(first.RefreshToken, "scope", "companyApi openid")
	if second.Scope != "companyApi openid" || claimsOf(t, second.AccessToken)["scope"] != "companyApi openid" {
		t.Errorf("scope: %q", second.Scope)
	}
	third := s.refresh(second.RefreshToken) // the refresh token's own scope stays what it was
	if third.Scope != first.Scope {
		t.Errorf("scope after a narrower refresh: %q, want %q", third.Scope, first.Scope)
	}
	s.exec(`DELETE FROM "ClientScopes" WHERE "Scope" = 'companyApi'`)
	if fourth := s.refresh(third.RefreshToken); strings.Contains(fourth.Scope, "companyApi") {
		t.Errorf("scope after the row lost one: %q", fourth.Scope)
	}
}

func TestI7OneOfAHundredParallelRefreshesWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		s := newSeededSite(t, store)
		token := s.offline().RefreshToken
		answers := make([]page, 100)
		var requests sync.WaitGroup
		for i := range answers {
			requests.Go(func() { answers[i] = s.token(refreshForm(token)) })
		}
		requests.Wait()
		won := 0
		for _, answer := range answers {
			if answer.StatusCode == http.StatusOK {
				won++
				tokens := decode[tokenResponse](t, answer) // somebody reused the token, so nobody keeps anything (I9)
				wantError(t, s.userinfo(tokens.AccessToken), http.StatusUnauthorized, InvalidToken)
				s.wantRefused(tokens.RefreshToken)
			} else {
				wantError(t, answer, http.StatusBadRequest, InvalidGrant)
			}
		}
		if won != 1 {
			t.Errorf("%d of 100 requests got tokens, want 1", won)
		}
	})
}

// newSeededSite builds a provider on an empty database.
func newSeededSite(t *testing.T, store *db.DB) *site {
	t.Helper()
	if _, err := store.Seed(t.Context(), db.SeedURLs{SPA: testSPA}); err != nil {
		t.Fatal(err)
	}
	withTestKeys(t, store)
	withoutGrace(t, store)
	return newSiteOn(t, store)
}

func TestI8GraceGivesTheSameSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.changeClient("RefreshTokenReuseGraceSeconds", 30)
		first := s.offline()
		second := s.refresh(first.RefreshToken)
		time.Sleep(30*time.Second - time.Millisecond)
		again := s.refresh(first.RefreshToken)
		if again.RefreshToken != second.RefreshToken || again.AccessToken == second.AccessToken {
			t.Errorf("same refresh token: %t, same access token: %t", again.RefreshToken == second.RefreshToken, again.AccessToken == second.AccessToken)
		}
		time.Sleep(time.Millisecond)
		s.wantRefused(first.RefreshToken)
		s.wantRefused(second.RefreshToken) // the family went with it
	})
}

func TestI8AHundredParallelRefreshesWithinGraceAgree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		s := newSeededSite(t, store)
		dbtest.Exec(t, store, `UPDATE "Clients" SET "RefreshTokenReuseGraceSeconds" = 60`)
		token := s.offline().RefreshToken
		answers := make([]string, 100)
		var requests sync.WaitGroup
		for i := range answers {
			requests.Go(func() { answers[i] = decode[tokenResponse](t, s.token(refreshForm(token))).RefreshToken })
		}
		requests.Wait()
		slices.Sort(answers)
		if different := slices.Compact(answers); len(different) != 1 || different[0] == "" {
			t.Errorf("%d different successors", len(different))
		}
	})
}

func TestI9ReuseRevokesTheFamily(t *testing.T) {
	for _, revoke := range []bool{true, false} {
		s := newSite(t)
		s.changeClient("RevokeFamilyOnReuse", revoke)
		first, bystander := s.offline(), s.offline()
		second := s.refresh(first.RefreshToken)
		third := s.refresh(second.RefreshToken)
		s.wantRefused(first.RefreshToken) // the thief, or the owner: we cannot tell

		status := http.StatusOK
		if revoke {
			status = http.StatusUnauthorized
			s.wantRefused(third.RefreshToken)
		} else {
			s.refresh(third.RefreshToken)
		}
		for _, tokens := range []tokenResponse{first, second, third} {
			if got := s.userinfo(tokens.AccessToken); got.StatusCode != status {
				t.Errorf("RevokeFamilyOnReuse %t: an access token of the family answers %d", revoke, got.StatusCode)
			}
		}
		s.refresh(bystander.RefreshToken)

		reuse := s.events("token.reuse")
		if len(reuse) != 1 || reuse[0].ClientID != "bff-client" || reuse[0].Subject == "" || reuse[0].Outcome != string(InvalidGrant) ||
			(reuse[0].Parameters["family_revoked"] == "true") != revoke {
			t.Errorf("events: %+v", reuse)
		}
		tokenEvent := s.events("token")[2]
		if tokenEvent.Parameters["grant_type"] != "refresh_token" || tokenEvent.Parameters["refresh_token"] != "***" || tokenEvent.Subject == "" {
			t.Errorf("event of a refresh: %+v", tokenEvent)
		}
	}
}

// The second use of a code takes back the refresh token it gave as well (RFC 6749 §4.1.2).
// Who presents an exchanged token is found out whatever else is wrong with the request: asking for too much is no way to try one.
func TestI9ReuseIsSeenBeforeTheScope(t *testing.T) {
	s := newSite(t)
	first := s.offline().RefreshToken
	second := s.refresh(first).RefreshToken
	wantError(t, s.token(refreshForm(first, "scope", "everything")), http.StatusBadRequest, InvalidGrant)
	s.wantRefused(second)
}

// An edit of the row counts for the next refresh (I6): refresh tokens taken away, and an absolute lifetime that is over by now.
func TestI6TheRowEndsARefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.changeClient("RefreshTokenExpiration", int(db.RefreshTokenSliding))
		token := s.offline().RefreshToken
		s.changeClient("AllowOfflineAccess", false)
		s.wantRefused(token)
		s.changeClient("AllowOfflineAccess", true)
		time.Sleep(time.Minute)
		s.changeClient("AbsoluteRefreshTokenLifetime", 60)
		s.wantRefused(token)
		s.changeClient("AbsoluteRefreshTokenLifetime", 61)
		if next := s.refresh(token).RefreshToken; next == "" {
			t.Error("a second is left, and there is no successor")
		}
	})
}

func TestI17CodeReplayRevokesTheRefreshToken(t *testing.T) {
	s := newSite(t)
	code := s.insertCode(func(c *db.AuthorizationCode) {
		c.ClientID, c.Scopes = "bff-client", []string{"openid", "offline_access"}
	})
	credentials := []string{"client_id", "bff-client", "client_secret", "bff-secret"}
	second := s.refresh(s.redeem(code, credentials...).RefreshToken)
	wantError(t, s.token(tokenForm(code, credentials...)), http.StatusBadRequest, InvalidGrant)
	s.wantRefused(second.RefreshToken)
	wantError(t, s.userinfo(second.AccessToken), http.StatusUnauthorized, InvalidToken)
}

func TestI10ReUseKeepsTheToken(t *testing.T) {
	s := newSite(t)
	s.changeClient("RefreshTokenUsage", int(db.RefreshTokenReUse))
	token := s.offline().RefreshToken
	for range 3 {
		if got := s.refresh(token).RefreshToken; got != token {
			t.Errorf("ReUse gave another token")
		}
	}
}

func TestI5UserDisabledEndsTheRefresh(t *testing.T) {
	s := newSite(t)
	token := s.offline().RefreshToken
	s.exec(`UPDATE "Users" SET "Enabled" = false`)
	s.wantRefused(token)
	s.exec(`UPDATE "Users" SET "Enabled" = true`)
	s.refresh(token)
	s.changeClient("AllowOfflineAccess", false)
	s.wantRefused(token)
}

func TestI5UserSsoLifetimeOnRefreshByOption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.changeClient("UserSsoLifetime", 100)
		token := s.offline().RefreshToken
		time.Sleep(100 * time.Second)
		token = s.refresh(token).RefreshToken
		time.Sleep(time.Second)
		token = s.refresh(token).RefreshToken // the option is off
		s.setOption(ssoLifetimeOnRefreshOption.name, "true")
		s.wantRefused(token)
	})
}

func TestUpdateAccessTokenClaimsOnRefresh(t *testing.T) {
	for _, update := range []bool{false, true} {
		s := newSite(t)
		s.changeClient("UpdateAccessTokenClaimsOnRefresh", update)
		token := s.offline().RefreshToken
		s.exec(`UPDATE "UserClaims" SET "Value" = 'Retired' WHERE "Type" = 'role'`)
		want := map[bool]string{false: "Admin", true: "Retired"}[update]
		for range 2 {
			tokens := s.refresh(token)
			if got := claimsOf(t, tokens.AccessToken)["role"]; got != want {
				t.Errorf("UpdateAccessTokenClaimsOnRefresh %t: role %v, want %s", update, got, want)
			}
			token = tokens.RefreshToken
		}
	}
}

// Logging out ends the refresh tokens of the session only where the option says so; and then so does its expiry.
func TestI11LogoutAndRefreshTokens(t *testing.T) {
	for _, row := range []struct {
		option, end string
		survives    bool
	}{
		{"false", "logout", true}, {"true", "logout", false},
		{"false", "expiry", true}, {"true", "expiry", false},
		{"false", "another user", true}, {"true", "another user", false},
	} {
		t.Run(row.end+" with the option "+row.option, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				s.setOption(tokensEndWithSessionOption.name, row.option)
				b := s.browser()
				callback := testSPA + "/bff/callback"
				request := []string{"client_id", "bff-client", "redirect_uri", callback, "scope", "openid offline_access"}
				code := s.signIn(b, "Mick", request...)
				tokens := s.redeem(code, "client_id", "bff-client", "client_secret", "bff-secret", "redirect_uri", callback)
				tokens = s.refresh(tokens.RefreshToken)
				switch row.end {
				case "logout":
					b.get(s.issuer + "/connect/endsession?id_token_hint=" + tokens.IDToken)
					s.setOption(tokensEndWithSessionOption.name, "false") // what has ended stays ended
				case "expiry":
					time.Sleep(10 * time.Hour)
				case "another user":
					form := b.follow(b.get(s.authorizeURL("prompt", "login")))
					b.follow(b.submitLogin(form, "Jane", testPasswords["Jane"]))
				}
				if row.survives {
					s.refresh(tokens.RefreshToken)
				} else {
					s.wantRefused(tokens.RefreshToken)
				}
			})
		})
	}
}

func TestRFC7009RevokingARefreshTokenEndsItsFamily(t *testing.T) {
	s := newSite(t)
	credentials := url.Values{"client_id": {"bff-client"}, "client_secret": {"bff-secret"}}
	revoke := func(token string) page {
		form := url.Values{"token": {token}}
		for name, values := range credentials {
			form[name] = values
		}
		return s.revoke(form)
	}
	first, bystander := s.offline(), s.offline()
	second := s.refresh(first.RefreshToken)
	wantError(t, s.revoke(url.Values{"client_id": {"spa-client"}, "token": {second.RefreshToken}}), http.StatusBadRequest, InvalidGrant)
	s.userinfo(second.AccessToken)
	for range 2 {
		if answer := revoke(second.RefreshToken); answer.StatusCode != http.StatusOK || answer.Body != "" {
			t.Errorf("got %d %q", answer.StatusCode, answer.Body)
		}
	}
	s.wantRefused(second.RefreshToken)
	for _, tokens := range []tokenResponse{first, second} {
		wantError(t, s.userinfo(tokens.AccessToken), http.StatusUnauthorized, InvalidToken) // RFC 7009 §2.1
	}
	third := s.refresh(bystander.RefreshToken)
	revoke(third.AccessToken) // an access token is taken back alone
	s.refresh(third.RefreshToken)
}

func TestRFC7662IntrospectionKnowsRefreshTokens(t *testing.T) {
	s := newSite(t)
	first := s.offline()
	own := basic("bff-client", "bff-secret")
	said := decode[map[string]any](t, s.introspect(first.RefreshToken, own))
	if said["active"] != true || said["client_id"] != "bff-client" || said["scope"] != first.Scope || said["sub"] == "" || said["exp"] == nil || said["token_type"] != nil {
		t.Errorf("got %v", said)
	}
	wantInactive(t, s.introspect(first.RefreshToken, basic("company-employee", "codemazesecret")))
	second := s.refresh(first.RefreshToken)
	wantInactive(t, s.introspect(first.RefreshToken, own))
	s.changeClient("AllowOfflineAccess", false)
	wantInactive(t, s.introspect(second.RefreshToken, own))
	s.changeClient("AllowOfflineAccess", true)
	revoked := s.offline().RefreshToken
	s.revoke(url.Values{"client_id": {"bff-client"}, "client_secret": {"bff-secret"}, "token": {revoked}})
	wantInactive(t, s.introspect(revoked, own))
	s.exec(`UPDATE "Users" SET "Enabled" = false`)
	wantInactive(t, s.introspect(second.RefreshToken, own))
}
