package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
)

// RFC 8252 §7.3: any port, for a native app that registered a loopback address without one, and nothing else differs.
func TestLoopbackRedirectURIs(t *testing.T) {
	native := db.NewClient("native")
	native.RequireClientSecret = false
	native.RedirectURIs = []string{"http://127.0.0.1/cb", "http://[::1]/cb?app=1", "http://127.0.0.1:7000/fixed", "http://localhost/cb", "https://127.0.0.1/tls"}
	web := native
	web.RequireClientSecret = true
	for _, row := range []struct {
		sent string
		want bool
	}{
		{"http://127.0.0.1/cb", true},
		{"http://127.0.0.1:1/cb", true},
		{"http://127.0.0.1:51004/cb", true},
		{"http://[::1]:51004/cb?app=1", true},
		{"http://127.0.0.1:7000/fixed", true},

		{"http://127.0.0.1:7001/fixed", false}, // registered with a port
		{"http://127.0.0.1:0/cb", false},
		{"http://127.0.0.1:65536/cb", false},
		{"http://127.0.0.1:/cb", false},
		{"http://127.0.0.1:80x/cb", false},
		{"http://127.0.0.1:51004/cb/", false},
		{"http://127.0.0.1:51004/CB", false},
		{"http://127.0.0.1:51004/cb?x=1", false},
		{"http://127.0.0.1:51004", false},
		{"http://127.0.0.1:51004@evil.example/cb", false},
		{"http://127.0.0.1:51004:80/cb", false},
		{"http://127.0.0.1:51004\\@evil.example/cb", false},
		{"http://127.0.0.1.evil.example:80/cb", false},
		{"http://localhost:51004/cb", false}, // RFC 8252 §8.3
		{"https://127.0.0.1:51004/tls", false},
		{"http://127.0.0.2:51004/cb", false},
		{"http://127.1:51004/cb", false},
		{"http://[::ffff:127.0.0.1]:51004/cb", false},
		{"HTTP://127.0.0.1:51004/cb", false},
		{"http://127.0.0.1:51004/cb#", false},
	} {
		if got := checkRedirectURI(native, row.sent) == nil; got != row.want {
			t.Errorf("native app, %s: let through %v, want %v", row.sent, got, row.want)
		}
		exact := row.sent == "http://127.0.0.1/cb" || row.sent == "http://127.0.0.1:7000/fixed"
		if got := checkRedirectURI(web, row.sent) == nil; got != exact {
			t.Errorf("confidential client, %s: let through %v, want %v", row.sent, got, exact)
		}
	}
}

func TestLoopbackClientSignsIn(t *testing.T) {
	s := newSite(t)
	s.addClient("native", func(c *db.Client) { c.RedirectURIs = []string{"http://127.0.0.1/cb"} })
	const here = "http://127.0.0.1:51004/cb"
	code := s.signIn(s.browser(), "Mick", "client_id", "native", "redirect_uri", here)
	wantError(t, s.token(tokenForm(code, "client_id", "native", "redirect_uri", "http://127.0.0.1:51005/cb")), 400, InvalidGrant) // RFC 6749 §4.1.3
	code = s.signIn(s.browser(), "Mick", "client_id", "native", "redirect_uri", here)
	if answer := s.token(tokenForm(code, "client_id", "native", "redirect_uri", here)); answer.StatusCode != 200 {
		t.Errorf("got %d %s", answer.StatusCode, answer.Body)
	}
}

// FuzzRegisteredRedirectURI: what passes is a registered address in every character, or one of this machine with another port and nothing
// else that differs; and a browser reads it as we do (RFC 9700 §4.1.3, RFC 8252 §7.3).
func FuzzRegisteredRedirectURI(f *testing.F) {
	native := db.NewClient("native")
	native.RequireClientSecret = false
	native.RedirectURIs = []string{"http://127.0.0.1/cb", "http://[::1]/cb?app=1", "http://127.0.0.1", "http://127.0.0.1:7000/fixed", "com.example.app:/cb", "https://app.example/cb"}
	for _, uri := range native.RedirectURIs {
		f.Add(uri)
		f.Add(strings.Replace(uri, "/cb", ":4711/cb", 1))
	}
	for _, trick := range redirectTricks {
		f.Add(strings.ReplaceAll(trick, "localhost:4200/signin-callback", "127.0.0.1:80/cb"))
	}
	f.Fuzz(func(t *testing.T, sent string) {
		if checkRedirectURI(native, sent) != nil || slices.Contains(native.RedirectURIs, sent) {
			return
		}
		u, err := url.Parse(sent)
		if err != nil || u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q passes: %v", sent, err)
		}
		if bare := strings.Replace(sent, ":"+u.Port(), "", 1); u.Port() == "" || !slices.Contains(native.RedirectURIs, bare) {
			t.Errorf("%q passes for %q", sent, bare)
		}
	})
}

// FuzzOriginInPolicy: whatever address a client has, what of it stands in a Content-Security-Policy is one source and no more.
func FuzzOriginInPolicy(f *testing.F) {
	for _, seed := range []string{
		"https://a.example/x", "https://a;script-src *", "https://a.example:443/", "http://[::1]:80", "https://a,b", "https://'self'", "https://*.example", "https://a\t", "https://a%3bb",
		"javascript:alert(1)", "https://user@a.example", "https://A.EXAMPLE", "https://xn--a", "https://é.example", "data:,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		origin := frameOrigin(address)
		if origin == "" {
			return
		}
		if strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`;,'"*@`, r) }) {
			t.Errorf("%q has the origin %q", address, origin)
		}
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || originOf(origin) != origin {
			t.Errorf("%q has the origin %q: %v", address, origin, err)
		}
	})
}

// A row edited by hand may register what no browser must be sent to. Being registered does not open it.
func TestWhatIsRegisteredByHandMayStillBeNoRedirectURI(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, address := range []string{
		"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "about:blank", "filesystem:https://rp.example/x", "View-Source:https://rp.example/", "https://", "/relative", "https://rp.example/#fragment", "https://rp.example/\x7f",
	} {
		s.exec(`INSERT INTO "ClientRedirectUris" ("ClientId", "RedirectUri") SELECT "Id", ? FROM "Clients" WHERE "ClientId" = 'spa-client'`, address)
		for _, mode := range responseModes {
			answer := b.get(s.authorizeURL("redirect_uri", address, "response_mode", mode, "prompt", "none"))
			if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" || answer.document(t).Find("form").Length() != 0 {
				t.Errorf("%s by %s: %d %q", address, mode, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
		s.exec(`DELETE FROM "ClientRedirectUris" WHERE "RedirectUri" = ?`, address)
	}
}
