package idp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"silentrenew/db"
)

// The negative suite (I22): a row for each MUST a client can break, with what it gets. The rows are in negative_*_test.go,
// one file for each kind of endpoint.

// goes is where a refusal goes to: it depends on how far the request got (error_writers.go).
type goes int

const (
	toPage      goes = iota // for the user: nothing in the request says where else it is safe to go (RFC 6749 §4.1.2.1)
	toClient                // to the redirect URI, with error, state and iss (RFC 6749 §4.1.2.1, RFC 9207 §2)
	toJSON                  // RFC 6749 §5.2
	toBasic                 // JSON and a challenge, since the request tried the Authorization header (RFC 6749 §5.2)
	toChallenge             // WWW-Authenticate: Bearer with the code (RFC 6750 §3)
	toBare                  // the challenge alone: nothing was sent that could be wrong (RFC 6750 §3.1)
	toLogin                 // no refusal: the user is asked
)

// misuse is one row: what a client does wrong and what comes of it.
type misuse struct {
	clause string
	name   string
	answer func(s *site) page
	goes   goes
	status int
	code   Code
}

// refuseAll runs the rows, all against one provider: none may spoil it for the next.
func refuseAll(t *testing.T, s *site, rows []misuse) {
	for _, row := range rows {
		t.Run(row.clause+" "+row.name, func(t *testing.T) {
			here := *s
			here.t = t
			wantRefusal(t, row.answer(&here), row.goes, row.status, row.code)
		})
	}
}

func wantRefusal(t *testing.T, answer page, to goes, status int, code Code) {
	t.Helper()
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control: %q", answer.Header.Get("Cache-Control"))
	}
	location := answer.Header.Get("Location")
	if to != toClient && to != toLogin && location != "" {
		t.Errorf("leads to %s", location)
	}
	if answer.StatusCode != status {
		t.Errorf("got %d, want %d: %s %.400s", answer.StatusCode, status, location, answer.Body)
	}
	challenge := answer.Header.Get("WWW-Authenticate")
	switch to {
	case toPage:
		if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") || !strings.Contains(answer.document(t).Text(), string(code)) {
			t.Errorf("no page that says %s:\n%.400s", code, answer.Body)
		}
	case toClient:
		target, query, _ := strings.Cut(location, "?")
		sent := must(url.ParseQuery(query))
		if target != testCallback || sent.Get("error") != string(code) || sent.Get("iss") != testIssuer || sent.Has("code") {
			t.Errorf("got %s %s, want %s at %s (%s)", target, sent.Get("error"), code, testCallback, sent.Get("error_description"))
		}
		asked := answer.Request.URL.Query()
		if states := asked["state"]; len(states) == 1 && sent.Get("state") != states[0] {
			t.Errorf("state %q became %q", states[0], sent.Get("state"))
		}
	case toLogin:
		if !strings.HasPrefix(location, "/account/login?") {
			t.Errorf("leads to %q, want the login page", location)
		}
	case toBare:
		if challenge != "Bearer" {
			t.Errorf("WWW-Authenticate: %q, want the bare challenge", challenge)
		}
	default:
		got := decode[errorBody](t, answer)
		if got.Error != code || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
			t.Errorf("got %s (%s), want %s", got.Error, got.Description, code)
		}
		begins := map[goes]string{toJSON: "", toBasic: `Basic realm="`, toChallenge: `Bearer error="` + string(code) + `"`}[to]
		if !strings.HasPrefix(challenge, begins) || begins == "" && challenge != "" {
			t.Errorf("WWW-Authenticate: %q, want %q", challenge, begins)
		}
	}
}

// asking is an authorization request of somebody who is not signed in.
func asking(pairs ...string) func(*site) page {
	return func(s *site) page { return s.browser().get(s.authorizeURL(pairs...)) }
}

// askingRaw adds something to a good request that no url.Values could hold.
func askingRaw(more string, pairs ...string) func(*site) page {
	return func(s *site) page { return s.browser().get(s.authorizeURL(pairs...) + more) }
}

// posting sends a form to a back-channel endpoint.
func posting(path string, form url.Values, headers ...string) func(*site) page {
	return func(s *site) page { return s.call(http.MethodPost, path, form, headers...) }
}

// postingRaw sends a body as it is.
func postingRaw(path, contentType, body string, headers ...string) func(*site) page {
	return func(s *site) page {
		r := httptest.NewRequest(http.MethodPost, s.issuer+path, strings.NewReader(body))
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
		return s.serve(r)
	}
}

// redeeming sends a token request with a fresh code that change may spoil.
func redeeming(change func(*db.AuthorizationCode), pairs ...string) func(*site) page {
	return func(s *site) page { return s.token(tokenForm(s.insertCode(change), pairs...)) }
}

// bearing calls userinfo with these headers.
func bearing(headers ...string) func(*site) page {
	return func(s *site) page { return s.call(http.MethodGet, "/connect/userinfo", nil, headers...) }
}

const formType = "application/x-www-form-urlencoded"

// A method that an endpoint does not serve is 405 with the ones it does in Allow (RFC 9110 §15.5.6), and a body or a
// credential changes nothing about it.
func TestI22Methods(t *testing.T) {
	s := newSite(t)
	for path, allowed := range map[string]string{
		"/.well-known/openid-configuration":      "GET",
		"/.well-known/openid-configuration/jwks": "GET",
		"/connect/authorize":                     "GET, POST", // OIDC Core §3.1.2.1
		"/connect/authorize/callback":            "GET",
		"/connect/par":                           "POST", // RFC 9126 §2
		"/connect/token":                         "POST", // RFC 6749 §3.2
		"/connect/userinfo":                      "GET, POST",
		"/connect/revocation":                    "POST",             // RFC 7009 §2.1
		"/connect/introspect":                    "POST",             // RFC 7662 §2.1
		"/connect/deviceauthorization":           "POST",             // RFC 8628 §3.1
		"/connect/register":                      "POST",             // RFC 7591 §3.1
		"/connect/register/client":               "GET, PUT, DELETE", // RFC 7592 §2
		"/connect/endsession":                    "GET, POST",
		"/connect/checksession":                  "GET",
		"/account/login":                         "GET, POST",
		"/account/logout":                        "GET, POST",
		"/consent":                               "GET, POST",
		"/device":                                "GET, POST",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"} {
			served := strings.Contains(allowed, method) || method == "HEAD" && strings.Contains(allowed, "GET")
			r := httptest.NewRequest("GET", s.issuer+path, nil)
			r.Method = method
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			answer := s.serve(r)
			if served {
				if answer.StatusCode == http.StatusMethodNotAllowed || answer.StatusCode >= 500 {
					t.Errorf("%s %s: %d", method, path, answer.StatusCode)
				}
				continue
			}
			got := answer.Header.Get("Allow")
			if answer.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d, want 405", method, path, answer.StatusCode)
			}
			for want := range strings.SplitSeq(allowed, ", ") {
				if !strings.Contains(got, want) {
					t.Errorf("%s %s: Allow %q lacks %s", method, path, got, want)
				}
			}
		}
		if strings.HasPrefix(path, registrationPath) {
			continue // open to every page (TestA51RegistrationCORS)
		}
		preflight := s.call(http.MethodOptions, path, nil, "Origin", "https://stranger.example", "Access-Control-Request-Method", "POST")
		if preflight.StatusCode >= 500 || preflight.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("OPTIONS %s from a stranger: %d %q", path, preflight.StatusCode, preflight.Header.Get("Access-Control-Allow-Origin"))
		}
	}
}
