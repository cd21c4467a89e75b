package idp

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func (s *site) setOption(name, value string) {
	s.t.Helper()
	if err := s.db.SetOption(s.t.Context(), name, value); err != nil {
		s.t.Fatal(err)
	}
}

// renew does what the hidden iframe does and returns the answer.
func (s *site) renew(b *browser) page {
	s.t.Helper()
	return b.get(s.authorizeURL("prompt", "none"))
}

func TestA12SessionCookies(t *testing.T) {
	for _, row := range []struct {
		issuer   string
		secure   bool
		sameSite http.SameSite
	}{
		{"http://localhost:5005", false, http.SameSiteLaxMode},  // browsers refuse SameSite=None without Secure (I18)
		{"https://localhost:5005", true, http.SameSiteNoneMode}, // the client may live on another site
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, func(c *Config) { c.Issuer = row.issuer })
			b := s.browser()
			answer := b.submitLogin(b.follow(b.get(s.authorizeURL())), "Mick", "MickPassword")
			handle, sid := answer.setCookie(sessionCookie), answer.setCookie(sessionIDCookie)
			if handle == nil || sid == nil {
				t.Fatalf("%s: got cookies %v", row.issuer, answer.Cookies())
			}
			if !handle.HttpOnly || sid.HttpOnly {
				t.Error("a script must read the session id and nothing else")
			}
			if sid.MaxAge != 0 || !sid.Expires.IsZero() || handle.MaxAge != 0 || !handle.Expires.IsZero() {
				t.Error("without Remember My Login neither cookie has an expiry")
			}
			for _, c := range []*http.Cookie{handle, sid} {
				if c.Secure != row.secure || c.SameSite != row.sameSite || c.Path != "/" {
					t.Errorf("%s: %s", row.issuer, c.Raw)
				}
			}
			if len(handle.Value) != 43 {
				t.Errorf("the handle has %d characters, want 43: 256 bits", len(handle.Value))
			}
			if _, err := s.db.Session(t.Context(), handle.Value, time.Now()); err == nil {
				t.Error("the database knows the handle itself")
			}
		})
	}
}

func TestA42A43AbsoluteCookieEndsTheRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.setOption("Authentication.CookieLifetime", "240s") // the article's four minutes
		b := s.browser()
		s.signIn(b, "Mick")
		for _, at := range []string{"60 s", "120 s", "180 s"} {
			time.Sleep(60 * time.Second)
			answer := s.renew(b)
			if answer.sent("code") == "" {
				t.Fatalf("at %s: got %s", at, answer.Header.Get("Location"))
			}
			if answer.setCookie(sessionCookie) != nil {
				t.Errorf("at %s: an absolute cookie is issued again", at)
			}
		}
		time.Sleep(60 * time.Second)
		wantRedirectError(t, s.renew(b), LoginRequired)
		if form := b.follow(b.get(s.authorizeURL())); form.document(t).Find("#password").Length() != 1 {
			t.Error("a top-level request shows no password form (A44)")
		}
	})
}

func TestA43LoginRequiredAtTheRightSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.setOption("Authentication.CookieLifetime", "4m")
		b := s.browser()
		s.signIn(b, "Mick")
		time.Sleep(4*time.Minute - time.Second)
		if answer := s.renew(b); answer.sent("code") == "" {
			t.Errorf("one second before: got %s", answer.Header.Get("Location"))
		}
		time.Sleep(time.Second)
		wantRedirectError(t, s.renew(b), LoginRequired)
	})
}

func TestA42TheDefaultIsTenHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		s.signIn(b, "Mick")
		time.Sleep(10*time.Hour - time.Second)
		if s.renew(b).sent("code") == "" {
			t.Error("ended before ten hours")
		}
		time.Sleep(time.Second)
		wantRedirectError(t, s.renew(b), LoginRequired)
	})
}

func TestA45SlidingCookieNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.setOption("Authentication.CookieLifetime", "240s")
		s.setOption("Authentication.CookieSlidingExpiration", "true")
		b := s.browser()
		s.signIn(b, "Mick")
		sinceIssued := time.Duration(0)
		for minute := 1; minute <= 20; minute++ {
			time.Sleep(time.Minute)
			sinceIssued += time.Minute
			answer := s.renew(b)
			if answer.sent("code") == "" {
				t.Fatalf("minute %d: got %s", minute, answer.Header.Get("Location"))
			}
			issued := answer.setCookie(sessionCookie) != nil
			if want := sinceIssued > 120*time.Second; issued != want {
				t.Errorf("minute %d, %v after the last Set-Cookie: issued again: %v, want %v", minute, sinceIssued, issued, want)
			}
			if issued {
				sinceIssued = 0
			}
		}
		if n := len(s.events("session.renewed")); n != 6 { // every third minute
			t.Errorf("got %d session.renewed events, want 6", n)
		}
		time.Sleep(240 * time.Second) // unused, it ends after all
		wantRedirectError(t, s.renew(b), LoginRequired)
	})
}

