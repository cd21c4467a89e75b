package idp

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/event"
)

func TestRedeemCode(t *testing.T) {
	s := newSite(t)
	answer := s.token(tokenForm(s.insertCode(nil)))
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", answer.StatusCode, answer.Body)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Pragma": "no-cache", "Content-Type": "application/json; charset=utf-8"} {
		if got := answer.Header.Get(name); got != want { // RFC 6749 §5.1
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	tokens := decode[map[string]any](t, answer)
	if tokens["token_type"] != "Bearer" || tokens["expires_in"] != 600.0 || tokens["scope"] != "openid profile companyApi" {
		t.Errorf("token response: %v", tokens)
	}
	if _, present := tokens["refresh_token"]; present {
		t.Error("a refresh token without offline_access")
	}
}

// A code goes only to who asked for it, unchanged, in time (RFC 6749 §4.1.3, RFC 7636 §4.6). A failed attempt burns it.
func TestI22RedeemCodeRefuses(t *testing.T) {
	s := newSite(t)
	s.addClient("other-client", func(*db.Client) {})
	for _, row := range []struct {
		name   string
		change func(*db.AuthorizationCode)
		sent   []string
	}{
		{"to another client", nil, []string{"client_id", "other-client"}},
		{"with another redirect_uri", nil, []string{"redirect_uri", testSPA + "/assets/silent-callback.html"}},
		{"with a redirect_uri that differs by a slash", nil, []string{"redirect_uri", testCallback + "/"}},
		{"without redirect_uri", nil, []string{"redirect_uri", ""}},
		{"with another verifier", nil, []string{"code_verifier", testVerifier[1:] + "x"}},
		{"without verifier", nil, []string{"code_verifier", ""}},
		{"with a verifier although there was no challenge", func(c *db.AuthorizationCode) { c.CodeChallenge = "" }, nil},
		{"when the user does not exist any more", func(c *db.AuthorizationCode) { c.Subject = "gone" }, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			code := s.insertCode(row.change)
			wantError(t, s.token(tokenForm(code, row.sent...)), http.StatusBadRequest, InvalidGrant)
			wantError(t, s.token(tokenForm(code)), http.StatusBadRequest, InvalidGrant) // burnt: the owner comes too late
		})
	}
	t.Run("unknown", func(t *testing.T) {
		wantError(t, s.token(tokenForm("no-such-code")), http.StatusBadRequest, InvalidGrant)
	})
}

func TestCodeLivesAsLongAsItsRowSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		inTime, late := s.insertCode(nil), s.insertCode(nil)
		time.Sleep(5*time.Minute - time.Second)
		s.redeem(inTime)
		time.Sleep(time.Second)
		wantError(t, s.token(tokenForm(late)), http.StatusBadRequest, InvalidGrant)
	})
}

// RFC 6749 §4.1.2: a second use is denied and revokes what the first one gave, whoever comes second.
func TestI17CodeReplayRevokesTheToken(t *testing.T) {
	s := newSite(t)
	s.addClient("thief", func(*db.Client) {})
	for _, second := range []string{"spa-client", "thief"} {
		code := s.insertCode(nil)
		tokens, other := s.redeem(code), s.redeem(s.insertCode(nil))
		if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusOK {
			t.Fatalf("before the replay userinfo answers %d", got.StatusCode)
		}
		wantError(t, s.token(tokenForm(code, "client_id", second)), http.StatusBadRequest, InvalidGrant)
		if got := s.userinfo(tokens.AccessToken); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("after the replay by %s userinfo answers %d", second, got.StatusCode)
		}
		if got := s.userinfo(other.AccessToken); got.StatusCode != http.StatusOK {
			t.Errorf("the replay revoked somebody else's token: %d", got.StatusCode)
		}
	}
}

func TestI17OneOfAHundredParallelRedemptionsWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		if _, err := store.Seed(t.Context(), db.SeedURLs{SPA: testSPA}); err != nil {
			t.Fatal(err)
		}
		withTestKeys(t, store)
		s := newSiteOn(t, store)
		offline := func(c *db.AuthorizationCode) {
			c.ClientID, c.Scopes = "bff-client", []string{"openid", "offline_access"}
		}
		for range 5 { // the replays may or may not overtake the winner on its way to a refresh token
			s.wantOneWinner(tokenForm(s.insertCode(nil)))
			s.wantOneWinner(tokenForm(s.insertCode(offline), "client_id", "bff-client", "client_secret", "bff-secret"))
		}
	})
}

