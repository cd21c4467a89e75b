package idp

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"silentrenew/db"
)

// wantRedirectError checks that an answer went back to the client, with everything RFC 6749 §4.1.2.1 and RFC 9207 §2 want.
func wantRedirectError(t testing.TB, p page, code Code) {
	t.Helper()
	location := p.location()
	if location == nil || !strings.HasPrefix(location.String(), testCallback+"?") {
		t.Fatalf("got %d %q, want a redirect to %s\n%s", p.StatusCode, p.Header.Get("Location"), testCallback, p.Body)
	}
	for name, want := range map[string]string{"error": string(code), "state": "state-1", "iss": testIssuer} {
		if got := p.sent(name); got != want {
			t.Errorf("%s: got %q, want %q (%s)", name, got, want, p.sent("error_description"))
		}
	}
	if p.sent("code") != "" {
		t.Error("an error carries a code")
	}
	if p.sent("session_state") == "" {
		t.Error("session_state is missing (I12)")
	}
}

// wantNoForm checks A41: nothing a user could be shown or asked.
func wantNoForm(t testing.TB, p page) {
	t.Helper()
	if strings.Contains(p.Body, "<form") || strings.Contains(p.Header.Get("Location"), "/account/login") || strings.Contains(p.Header.Get("Location"), "/consent") {
		t.Errorf("prompt=none shows a form: %d %s\n%s", p.StatusCode, p.Header.Get("Location"), p.Body)
	}
}

func TestA8AuthorizeLeadsToTheLoginPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		answer := s.browser().get(s.authorizeURL())
		location := answer.location()
		if answer.StatusCode != http.StatusFound || location.Path != "/account/login" {
			t.Fatalf("got %d %s, want 302 to the login page", answer.StatusCode, location)
		}
		back := location.Query().Get("returnUrl")
		if !strings.HasPrefix(back, "/connect/authorize/callback?") {
			t.Errorf("returnUrl: got %q, want a local path", back)
		}
		form := s.browser().follow(answer)
		document := form.document(t)
		for _, id := range []string{"username", "password", "remember", "login", "cancel"} {
			if document.Find("#"+id).Length() != 1 {
				t.Errorf("the login page has no #%s (A9)", id)
			}
		}
	})
}

func TestA37A38A39SilentRenewAnswersWithACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		silent := testSPA + "/assets/silent-callback.html"
		first := s.redeem(s.signIn(b, "Mick"))
		answer := b.get(s.authorizeURL("prompt", "none", "redirect_uri", silent, "id_token_hint", first.IDToken, "correlation_id", "renewal-7"))
		if answer.StatusCode != http.StatusFound || !strings.HasPrefix(answer.Header.Get("Location"), silent+"?") {
			t.Fatalf("got %d %s", answer.StatusCode, answer.Header.Get("Location"))
		}
		for _, name := range []string{"code", "state", "iss", "session_state"} {
			if answer.sent(name) == "" {
				t.Errorf("%s is missing", name)
			}
		}
		if answer.setCookie(sessionCookie) != nil {
			t.Error("a renewal sets the cookie although it does not slide")
		}
		second := s.redeem(answer.sent("code"), "redirect_uri", silent)
		before, after := claimsOf(t, first.AccessToken), claimsOf(t, second.AccessToken)
		for _, name := range []string{"sub", "sid", "auth_time"} {
			if before[name] != after[name] {
				t.Errorf("%s changed from %v to %v (A39)", name, before[name], after[name])
			}
		}
		for _, e := range s.events("authorize", "token") {
			if e.Parameters["prompt"] == "none" && e.CorrelationID != "renewal-7" {
				t.Errorf("%s has the correlation id %q (E19)", e.Kind, e.CorrelationID)
			}
		}
	})
}

