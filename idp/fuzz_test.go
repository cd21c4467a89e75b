package idp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzAuthorize: whatever the query, an unregistered redirect_uri never appears in a Location, prompt=none never leads to
// a form, and nothing makes the provider fail.
func FuzzAuthorize(f *testing.F) {
	for _, pairs := range [][]string{
		nil, {"prompt", "none"}, {"redirect_uri", "https://evil.example/"}, {"redirect_uri", testCallback + "@evil.example"},
		{"redirect_uri", "//evil.example"}, {"redirect_uri", "javascript:alert(1)"}, {"redirect_uri", testCallback + "\r\nLocation: https://evil.example"},
		{"state", "\r\nLocation: https://evil.example"}, {"client_id", "bff-client"}, {"client_id", "company-employee"},
		{"prompt", "none login"}, {"max_age", "0"}, {"scope", "openid\x00"}, {"id_token_hint", "a.b.c"}, {"login_after", "99999999999"},
	} {
		f.Add(authorizeParameters(pairs...).Encode())
	}
	f.Add(authorizeParameters().Encode() + "&redirect_uri=https%3A%2F%2Fevil.example")
	f.Add("client_id=spa-client&redirect_uri=%00")
	f.Add("%")
	f.Add(";")
	s := newSite(f)
	clients, err := s.db.Clients(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	var registered []string
	for _, client := range clients {
		registered = append(registered, client.RedirectURIs...)
	}
	signedIn := s.browser()
	s.signIn(signedIn, "Mick")

	f.Fuzz(func(t *testing.T, query string) {
		here := *s
		here.t, signedIn.t = t, t
		for name, b := range map[string]*browser{"signed in": signedIn, "signed out": here.browser()} {
			for _, path := range []string{"/connect/authorize", callbackPath} {
				u := must(url.Parse(s.issuer + path))
				u.RawQuery = query
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.issuer, nil)
				if err != nil {
					t.Fatal(err)
				}
				request.URL = u
				answer := b.do(request)
				location := answer.Header.Get("Location")
				ours := strings.HasPrefix(location, "/account/login?returnUrl=") || strings.HasPrefix(location, "/consent?returnUrl=")
				theirs := slices.ContainsFunc(registered, func(uri string) bool { return strings.HasPrefix(location, uri+"?") })
				if location != "" && !ours && !theirs || strings.ContainsAny(location, "\r\n") {
					t.Errorf("%s, %s: Location %q", name, path, location)
				}
				if values, _ := url.ParseQuery(query); values.Get("prompt") == "none" && (ours || strings.Contains(answer.Body, "<form")) {
					t.Errorf("%s, %s: prompt=none leads to %q", name, path, location)
				}
				if answer.StatusCode >= 500 || location == "" && answer.StatusCode < 400 {
					t.Errorf("%s, %s: got %d %q", name, path, answer.StatusCode, location)
				}
			}
		}
	})
}

// FuzzReturnURL: whatever comes back from the login form, the browser stays at the provider.
func FuzzReturnURL(f *testing.F) {
	for _, trick := range openRedirects {
		f.Add(trick)
	}
	f.Add(callbackPath + "?" + authorizeParameters().Encode())
	f.Add("")
	f.Add(devicePath + "?user_code=BCDF-GHJK")
	f.Add(devicePath + "?user_code=BCDFGHJK&returnUrl=//evil.example#x")
	f.Add(devicePath + "/../\\evil.example")
	f.Add(callbackPath + "?" + strings.Repeat("a", maxLength["ReturnUrl"]-len(callbackPath)-1)) // "=" is added when it is encoded anew
	s := newSite(f)
	p := s.provider()
	p.base = must(url.Parse(testIssuer))

	f.Fuzz(func(t *testing.T, sent string) {
		back, err := p.parseReturnURL(sent)
		if err != nil {
			return
		}
		local := p.local(back)
		resolved, err := must(url.Parse(s.issuer + "/account/login")).Parse(local)
		if err != nil || resolved.Scheme+"://"+resolved.Host != s.issuer || !slices.Contains([]string{callbackPath, devicePath, "/"}, resolved.Path) {
			t.Errorf("%q leads to %q", sent, local)
		}
		if strings.ContainsFunc(local, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) || strings.HasPrefix(local, "//") {
			t.Errorf("%q leads to %q, which a browser may read differently", sent, local)
		}
		if again, err := p.parseReturnURL(p.hidden(back)); err != nil || p.local(again) != local {
			t.Errorf("%q does not survive the form: %q, %v", sent, p.local(again), err)
		}
	})
}

// FuzzCookies: whatever a browser says it remembers, it is nobody: no code, no form filled in for somebody, and no fault of ours.
func FuzzCookies(f *testing.F) {
	for _, seed := range []string{
		"", "idsrv=", "idsrv=x", "idsrv=x; idsrv=y", `idsrv="x"`, "idsrv=%00", "idsrv=\xff", "idsrv.session=x", "idsrv.known=x", "=x", ";;;", "idsrv = x",
		"idsrv=" + strings.Repeat("x", 5000), "idsrv=x, idsrv.session=y", "$Version=1; idsrv=x",
	} {
		f.Add(seed)
	}
	s := newSite(f)
	b := s.browser()
	s.signIn(b, "Mick")                                                                   // there is a session to be found
	handle, sid := b.cookie(s.issuer, sessionCookie), b.cookie(s.issuer, sessionIDCookie) // the second is no secret, and good for nothing here
	f.Add(sessionIDCookie + "=" + sid + "; " + sessionCookie + "=" + sid)
	f.Fuzz(func(t *testing.T, cookies string) {
		here := *s
		here.t = t
		if strings.Contains(cookies, handle) {
			return // nobody guesses it
		}
		for _, target := range []string{s.authorizeURL("prompt", "none"), s.issuer + "/", s.issuer + "/account/login", s.issuer + "/connect/endsession", s.issuer + devicePath} {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Header["Cookie"] = []string{cookies}
			answer := here.serve(r)
			if answer.StatusCode >= 400 {
				t.Errorf("%s: %d %.200s", target, answer.StatusCode, answer.Body)
			}
			if prompt := strings.Contains(target, "prompt=none"); prompt && answer.sent("error") != string(LoginRequired) || answer.sent("code") != "" {
				t.Errorf("%s: %s", target, answer.Header.Get("Location"))
			}
			if strings.Contains(answer.Body, "Mick Mining") || answer.setCookie(sessionCookie) != nil && answer.setCookie(sessionCookie).Value != "" {
				t.Errorf("%s knows somebody: %.300s", target, answer.Body)
			}
		}
	})
}
