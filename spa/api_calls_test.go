package spa

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/dpop/dpoptest"
)

// ask sends a request of the page with a bound token and proofs for the given calls of the API.
func (s *site) ask(key dpoptest.Key, method, path, body string, calls ...string) answer {
	s.t.Helper()
	var proofs []string
	for _, call := range calls {
		htm, target, _ := strings.Cut(call, " ")
		proofs = append(proofs, key.ProofWith("bound", htm, "http://localhost:5001"+target))
	}
	return s.do(method, path, body, "HX-Request", "true", "Authorization", "DPoP bound", forwardHeader, strings.Join(proofs, ", "),
		"Content-Type", "application/x-www-form-urlencoded")
}

// callsFor says what the table tells the page about a path.
func callsFor(method, path string) []string {
	for _, row := range apiCalls {
		names, values := strings.Split(row.Path, "/"), strings.Split(path, "/")
		if row.Method != method || len(names) != len(values) {
			continue
		}
		var fill []string
		same := true
		for i, name := range names {
			if strings.HasPrefix(name, ":") {
				fill = append(fill, name, values[i])
			} else {
				same = same && name == values[i]
			}
		}
		if same {
			var calls []string
			for _, call := range row.Calls {
				calls = append(calls, strings.NewReplacer(fill...).Replace(call))
			}
			return calls
		}
	}
	return nil
}

// With the proofs that the table asks for, every page gets what it needs from the API, and the API gets each proof verbatim,
// once, for the call it was made for (RFC 9449 §7.1).
func TestRFC9449Section71ProofsAreForwarded(t *testing.T) {
	key := dpoptest.NewKey(t, jose.ES256)
	for _, row := range []struct{ method, path, body string }{
		{"GET", "/companies", ""}, {"GET", "/companies?search=x&after=y", ""}, {"GET", "/companies/new", ""}, {"GET", "/companies/" + firstID, ""},
		{"GET", "/privacy", ""}, {"GET", "/companies/" + firstID + "/edit", ""}, {"POST", "/companies/" + firstID + "/restore", ""},
		{"POST", "/companies/" + firstID, url.Values{"name": {"N"}, "address": {"A"}, "country": {"C"}, "tag": {staleTag}}.Encode()},
		{"POST", "/companies/" + firstID + "/delete", url.Values{"tag": {staleTag}}.Encode()}, {"POST", "/companies", url.Values{"name": {"N"}, "address": {"A"}, "country": {"C"}}.Encode()},
	} {
		t.Run(row.method+" "+row.path, func(t *testing.T) {
			path, _, _ := strings.Cut(row.path, "?")
			calls := callsFor(row.method, path)
			if len(calls) == 0 {
				t.Fatal("the table says nothing about it")
			}
			var made []string
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
				made = append(made, r.Method+" "+r.URL.Path)
				if r.Header.Get("Authorization") != "DPoP bound" || len(r.Header.Values("DPoP")) != 1 || r.Header.Get(forwardHeader) != "" {
					t.Errorf("header of the call: %v", r.Header)
				}
				r.Header.Set("Authorization", "Bearer mick")
				w.Header().Set("DPoP-Nonce", "next")
				companiesAPI(w, r)
			})
			got := s.ask(key, row.method, row.path, row.body, calls...)
			if got.StatusCode >= 300 && got.StatusCode != http.StatusPreconditionFailed || !slices.Equal(made, calls) || got.Header.Get("DPoP-Nonce") != "next" {
				t.Errorf("%d, calls %v, want %v; header %v", got.StatusCode, made, calls, got.Header)
			}
		})
	}
}

func TestRFC9449WithoutItsProofTheAPIIsNotCalled(t *testing.T) {
	key := dpoptest.NewKey(t, jose.ES256)
	for name, calls := range map[string][]string{
		"none": nil, "for another method": {"POST /api/companies"}, "for another path": {"GET /api/companies/x"},
	} {
		s := newSite(t, func(http.ResponseWriter, *http.Request) { t.Errorf("%s: the API was called", name) })
		got := s.ask(key, "GET", "/companies", "", calls...)
		if challenge := got.Header.Get("WWW-Authenticate"); got.StatusCode != http.StatusUnauthorized || challenge != `DPoP error="invalid_dpop_proof", error_description="no proof for GET /api/companies"` {
			t.Errorf("%s: %d %s", name, got.StatusCode, challenge)
		}
	}
	s := newSite(t, func(http.ResponseWriter, *http.Request) { t.Error("the API was called") })
	for _, sent := range []string{"x", "a.b.c", "a.!.c", ",,,", strings.Repeat("a.e30.c,", 5000)} {
		if got := s.get("/companies", "HX-Request", "true", "Authorization", "DPoP bound", forwardHeader, sent); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%.20q: %d", sent, got.StatusCode)
		}
	}
}

// The page learns the nonce that the API wants, and nobody repeats the call for it (RFC 9449 §9).
func TestRFC9449Section9TheNonceReachesThePage(t *testing.T) {
	key, challenge := dpoptest.NewKey(t, jose.ES256), `DPoP realm="companies", error="use_dpop_nonce"`
	calls := 0
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("WWW-Authenticate", challenge)
		w.Header().Set("DPoP-Nonce", "n1")
		w.WriteHeader(http.StatusUnauthorized)
	})
	got := s.ask(key, "GET", "/companies", "", "GET /api/companies")
	if calls != 1 || got.StatusCode != http.StatusUnauthorized || got.Header.Get("DPoP-Nonce") != "n1" || got.Header.Get("WWW-Authenticate") != challenge {
		t.Errorf("%d calls, %d %v", calls, got.StatusCode, got.Header)
	}
}

// The proofs are not in any event.
func TestProofsStayOutOfEvents(t *testing.T) {
	s := newSite(t, companiesAPI)
	s.ask(dpoptest.NewKey(t, jose.ES256), "GET", "/companies", "", "GET /api/companies")
	for _, e := range s.events() {
		for name, value := range e.Parameters {
			if strings.Contains(value, "eyJ") {
				t.Errorf("%s: %s", name, value)
			}
		}
	}
}

// Whoever adds a page that calls the API says so in the table.
func TestEveryRouteThatTakesATokenIsInTheTable(t *testing.T) {
	taking := 0
	for _, route := range (&Server{}).routes().(*gin.Engine).Routes() {
		if strings.Contains(route.Handler, "withToken") {
			if taking++; callsFor(route.Method, route.Path) == nil {
				t.Errorf("%s %s takes a token: say in api_calls.go which calls of the API answer it", route.Method, route.Path)
			}
		}
	}
	if taking == 0 {
		t.Error("no route takes a token: this test looks at the wrong thing")
	}
}