// authorizeFailures are the ways an authorization request fails once its redirect URI is known to be good. Every one is a
// redirect, whatever prompt says (I1).
var authorizeFailures = []struct {
	name  string
	pairs []string
	sql   string
	want  Code
}{
	{"response_type is missing", []string{"response_type", ""}, "", InvalidRequest},
	{"response_type token (RFC 9700 §2.1.2)", []string{"response_type", "token"}, "", UnsupportedResponseType},
	{"response_type code id_token", []string{"response_type", "code id_token"}, "", UnsupportedResponseType},
	{"response_mode unknown", []string{"response_mode", "web_message"}, "", InvalidRequest},

	{"scope is missing", []string{"scope", ""}, "", InvalidScope},
	{"scope nobody knows", []string{"scope", "openid nonsense"}, "", InvalidScope},
	{"scope of another client", []string{"scope", "openid address"}, "", InvalidScope},
	{"scope too long", []string{"scope", "openid " + strings.Repeat("a", 300)}, "", InvalidRequest},
	{"code_challenge is missing (RFC 7636 §4.4.1)", []string{"code_challenge", "", "code_challenge_method", ""}, "", InvalidRequest},
	{"code_challenge is missing, its method is not", []string{"code_challenge", ""}, "", InvalidRequest},
	{"code_challenge without method means plain (RFC 7636 §4.3)", []string{"code_challenge_method", ""}, "", InvalidRequest},
	{"code_challenge_method plain", []string{"code_challenge_method", "plain"}, "", InvalidRequest},
	{"code_challenge_method s256", []string{"code_challenge_method", "s256"}, "", InvalidRequest},
	{"code_challenge too short", []string{"code_challenge", "short"}, "", InvalidRequest},
	{"code_challenge too long", []string{"code_challenge", strings.Repeat("a", 129)}, "", InvalidRequest},
	{"code_challenge with a blank", []string{"code_challenge", testChallenge[:42] + " "}, "", InvalidRequest},
	{"max_age negative", []string{"max_age", "-1"}, "", InvalidRequest},
	{"max_age no number", []string{"max_age", "soon"}, "", InvalidRequest},
	{"max_age beyond all bounds", []string{"max_age", "99999999999999999999"}, "", InvalidRequest},
	{"nonce too long", []string{"nonce", strings.Repeat("n", 301)}, "", InvalidRequest},
	{"login_hint too long", []string{"login_hint", strings.Repeat("n", 101)}, "", InvalidRequest},
	{"id_token_hint too long", []string{"id_token_hint", strings.Repeat("n", 4001)}, "", InvalidRequest},
	{"request object (OIDC Core §6.1)", []string{"request", "eyJ"}, "", InvalidRequestObject},
	{"request_uri that is not registered (OIDC Core §6.2)", []string{"request_uri", "https://rp.example/r"}, "", InvalidRequestURI},
	{"registration (OIDC Core §7.2.1)", []string{"registration", "{}"}, "", RegistrationNotSupported},
	{"client disabled", nil, `UPDATE Clients SET Enabled = 0 WHERE ClientId = 'spa-client'`, UnauthorizedClient},
	{"client without the grant", nil, `UPDATE ClientGrantTypes SET GrantType = 'client_credentials' WHERE ClientId = (SELECT Id FROM Clients WHERE ClientId = 'spa-client')`, UnauthorizedClient},
	{"client with a row that is not valid", nil, `UPDATE Clients SET AccessTokenLifetime = 0 WHERE ClientId = 'spa-client'`, UnauthorizedClient},
}

func TestI1EveryFailureIsARedirect(t *testing.T) {
	for _, failure := range authorizeFailures {
		for _, prompt := range []string{"none", "", "login"} {
			t.Run(failure.name+", prompt="+prompt, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSite(t)
					if failure.sql != "" {
						s.exec(failure.sql)
					}
					answer := s.browser().get(s.authorizeURL(append([]string{"prompt", prompt}, failure.pairs...)...))
					wantRedirectError(t, answer, failure.want)
					wantNoForm(t, answer)
					if description := answer.sent("error_description"); description == "" {
						t.Error("error_description is empty")
					}
					events := s.events("authorize")
					if len(events) != 1 || events[0].Outcome != string(failure.want) {
						t.Errorf("events: got %+v, want one authorize with outcome %s", events, failure.want)
					}
				})
			})
		}
	}
}

