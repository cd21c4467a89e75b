package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
)

const strangersOrigin = "http://localhost:4300"

func TestA51PreflightPassesFromRegisteredOriginsOnly(t *testing.T) {
	s := newSite(t)
	s.addClient("switched-off", func(c *db.Client) { c.Enabled, c.CORSOrigins = false, []string{"http://off.example"} })
	for _, row := range []struct {
		name, origin, method, headers string
		passes                        bool
	}{
		{"the SPA's origin", testSPA, "POST", "", true},
		{"with the headers of a renewal", testSPA, "POST", "authorization,content-type,x-correlation-id", true},
		{"GET", testSPA, "GET", "authorization", true},
		{"an origin nobody registered", strangersOrigin, "POST", "", false},
		{"the SPA's host over https", "https://localhost:4200", "POST", "", false},
		{"the SPA's origin with a slash", testSPA + "/", "POST", "", false},
		{"the SPA's origin in other letters", "http://LOCALHOST:4200", "POST", "", false},
		{"a suffix of it", testSPA + "0", "POST", "", false},
		{"the origin of a disabled client", "http://off.example", "POST", "", false},
		{"a sandboxed page", "null", "POST", "", false},
		{"no text", "http://\x00", "POST", "", false},
		{"a header of another kind", testSPA, "POST", "x-other", false},
		{"another method", testSPA, "DELETE", "", false},
	} {
		for _, endpoint := range corsEndpoints {
			headers := []string{"Origin", row.origin, "Access-Control-Request-Method", row.method}
			if row.headers != "" {
				headers = append(headers, "Access-Control-Request-Headers", row.headers)
			}
			answer := s.call(http.MethodOptions, endpoint, nil, headers...)
			if got := answer.Header.Get("Access-Control-Allow-Origin"); (got == row.origin) != row.passes || !row.passes && got != "" {
				t.Errorf("%s: %s: Access-Control-Allow-Origin is %q", row.name, endpoint, got)
			}
			if got := answer.Header.Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("%s: %s: cookies are let in: %q", row.name, endpoint, got)
			}
			if answer.StatusCode != http.StatusNoContent {
				t.Errorf("%s: %s: got %d", row.name, endpoint, answer.StatusCode)
			}
		}
	}
}

// A client's script can read every answer, also the errors, and the headers it needs (I15).
func TestA51I15AnswersAndErrorsAreReadableByTheSPA(t *testing.T) {
	s := newSite(t)
	for _, row := range []struct {
		name, method, path string
		form               url.Values
		status             int
	}{
		{"discovery", "GET", "/.well-known/openid-configuration", nil, 200},
		{"jwks", "GET", "/.well-known/openid-configuration/jwks", nil, 200},
		{"token: 400", "POST", "/connect/token", tokenForm("no-such-code"), 400},
		{"token: 401", "POST", "/connect/token", tokenForm("no-such-code", "client_id", "nobody"), 401},
		{"token: malformed", "POST", "/connect/token?x=%zz", tokenForm("c"), 400},
		{"userinfo: 401", "GET", "/connect/userinfo", nil, 401},
		{"userinfo: 400", "GET", "/connect/userinfo?access_token=x", nil, 400},
	} {
		for _, origin := range []string{testSPA, strangersOrigin, ""} {
			var headers []string
			if origin != "" {
				headers = []string{"Origin", origin}
			}
			answer := s.call(row.method, row.path, row.form, headers...)
			if answer.StatusCode != row.status {
				t.Errorf("%s from %q: got %d %s", row.name, origin, answer.StatusCode, answer.Body)
			}
			want := ""
			if origin == testSPA {
				want = testSPA
			}
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s from %q: Access-Control-Allow-Origin is %q", row.name, origin, got)
			}
			if !slices.Contains(answer.Header.Values("Vary"), "Origin") {
				t.Errorf("%s from %q: no Vary: Origin, a cache would mix the answers up", row.name, origin)
			}
			for _, exposed := range []string{"Www-Authenticate", "Date"} { // Date: R21
				if origin == testSPA && !strings.Contains(answer.Header.Get("Access-Control-Expose-Headers"), exposed) {
					t.Errorf("%s: %s is not exposed", row.name, exposed)
				}
			}
		}
	}
}

// An edit of ClientCorsOrigins counts for the next request, like every edit.
func TestA51OriginsAreReadNow(t *testing.T) {
	s := newSite(t)
	allowed := func() string {
		return s.call(http.MethodGet, "/.well-known/openid-configuration", nil, "Origin", strangersOrigin).Header.Get("Access-Control-Allow-Origin")
	}
	if allowed() != "" {
		t.Fatal("let in before it is registered")
	}
	s.exec(`INSERT INTO "ClientCorsOrigins" ("Origin", "ClientId") SELECT ?, "Id" FROM "Clients" WHERE "ClientId" = 'spa-client'`, strangersOrigin)
	if allowed() != strangersOrigin {
		t.Error("not let in after it was registered")
	}
}