func TestI4WhatSlidesTheCookie(t *testing.T) {
	for name, row := range map[string]struct {
		sliding, promptNone string
		prompt              string
		want                bool
	}{
		"absolute":                                {"false", "true", "none", false},
		"absolute, not silent":                    {"false", "true", "", false},
		"sliding, prompt=none counts":             {"true", "true", "none", true},
		"sliding, prompt=none does not count":     {"true", "false", "none", false},
		"sliding, a request of the user's counts": {"true", "false", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				s.setOption("Authentication.CookieLifetime", "240s")
				s.setOption("Authentication.CookieSlidingExpiration", row.sliding)
				s.setOption("Authentication.PromptNoneSlides", row.promptNone)
				b := s.browser()
				s.signIn(b, "Mick")
				time.Sleep(180 * time.Second)
				answer := b.get(s.authorizeURL("prompt", row.prompt))
				if got := answer.setCookie(sessionCookie) != nil; got != row.want {
					t.Errorf("issued again: %v, want %v", got, row.want)
				}
				time.Sleep(100 * time.Second) // 280 s after login
				if got := s.renew(b).sent("code") != ""; got != row.want {
					t.Errorf("still signed in: %v, want %v", got, row.want)
				}
			})
		})
	}
}

func TestA46RememberMyLoginOverridesTheLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.setOption("Authentication.CookieLifetime", "240s")
		b := s.browser()
		answer := b.submitLogin(b.follow(b.get(s.authorizeURL())), "Mick", "MickPassword", "RememberLogin", "true")
		if got, want := answer.setCookie(sessionCookie).MaxAge, 30*24*60*60; got != want {
			t.Errorf("Max-Age: got %d, want %d: 30 days", got, want)
		}
		if sid := answer.setCookie(sessionIDCookie); sid.MaxAge != 0 {
			t.Errorf("the session id cookie has an expiry: %s (A12)", sid.Raw)
		}
		time.Sleep(29 * 24 * time.Hour)
		if s.renew(b).sent("code") == "" {
			t.Error("signed out after 29 days")
		}
		sessions, err := s.db.Sessions(t.Context())
		if err != nil || len(sessions) != 1 || sessions[0].Lifetime != 30*24*time.Hour || !sessions[0].Persistent {
			t.Errorf("got %+v, %v (I25)", sessions, err)
		}
		time.Sleep(24 * time.Hour)
		wantRedirectError(t, s.renew(b), LoginRequired)
	})
}

func TestI5SessionLimits(t *testing.T) {
	for name, row := range map[string]struct {
		sql   string
		pairs []string
		good  time.Duration // the last age of the login that will do
	}{
		"UserSsoLifetime": {`UPDATE Clients SET UserSsoLifetime = 90 WHERE ClientId = 'spa-client'`, nil, 90 * time.Second},
		"max_age":         {``, []string{"max_age", "45"}, 45 * time.Second},
		"both":            {`UPDATE Clients SET UserSsoLifetime = 90 WHERE ClientId = 'spa-client'`, []string{"max_age", "30"}, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				if row.sql != "" {
					s.exec(row.sql)
				}
				b := s.browser()
				s.signIn(b, "Mick")
				silent := s.authorizeURL(append([]string{"prompt", "none"}, row.pairs...)...)
				time.Sleep(row.good)
				if answer := b.get(silent); answer.sent("code") == "" {
					t.Errorf("after %v: got %s", row.good, answer.Header.Get("Location"))
				}
				time.Sleep(time.Second)
				wantRedirectError(t, b.get(silent), LoginRequired)

				form := b.follow(b.get(s.authorizeURL(row.pairs...)))
				if answer := b.follow(b.submitLogin(form, "Mick", "MickPassword")); answer.sent("code") == "" {
					t.Errorf("after a new login: got %d %s", answer.StatusCode, answer.Header.Get("Location"))
				}
			})
		})
	}
}

