package idp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
)

const testSignedOut = testSPA + "/signout-callback"

func (s *site) endSessionURL(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return s.issuer + "/connect/endsession?" + values.Encode()
}

// wantLoggedOut checks the logged-out page: its link and its automatic return, or neither (A27, A28).
func wantLoggedOut(t testing.TB, p page, returnTo string) {
	t.Helper()
	document := p.document(t)
	if p.StatusCode != http.StatusOK || !strings.Contains(document.Text(), "You are now logged out") {
		t.Fatalf("got %d %s, want the logged-out page\n%s", p.StatusCode, p.Header.Get("Location"), p.Body)
	}
	if got := document.Find("#return").AttrOr("href", ""); got != returnTo {
		t.Errorf("link: got %q, want %q", got, returnTo)
	}
	refresh := document.Find("meta[http-equiv=refresh]").AttrOr("content", "")
	if returnTo == "" && refresh != "" || returnTo != "" && !strings.HasSuffix(refresh, "url="+returnTo) {
		t.Errorf("automatic return: got %q, want %q", refresh, returnTo)
	}
}

func TestA26A27A29LogoutWithAHint(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	token := s.redeem(s.signIn(b, "Mick"))
	answer := b.get(s.endSessionURL("id_token_hint", token.IDToken, "post_logout_redirect_uri", testSignedOut, "state", "s 1"))
	wantLoggedOut(t, answer, testSignedOut+"?state=s+1")
	if name := answer.document(t).Find("#return").Text(); name == "" || strings.Contains(name, "http") {
		t.Errorf("the link says %q, want the client's name", name)
	}
	for _, name := range []string{sessionCookie, sessionIDCookie} {
		if c := answer.setCookie(name); c == nil || c.MaxAge >= 0 || c.Value != "" {
			t.Errorf("%s is not removed: %v", name, c)
		}
	}
	if sessions, _ := s.db.Sessions(t.Context()); len(sessions) != 0 {
		t.Errorf("the session is still there: %+v", sessions)
	}
	wantRedirectError(t, s.renew(b), LoginRequired) // A29
	if ended := s.events("session.ended"); len(ended) != 1 {
		t.Errorf("got %d session.ended events, want 1", len(ended))
	}
	wantLoggedOut(t, b.get(answer.Request.URL.String()), testSignedOut+"?state=s+1") // a reload
}

func TestA29TheOldCookieIsWorthless(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	token := s.redeem(s.signIn(b, "Mick"))
	handle := b.cookie(s.issuer, sessionCookie)
	b.get(s.endSessionURL("id_token_hint", token.IDToken))
	b.jar.SetCookies(b.get(s.issuer+"/").Request.URL, []*http.Cookie{{Name: sessionCookie, Value: handle, Path: "/"}})
	wantRedirectError(t, s.renew(b), LoginRequired)
}

func TestA26WithoutAHintTheUserIsAsked(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	question := b.get(s.endSessionURL("client_id", "spa-client", "post_logout_redirect_uri", testSignedOut, "state", "s1"))
	if question.document(t).Find("#logout").Length() != 1 {
		t.Fatalf("got %d\n%s", question.StatusCode, question.Body)
	}
	if s.renew(b).sent("code") == "" {
		t.Fatal("the question alone ends the session")
	}
	answer := b.submit(question, "logout")
	if answer.StatusCode != http.StatusSeeOther {
		t.Errorf("got %d, want 303", answer.StatusCode)
	}
	wantLoggedOut(t, b.follow(answer), testSignedOut+"?state=s1")
	wantRedirectError(t, s.renew(b), LoginRequired)
}

