package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/event"
)

const (
	testIssuer = "https://login.stranger.example/tenant"
	testOrigin = "http://localhost:4200"
	testHost   = "localhost:5001"
)

// issuer is a provider by somebody else: discovery, a key set, and tokens signed with go-jose. It is a transport and not a
// listener, so that it also works where time is not real.
type issuer struct {
	t   testing.TB
	mux *http.ServeMux

	mu   sync.Mutex
	keys []jose.JSONWebKey
	down bool
	hits map[string]int // by path
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{t: t, mux: http.NewServeMux(), hits: map[string]int{}}
	i.rotate("k1")
	i.mux.HandleFunc("/tenant/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"%s/keys"}`, testIssuer, testIssuer)
	})
	i.mux.HandleFunc("/tenant/keys", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var public jose.JSONWebKeySet
		for _, key := range i.keys {
			public.Keys = append(public.Keys, key.Public())
		}
		json.NewEncoder(w).Encode(public)
	})
	return i
}

func newKey(t testing.TB, kid string) jose.JSONWebKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: "ES256", Use: "sig"}
}

// rotate adds a key, with which tokens are signed from now on.
func (i *issuer) rotate(kid string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, newKey(i.t, kid))
}

func (i *issuer) setDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

func (i *issuer) asked(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hits[path]
}

// RoundTrip implements http.RoundTripper.
func (i *issuer) RoundTrip(req *http.Request) (*http.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.hits[req.URL.Path]++
	if i.down {
		return nil, errors.New("connection refused by 10.1.2.3:443")
	}
	w := httptest.NewRecorder()
	i.mux.ServeHTTP(w, req)
	return w.Result(), nil
}

type claims map[string]any

// mick is what a token for the administrator says.
func mick() claims {
	now := time.Now().Unix()
	return claims{
		"iss": testIssuer, "sub": "mick", "aud": "companyApi", "client_id": "spa-client", "scope": "openid companyApi",
		"iat": now, "nbf": now, "exp": now + 60, "jti": "t1", "role": "Admin",
	}
}

func (c claims) with(name string, value any) claims {
	changed := maps.Clone(c)
	if value == nil {
		delete(changed, name)
	} else {
		changed[name] = value
	}
	return changed
}

// token signs claims with the newest key.
func (i *issuer) token(c claims) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return signed(i.t, i.keys[len(i.keys)-1], "at+jwt", c)
}

func signed(t testing.TB, key jose.JSONWebKey, typ string, c claims) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(map[string]any(c)).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// place is an API with a stranger's provider, and the bus it emits on.
type place struct {
	t      testing.TB
	api    http.Handler
	issuer *issuer
	store  *db.DB
	bus    *event.Bus
}

func newPlace(t testing.TB, configure ...func(*Config)) *place {
	t.Helper()
	i, store, bus := newIssuer(t), dbtest.Seeded(t), event.NewBus(100)
	cfg := Config{
		Issuer: testIssuer, URL: "http://" + testHost, AllowedOrigins: []string{testOrigin}, HTTPClient: &http.Client{Transport: i}, Lab: true,
	}
	for _, change := range configure {
		change(&cfg)
	}
	handler, err := New(cfg, store, bus)
	if err != nil {
		t.Fatal(err)
	}
	return &place{t, handler, i, store, bus}
}

// answer to a request, with its body read.
type reply struct {
	*http.Response
	body []byte
}

func (p *place) do(r *http.Request) reply {
	w := httptest.NewRecorder()
	r.Host = testHost
	p.api.ServeHTTP(w, r)
	return reply{w.Result(), w.Body.Bytes()}
}

func (p *place) get(path, token string) reply {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return p.do(r)
}

func (r reply) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
}

func (r reply) problem(t testing.TB) problem {
	t.Helper()
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q, want application/problem+json (RFC 9457 §3)", got)
	}
	var p problem
	r.decode(t, &p)
	if p.Status != r.StatusCode {
		t.Errorf("problem says %d, status is %d", p.Status, r.StatusCode)
	}
	return p
}

// last returns the newest event.
func (p *place) last() event.Event {
	p.t.Helper()
	past, subscription := p.bus.Subscribe(0)
	subscription.Close()
	if len(past) == 0 {
		p.t.Fatal("no event was emitted")
	}
	return past[len(past)-1]
}