func TestI5DisabledUserIsSignedOut(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	s.exec(`UPDATE Users SET Enabled = 0 WHERE Username = 'Mick'`)
	wantRedirectError(t, s.renew(b), LoginRequired)
	form := b.follow(b.get(s.authorizeURL()))
	if answer := b.submitLogin(form, "Mick", "MickPassword"); !strings.Contains(answer.Body, "Invalid username or password") {
		t.Errorf("a disabled user: got %d", answer.StatusCode)
	}
	s.exec(`DELETE FROM Users WHERE Username = 'Mick'`)
	wantRedirectError(t, s.renew(b), LoginRequired)
}

func TestLoginStartsANewSession(t *testing.T) { // session fixation
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	oldHandle, oldSID := b.cookie(s.issuer, sessionCookie), b.cookie(s.issuer, sessionIDCookie)

	s.signIn(b, "Mick", "prompt", "login")
	if b.cookie(s.issuer, sessionCookie) == oldHandle {
		t.Error("the handle survives a login")
	}
	if b.cookie(s.issuer, sessionIDCookie) != oldSID {
		t.Error("the same user's session got another sid (Back-Channel Logout §2.1)")
	}
	if _, err := s.db.Session(t.Context(), sessionKey(oldHandle), time.Now()); err == nil {
		t.Error("the old handle still opens the session")
	}
	sessions, _ := s.db.Sessions(t.Context())
	if len(sessions) != 1 || len(sessions[0].ClientIDs) != 1 || sessions[0].ClientIDs[0] != "spa-client" {
		t.Errorf("got sessions %+v, want one, joined by spa-client", sessions)
	}

	s.signIn(b, "Jane", "prompt", "login")
	if b.cookie(s.issuer, sessionIDCookie) == oldSID {
		t.Error("another user's session has the same sid")
	}
	if ended := s.events("session.ended"); len(ended) != 1 || ended[0].SessionID != oldSID {
		t.Errorf("session.ended: got %+v, want Mick's", ended)
	}
}

func TestI12ReadableCookieFollowsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		s.signIn(b, "Mick")
		sid := b.cookie(s.issuer, sessionIDCookie)

		u := b.get(s.issuer + "/").Request.URL
		b.jar.SetCookies(u, []*http.Cookie{{Name: sessionIDCookie, Path: "/", MaxAge: -1}})
		if s.renew(b); b.cookie(s.issuer, sessionIDCookie) != sid {
			t.Error("a removed session id cookie does not come back (R28)")
		}

		time.Sleep(11 * time.Hour)
		answer := s.renew(b)
		if b.cookie(s.issuer, sessionIDCookie) != "" {
			t.Error("the session id cookie outlives its session, so the client would be told \"changed\" for ever")
		}
		hash, salt, _ := strings.Cut(answer.sent("session_state"), ".")
		if want := saltedSessionState("spa-client", testSPA, "", salt); want != hash+"."+salt {
			t.Error("session_state of the error is not that of a signed-out browser")
		}
	})
}

func TestForgedCookiesAreNobody(t *testing.T) {
	s := newSite(t)
	for _, value := range []string{"x", strings.Repeat("a", 43), strings.Repeat("a", 4000), "%00", "' OR 1=1 --"} {
		b := s.browser()
		b.jar.SetCookies(b.get(s.issuer+"/").Request.URL, []*http.Cookie{{Name: sessionCookie, Value: value, Path: "/"}})
		wantRedirectError(t, s.renew(b), LoginRequired)
	}
}

func TestSessionStateVector(t *testing.T) { // printf '%s' 'spa-client http://localhost:4200 SID SALT' | sha256sum
	got := saltedSessionState("spa-client", "http://localhost:4200", "SID", "SALT")
	if want := "2250d58207a684bc932474d0c103bdc0b03f5a67710dbb165c8e9842b0fd306b.SALT"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOriginOf(t *testing.T) { // RFC 6454 §6.2
	for address, want := range map[string]string{
		"http://localhost:4200/signin-callback": "http://localhost:4200",
		"https://RP.example:443/cb?a=b":         "https://rp.example",
		"http://rp.example:80":                  "http://rp.example",
		"https://rp.example:8443/":              "https://rp.example:8443",
		"http://[::1]:4200/cb":                  "http://[::1]:4200",
		"http://[::1]/cb":                       "http://[::1]",
		"com.example.app:/cb":                   "",
		"":                                      "",
		"::":                                    "",
	} {
		if got := originOf(address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}