func TestI13EndSessionRequests(t *testing.T) { // RP-Initiated Logout §2, §3
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.addClient("other-client", func(c *db.Client) {
			c.PostLogoutRedirectURIs = []string{"https://other.example/bye"}
			c.CORSOrigins = []string{"https://other.example"}
		})
		old := s.redeem(s.signIn(s.browser(), "Mick")).IDToken // of another session
		jane := s.redeem(s.signIn(s.browser(), "Jane")).IDToken
		const ask = "a question"
		for _, row := range []struct {
			name  string
			pairs []string // "own" stands for the session's own ID token
			want  string   // where the logged-out page leads, "" for nowhere
		}{
			{"nothing at all", nil, ask},
			{"own hint", []string{"id_token_hint", "own"}, ""},
			{"own hint, expired long ago", []string{"id_token_hint", "expired", "post_logout_redirect_uri", testSignedOut}, testSignedOut},
			{"own hint and its client", []string{"id_token_hint", "own", "client_id", "spa-client", "post_logout_redirect_uri", testSignedOut}, testSignedOut},
			{"own hint and another client", []string{"id_token_hint", "own", "client_id", "other-client"}, "400"},
			{"own hint, unregistered URI (A28)", []string{"id_token_hint", "own", "post_logout_redirect_uri", "https://evil.example"}, ""},
			{"own hint, URI with a slash more (A28)", []string{"id_token_hint", "own", "post_logout_redirect_uri", testSignedOut + "/"}, ""},
			{"own hint, URI of another client (A28)", []string{"id_token_hint", "own", "post_logout_redirect_uri", "https://other.example/bye"}, ""},
			{"own hint, URI that is only a redirect_uri (A28)", []string{"id_token_hint", "own", "post_logout_redirect_uri", testCallback}, ""},
			{"hint of an earlier session", []string{"id_token_hint", old, "post_logout_redirect_uri", testSignedOut}, ask},
			{"hint about another user", []string{"id_token_hint", jane}, ask},
			{"hint that is nonsense", []string{"id_token_hint", "nonsense", "client_id", "spa-client", "post_logout_redirect_uri", testSignedOut}, ask},
			{"hint with a signature cut off", []string{"id_token_hint", "cut"}, ask},
			{"access token for a hint", []string{"id_token_hint", "access"}, ask},
			{"client nobody knows", []string{"client_id", "nobody"}, ask},
			{"state too long", []string{"state", strings.Repeat("s", 2001)}, "400"},
		} {
			b := s.browser()
			token := s.redeem(s.signIn(b, "Mick"))
			if row.name == "own hint, expired long ago" {
				time.Sleep(9 * time.Hour)
			}
			for i, value := range row.pairs {
				switch value {
				case "own", "expired":
					row.pairs[i] = token.IDToken
				case "cut":
					row.pairs[i] = token.IDToken[:strings.LastIndex(token.IDToken, ".")+1]
				case "access":
					row.pairs[i] = token.AccessToken
				}
			}
			answer := b.get(s.endSessionURL(row.pairs...))
			t.Log(row.name)
			switch row.want {
			case ask:
				if answer.StatusCode != http.StatusOK || answer.document(t).Find("#logout").Length() != 1 {
					t.Errorf("got %d, want the question\n%s", answer.StatusCode, answer.Body)
				}
				if s.renew(b).sent("code") == "" {
					t.Error("signed out without being asked")
				}
			case "400":
				if answer.StatusCode != http.StatusBadRequest || s.renew(b).sent("code") == "" {
					t.Errorf("got %d, want 400 and the session kept", answer.StatusCode)
				}
			default:
				wantLoggedOut(t, answer, row.want)
				wantRedirectError(t, s.renew(b), LoginRequired)
			}
		}
	})
}

