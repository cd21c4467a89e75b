package spa

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db/dbtest"
)

// signOut presses Logout and returns where the page is told to go.
func (p *person) signOut() string {
	p.t.Helper()
	var said struct {
		Location string `json:"location"`
	}
	a := p.post("/bff/logout")
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || a.StatusCode != http.StatusOK {
		p.t.Fatalf("logout: %d %s", a.StatusCode, a.body)
	}
	if jwtShape.MatchString(a.body) {
		p.t.Errorf("the script sees a token: %s", a.body)
	}
	return said.Location
}

func TestBFFLogoutEndsBothSessions(t *testing.T) {
	p := newHouse(t).replica().person()
	p.signIn("Mick")
	refreshToken := p.tokens().RefreshToken
	location := p.signOut()
	if p.sessionCookie() != "" || p.status().SignedIn {
		t.Error("still signed in here")
	}
	a := p.get(houseSPA + location)
	target, err := a.Location()
	if err != nil || !strings.HasPrefix(target.String(), houseIDP+"/connect/endsession?") {
		t.Fatalf("%d to %v, %v", a.StatusCode, target, err)
	}
	query := target.Query()
	if query.Get("id_token_hint") == "" || query.Get("client_id") != "bff-client" || query.Get("post_logout_redirect_uri") != houseSPA+"/bff/signout-callback" {
		t.Errorf("query %v", query)
	}
	page := p.get(target.String())
	if page.StatusCode != http.StatusOK || strings.Contains(page.body, `id="logout"`) {
		t.Errorf("the provider asks although it has a hint (A26): %d", page.StatusCode)
	}
	if again := p.get(houseSPA + location); again.Header.Get("Location") != "/" {
		t.Errorf("the ticket works twice: %q", again.Header.Get("Location"))
	}
	if back := p.get(houseSPA + "/bff/signout-callback?state=x"); back.Header.Get("Location") != "/" {
		t.Errorf("the way back leads to %q", back.Header.Get("Location"))
	}
	if _, err := p.h.db.RefreshToken(t.Context(), refreshToken, time.Now()); err == nil {
		if token, _ := p.h.db.RefreshToken(t.Context(), refreshToken, time.Now()); token.Revoked == nil {
			t.Error("the refresh token lives on (RFC 7009)")
		}
	}
	form := p.follow(p.get(houseSPA+"/bff/login"), "")
	if !strings.Contains(form.body, `id="login"`) {
		t.Error("the next sign-in asks for no password: the provider's session goes on (A29)")
	}
}

func TestBFFLogoutOfNobody(t *testing.T) {
	p := newHouse(t).replica().person()
	if location := p.signOut(); location != "/" {
		t.Errorf("leads to %q", location)
	}
	for _, ticket := range []string{"", "?ticket=", "?ticket=" + newHandle(), "?ticket=" + strings.Repeat("x", 1<<16)} {
		if a := p.get(houseSPA + "/bff/end-session" + ticket); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
			t.Errorf("%.20q: %d to %q", ticket, a.StatusCode, a.Header.Get("Location"))
		}
	}
}

// The provider is down: the session here ends all the same.
func TestBFFLogoutWithoutTheProvider(t *testing.T) {
	h := newHouse(t)
	p := h.replica().person()
	p.signIn("Mick")
	h.onTheWire(func(*http.Request, http.Handler) (*http.Response, error) { return nil, http.ErrServerClosed })
	p.signOut()
	if p.status().SignedIn {
		t.Error("still signed in")
	}
}

// logoutClaims are the claims of a good logout token about a session.
func logoutClaims(sub, sid string) map[string]any {
	now := time.Now()
	return map[string]any{"iss": houseIDP, "sub": sub, "aud": "bff-client", "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"jti": newHandle(), "sid": sid, "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}
}