func TestA41PromptNoneNeverShowsAForm(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	wantRedirectError(t, b.get(s.authorizeURL("prompt", "none")), LoginRequired)

	mick := s.redeem(s.signIn(b, "Mick"))
	jane := s.redeem(s.signIn(s.browser(), "Jane"))
	for name, row := range map[string]struct {
		pairs []string
		want  Code
	}{
		"max_age=0 is prompt=login by another name":           {[]string{"max_age", "0"}, LoginRequired},
		"hint about another user (OIDC Core §3.1.2.1)":        {[]string{"id_token_hint", jane.IDToken}, LoginRequired},
		"hint that is no ID token of ours":                    {[]string{"id_token_hint", "nonsense"}, LoginRequired},
		"an access token is no hint (RFC 8725 §3.11)":         {[]string{"id_token_hint", mick.AccessToken}, LoginRequired},
		"none combined with login (OIDC Core §3.1.2.1)":       {[]string{"prompt", "none login"}, InvalidRequest},
		"none combined with consent":                          {[]string{"prompt", "consent none"}, InvalidRequest},
		"none combined with select_account":                   {[]string{"prompt", "none select_account"}, InvalidRequest},
		"prompt nobody knows":                                 {[]string{"prompt", "none create"}, InvalidRequest},
		"login_after from outside does not satisfy max_age=0": {[]string{"max_age", "0", "login_after", "1"}, LoginRequired},
	} {
		t.Run(name, func(t *testing.T) {
			answer := b.get(s.authorizeURL(append([]string{"prompt", "none"}, row.pairs...)...))
			wantRedirectError(t, answer, row.want)
			wantNoForm(t, answer)
		})
	}
	if answer := b.get(s.authorizeURL("prompt", "none", "id_token_hint", mick.IDToken)); answer.sent("code") == "" {
		t.Errorf("with the user's own hint: got %s", answer.Header.Get("Location"))
	}

	answer := b.get(s.authorizeURL("code_challenge", "", "code_challenge_method", ""))
	if got := answer.sent("error_description"); !strings.Contains(got, "spa-client has to use PKCE") { // RFC 7636 §4.4.1: the description explains it
		t.Errorf("says %q", got)
	}
	s.exec(`UPDATE Clients SET RequireConsent = 1 WHERE ClientId = 'spa-client'`)
	wantRedirectError(t, b.get(s.authorizeURL("prompt", "none")), ConsentRequired)
	s.exec(`UPDATE Clients SET EnableLocalLogin = 0 WHERE ClientId = 'spa-client'`)
	wantRedirectError(t, s.browser().get(s.authorizeURL()), UnauthorizedClient)
}

