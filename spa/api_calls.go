package spa

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"silentrenew/internal/event"
)

// A token that is bound to a key needs a proof for every call of the API (RFC 9449 §7.1), and only the page holds the key. So
// the page is told which calls the answer to each of its requests takes, makes a proof for each, and this server hands them on.
// A proof names the API's address and method and counts once: whoever reads it here can do nothing else with it.

// pageCalls is one row of that: a request of a page, and the calls of the API that answering it takes. A name such as :id
// stands for the same segment in both.
type pageCalls struct {
	Method string   `json:"method"`
	Path   string   `json:"path"`
	Calls  []string `json:"calls"` // "GET /api/companies"
}

// apiCalls are the requests whose answer comes from the API.
var apiCalls = []pageCalls{
	{http.MethodGet, "/companies", []string{"GET /api/companies", "GET /api/countries"}},
	{http.MethodPost, "/companies", []string{"POST /api/companies"}},
	{http.MethodGet, "/companies/new", []string{"GET /api/countries"}},
	{http.MethodGet, "/companies/:id", []string{"GET /api/companies/:id", "GET /api/countries"}},
	{http.MethodPost, "/companies/:id", []string{"PUT /api/companies/:id", "GET /api/companies/:id"}}, // the second when somebody was faster
	{http.MethodGet, "/companies/:id/edit", []string{"GET /api/companies/:id", "GET /api/countries"}},
	{http.MethodPost, "/companies/:id/delete", []string{"DELETE /api/companies/:id", "GET /api/companies/:id", "GET /api/countries"}}, // the same
	{http.MethodPost, "/companies/:id/restore", []string{"POST /api/companies/:id/restore", "GET /api/companies/:id", "GET /api/countries"}},
	{http.MethodGet, "/privacy", []string{"GET /api/companies/privacy"}},
}

// forwardHeader carries the proofs for the API, with commas between them: the field DPoP itself is for the server that is
// called, and holds one.
const forwardHeader = "X-DPoP-Forward"

// maxProofs bounds the proofs of one request.
const maxProofs = 10

// readProofs returns the proofs of a request by what each is for: "GET http://localhost:5001/api/companies". Whether they are
// any good, the API decides.
func readProofs(r *http.Request) map[string]string {
	sent := r.Header.Get(forwardHeader)
	if sent == "" {
		return nil
	}
	proofs := map[string]string{}
	for _, proof := range strings.SplitN(sent, ",", maxProofs) {
		proof = strings.TrimSpace(proof)
		var claims struct{ Htm, Htu string }
		if parts := strings.Split(proof, "."); len(parts) == 3 {
			payload, err := base64.RawURLEncoding.DecodeString(parts[1])
			if err == nil && json.Unmarshal(payload, &claims) == nil {
				proofs[claims.Htm+" "+claims.Htu] = proof
			}
		}
	}
	return proofs
}

// take returns the proof for a call and forgets it: it counts once.
func (who caller) take(method string, target *url.URL) string {
	bare := url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path, RawPath: target.RawPath}
	key := method + " " + bare.String()
	proof := who.proofs[key]
	delete(who.proofs, key)
	return proof
}

// authorize puts the caller's token on a call of the API, with the proof when the token needs one.
func (who caller) authorize(request *http.Request) error {
	request.Header.Set(event.CorrelationHeader, who.correlationID)
	switch {
	case who.token == "":
	case !who.dpop:
		request.Header.Set("Authorization", "Bearer "+who.token)
	default:
		proof := who.take(request.Method, request.URL)
		if proof == "" {
			missing := "no proof for " + request.Method + " " + request.URL.EscapedPath()
			who.answer.Set("WWW-Authenticate", `DPoP error="invalid_dpop_proof", error_description="`+missing+`"`)
			return &apiError{status: http.StatusUnauthorized, detail: missing}
		}
		request.Header.Set("Authorization", "DPoP "+who.token)
		request.Header.Set("DPoP", proof)
	}
	return nil
}

// relay tells the page what the API says about its proofs: the nonce for the next ones, and what was wrong with these
// (RFC 9449 §8.2, §9).
func (who caller) relay(response *http.Response) {
	if !who.dpop {
		return
	}
	for _, name := range []string{"Dpop-Nonce", "Www-Authenticate"} {
		if values := response.Header[name]; len(values) > 0 {
			who.answer[name] = values
		}
	}
}