// sign makes a JWT with the provider's own key, as only the provider can.
func (h *house) sign(typ string, claims map[string]any) string {
	h.t.Helper()
	keys, err := h.db.SigningKeys(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, row := range keys {
		var key jose.JSONWebKey
		if row.Algorithm != "RS256" || json.Unmarshal([]byte(row.Data), &key) != nil {
			continue
		}
		return signWith(h.t, jose.RS256, key, typ, claims)
	}
	h.t.Fatal("no key")
	return ""
}

func signWith(t testing.TB, algorithm jose.SignatureAlgorithm, key any, typ string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// backChannel posts a logout token as the provider's server does.
func (p *person) backChannel(token string) answer {
	p.t.Helper()
	return p.do(http.MethodPost, houseSPA+"/bff/backchannel-logout", url.Values{"logout_token": {token}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded")
}

func TestBackChannelLogoutSection26Refuses(t *testing.T) {
	with := func(name string, value any) func(claims map[string]any) {
		return func(claims map[string]any) {
			if value == nil {
				delete(claims, name)
			} else {
				claims[name] = value
			}
		}
	}
	const eventName = "http://schemas.openid.net/event/backchannel-logout"
	now := time.Now()
	for name, row := range map[string]struct {
		typ    string
		change func(claims map[string]any)
	}{
		"iss of another":                     {"logout+jwt", with("iss", "https://evil.example")},
		"aud of another":                     {"logout+jwt", with("aud", "spa-client")},
		"no aud":                             {"logout+jwt", with("aud", nil)},
		"no iat":                             {"logout+jwt", with("iat", nil)},
		"iat in the future":                  {"logout+jwt", with("iat", now.Add(5*time.Minute).Unix())},
		"iat long ago":                       {"logout+jwt", with("iat", now.Add(-time.Hour).Unix())},
		"no exp":                             {"logout+jwt", with("exp", nil)},
		"exp in the past":                    {"logout+jwt", with("exp", now.Add(-time.Minute).Unix())},
		"exp next year":                      {"logout+jwt", with("exp", now.Add(8760*time.Hour).Unix())},
		"no events":                          {"logout+jwt", with("events", nil)},
		"another event":                      {"logout+jwt", with("events", map[string]any{"http://schemas.openid.net/event/other": map[string]any{}})},
		"an event that is no object":         {"logout+jwt", with("events", map[string]any{eventName: true})},
		"an event that is null":              {"logout+jwt", with("events", map[string]any{eventName: nil})},
		"events that are a list":             {"logout+jwt", with("events", []string{eventName})},
		"a nonce, as an ID token has":        {"logout+jwt", with("nonce", "n")},
		"no jti":                             {"logout+jwt", with("jti", nil)},
		"neither sub nor sid":                {"logout+jwt", func(claims map[string]any) { delete(claims, "sub"); delete(claims, "sid") }},
		"typ of an access token (RFC 9068)":  {"at+jwt", with("x", 1)},
		"a sid that is a number":             {"logout+jwt", with("sid", 1)},
		"a sub of another user with our sid": {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newHouse(t).replica().person()
			p.signIn("Mick")
			status := p.status()
			claims := logoutClaims(status.Subject, status.Session)
			if row.change == nil { // valid, but about a session that does not exist: nothing ends
				claims["sub"] = "somebody-else"
				if a := p.backChannel(p.h.sign("logout+jwt", claims)); a.StatusCode != http.StatusOK {
					t.Errorf("%d", a.StatusCode)
				}
			} else {
				row.change(claims)
				a := p.backChannel(p.h.sign(row.typ, claims))
				if a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "invalid_request") || a.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
			}
			if !p.status().SignedIn {
				t.Error("it has ended the session")
			}
		})
	}
}

func TestBackChannelLogoutForgeries(t *testing.T) {
	p := newHouse(t).replica().person()
	p.signIn("Mick")
	status := p.status()
	claims := logoutClaims(status.Subject, status.Session)
	good := p.h.sign("logout+jwt", claims)
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"nothing":                     "",
		"no JWT":                      "x",
		"alg none (RFC 8725 §2.1)":    "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"signed with the secret":      signWith(t, jose.HS256, []byte(strings.Repeat("bff-secret", 4)), "logout+jwt", claims),
		"a signature of another text": parts[0] + "." + parts[1] + "x." + parts[2],
		"a cut signature":             good[:len(good)-4],
		"the ID token itself":         p.tokens().IDToken,
		"the access token":            p.tokens().AccessToken,
		"a megabyte":                  strings.Repeat("a", 1<<20),
	} {
		if a := p.backChannel(token); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", name, a.StatusCode)
		}
	}
	twice := url.Values{"logout_token": {good, good}}.Encode()
	for name, a := range map[string]answer{
		"twice":                p.do(http.MethodPost, houseSPA+"/bff/backchannel-logout", twice, "Content-Type", "application/x-www-form-urlencoded"),
		"in the query":         p.do(http.MethodPost, houseSPA+"/bff/backchannel-logout?"+url.Values{"logout_token": {good}}.Encode(), "", "Content-Type", "application/x-www-form-urlencoded"),
		"as JSON":              p.do(http.MethodPost, houseSPA+"/bff/backchannel-logout", `{"logout_token":"`+good+`"}`, "Content-Type", "application/json"),
		"from a page, by form": p.do(http.MethodPost, houseSPA+"/bff/backchannel-logout", "", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"),
	} {
		if a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	if !p.status().SignedIn {
		t.Error("one of them has ended the session")
	}
}

func TestR19BackChannelLogoutEndsTheSessionsOfEveryBrowser(t *testing.T) {
	for name, claims := range map[string]func(status bffStatus) map[string]any{
		"sub and sid": func(s bffStatus) map[string]any { return logoutClaims(s.Subject, s.Session) },
		"sid alone":   func(s bffStatus) map[string]any { c := logoutClaims("", s.Session); delete(c, "sub"); return c },
		"sub alone":   func(s bffStatus) map[string]any { c := logoutClaims(s.Subject, ""); delete(c, "sid"); return c },
		"no typ":      func(s bffStatus) map[string]any { return logoutClaims(s.Subject, s.Session) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			one, other := h.replica(), h.replica()
			mick, jane := one.person(), one.person()
			mick.signIn("Mick")
			jane.signIn("Jane")
			typ := "logout+jwt"
			if name == "no typ" {
				typ = "JWT"
			}
			token := h.sign(typ, claims(mick.status()))
			stranger := other.person() // the other replica hears of it
			if a := stranger.backChannel(token); a.StatusCode != http.StatusOK || a.body != "" {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
			if mick.status().SignedIn || mick.partial("/companies").StatusCode != http.StatusUnauthorized {
				t.Error("Mick is still signed in")
			}
			if !jane.status().SignedIn {
				t.Error("Jane has been signed out")
			}
			if a := stranger.backChannel(token); a.StatusCode != http.StatusBadRequest {
				t.Errorf("the same token again: %d, want 400", a.StatusCode)
			}
		})
	}
}

// The provider ends the session after it has given the code and before we have stored what it brought: nobody is signed in.
func TestR18BackChannelLogoutWinsOverASignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		p := h.replica().person()
		redirect := p.toCallback("Mick", "/companies")
		var sid string
		if err := dbtest.Shell(t, h.db).QueryRow(`SELECT "SessionId" FROM "ServerSideSessions"`).Scan(&sid); err != nil {
			t.Fatal(err)
		}
		claims := logoutClaims("x", sid)
		delete(claims, "sub")
		if a := p.backChannel(h.sign("logout+jwt", claims)); a.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		if a := p.callback(redirect); a.StatusCode != http.StatusBadGateway || p.sessionCookie() != "" {
			t.Errorf("%d, cookie %q", a.StatusCode, p.sessionCookie())
		}
	})
}
