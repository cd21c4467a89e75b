package idp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/PuerkitoBio/goquery"
)

// fields returns what the self-posting page would post.
func (p page) fields(t testing.TB) url.Values {
	t.Helper()
	values := url.Values{}
	p.document(t).Find("form#form-post input").Each(func(_ int, input *goquery.Selection) {
		values.Add(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	return values
}

func TestResponseModeFragment(t *testing.T) { // OAuth 2.0 Multiple Response Types §2.1
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		s.signIn(b, "Mick")
		for _, row := range []struct {
			name  string
			pairs []string
			want  string
		}{
			{"success", nil, "code"},
			{"error", []string{"scope", "openid nonsense"}, "error"},
		} {
			answer := b.get(s.authorizeURL(append(row.pairs, "response_mode", "fragment")...))
			location := answer.location()
			if location == nil || location.RawQuery != "" {
				t.Fatalf("%s: got %d %v, want everything in the fragment", row.name, answer.StatusCode, location)
			}
			sent, err := url.ParseQuery(location.Fragment)
			if err != nil || sent.Get(row.want) == "" || sent.Get("state") != "state-1" || sent.Get("iss") != testIssuer || sent.Get("session_state") == "" {
				t.Errorf("%s: %v %v", row.name, sent, err)
			}
		}
	})
}

func TestResponseModeFormPost(t *testing.T) { // OAuth 2.0 Form Post Response Mode §2
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		form := b.follow(b.get(s.authorizeURL("response_mode", "form_post", "state", `"><script>alert(1)</script>`)))
		answer := b.follow(b.submitLogin(form, "Mick", "MickPassword"))
		sent := answer.fields(t)
		if answer.StatusCode != http.StatusOK || sent.Get("code") == "" || sent.Get("state") != `"><script>alert(1)</script>` ||
			sent.Get("iss") != testIssuer || sent.Get("session_state") == "" {
			t.Fatalf("got %d %v", answer.StatusCode, sent)
		}
		document := answer.document(t)
		target := document.Find("form#form-post")
		if target.AttrOr("action", "") != testCallback || target.AttrOr("method", "") != "post" || document.Find("#continue").Length() != 1 {
			t.Errorf("the form does not post to the redirect URI, or has no button\n%s", answer.Body)
		}
		csp := answer.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors "+testSPA) {
			t.Errorf("Content-Security-Policy: %s", csp)
		}
		if got := answer.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control: %q", got)
		}
		if got := answer.Header.Get("Referrer-Policy"); got != "strict-origin" {
			t.Errorf("Referrer-Policy: %q, the post would have Origin: null", got)
		}
		script, _ := document.Find("script").Attr("src")
		if s.call(http.MethodGet, script, nil).StatusCode != http.StatusOK || document.Find("script").Length() != 1 || document.Find("script").Text() != "" {
			t.Errorf("the page needs one script file of ours: %q", script)
		}
		s.redeem(sent.Get("code"))

		for _, row := range []struct {
			name  string
			pairs []string
			want  Code
		}{
			{"unknown scope", []string{"scope", "openid nonsense"}, InvalidScope},
			{"prompt=none for somebody else", []string{"prompt", "none", "max_age", "0"}, LoginRequired},
		} {
			answer := b.get(s.authorizeURL(append(row.pairs, "response_mode", "form_post")...))
			if sent := answer.fields(t); sent.Get("error") != string(row.want) || sent.Get("state") != "state-1" || sent.Get("iss") != testIssuer || sent.Get("session_state") == "" {
				t.Errorf("%s: %v", row.name, sent)
			}
		}
		cancelled := s.browser()
		login := cancelled.follow(cancelled.get(s.authorizeURL("response_mode", "form_post")))
		if sent := cancelled.submit(login, "cancel").fields(t); sent.Get("error") != string(AccessDenied) {
			t.Errorf("cancel: %v", sent)
		}
	})
}

// A mode we do not know is refused by way of the default one; without a registered redirect URI no mode counts.
func TestResponseModeRefused(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, mode := range []string{"jwt", "web_message", "QUERY", "form_post "} {
		wantRedirectError(t, b.get(s.authorizeURL("response_mode", mode)), InvalidRequest)
	}
	twice := authorizeParameters("response_mode", "form_post")
	twice.Add("response_mode", "fragment")
	wantRedirectError(t, b.get(s.issuer+"/connect/authorize?"+twice.Encode()), InvalidRequest)
	answer := b.get(s.authorizeURL("response_mode", "form_post", "redirect_uri", "https://evil.example/"))
	if answer.StatusCode != http.StatusBadRequest || strings.Contains(answer.Body, "<form") {
		t.Errorf("an unregistered redirect URI: got %d\n%s", answer.StatusCode, answer.Body)
	}
}

// crossSitePost is a form of another site: the browser withholds cookies that are SameSite=Lax.
func (s *site) crossSitePost(form url.Values) page {
	s.t.Helper()
	return s.call(http.MethodPost, "/connect/authorize", form, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
}

func TestAuthorizeByPost(t *testing.T) { // OIDC Core §3.1.2.1
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		s.signIn(b, "Mick")
		for _, prompt := range []string{"", "none"} {
			again := s.crossSitePost(authorizeParameters("prompt", prompt, "login_after", "1", "unknown", "x"))
			location := again.location()
			if again.StatusCode != http.StatusSeeOther || location == nil || location.Path != "/connect/authorize" || len(again.Cookies()) != 0 {
				t.Fatalf("got %d %s, want 303 to the same endpoint", again.StatusCode, again.Header.Get("Location"))
			}
			for _, name := range []string{"login_after", "unknown"} {
				if location.Query().Has(name) {
					t.Errorf("%s is carried along", name)
				}
			}
			if answer := b.get(location.String()); answer.StatusCode != http.StatusFound || answer.sent("code") == "" || answer.sent("state") != "state-1" {
				t.Errorf("prompt=%q: got %d %s, want a code", prompt, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
		fresh := s.browser()
		form := fresh.follow(fresh.get(s.crossSitePost(authorizeParameters()).location().String()))
		if code := fresh.follow(fresh.submitLogin(form, "Jane", "JanePassword")).sent("code"); code == "" {
			t.Error("the posted request does not survive the login")
		}
	})
}

// Parameters as long as they may be, of characters that cost three in a URL, survive the way by POST and by the login page.
func TestAuthorizeByPostOfALargeRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		b := s.browser()
		large := authorizeParameters("state", strings.Repeat("ä", maxOtherLength/2), "nonce", strings.Repeat("&", 300), "login_hint", strings.Repeat("%", 100))
		again := s.crossSitePost(large)
		form := b.follow(b.get(again.location().String()))
		answer := b.follow(b.submitLogin(form, "Mick", "MickPassword"))
		if answer.sent("code") == "" || answer.sent("state") != large.Get("state") {
			t.Errorf("got %d %.100s", answer.StatusCode, answer.Header.Get("Location"))
		}
		large.Set("state", strings.Repeat("a", maxQuery))
		if answer := s.crossSitePost(large); answer.sent("error") != string(InvalidRequest) || answer.location().Path != "/signin-callback" {
			t.Errorf("beyond the limit: got %d %.100s", answer.StatusCode, answer.Header.Get("Location"))
		}
		if answer := s.serve(httptest.NewRequest(http.MethodPost, s.issuer+"/connect/authorize", strings.NewReader("client_id=spa-client"))); answer.StatusCode >= 500 {
			t.Errorf("a post without a content type: got %d", answer.StatusCode)
		}
	})
}
