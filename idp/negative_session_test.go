package idp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func TestI22EndSession(t *testing.T) { // RP-Initiated Logout §2, §3
	s := newSite(t)
	b := s.browser()
	hint := s.redeem(s.signIn(b, "Mick")).IDToken
	leaving := func(more string, pairs ...string) func(*site) page {
		return func(*site) page { return b.get(s.endSessionURL(pairs...) + more) }
	}
	const evil = "https://evil.example/"
	refuseAll(t, s, []misuse{
		{"RP-Initiated Logout §2", "another client's hint", leaving("", "id_token_hint", hint, "client_id", "bff-client"), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "id_token_hint twice", leaving("&id_token_hint=x", "id_token_hint", hint), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "client_id twice", leaving("&client_id=x", "client_id", "spa-client"), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "post_logout_redirect_uri twice", leaving("&post_logout_redirect_uri="+url.QueryEscape(evil), "id_token_hint", hint, "post_logout_redirect_uri", testSignedOut), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "state twice", leaving("&state=b", "state", "a"), toPage, 400, InvalidRequest},
		{"DESIGN §4", "state beyond measure", leaving("", "state", strings.Repeat("x", 5000)), toPage, 400, InvalidRequest},
		{"DESIGN §4", "a hint beyond measure", leaving("", "id_token_hint", strings.Repeat("x", 9000)), toPage, 400, InvalidRequest},
		{"RFC 6749 §3.1", "broken percent-encoding", leaving("&x=%zz"), toPage, 400, InvalidRequest},
	})
	for name, uri := range redirectTricks {
		uri = strings.ReplaceAll(uri, "signin-callback", "signout-callback")
		for _, pairs := range [][]string{
			{"client_id", "spa-client", "post_logout_redirect_uri", uri},
			{"id_token_hint", "nonsense", "post_logout_redirect_uri", uri},
		} {
			answer := s.browser().get(s.endSessionURL(pairs...))
			if answer.Header.Get("Location") != "" || answer.StatusCode >= 500 {
				t.Errorf("%s: %d %s", name, answer.StatusCode, answer.Header.Get("Location"))
			}
			answer.document(t).Find("a, form, meta[http-equiv=refresh]").Each(func(_ int, link *goquery.Selection) {
				for _, attribute := range []string{"href", "action", "content"} {
					if value := link.AttrOr(attribute, ""); strings.Contains(value, "evil") || strings.Contains(value, "signout-callback") {
						t.Errorf("%s: the page leads to %s", name, value)
					}
				}
			})
		}
	}
	if s.renew(b).sent("code") == "" {
		t.Error("one of the refused requests ended the session")
	}
}

// Forms of our own pages: what another site posts does not count, and what they carry back leads nowhere else.
func TestI22PagesOfOurOwn(t *testing.T) { // RFC 9700 §4.11, §4.16
	s := newSite(t)
	b := s.browser()
	s.signIn(b, "Mick")
	for path, form := range map[string]url.Values{
		"/account/login":  {"Username": {"Mick"}, "Password": {"MickPassword"}, "button": {"login"}},
		"/account/logout": {"button": {"logout"}},
		"/consent":        {"button": {"allow"}},
		"/device":         {"user_code": {"BCDF-GHJK"}, "button": {"allow"}},
	} {
		for _, site := range []string{"cross-site", "same-site"} {
			r := httptest.NewRequest(http.MethodPost, s.issuer+path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", formType)
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Origin", "https://evil.example")
			if answer := b.do(r); answer.StatusCode != http.StatusForbidden || len(answer.Cookies()) > 0 {
				t.Errorf("%s from a %s page: %d", path, site, answer.StatusCode)
			}
		}
	}
	for _, trick := range openRedirects {
		for _, path := range []string{"/account/login", "/consent"} {
			answer := s.browser().get(s.issuer + path + "?returnUrl=" + url.QueryEscape(trick))
			if answer.Header.Get("Location") != "" || answer.StatusCode != http.StatusBadRequest {
				t.Errorf("%s with returnUrl %q: %d %s", path, trick, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
	}
	if s.renew(b).sent("code") == "" {
		t.Error("one of the refused requests ended the session")
	}
}
