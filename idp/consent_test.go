package idp

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const requireConsent = `UPDATE Clients SET RequireConsent = 1 WHERE ClientId = 'spa-client'`

// consentPage signs Mick in and stops at the consent page.
func (s *site) consentPage(b *browser, pairs ...string) page {
	s.t.Helper()
	answer := b.follow(b.get(s.authorizeURL(pairs...)))
	if answer.document(s.t).Find("#login").Length() == 1 {
		answer = b.follow(b.submitLogin(answer, "Mick", "MickPassword"))
	}
	if answer.document(s.t).Find("#allow").Length() != 1 {
		s.t.Fatalf("no consent page but %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	return answer
}

func TestConsentIsAskedForAndRemembered(t *testing.T) { // OIDC Core §3.1.2.4
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.exec(requireConsent)
		s.exec(`UPDATE Clients SET ConsentLifetime = 3600 WHERE ClientId = 'spa-client'`)
		s.setOption("Authentication.CookieLifetime", "100h")
		b := s.browser()
		answer := b.submit(s.consentPage(b), "allow", "RememberConsent", "true")
		if answer.sent("code") == "" {
			t.Fatalf("got %d %s", answer.StatusCode, answer.Header.Get("Location"))
		}
		time.Sleep(time.Hour - time.Second)
		if answer := s.renew(b); answer.sent("code") == "" {
			t.Errorf("remembered: got %s", answer.Header.Get("Location"))
		}
		time.Sleep(time.Second)
		wantRedirectError(t, s.renew(b), ConsentRequired)
	})
}

func TestConsentThatIsNotRemembered(t *testing.T) {
	for name, statement := range map[string]string{
		"the user does not want it": requireConsent,
		"the client must not":       `UPDATE Clients SET RequireConsent = 1, AllowRememberConsent = 0 WHERE ClientId = 'spa-client'`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.exec(statement)
			b := s.browser()
			page := s.consentPage(b)
			if got := page.document(t).Find("[name=RememberConsent]").Length() == 1; got != (name == "the user does not want it") {
				t.Errorf("the page offers to remember: %v", got)
			}
			remember := "" // not ticked, or ticked by force
			if name == "the client must not" {
				remember = "true"
			}
			if answer := b.submit(page, "allow", "RememberConsent", remember); answer.sent("code") == "" {
				t.Fatalf("got %d %s", answer.StatusCode, answer.Header.Get("Location"))
			}
			wantRedirectError(t, s.renew(b), ConsentRequired)
		})
	}
}

func TestConsentDenied(t *testing.T) { // RFC 6749 §4.1.2.1
	s := newSite(t)
	s.exec(requireConsent)
	b := s.browser()
	wantRedirectError(t, b.submit(s.consentPage(b), "deny"), AccessDenied)
	wantRedirectError(t, s.renew(b), ConsentRequired)
}

func TestPromptConsentAsksAgain(t *testing.T) { // OIDC Core §3.1.2.1
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	page := s.consentPage(b, "prompt", "consent")
	if answer := b.submit(page, "allow", "RememberConsent", "true"); answer.sent("code") == "" {
		t.Errorf("got %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	s.consentPage(b, "prompt", "consent") // although it is remembered
}

func TestConsentGrantsWhatIsTicked(t *testing.T) {
	s := newSite(t)
	s.exec(requireConsent)
	b := s.browser()
	page := s.consentPage(b)
	form := url.Values{"button": {"allow"}, "ScopesConsented": {"companyApi", "address", "roles"}, "RememberConsent": {"true"},
		"ReturnUrl": {page.document(t).Find("[name=ReturnUrl]").AttrOr("value", "")}}
	answer := b.post(s.issuer+"/consent", form)
	token := s.redeem(answer.sent("code"))
	if got, want := parseScope(token.Scope), parseScope("openid companyApi"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: what is required, what is ticked, nothing that was not asked for", got, want)
	}
	wantRedirectError(t, s.renew(b), ConsentRequired) // it asks for profile, too
	if answer := b.get(s.authorizeURL("prompt", "none", "scope", "openid companyApi")); answer.sent("code") == "" {
		t.Errorf("what was allowed: got %s", answer.Header.Get("Location"))
	}
}

func TestSilenceIsNoConsent(t *testing.T) { // OIDC Core §3.1.2.4
	s := newSite(t)
	s.exec(requireConsent)
	b := s.browser()
	back := s.consentPage(b).document(t).Find("[name=ReturnUrl]").AttrOr("value", "")
	for _, button := range []string{"", "Allow", "yes"} {
		answer := b.post(s.issuer+"/consent", url.Values{"ReturnUrl": {back}, "ScopesConsented": {"profile"}, "button": {button}})
		if answer.document(t).Find("#allow").Length() != 1 {
			t.Errorf("button %q: got %d %s, want the question again", button, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}

func TestConsentIsGivenByWhoReadIt(t *testing.T) {
	s := newSite(t)
	s.exec(requireConsent)
	b := s.browser()
	page := s.consentPage(b)
	login := b.get(s.issuer + "/account/login") // in another tab
	b.submitLogin(login, "Jane", "JanePassword")
	answer := b.follow(b.submit(page, "allow"))
	if answer.sent("code") != "" || !strings.Contains(answer.document(t).Find("main").Text(), "Jane") {
		t.Errorf("got %d %s, want the question again, for Jane", answer.StatusCode, answer.Header.Get("Location"))
	}

	nobody := s.browser()
	if answer := nobody.follow(nobody.submit(page, "allow")); answer.document(t).Find("#password").Length() != 1 {
		t.Errorf("signed out: got %d %s, want the login form", answer.StatusCode, answer.Header.Get("Location"))
	}
}

func TestConsentFormLooksAtTheRequestAgain(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	back := func(pairs ...string) string {
		return "/connect/authorize/callback?" + authorizeParameters(pairs...).Encode()
	}
	for _, button := range []string{"allow", "deny", ""} {
		answer := b.post(s.issuer+"/consent", url.Values{"ReturnUrl": {back("redirect_uri", "https://evil.example")}, "button": {button}})
		if answer.StatusCode != 400 || answer.Header.Get("Location") != "" {
			t.Errorf("%s: got %d %s", button, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	wantRedirectError(t, b.post(s.issuer+"/consent", url.Values{"ReturnUrl": {back("scope", "nonsense")}}), InvalidScope)
	wantRedirectError(t, b.get(s.issuer+"/consent?"+url.Values{"returnUrl": {back("response_type", "token")}}.Encode()), UnsupportedResponseType)
	if answer := b.get(s.issuer + "/consent"); answer.StatusCode != 400 {
		t.Errorf("without a request: got %d", answer.StatusCode)
	}
}

// OIDC Core §3.1.2.4: nothing ticked is nothing allowed, where no scope value is required.
func TestNothingTickedIsNoConsent(t *testing.T) {
	s := newSite(t)
	s.exec(requireConsent)
	s.exec(`UPDATE "IdentityResources" SET "Required" = false`)
	b := s.browser()
	back := s.consentPage(b).document(t).Find("[name=ReturnUrl]").AttrOr("value", "")
	answer := b.post(s.issuer+"/consent", url.Values{"ReturnUrl": {back}, "button": {"allow"}, "RememberConsent": {"true"}})
	if answer.document(t).Find("#allow").Length() != 1 || !strings.Contains(answer.Body, "Choose at least one") {
		t.Errorf("got %d %s, want the question again", answer.StatusCode, answer.Header.Get("Location"))
	}
	wantRedirectError(t, s.renew(b), ConsentRequired)
}