// wantOneWinner sends a code a hundred times at once: one request gets tokens, which the others have taken back.
func (s *site) wantOneWinner(form url.Values) {
	s.t.Helper()
	answers := make([]page, 100)
	var requests sync.WaitGroup
	for i := range answers {
		requests.Go(func() { answers[i] = s.token(form) })
	}
	requests.Wait()
	won := 0
	for _, answer := range answers {
		if answer.StatusCode != http.StatusOK {
			wantError(s.t, answer, http.StatusBadRequest, InvalidGrant)
			continue
		}
		won++
		tokens := decode[tokenResponse](s.t, answer)
		wantError(s.t, s.userinfo(tokens.AccessToken), http.StatusUnauthorized, InvalidToken)
		if tokens.RefreshToken != "" {
			wantError(s.t, s.token(refreshForm(tokens.RefreshToken)), http.StatusBadRequest, InvalidGrant)
		}
	}
	if won != 1 {
		s.t.Errorf("%d of 100 requests got tokens, want 1", won)
	}
}

// Logging out wins over a code that is still on its way.
func TestCodeEndsWithItsSession(t *testing.T) {
	s := newSite(t)
	code := s.insertCode(nil)
	s.exec(`DELETE FROM "ServerSideSessions"`)
	wantError(t, s.token(tokenForm(code)), http.StatusBadRequest, InvalidGrant)
}

func TestI5DisabledUserGetsNoToken(t *testing.T) {
	s := newSite(t)
	code := s.insertCode(nil)
	s.exec(`UPDATE "Users" SET "Enabled" = false`)
	wantError(t, s.token(tokenForm(code)), http.StatusBadRequest, InvalidGrant)
}

// The article's edit by hand: what the column says when the token is issued is how long it lives, to the second.
func TestA18A20AccessTokenLifetimeIsReadNow(t *testing.T) {
	s := newSite(t)
	for _, lifetime := range []int{600, 60, 120, 1} {
		code := s.insertCode(nil) // the code was there before the edit
		s.exec(`UPDATE "Clients" SET "AccessTokenLifetime" = ? WHERE "ClientId" = 'spa-client'`, lifetime)
		tokens := s.redeem(code)
		claims := claimsOf(t, tokens.AccessToken)
		if got := int(claims["exp"].(float64) - claims["iat"].(float64)); got != lifetime || tokens.ExpiresIn != lifetime {
			t.Errorf("the column says %d: exp - iat is %d, expires_in %d", lifetime, got, tokens.ExpiresIn)
		}
	}
}

func TestLastAccessedIsWritten(t *testing.T) {
	s := newSite(t)
	s.redeem(s.insertCode(nil))
	client, err := s.db.Client(t.Context(), "spa-client")
	if err != nil || client.LastAccessed == nil {
		t.Errorf("LastAccessed: %v %v", client.LastAccessed, err)
	}
}

// Nobody goes without tokens because the database took that note badly.
func TestRFC674951TokensAreIssuedWhenLastAccessedCannotBeWritten(t *testing.T) {
	s := newSite(t)
	s.exec(`CREATE TRIGGER refuse BEFORE UPDATE OF "LastAccessed" ON "Clients" BEGIN SELECT RAISE(ABORT, 'not now'); END`)
	s.redeem(s.insertCode(nil))
}

// One correlation id runs through authorize, token and userinfo, and every event says whose renewal it is.
func TestA11A36EventsOfTokenAndUserinfo(t *testing.T) {
	s := newSite(t)
	code := s.insertCode(func(c *db.AuthorizationCode) { c.CorrelationID, c.SessionID = "renewal-1", "sid-1" })
	tokens := s.redeem(code) // no header: the code knows
	s.call(http.MethodGet, "/connect/userinfo", nil, "Authorization", "Bearer "+tokens.AccessToken, event.CorrelationHeader, "renewal-1")
	s.token(tokenForm(code))

	events := s.events("token", "userinfo")
	kinds := make([]string, len(events))
	for i, e := range events {
		kinds[i] = e.Kind
		if e.Role != event.RoleIDP || e.CorrelationID != "renewal-1" || e.ClientID != "spa-client" || e.SessionID != "sid-1" || e.Subject == "" || e.Duration < 0 {
			t.Errorf("%s: %+v", e.Kind, e)
		}
		for name, value := range e.Parameters {
			if value == code || value == testVerifier || value == tokens.AccessToken {
				t.Errorf("%s: parameter %s carries a secret", e.Kind, name)
			}
		}
	}
	if !slices.Equal(kinds, []string{"token", "userinfo", "token"}) {
		t.Fatalf("events: %v", kinds)
	}
	if events[0].Outcome != event.OutcomeOK || events[0].Status != 200 || events[2].Outcome != string(InvalidGrant) || events[2].Reason == "" {
		t.Errorf("outcomes: %+v, then %+v", events[0], events[2])
	}
}
