package idp

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
	"silentrenew/internal/event"
)

// relyingParty is the server of a client that hears of logouts.
func relyingParty(t testing.TB, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server
}

// awaitLogouts waits for n results of back-channel calls.
func (s *site) awaitLogouts(n int) map[string]event.Event {
	s.t.Helper()
	results := make(map[string]event.Event)
	past, subscription := s.bus.Subscribe(0)
	defer subscription.Close()
	note := func(e event.Event) {
		if e.Kind == "backchannel_logout" {
			results[e.ClientID] = e
		}
	}
	for _, e := range past {
		note(e)
	}
	for len(results) < n {
		select {
		case e := <-subscription.C:
			note(e)
		case <-s.t.Context().Done():
			s.t.Fatalf("%d of %d clients were told", len(results), n)
		}
	}
	return results
}

// signInEverywhere signs Mick in at the clients, in one session, and returns the last ID token.
func (s *site) signInEverywhere(b *browser, clients ...string) string {
	s.t.Helper()
	code := s.signIn(b, "Mick", "client_id", clients[0])
	for _, id := range clients[1:] {
		code = b.get(s.authorizeURL("client_id", id)).sent("code")
	}
	return s.redeem(code, "client_id", clients[len(clients)-1]).IDToken
}

func (s *site) logOut(b *browser, hint string) page {
	s.t.Helper()
	return b.get(s.issuer + "/connect/endsession?" + url.Values{"id_token_hint": {hint}}.Encode())
}

func lab(c *Config) { c.Lab = true }

func TestI14BackChannelLogout(t *testing.T) { // Back-Channel Logout §2.4, §2.5, §2.8
	s := newSite(t, lab)
	tokens := make(chan string, 2)
	good := relyingParty(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
			tokens <- r.PostFormValue("logout_token")
		}
	})
	bad := relyingParty(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	moved := relyingParty(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, good.URL, http.StatusTemporaryRedirect)
	})
	release := make(chan struct{})
	hangs := relyingParty(t, func(http.ResponseWriter, *http.Request) { <-release })
	for id, address := range map[string]string{"good": good.URL, "bad": bad.URL, "moved": moved.URL, "hangs": hangs.URL, "silent": ""} {
		s.addClient(id, func(c *db.Client) { c.BackChannelLogoutURI = address })
	}
	s.addClient("not-here", func(c *db.Client) { c.BackChannelLogoutURI = good.URL })
	b := s.browser()
	hint := s.signInEverywhere(b, "good", "bad", "moved", "hangs", "silent")

	// One client hangs; the user's logout has its answer while it still does.
	if answer := s.logOut(b, hint); answer.StatusCode != http.StatusOK || !strings.Contains(answer.Body, "You are now logged out") {
		t.Fatalf("logout: got %d", answer.StatusCode)
	}
	close(release)

	results := s.awaitLogouts(4)
	for id, outcome := range map[string]string{"good": event.OutcomeOK, "hangs": event.OutcomeOK, "bad": string(ServerError), "moved": string(ServerError)} {
		if results[id].Outcome != outcome || results[id].SessionID == "" || results[id].CorrelationID == "" {
			t.Errorf("%s: %+v, want outcome %s", id, results[id], outcome)
		}
	}
	token := <-tokens
	claims := claimsOf(t, token)
	want := []string{"aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"}
	if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) || headerOf(t, token)["typ"] != "logout+jwt" {
		t.Errorf("logout token: %v %v", headerOf(t, token), claims)
	}
	if events := claims["events"].(map[string]any); len(events) != 1 || events[backChannelLogoutEvent] == nil {
		t.Errorf("events: %v", events)
	}
	if claims["aud"] != "good" || claims["iss"] != testIssuer || claims["sid"] != claimsOf(t, hint)["sid"] || claims["sub"] != claimsOf(t, hint)["sub"] {
		t.Errorf("claims: %v", claims)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	keys := s.keySet()
	if err := parsed.Claims(&keys, &map[string]any{}); err != nil {
		t.Errorf("the published keys do not verify it: %v", err)
	}
	if _, err := s.provider().verifyIDTokenHint(t.Context(), token); err == nil {
		t.Error("a logout token passes for an ID token")
	}
	select {
	case <-tokens:
		t.Error("a second call: by redirect, or to a client that is not in the session")
	default:
	}
}

func TestBackChannelLogoutWithoutSession(t *testing.T) { // BackChannelLogoutSessionRequired
	s := newSite(t)
	token, err := s.provider().mintLogoutToken(t.Context(), db.Client{ClientID: "c"}, db.Session{Subject: "u", SessionID: "s"})
	if claims := claimsOf(t, token); err != nil || claims["sid"] != nil || claims["sub"] != "u" {
		t.Errorf("%v %v", claims, err)
	}
}

// Outside the lab a client's address on this machine, or in a private network, is not called.
func TestI22BackChannelLogoutStaysOutOfPrivateNetworks(t *testing.T) {
	s := newSite(t)
	called := make(chan string, 10)
	inside := relyingParty(t, func(_ http.ResponseWriter, r *http.Request) { called <- r.URL.Path })
	secure := httptest.NewTLSServer(inside.Config.Handler)
	t.Cleanup(secure.Close)
	addresses := map[string]string{
		"http": inside.URL, "https": secure.URL, "by-name": strings.Replace(secure.URL, "127.0.0.1", "localhost", 1),
		"user": strings.Replace(secure.URL, "https://", "https://user:secret@", 1), "file": "file:///etc/passwd", "metadata": "https://169.254.169.254/latest/",
	}
	for id, address := range addresses {
		s.addClient(id, func(c *db.Client) { c.BackChannelLogoutURI = address })
	}
	b := s.browser()
	s.logOut(b, s.signInEverywhere(b, slices.Sorted(maps.Keys(addresses))...))
	for id, result := range s.awaitLogouts(len(addresses)) {
		if result.Outcome != string(ServerError) || result.Status != 0 || result.Reason == "" {
			t.Errorf("%s: %+v, want no call", id, result)
		}
		if strings.Contains(result.Reason, "secret") {
			t.Errorf("%s: the event shows a password: %s", id, result.Reason)
		}
	}
	select {
	case path := <-called:
		t.Errorf("somebody called %s", path)
	default:
	}
}