func TestI2ErrorsBeforeTheRedirectURIIsKnownAreAPage(t *testing.T) {
	s := newSite(t)
	for name, row := range map[string]struct {
		query string
		want  Code
	}{
		"no parameters":                   {"", InvalidRequest},
		"client_id is missing":            {authorizeParameters("client_id", "").Encode(), InvalidRequest},
		"client_id unknown":               {authorizeParameters("client_id", "nobody").Encode(), UnauthorizedClient},
		"client_id twice (RFC 6749 §3.1)": {authorizeParameters().Encode() + "&client_id=spa-client", InvalidRequest},
		"client_id with NUL":              {authorizeParameters("client_id", "spa\x00client").Encode(), UnauthorizedClient},
		"redirect_uri is missing":         {authorizeParameters("redirect_uri", "").Encode(), InvalidRequest},
		"redirect_uri twice":              {authorizeParameters().Encode() + "&redirect_uri=https://evil.example", InvalidRequest},
		"redirect_uri with a slash more":  {authorizeParameters("redirect_uri", testCallback+"/").Encode(), InvalidRequest},
		"redirect_uri with a query more":  {authorizeParameters("redirect_uri", testCallback+"?a=b").Encode(), InvalidRequest},
		"redirect_uri in upper case":      {authorizeParameters("redirect_uri", strings.ToUpper(testCallback)).Encode(), InvalidRequest},
		"redirect_uri on another port":    {authorizeParameters("redirect_uri", "http://localhost:4201/signin-callback").Encode(), InvalidRequest},
		"redirect_uri elsewhere":          {authorizeParameters("redirect_uri", "https://evil.example/").Encode(), InvalidRequest},
		"redirect_uri too long":           {authorizeParameters("redirect_uri", testCallback+strings.Repeat("a", 400)).Encode(), InvalidRequest},
		"a percent sign without digits":   {authorizeParameters().Encode() + "&x=%zz", InvalidRequest},
		"a semicolon between parameters":  {authorizeParameters().Encode() + ";x=y", InvalidRequest},
	} {
		for _, prompt := range []string{"", "&prompt=none"} {
			t.Run(name+prompt, func(t *testing.T) {
				answer := s.browser().get(s.issuer + "/connect/authorize?" + row.query + prompt)
				if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
					t.Errorf("got %d %s, want 400 and no redirect", answer.StatusCode, answer.Header.Get("Location"))
				}
				if !strings.Contains(answer.Body, string(row.want)) {
					t.Errorf("the page does not say %s", row.want)
				}
				wantNoForm(t, answer)
				if csp := answer.Header.Get("Content-Security-Policy"); strings.Contains(csp, "frame-ancestors") || answer.Header.Get("X-Frame-Options") != "" {
					t.Errorf("the page cannot be framed: %s", csp)
				}
				if len(answer.Cookies()) > 0 {
					t.Errorf("the page sets cookies: %v", answer.Cookies())
				}
			})
		}
	}
}

func TestA31TheErrorPageNamesBothValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := testSPA + "/assets/silent-callback.htm" // one character short
		for _, lab := range []bool{true, false} {
			s := newSite(t, func(c *Config) { c.Lab = lab })
			answer := s.browser().get(s.authorizeURL("prompt", "none", "redirect_uri", sent))
			registered := testSPA + "/assets/silent-callback.html"
			if answer.StatusCode != http.StatusBadRequest || !strings.Contains(answer.Body, sent) {
				t.Errorf("lab %v: got %d, want 400 and a page with the value sent", lab, answer.StatusCode)
			}
			text := answer.document(t).Text() + answer.Body
			if got := strings.Contains(text, registered); got != lab {
				t.Errorf("lab %v: names the registered value: %v (I2)", lab, got)
			}
			if got := strings.Contains(answer.Body, "idp-error"); got != lab {
				t.Errorf("lab %v: carries the script that tells the parent window: %v", lab, got)
			}
		}
	})
}

func TestParametersOnceAndEmptyOnesNever(t *testing.T) { // RFC 6749 §3.1
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		s.signIn(b, "Mick")
		for _, name := range []string{"state", "scope", "prompt", "nonce", "response_type", "code_challenge", "max_age"} {
			query := authorizeParameters("prompt", "none", "max_age", "3600").Encode() + "&" + name + "=again"
			wantRedirectError(t, b.get(s.issuer+"/connect/authorize?"+query), InvalidRequest)
		}
		query := authorizeParameters("prompt", "none").Encode() + "&max_age=&id_token_hint=&request=&response_mode=&unknown=1&unknown=2"
		if answer := b.get(s.issuer + "/connect/authorize?" + query); answer.sent("code") == "" {
			t.Errorf("empty parameters count as omitted, unknown ones are ignored: got %s", answer.Header.Get("Location"))
		}
	})
}

