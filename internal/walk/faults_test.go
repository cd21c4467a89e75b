package walk

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// faults stands between the browser and the provider. It passes everything on unless a test tells it otherwise.
type faults struct {
	mu     sync.Mutex
	before func(w http.ResponseWriter, r *http.Request) bool // answers in the provider's place and returns true
	after  func(answer *http.Response)                       // changes the provider's answer
	counts map[string]int                                    // requests by method and path
}

// startBehindFaults starts the program with its provider behind a proxy that can fail. The roles talk to it directly.
func startBehindFaults(t *testing.T, flags ...string) (*program, *faults) {
	t.Helper()
	p := newProgram(t)
	spa, idp, api := freeAddress(t), freeAddress(t), freeAddress(t)
	target := &url.URL{Scheme: "http", Host: idp}
	f := &faults{counts: map[string]int{}}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: f.change,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.counts[r.Method+" "+r.URL.Path]++
		before := f.before
		f.mu.Unlock()
		if before == nil || !before(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	p.spa, p.api = "http://"+spa, "http://"+api
	p.idp = strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
	p.flags = append([]string{"--spa-addr", spa, "--idp-addr", idp, "--idp-url", p.idp, "--api-addr", api}, flags...)
	p.start()
	return p, f
}

// walkWithFaults starts such a program and opens a browser with a renewal strategy.
func walkWithFaults(t *testing.T, settings map[string]any, flags ...string) (*program, *browser, *faults) {
	t.Helper()
	t.Parallel()
	chromium.start(t)
	p, f := startBehindFaults(t, flags...)
	b := openBrowser(t, p)
	b.open("/")
	b.configure(settings)
	return p, b, f
}

func (f *faults) change(answer *http.Response) error {
	f.mu.Lock()
	after := f.after
	f.mu.Unlock()
	if after != nil {
		after(answer)
	}
	return nil
}

// answer has requests answered in the provider's place from now on; nil ends it.
func (f *faults) answer(before func(w http.ResponseWriter, r *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

// alter has the provider's answers changed from now on; nil ends it.
func (f *faults) alter(after func(answer *http.Response)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = after
}

// count returns how many requests of a method for a path there have been.
func (f *faults) count(methodAndPath string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[methodAndPath]
}

// allowOrigin makes an answer readable for script, as the provider's own are (CORS).
func allowOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After, Date")
	w.Header().Set("Access-Control-Allow-Headers", "*, X-Correlation-ID, Authorization")
}

// failToken answers the token endpoint with a status and a JSON body, other paths not at all.
func failToken(status int, body string, headers ...string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/connect/token" || r.Method != http.MethodPost {
			return false
		}
		allowOrigin(w, r)
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
		return true
	}
}

// alterJSON changes the token endpoint's answers.
func alterJSON(change func(token map[string]any)) func(answer *http.Response) {
	return func(answer *http.Response) {
		if answer.Request.URL.Path != "/connect/token" || answer.StatusCode != http.StatusOK {
			return
		}
		var token map[string]any
		if json.NewDecoder(answer.Body).Decode(&token) != nil {
			return
		}
		change(token)
		body, _ := json.Marshal(token)
		answer.Body = io.NopCloser(bytes.NewReader(body))
		answer.ContentLength = int64(len(body))
		answer.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
}

// alterIDToken changes a claim of the ID tokens that the token endpoint gives; the signature stays, and no longer fits.
func alterIDToken(change func(claims map[string]any)) func(answer *http.Response) {
	return alterJSON(func(token map[string]any) {
		text, _ := token["id_token"].(string)
		parts := strings.Split(text, ".")
		if len(parts) != 3 {
			return
		}
		var claims map[string]any
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		if json.Unmarshal(payload, &claims) != nil {
			return
		}
		change(claims)
		payload, _ = json.Marshal(claims)
		parts[1] = base64.RawURLEncoding.EncodeToString(payload)
		token["id_token"] = strings.Join(parts, ".")
	})
}

// tryRenew has the page renew by its strategy and returns "" or the code of the error.
func (b *browser) tryRenew() string {
	b.t.Helper()
	return eval[string](b, `import("/static/js/auth.js").then(auth => auth.renew()).then(() => "", error => error.error ?? error.name)`)
}

// waitNotice waits until the notice of the renewal shows a kind of condition.
func (b *browser) waitNotice(kind string) {
	b.t.Helper()
	b.waitFor(`(n => !n.hidden && n.dataset.kind === `+quote(kind)+`)(document.querySelector("#renewal"))`, patience)
}