func TestWhereOutgoingCallsMayGo(t *testing.T) {
	for _, row := range []struct {
		address              string
		public, lab, private bool
	}{
		{"93.184.216.34", true, true, true},
		{"2606:2800:220:1::1", true, true, true},
		{"127.0.0.1", false, true, true},
		{"::1", false, true, true},
		{"::ffff:127.0.0.1", false, true, true},
		{"10.0.0.1", false, false, true},
		{"172.16.0.1", false, false, true},
		{"192.168.1.1", false, false, true},
		{"169.254.169.254", false, false, true},
		{"100.64.0.1", false, false, true},
		{"0.0.0.0", false, false, true},
		{"::", false, false, true},
		{"fe80::1", false, false, true},
		{"fd00::1", false, false, true},
		{"::ffff:10.0.0.1", false, false, true},
		{"64:ff9b::a00:1", false, false, true},
		{"192.0.2.2", false, false, true}, // RFC 6890 §2.2.2: none of these is reachable from everywhere
		{"198.51.100.1", false, false, true},
		{"203.0.113.1", false, false, true},
		{"2001:db8::1", false, false, true},
		{"3fff::1", false, false, true},
		{"100::1", false, false, true},
		{"2001:2::1", false, false, true},
		{"::7f00:1", false, false, true},
		{"fec0::1", false, false, true},
		{"::ffff:0:127.0.0.1", false, false, true}, // RFC 2765 §2.1: translated to IPv4 where somebody translates
		{"::ffff:0:169.254.169.254", false, false, true},
		{"5f00::1", false, false, true}, // RFC 9602: segments of somebody's own network
		{"2002:7f00:1::", false, false, true},
		{"2001:0:7f00:1::", false, false, true},
		{"64:ff9b:1::7f00:1", false, false, true},
		{"224.0.0.1", false, false, true},
		{"255.255.255.255", false, false, true},
	} {
		ip := netip.MustParseAddr(row.address)
		got := [3]bool{newOutgoing(false, false, nil).mayConnect(ip), newOutgoing(true, false, nil).mayConnect(ip), newOutgoing(false, true, nil).mayConnect(ip)}
		if got != [3]bool{row.public, row.lab, row.private} {
			t.Errorf("%s: %v, want %v", row.address, got, row)
		}
	}
	plain, _ := url.Parse("http://intranet.example/")
	if newOutgoing(true, false, nil).checkURL(plain) == nil || newOutgoing(false, true, nil).checkURL(plain) != nil {
		t.Error("plain http is for this machine, or where everything is allowed")
	}
	withUser, _ := url.Parse("https://user:password@rp.example/")
	if newOutgoing(true, true, nil).checkURL(withUser) == nil {
		t.Error("an address with a user was taken")
	}
}

// An answer that is longer than it may be is none, and not the part of it that fits.
func TestOutgoingReadsNothingThatIsTooLong(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[]  ") }))
	t.Cleanup(server.Close)
	for limit, fits := range map[int64]bool{4: true, 3: false, 2: false} {
		if body, err := newOutgoing(true, false, nil).get(t.Context(), server.URL, "*/*", limit); (err == nil) != fits {
			t.Errorf("four bytes where %d may be: %q, %v", limit, body, err)
		}
	}
}

func TestFrontChannelLogout(t *testing.T) { // Front-Channel Logout §2, §3
	s := newSite(t)
	for id, address := range map[string]string{
		"with-sid": "https://one.example/logout?a=b", "without": "https://two.example/out",
		"script": "javascript:alert(1)", "breaks-out": "https://x;script-src%20'unsafe-inline'/",
	} {
		s.addClient(id, func(c *db.Client) {
			c.FrontChannelLogoutURI, c.FrontChannelLogoutSessionRequired = address, id != "without"
		})
	}
	clients := []string{"breaks-out", "script", "with-sid", "without"}
	for _, way := range []string{"with a hint", "by the user"} {
		t.Run(way, func(t *testing.T) {
			b := s.browser()
			hint := s.signInEverywhere(b, clients...)
			sid := claimsOf(t, hint)["sid"].(string)
			var answer page
			if way == "with a hint" {
				answer = s.logOut(b, hint)
			} else {
				answer = b.submit(b.get(s.issuer+"/account/logout"), "logout")
			}
			var frames []string
			for _, node := range answer.document(t).Find("iframe[hidden]").EachIter() {
				frames = append(frames, node.AttrOr("src", ""))
			}
			want := []string{"https://one.example/logout?a=b&" + url.Values{"iss": {testIssuer}, "sid": {sid}}.Encode(), "https://two.example/out"}
			if !slices.Equal(frames, want) {
				t.Errorf("frames: %v, want %v", frames, want)
			}
			csp := answer.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "frame-src https://one.example https://two.example;") || strings.Contains(csp, "unsafe") {
				t.Errorf("Content-Security-Policy: %s", csp)
			}
			if again := b.get(s.issuer + "/account/logout"); strings.Contains(again.Body, "<iframe") {
				t.Error("who is signed out already tells the clients once more")
			}
		})
	}
}
