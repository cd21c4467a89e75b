package spa

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// OIDC Core §4: whoever sends the user must name our provider, and may only name a page of ours.
func TestOIDCCore4InitiateLogin(t *testing.T) {
	s := newSite(t, companiesAPI)
	const authority, here = "http://localhost:5005", "http://localhost:4200"
	for name, row := range map[string]struct {
		query  string
		target string // "" for refused
	}{
		"the provider only":        {url.Values{"iss": {authority}}.Encode(), "/"},
		"a page of ours":           {url.Values{"iss": {authority}, "target_link_uri": {here + "/companies?search=x"}}.Encode(), "/companies?search=x"},
		"our root without a slash": {url.Values{"iss": {authority}, "target_link_uri": {here}}.Encode(), "/"},
		"nothing":                  {"", ""},
		"another provider":         {url.Values{"iss": {"https://evil.example"}}.Encode(), ""},
		"the provider with a /":    {url.Values{"iss": {authority + "/"}}.Encode(), ""},
		"two providers":            {url.Values{"iss": {authority, authority}}.Encode(), ""},
		"a page elsewhere":         {url.Values{"iss": {authority}, "target_link_uri": {"https://evil.example/"}}.Encode(), ""},
		"our name in front":        {url.Values{"iss": {authority}, "target_link_uri": {here + ".evil.example/"}}.Encode(), ""},
		"a user before @":          {url.Values{"iss": {authority}, "target_link_uri": {here + "@evil.example/"}}.Encode(), ""},
		"two slashes":              {url.Values{"iss": {authority}, "target_link_uri": {here + "//evil.example/"}}.Encode(), ""},
		"a backslash":              {url.Values{"iss": {authority}, "target_link_uri": {here + `/\evil.example/`}}.Encode(), ""},
		"a path alone":             {url.Values{"iss": {authority}, "target_link_uri": {"/companies"}}.Encode(), ""},
		"a script":                 {url.Values{"iss": {authority}, "target_link_uri": {"javascript:alert(1)"}}.Encode(), ""},
		"a long hint":              {url.Values{"iss": {authority}, "login_hint": {strings.Repeat("x", 101)}}.Encode(), ""},
	} {
		answer := s.get("/initiate-login?" + row.query)
		panel := s.document(answer).Find("[data-panel=initiate]")
		if got := panel.AttrOr("data-target", ""); got != row.target || (answer.StatusCode == http.StatusOK) != (row.target != "") {
			t.Errorf("%s: %d, target %q, want %q", name, answer.StatusCode, got, row.target)
		}
	}
	hinted := s.document(s.get("/initiate-login?" + url.Values{"iss": {authority}, "login_hint": {"Mick"}}.Encode()))
	if got := hinted.Find("[data-panel=initiate]").AttrOr("data-login-hint", ""); got != "Mick" {
		t.Errorf("login_hint %q", got)
	}

	form := url.Values{"iss": {authority}, "target_link_uri": {here + "/companies"}, "other": {"x"}}
	posted := s.do(http.MethodPost, "/initiate-login", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example")
	form.Del("other")
	if got := posted.Header.Get("Location"); posted.StatusCode != http.StatusSeeOther || got != "/initiate-login?"+form.Encode() {
		t.Errorf("by POST: %d %q", posted.StatusCode, got)
	}
}
