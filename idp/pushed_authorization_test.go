package idp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
)

// push sends a request of spa-client by the back channel and returns its request_uri.
func (s *site) push(pairs ...string) string {
	s.t.Helper()
	answer := s.call(http.MethodPost, "/connect/par", authorizeParameters(pairs...))
	pushed := decode[pushedResponse](s.t, answer)
	if answer.StatusCode != http.StatusCreated || !strings.HasPrefix(pushed.RequestURI, pushedRequestURN) || pushed.ExpiresIn != 90 {
		s.t.Fatalf("push: got %d %s", answer.StatusCode, answer.Body)
	}
	return pushed.RequestURI
}

func (s *site) pushedURL(requestURI string, more ...string) string {
	values := url.Values{"client_id": {"spa-client"}, "request_uri": {requestURI}}
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	return s.issuer + "/connect/authorize?" + values.Encode()
}

// wantRefusedReference checks that a reference opens nothing and leads nowhere.
func wantRefusedReference(t testing.TB, name string, p page) {
	t.Helper()
	if p.StatusCode != http.StatusBadRequest || p.Header.Get("Location") != "" || !strings.Contains(p.Body, "invalid_request_uri") {
		t.Errorf("%s: got %d %s, want a page with invalid_request_uri", name, p.StatusCode, p.Header.Get("Location"))
	}
}

func TestPushedRequest(t *testing.T) { // RFC 9126 §2, §4
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		reference := s.push()
		// What stands in the URL beside the reference does not count.
		login := b.follow(b.get(s.pushedURL(reference, "redirect_uri", "https://evil.example/", "state", "evil", "scope", "openid", "code_challenge", "evil")))
		time.Sleep(10 * time.Minute) // longer than the reference lives: the user looks for the password
		answer := b.follow(b.submitLogin(login, "Mick", "MickPassword"))
		if answer.sent("state") != "state-1" || !strings.HasPrefix(answer.Header.Get("Location"), testCallback) {
			t.Fatalf("got %d %s", answer.StatusCode, answer.Header.Get("Location"))
		}
		if tokens := s.redeem(answer.sent("code")); tokens.Scope != "openid profile companyApi" {
			t.Errorf("scope: %s", tokens.Scope)
		}
		wantRefusedReference(t, "a second use", b.get(s.pushedURL(reference))) // RFC 9126 §7.3
		wantRefusedReference(t, "a second use by the callback", b.get(strings.Replace(s.pushedURL(reference), "authorize?", "authorize/callback?", 1)))

		time.Sleep(time.Second) // the login is older than the next request
		wantRedirectError(t, b.get(s.pushedURL(s.push("prompt", "none", "max_age", "0"))), LoginRequired)
		if code := b.get(s.crossSitePost(url.Values{"client_id": {"spa-client"}, "request_uri": {s.push()}}).location().String()).sent("code"); code == "" {
			t.Error("a reference that comes by POST gives no code")
		}

		late := s.push()
		time.Sleep(pushedRequestLifetime)
		wantRefusedReference(t, "after its lifetime", b.get(s.pushedURL(late)))
		wantRefusedReference(t, "never pushed", b.get(s.pushedURL(pushedRequestURN+"x")))
		wantRefusedReference(t, "the callback before the front door", b.get(strings.Replace(s.pushedURL(s.push()), "authorize?", "authorize/callback?", 1)))
		wantRefusedReference(t, "a client_id with a zero byte", b.get(s.pushedURL(s.push(), "client_id", "a\x00")))

		others := s.push()
		s.addClient("other", func(*db.Client) {})
		wantRefusedReference(t, "another client's", b.get(s.pushedURL(others, "client_id", "other")))
		if b.get(s.pushedURL(others)).sent("code") == "" {
			t.Error("another client's attempt has burnt the reference")
		}
	})
}

// That a request asks for a login can be left out of one that stands in the URL, not of one that was pushed or signed: what our pages
// add to the URL for the way back does not count there (RFC 9126 §4, RFC 9101 §6.3, OIDC Core §3.1.2.1).
func TestI22NobodyWritesThatTheLoginWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		key := s.signingClient("signing", true)
		b := s.browser()
		s.signIn(b, "Mick")
		pushed := func(pairs []string) string { return s.pushedURL(s.push(pairs...)) }
		signed := func(pairs []string) string {
			object := signedObject(t, key, "", objectClaims("signing", map[string]any{pairs[0]: pairs[1]}))
			return s.issuer + "/connect/authorize?" + url.Values{"client_id": {"signing"}, "request": {object}}.Encode()
		}
		for _, pairs := range [][]string{{"prompt", "login"}, {"prompt", "select_account"}, {"max_age", "5"}} {
			for how, request := range map[string]func([]string) string{"pushed": pushed, "signed": signed} {
				time.Sleep(time.Minute)
				front := request(pairs)
				login := b.follow(b.get(front)) // now it has arrived
				for _, after := range []int64{1, time.Now().Unix() - 30} {
					answer := b.get(strings.Replace(front, "authorize?", fmt.Sprintf("authorize/callback?login_after=%d&", after), 1))
					if to := answer.Header.Get("Location"); !strings.HasPrefix(to, "/account/login?") {
						t.Errorf("%s, %v: %d %s, want the login page", how, pairs, answer.StatusCode, to)
					}
				}
				if answer := b.follow(b.submitLogin(login, "Mick", "MickPassword")); answer.sent("code") == "" {
					t.Errorf("%s, %v, after the login: %d %s", how, pairs, answer.StatusCode, answer.Header.Get("Location"))
				}
			}
		}
	})
}

