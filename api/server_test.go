package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"silentrenew/db/dbtest"
	"silentrenew/internal/event"
)

func preflight(p *place, path, origin, method string) reply {
	r := httptest.NewRequest(http.MethodOptions, path, nil)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,x-correlation-id")
	return p.do(r)
}

func TestA51PreflightFromTheRegisteredOriginOnly(t *testing.T) {
	p := newPlace(t)
	got := preflight(p, "/api/companies", testOrigin, "POST")
	if got.StatusCode != http.StatusNoContent || got.Header.Get("Access-Control-Allow-Origin") != testOrigin ||
		!strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "authorization") {
		t.Errorf("status %d, header %v", got.StatusCode, got.Header)
	}
	for _, origin := range []string{"http://localhost:4201", "http://evil.example", "null", testOrigin + ".evil.example"} {
		if got := preflight(p, "/api/companies", origin, "GET").Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: Access-Control-Allow-Origin %q", origin, got)
		}
	}
}

func TestI15ErrorsCarryCORSHeaders(t *testing.T) {
	p := newPlace(t)
	for _, path := range []string{"/api/companies", "/api/nosuch"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Origin", testOrigin)
		got := p.do(r)
		if got.Header.Get("Access-Control-Allow-Origin") != testOrigin || !strings.Contains(got.Header.Get("Access-Control-Expose-Headers"), "Www-Authenticate") {
			t.Errorf("%s: status %d, header %v", path, got.StatusCode, got.Header)
		}
	}
}

func TestNoOriginsMeansNobody(t *testing.T) {
	handler, err := New(Config{Issuer: testIssuer, URL: "http://" + testHost}, dbtest.New(t), event.NewBus(1))
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, api: handler}
	if got := preflight(p, "/api/companies", testOrigin, "GET").Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("Access-Control-Allow-Origin %q", got)
	}
	if got := p.get("/api/lab/options", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("the lab is off, but answers %d", got.StatusCode)
	}
}

func TestHealth(t *testing.T) {
	p := newPlace(t)
	for _, path := range []string{"/healthz", "/api/healthz"} {
		if got := p.get(path, ""); got.StatusCode != http.StatusOK || !strings.Contains(string(got.body), `"status":"ok"`) {
			t.Errorf("%s: status %d: %s", path, got.StatusCode, got.body)
		}
	}
	p.store.Close()
	if got := p.get("/healthz", ""); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a database: status %d", got.StatusCode)
	}
	if got := p.get("/api/companies", p.issuer.token(mick())); got.StatusCode != http.StatusInternalServerError || strings.Contains(string(got.body), "sql") {
		t.Errorf("without a database: status %d: %s", got.StatusCode, got.body)
	}
}

func (p *place) patch(body string, change func(r *http.Request)) reply {
	r := httptest.NewRequest(http.MethodPatch, "/api/lab/options", strings.NewReader(body))
	r.Host = testHost
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	p.api.ServeHTTP(w, r)
	return reply{w.Result(), w.Body.Bytes()}
}

func TestLabTurnsTheLeewayDial(t *testing.T) {
	p := newPlace(t)
	if got := p.get("/api/lab/options", ""); string(got.body) != `{"Api.DPoP.RequireNonce":"false","Api.Leeway":"0s"}` {
		t.Errorf("at first %s", got.body)
	}
	if got := p.patch(`{"Api.Leeway":"300s"}`, nil); got.StatusCode != http.StatusOK || string(got.body) != `{"Api.DPoP.RequireNonce":"false","Api.Leeway":"5m0s"}` {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	if e := p.last(); e.Kind != "option.changed" || e.Parameters["Api.Leeway"] != "5m0s" {
		t.Errorf("event %+v", e)
	}
	for _, body := range []string{`{"Api.Leeway":"soon"}`, `{"Api.Leeway":"-1s"}`, `{"Api.Leeway":"25h"}`, `{"Api.Leeway":300}`} {
		if got := p.patch(body, nil); got.StatusCode != http.StatusBadRequest || got.problem(t).Field != "Api.Leeway" {
			t.Errorf("%s: status %d: %s", body, got.StatusCode, got.body)
		}
	}
}

func TestLabSwitchesNoncesOn(t *testing.T) {
	p := newPlace(t)
	got := p.patch(`{"Api.DPoP.RequireNonce":"true"}`, nil)
	if e := p.last(); got.StatusCode != http.StatusOK || string(got.body) != `{"Api.DPoP.RequireNonce":"true","Api.Leeway":"0s"}` || e.Parameters[dpopNonceOption] != "true" {
		t.Errorf("status %d: %s, event %+v", got.StatusCode, got.body, e)
	}
	for _, body := range []string{`{"Api.DPoP.RequireNonce":"1"}`, `{"Api.DPoP.RequireNonce":true}`, `{"Api.Leeway":"1s","Api.DPoP.RequireNonce":""}`} {
		if got := p.patch(body, nil); got.StatusCode != http.StatusBadRequest || got.problem(t).Field != dpopNonceOption {
			t.Errorf("%s: status %d: %s", body, got.StatusCode, got.body)
		}
	}
	if got := p.get("/api/lab/options", ""); string(got.body) != `{"Api.DPoP.RequireNonce":"true","Api.Leeway":"0s"}` {
		t.Errorf("a refused change was made by half: %s", got.body)
	}
}

func TestLabKeepsStrangersOut(t *testing.T) {
	p := newPlace(t)
	for name, tc := range map[string]struct {
		status int
		change func(r *http.Request)
	}{
		"another page":             {403, func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }},
		"an opaque origin":         {403, func(r *http.Request) { r.Header.Set("Origin", "null") }},
		"a page without an origin": {403, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		"a rebound name":           {421, func(r *http.Request) { r.Host = "evil.example:5001" }},
		"a form":                   {415, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
	} {
		if got := p.patch(`{"Api.Leeway":"5m"}`, tc.change); got.StatusCode != tc.status {
			t.Errorf("%s: status %d, want %d", name, got.StatusCode, tc.status)
		}
	}
	if got := p.get("/api/lab/options", ""); string(got.body) != `{"Api.DPoP.RequireNonce":"false","Api.Leeway":"0s"}` {
		t.Errorf("a stranger changed the leeway: %s", got.body)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no issuer": {URL: "http://" + testHost}, "no URL": {Issuer: testIssuer}, "negative leeway": {Issuer: testIssuer, URL: "http://" + testHost, Leeway: -1},
	} {
		if _, err := New(cfg, nil, nil); err == nil {
			t.Errorf("%s: New must refuse", name)
		}
	}
}