// What fails to validate must not be used (RP-Initiated Logout §4), and the developer of the client is told where somebody looks: on the
// page. The Foundation's plan wants to see an error or a question there.
func TestRPInitiatedLogout4WhatDoesNotCountIsSaid(t *testing.T) {
	s := newSite(t)
	for _, row := range []struct {
		name     string
		pairs    []string // "own" stands for the session's own ID token
		want     string
		question bool
	}{
		{"nothing is wrong", []string{"id_token_hint", "own", "post_logout_redirect_uri", testSignedOut}, "", false},
		{"nothing is asked for", nil, "", true},
		{"state alone", []string{"state", "s"}, "", true},
		{"unregistered URI", []string{"id_token_hint", "own", "post_logout_redirect_uri", testSignedOut + "?foo=bar"}, "post_logout_redirect_uri is not registered for client spa-client: it must be the same in every character", false},
		{"URI of nobody", []string{"post_logout_redirect_uri", testSignedOut}, "post_logout_redirect_uri needs an id_token_hint or a client_id that says whose it is", true},
		{"no ID token of ours", []string{"id_token_hint", "nonsense", "post_logout_redirect_uri", testSignedOut}, "id_token_hint is no ID token of this provider", true},
		{"client nobody knows", []string{"client_id", "nobody"}, "client_id names no client that is registered here", true},
	} {
		b := s.browser()
		token := s.redeem(s.signIn(b, "Mick"))
		if i := slices.Index(row.pairs, "own"); i >= 0 {
			row.pairs[i] = token.IDToken
		}
		document := b.get(s.endSessionURL(row.pairs...)).document(t)
		code := ""
		if row.want != "" {
			code = string(InvalidRequest)
		}
		if got := document.Find("#error-description").Text(); got != row.want || document.Find("#error-code").Text() != code {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		if asked := document.Find("#logout").Length() == 1; asked != row.question {
			t.Errorf("%s: asked %t, want %t", row.name, asked, row.question)
		}
	}
}

func TestEndSessionByPost(t *testing.T) { // RP-Initiated Logout §2
	s := newSite(t)
	b := s.browser()
	token := s.redeem(s.signIn(b, "Mick"))
	form := url.Values{"id_token_hint": {token.IDToken}, "post_logout_redirect_uri": {testSignedOut}}
	r := httptest.NewRequest(http.MethodPost, s.issuer+"/connect/endsession", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", testSPA)
	r.Header.Set("Sec-Fetch-Site", "same-site")
	wantLoggedOut(t, b.do(r), testSignedOut)
	wantRedirectError(t, s.renew(b), LoginRequired)
}

func TestLogoutFormCannotBePostedFromElsewhere(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	for _, headers := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}, {"Origin": {"null"}},
	} {
		for _, path := range []string{"/account/logout", "/account/login", "/consent"} {
			r := httptest.NewRequest(http.MethodPost, s.issuer+path, strings.NewReader("Username=Jane&Password=JanePassword"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, values := range headers {
				r.Header[name] = values
			}
			if answer := b.do(r); answer.StatusCode != http.StatusForbidden || len(answer.Cookies()) > 0 {
				t.Errorf("%s with %v: got %d, want 403", path, headers, answer.StatusCode)
			}
		}
	}
	if s.renew(b).sent("code") == "" {
		t.Error("signed out")
	}
}

func TestSignedOutUserSeesTheLoggedOutPage(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	wantLoggedOut(t, b.get(s.issuer+"/account/logout"), "")
	wantLoggedOut(t, b.get(s.endSessionURL("client_id", "spa-client", "post_logout_redirect_uri", testSignedOut)), testSignedOut)
	wantLoggedOut(t, b.get(s.endSessionURL("post_logout_redirect_uri", testSignedOut)), "") // of which client?
}

// A row edited by hand may hold what no browser must be sent to, and a disabled client is nowhere to go back to (A28). The user is
// logged out all the same.
func TestI13ALogoutLeadsNowhereBad(t *testing.T) {
	for name, change := range map[string]string{
		"a script":          `INSERT INTO "ClientPostLogoutRedirectUris" ("ClientId", "PostLogoutRedirectUri") SELECT "Id", 'javascript:alert(1)' FROM "Clients"`,
		"a disabled client": `UPDATE "Clients" SET "Enabled" = false`,
	} {
		s := newSite(t)
		b := s.browser()
		token := s.redeem(s.signIn(b, "Mick")).IDToken
		s.exec(change)
		target := testSignedOut
		if name == "a script" {
			target = "javascript:alert(1)"
		}
		wantLoggedOut(t, b.get(s.endSessionURL("id_token_hint", token, "post_logout_redirect_uri", target)), "")
		if b.cookie(s.issuer, sessionCookie) != "" {
			t.Errorf("%s: the cookie is still there", name)
		}
	}
}
