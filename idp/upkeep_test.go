package idp

import (
	"crypto/x509"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/internal/event"
	"silentrenew/internal/keyring"
)

// run lets the provider do what no request asks for, until the test ends.
func (s *site) run(t *testing.T) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.handler.(*Provider).Run(t.Context(), slog.New(slog.NewTextHandler(io.Discard, nil))); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { <-ended }) // the context has ended by then
}

// I20: after "silentrenew keys rotate" the earlier key goes when its time is over, and not when the provider would have looked by itself.
func TestI20AKeyThatACommandHasReplacedGoesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		if err := s.db.SetOption(t.Context(), keyRetentionOption.name, keyring.MinRetention.String()); err != nil {
			t.Fatal(err)
		}
		s.run(t)
		time.Sleep(time.Minute)
		if _, err := keyring.New(s.db, nil).Rotate(t.Context(), jose.ES256, false, time.Now()); err != nil {
			t.Fatal(err)
		}
		count := func() (keys int) {
			for _, key := range s.keySet().Keys {
				if key.Algorithm == string(jose.ES256) {
					keys++
				}
			}
			return keys
		}
		time.Sleep(keysReload) // by then every process has read the keys again
		if got := count(); got != 2 {
			t.Fatalf("%d keys are published, want both", got)
		}
		time.Sleep(keyring.MinPropagation + keyring.MinRetention + sessionsCheck)
		synctest.Wait()
		if got := count(); got != 1 {
			t.Errorf("%d keys are published, want the new one alone", got)
		}
	})
}

// CoordinateLifetimeWithUserSession, as in Duende IdentityServer: who asks for it hears of the expiry too.
func TestI11AnExpiredSessionEndsTheTokensOfBoundClientsAndTellsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		yes, no := true, false
		for id, bound := range map[string]*bool{"bound": &yes, "free": &no, "unsaid": nil} {
			s.addClient(id, func(c *db.Client) {
				c.AllowOfflineAccess, c.GrantTypes = true, []string{grantAuthorizationCode, grantRefreshToken}
				c.CoordinateLifetimeWithUserSession = bound
				c.BackChannelLogoutURI = "http://relying-party.example/" + id // refused before anybody connects: it is not https
			})
		}
		s.run(t)
		b, refresh := s.browser(), map[string]string{}
		for _, id := range []string{"bound", "free", "unsaid"} {
			parameters := []string{"client_id", id, "scope", "openid offline_access", "prompt", "consent"}
			page := b.follow(b.get(s.authorizeURL(parameters...)))
			if id == "bound" {
				page = b.follow(b.submitLogin(page, "Mick", testPasswords["Mick"]))
			}
			if page.sent("code") == "" {
				page = b.follow(b.submit(page, "allow"))
			}
			refresh[id] = s.redeem(page.sent("code"), "client_id", id).RefreshToken
		}
		time.Sleep(10*time.Hour + sessionsCheck)
		synctest.Wait()
		if got := len(s.events("session.expired")); got != 1 {
			t.Errorf("%d sessions expired, want 1", got)
		}
		if sessions, err := s.db.Sessions(t.Context()); err != nil || len(sessions) != 0 {
			t.Errorf("left behind: %+v, %v", sessions, err)
		}
		told := s.events("backchannel_logout")
		if len(told) != 1 || told[0].ClientID != "bound" {
			t.Errorf("told %+v, want the bound client alone", told)
		}
		for id, token := range refresh {
			answer := s.token(map[string][]string{"grant_type": {"refresh_token"}, "client_id": {id}, "refresh_token": {token}})
			if got, want := answer.StatusCode == http.StatusOK, id != "bound"; got != want {
				t.Errorf("%s: %d %s", id, answer.StatusCode, answer.Body)
			}
		}
	})
}

