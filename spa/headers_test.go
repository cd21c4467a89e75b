package spa

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestPoliciesOfThePages(t *testing.T) {
	s := newSite(t, companiesAPI)
	got := s.get("/")
	policy := got.Header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "style-src 'self';", "connect-src 'self' http://localhost:5005 http://localhost:5001;",
		"frame-src 'self' http://localhost:5005;", "frame-ancestors 'none'", "base-uri 'none'",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q is unsafe", policy)
	}
	nonce := regexp.MustCompile(`'nonce-([^']+)'`).FindStringSubmatch(policy)
	if nonce == nil || s.document(got).Find("script[type=importmap]").AttrOr("nonce", "") != nonce[1] {
		t.Error("the import map does not carry the nonce of the policy")
	}
	if again := s.get("/").Header.Get("Content-Security-Policy"); again == policy {
		t.Error("two answers have the same nonce")
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
	} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
}

func TestA32TheSilentCallbackIsNoApplication(t *testing.T) {
	s := newSite(t, companiesAPI)
	got := s.get("/assets/silent-callback.html?code=x&state=y")
	doc := s.document(got)
	if got.StatusCode != http.StatusOK || len(got.body) >= 5<<10 {
		t.Errorf("%d with %d bytes, want 200 and less than 5 kB", got.StatusCode, len(got.body))
	}
	if scripts := doc.Find("script[src]"); scripts.Length() != 1 || !strings.HasPrefix(scripts.AttrOr("src", ""), "/static/js/silent-callback.js?v=") {
		t.Error("it loads something else than its own script")
	}
	if doc.Find("main, nav, link, iframe, form").Length() != 0 {
		t.Error("it carries parts of the application")
	}
	policy := got.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "frame-ancestors 'self'") || strings.Contains(policy, "connect-src") {
		t.Errorf("policy %q: our own page must be able to frame it, and it talks to nobody", policy)
	}
	if strings.Contains(got.body, "code=x") || got.Header.Get("Cache-Control") != "no-store" {
		t.Error("the code came back, or may be kept")
	}
	// The library sets timers only when automaticSilentRenew is on or monitorSession is; the script switches both off or leaves them so.
	script := s.get("/static/js/silent-callback.js").body
	if !strings.Contains(script, "automaticSilentRenew: false") || strings.Contains(script, "monitorSession") || strings.Contains(script, "setInterval") {
		t.Error("the silent callback may start a timer")
	}
}

func TestHeadIsAnswered(t *testing.T) {
	s := newSite(t, companiesAPI)
	for _, target := range []string{"/", "/settings", "/healthz", "/static/icon.svg", "/events"} {
		if got := s.do(http.MethodHead, target, ""); got.StatusCode != http.StatusOK {
			t.Errorf("HEAD %s: %d, want 200", target, got.StatusCode)
		}
	}
	if got := s.do(http.MethodDelete, "/companies", ""); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("DELETE /companies: %d, want 405", got.StatusCode)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, bad := range []func(*Config){
		func(c *Config) { c.URL = "" },
		func(c *Config) { c.Authority = "localhost:5005" },
		func(c *Config) { c.APIURL = "http://localhost:5001?x=1" },
	} {
		cfg := Config{URL: "http://localhost:4200", Authority: "http://localhost:5005", APIURL: "http://localhost:5001"}
		bad(&cfg)
		if _, err := New(cfg, nil); err == nil {
			t.Errorf("New accepted %+v", cfg)
		}
	}
}