// One-time use counts from the answer, not from the first look (FAPI 2.0 §5.3.2.2 note 3, RFC 9126 §7.3).
func TestPushedRequestMayBeBroughtAgainUntilItIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		reference := s.push()
		one, two := s.browser(), s.browser()
		first := one.follow(one.get(s.pushedURL(reference)))
		time.Sleep(pushedRequestLifetime - time.Second)
		second := one.follow(one.get(s.pushedURL(reference))) // a reload
		other := two.follow(two.get(s.pushedURL(reference)))  // a program that looks at links
		s.addClient("other", func(*db.Client) {})
		callback := strings.Replace(s.pushedURL(reference, "client_id", "other"), "authorize?", "authorize/callback?", 1)
		wantRefusedReference(t, "another client's name on the way back", one.get(callback)) // RFC 9126 §4
		time.Sleep(time.Second)
		wantRefusedReference(t, "a reload after its lifetime", one.get(s.pushedURL(reference)))
		if one.follow(one.submitLogin(second, "Mick", "MickPassword")).sent("code") == "" {
			t.Fatal("no code after the reload")
		}
		wantRefusedReference(t, "the login page of before the reload", one.submitLogin(first, "Mick", "MickPassword"))
		wantRefusedReference(t, "the other browser's", two.submitLogin(other, "Mick", "MickPassword"))
	})
}

// Each of many ways back from the login page finds the request, and one is answered.
func TestPushedRequestIsAnsweredOnce(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	back := b.submitLogin(b.follow(b.get(s.pushedURL(s.push()))), "Mick", "MickPassword").location().String()
	var wait sync.WaitGroup
	codes := make(chan string, 20)
	for range cap(codes) {
		wait.Go(func() { codes <- b.get(back).sent("code") })
	}
	wait.Wait()
	close(codes)
	sent := 0
	for code := range codes {
		if code != "" {
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("%d of 20 parallel ways back gave a code, want 1", sent)
	}
}

func TestPushedRequestIsAnsweredOnceAtTheFrontDoor(t *testing.T) {
	s := newSite(t)
	reference := s.push("prompt", "none")
	var wait sync.WaitGroup
	answers := make(chan page, 20)
	for range cap(answers) {
		wait.Go(func() { answers <- s.call(http.MethodGet, strings.TrimPrefix(s.pushedURL(reference), s.issuer), nil) })
	}
	wait.Wait()
	close(answers)
	redirects := 0
	for answer := range answers {
		if answer.StatusCode == http.StatusFound {
			redirects++
		}
	}
	if redirects != 1 {
		t.Errorf("%d of 20 parallel uses went through, want 1", redirects)
	}
}

func TestI22PushedRequestRefuses(t *testing.T) { // RFC 9126 §2.1, §2.3
	s := newSite(t)
	confidential := []string{"client_id", "bff-client", "redirect_uri", testSPA + "/bff/callback"}
	for _, row := range []struct {
		name    string
		form    url.Values
		headers []string
		status  int
		want    Code
	}{
		{"request_uri pushed", authorizeParameters("request_uri", "urn:x"), nil, 400, InvalidRequest},
		{"unknown client", authorizeParameters("client_id", "nobody"), nil, 401, InvalidClient},
		{"confidential client without its secret", authorizeParameters(confidential...), nil, 401, InvalidClient},
		{"confidential client with a wrong secret", authorizeParameters(append(confidential, "client_secret", "wrong")...), nil, 401, InvalidClient},
		{"unregistered redirect_uri", authorizeParameters("redirect_uri", "https://evil.example/"), nil, 400, InvalidRequest},
		{"missing redirect_uri", authorizeParameters("redirect_uri", ""), nil, 400, InvalidRequest},
		{"unknown scope", authorizeParameters("scope", "openid nonsense"), nil, 400, InvalidScope},
		{"response_type token", authorizeParameters("response_type", "token"), nil, 400, UnsupportedResponseType},
		{"no PKCE", authorizeParameters("code_challenge", ""), nil, 400, InvalidRequest},
		{"state twice", url.Values{"state": {"a", "b"}, "client_id": {"spa-client"}}, nil, 400, InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantError(t, s.call(http.MethodPost, "/connect/par", row.form, row.headers...), row.status, row.want)
		})
	}
	if answer := s.call(http.MethodPost, "/connect/par", authorizeParameters(append(confidential, "client_secret", "bff-secret", "scope", "openid")...)); answer.StatusCode != http.StatusCreated {
		t.Errorf("the right secret: got %d %s", answer.StatusCode, answer.Body)
	}
	if answer := s.call(http.MethodGet, "/connect/par", nil); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: got %d", answer.StatusCode)
	}
}

func TestRequirePushedAuthorization(t *testing.T) { // RFC 9126 §6
	s := newSite(t)
	s.exec(`UPDATE "Clients" SET "RequirePushedAuthorization" = true WHERE "ClientId" = 'spa-client'`)
	b := s.browser()
	wantRedirectError(t, b.get(s.authorizeURL()), InvalidRequest)
	wantRedirectError(t, b.get(strings.Replace(s.authorizeURL(), "authorize?", "authorize/callback?", 1)), InvalidRequest)
	if answer := b.get(s.pushedURL(s.push())); answer.location() == nil || answer.location().Path != "/account/login" {
		t.Errorf("pushed: got %d", answer.StatusCode)
	}
}
