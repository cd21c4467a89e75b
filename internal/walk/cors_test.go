package walk

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestA51OnlyRegisteredOriginsMayAsk: script of the front end may talk to the provider's endpoints, script of another
// origin may not.
func TestA51OnlyRegisteredOriginsMayAsk(t *testing.T) {
	p, b := walk(t)
	endpoints := []struct{ method, path string }{
		{"GET", "/.well-known/openid-configuration"},
		{"GET", "/.well-known/openid-configuration/jwks"},
		{"POST", "/connect/token"},
		{"GET", "/connect/userinfo"},
	}
	// A header of ours makes the browser ask first (the preflight).
	reads := func(method, path string) bool {
		return eval[bool](b, fmt.Sprintf(
			`fetch(%s, {method: %s, headers: {"X-Correlation-ID": "walkwalk"}}).then(() => true, () => false)`, quote(p.idp+path), quote(method)))
	}
	b.open("/")
	for _, e := range endpoints {
		if !reads(e.method, e.path) {
			t.Errorf("%s %s from the registered origin was blocked", e.method, e.path)
		}
	}

	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<p>elsewhere</p>") }))
	defer stranger.Close()
	b.openURL(stranger.URL)
	for _, e := range endpoints {
		if reads(e.method, e.path) {
			t.Errorf("%s %s from another origin was let through", e.method, e.path)
		}
	}
}