func TestPlainPKCEOnlyIfTheRowAllowsIt(t *testing.T) { // RFC 7636 §4.3
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.exec(`UPDATE Clients SET AllowPlainTextPkce = 1 WHERE ClientId = 'spa-client'`)
		b := s.browser()
		code := s.signIn(b, "Mick", "code_challenge", testVerifier, "code_challenge_method", "")
		if answer := s.redeem(code); answer.AccessToken == "" {
			t.Error("no token")
		}
	})
}

func TestClientWithoutPKCE(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.exec(`UPDATE Clients SET RequirePkce = 0 WHERE ClientId = 'spa-client'`)
		code := s.signIn(s.browser(), "Mick", "code_challenge", "", "code_challenge_method", "")
		if answer := s.redeem(code, "code_verifier", ""); answer.AccessToken == "" {
			t.Error("no token")
		}
	})
}

func TestResponseKeepsTheRedirectURIAsItIs(t *testing.T) { // RFC 6749 §3.1.2
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		const registered = "https://rp.example/cb?tenant=a%20b&x"
		s.addClient("query-client", func(c *db.Client) { c.RedirectURIs = []string{registered} })
		answer := s.browser().get(s.authorizeURL("client_id", "query-client", "redirect_uri", registered, "prompt", "none"))
		if got := answer.Header.Get("Location"); !strings.HasPrefix(got, registered+"&error=login_required&") {
			t.Errorf("got %s", got)
		}
	})
}

func TestStateComesBackInEveryByte(t *testing.T) { // RFC 6749 §4.1.2
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		for _, state := range []string{"a b+c&d=e#f", "ünïcode ☃", "\x00\x01\r\nLocation: https://evil.example", "%41", strings.Repeat("s", 2000)} {
			answer := s.browser().get(s.authorizeURL("prompt", "none", "state", state))
			if got := answer.sent("state"); got != state {
				t.Errorf("got %q, want %q", got, state)
			}
			if location := answer.Header.Get("Location"); strings.ContainsAny(location, "\r\n") {
				t.Errorf("a line break in Location: %q", location)
			}
		}
	})
}

func TestLoginHintIsFilledIn(t *testing.T) { // OIDC Core §3.1.2.1
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		form := b.follow(b.get(s.authorizeURL("login_hint", `Jane"><script>`)))
		if got := form.document(t).Find("#username").AttrOr("value", ""); got != `Jane"><script>` {
			t.Errorf("got %q", got)
		}
	})
}

func TestA36E19EventsShareOneCorrelationID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.signIn(s.browser(), "Mick")
		events := s.events()
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Kind)
			if e.CorrelationID != events[0].CorrelationID {
				t.Errorf("%s: correlation id %s, want %s", e.Kind, e.CorrelationID, events[0].CorrelationID)
			}
			for name, value := range e.Parameters {
				if strings.Contains(value, "MickPassword") || strings.EqualFold(name, "Username") && value == "Mick" {
					t.Errorf("%s says %s=%s", e.Kind, name, value)
				}
			}
		}
		if got, want := strings.Join(kinds, " "), "authorize login.form session.started login authorize"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestA1IssuerWithAPath(t *testing.T) { // one origin for all roles (A1)
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, func(c *Config) { c.Issuer = "http://localhost:8080/idp" })
		b := s.browser()
		code := s.signIn(b, "Mick")
		if code == "" || b.cookie(s.issuer, sessionCookie) == "" {
			t.Error("no code or no cookie")
		}
		outside, _ := url.Parse("http://localhost:8080/")
		if cookies := b.jar.Cookies(outside); len(cookies) > 0 {
			t.Errorf("the cookies reach other roles: %v", cookies)
		}
		home := b.get(s.issuer)
		if brand, _ := home.document(t).Find("a.Provider-brand").Attr("href"); home.StatusCode != http.StatusOK || brand != "/idp" {
			t.Errorf("the issuer's own address: got %d, its home is %q", home.StatusCode, brand)
		}
	})
}