// What was taken out of the database is seen through: a fault at one session keeps no client from hearing of another, nor of this one.
func TestI14EveryExpiredSessionIsToldWhateverFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		bound := true
		s.addClient("bound", func(c *db.Client) {
			c.AllowOfflineAccess, c.GrantTypes = true, []string{grantAuthorizationCode, grantRefreshToken}
			c.CoordinateLifetimeWithUserSession = &bound
			c.BackChannelLogoutURI = "http://relying-party.example/" // refused before anybody connects: it is not https
		})
		for _, user := range []string{"Mick", "Jane"} {
			s.redeem(s.signIn(s.browser(), user, "client_id", "bound", "scope", "openid offline_access"), "client_id", "bound")
		}
		time.Sleep(10 * time.Hour)
		s.exec(`CREATE TRIGGER "fault" BEFORE INSERT ON "RevokedTokens" BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`)
		if err := s.handler.(*Provider).endExpiredSessions(t.Context()); err == nil || strings.Count(err.Error(), "disk on fire") != 2 {
			t.Errorf("got %v, want both faults", err)
		}
		for _, kind := range []string{"session.expired", "backchannel_logout"} {
			if got := len(s.events(kind)); got != 2 {
				t.Errorf("%d events %s, want 2", got, kind)
			}
		}
	})
}

// "silentrenew sessions kill" on another machine: the provider that runs does what a logout does.
func TestI14ASessionEndedByAnAdministratorIsToldToAllItsClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		for _, id := range []string{"one", "two"} {
			s.addClient(id, func(c *db.Client) {
				c.BackChannelLogoutURI = "http://relying-party.example/" + id // refused before anybody connects: it is not https
			})
		}
		s.run(t)
		b := s.browser()
		s.signInEverywhere(b, "one", "two")
		sessions, err := s.db.Sessions(t.Context())
		if err != nil || len(sessions) != 1 {
			t.Fatalf("%d sessions, %v", len(sessions), err)
		}
		if err := s.db.EndSession(t.Context(), sessions[0].Key, time.Now()); err != nil {
			t.Fatal(err)
		}
		if answer := b.get(s.authorizeURL("client_id", "one", "prompt", "none")); answer.sent("error") != string(LoginRequired) {
			t.Errorf("at once: %d %s", answer.StatusCode, answer.Header.Get("Location"))
		}
		time.Sleep(sessionsCheck)
		synctest.Wait()
		if told := s.events("backchannel_logout"); len(told) != 2 {
			t.Errorf("told %+v, want both clients", told)
		}
	})
}

func TestI14CallsUnderWayAreWaitedForAtTheEnd(t *testing.T) {
	s := newSite(t, lab)
	asked, answer := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(asked); <-answer }))
	t.Cleanup(slow.Close)
	s.addClient("slow", func(c *db.Client) { c.BackChannelLogoutURI = slow.URL })
	b := s.browser()
	s.logOut(b, s.signInEverywhere(b, "slow"))
	<-asked
	closed := make(chan struct{})
	go func() { s.handler.(*Provider).Close(); close(closed) }()
	select {
	case <-closed:
		t.Error("Close did not wait for the call")
	default:
	}
	close(answer)
	<-closed
	told := s.events("backchannel_logout")
	if len(told) != 1 || told[0].Outcome != event.OutcomeOK {
		t.Errorf("got %+v", told)
	}
}

// A closed network: its own certificate authority, private addresses.
func TestBackChannelLogoutTrustsAFurtherAuthorityWhenTold(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is the point
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for name, row := range map[string]struct {
		private bool
		roots   *x509.CertPool
		path    string
		reason  string // "" when the client is told
	}{
		"trusted and allowed":    {true, roots, "", ""},
		"somewhere else":         {true, roots, "/moved", "the server answered 307, and redirects are not followed"},
		"an authority of nobody": {true, nil, "", "(--outgoing-ca names further authorities)"},
		"a private address":      {false, roots, "", "is not a public address (--outgoing-private calls others too)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(c *Config) { c.InsecurePrivateNetwork, c.Roots = row.private, row.roots })
			s.addClient("inside", func(c *db.Client) { c.BackChannelLogoutURI = server.URL + row.path })
			b := s.browser()
			s.logOut(b, s.signInEverywhere(b, "inside"))
			got := s.awaitLogouts(1)["inside"]
			if (row.reason == "") != (got.Outcome == event.OutcomeOK) || !strings.Contains(got.Reason, row.reason) {
				t.Errorf("got %+v, want %q", got, row.reason)
			}
		})
	}
}
