package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/dpop"
	"silentrenew/internal/dpop/dpoptest"
	"silentrenew/internal/event"
)

const companiesURL = "http://" + testHost + "/api/companies"

// bound is a token for mick that only the holder of the key can use.
func (p *place) bound(key dpoptest.Key) string {
	return p.issuer.token(mick().with("cnf", map[string]any{"jkt": key.Thumbprint()}))
}

func (p *place) present(scheme, token string, proofs ...string) reply {
	r := httptest.NewRequest(http.MethodGet, "/api/companies?limit=1", nil)
	r.Header.Set("Authorization", scheme+" "+token)
	for _, proof := range proofs {
		r.Header.Add(dpop.Header, proof)
	}
	return p.do(r)
}

// Each row is a sentence of RFC 9449 §4.3, §7.1 or §7.2.
func TestI22RFC9449Section7(t *testing.T) {
	p := newPlace(t)
	key, other := dpoptest.NewKey(t, jose.ES256), dpoptest.NewKey(t, jose.ES256)
	token, bearer := p.bound(key), p.issuer.token(mick())
	good := func() string { return key.ProofWith(token, "GET", companiesURL) }
	used := good()
	if got := p.present("DPoP", token, used); got.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	if got := p.present("dpop", token, good()); got.StatusCode != http.StatusOK { // schemes know no case
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	for _, row := range []struct {
		name, scheme, token string
		proofs              []string
		status              int
		want                Code
	}{
		{"a bound token as Bearer (§7.2)", "Bearer", token, nil, 401, InvalidToken},
		{"a bound token as Bearer, with a proof", "Bearer", token, []string{good()}, 401, InvalidToken},
		{"a bearer token as DPoP", "DPoP", bearer, []string{key.ProofWith(bearer, "GET", companiesURL)}, 401, InvalidToken},
		{"no proof (§7.1)", "DPoP", token, nil, 401, InvalidDPoPProof},
		{"two proofs (§4.3)", "DPoP", token, []string{good(), good()}, 401, InvalidDPoPProof},
		{"a used proof (§11.1)", "DPoP", token, []string{used}, 401, InvalidDPoPProof},
		{"no ath (§4.3)", "DPoP", token, []string{key.Proof("GET", companiesURL)}, 401, InvalidDPoPProof},
		{"ath of another token", "DPoP", token, []string{key.ProofWith(bearer, "GET", companiesURL)}, 401, InvalidDPoPProof},
		{"another method", "DPoP", token, []string{key.ProofWith(token, "POST", companiesURL)}, 401, InvalidDPoPProof},
		{"another path", "DPoP", token, []string{key.ProofWith(token, "GET", companiesURL+"/privacy")}, 401, InvalidDPoPProof},
		{"the page's address", "DPoP", token, []string{key.ProofWith(token, "GET", testOrigin+"/companies")}, 401, InvalidDPoPProof},
		{"an old proof", "DPoP", token, []string{key.ProofWith(token, "GET", companiesURL, "iat", time.Now().Add(-time.Hour).Unix())}, 401, InvalidDPoPProof},
		{"alg none", "DPoP", token, []string{key.Unsigned(dpoptest.Claims("GET", companiesURL, "ath", dpoptest.Hash(token)))}, 401, InvalidDPoPProof},
		{"another key (§7.1)", "DPoP", token, []string{other.ProofWith(token, "GET", companiesURL)}, 401, InvalidToken},
		{"an expired token", "DPoP", p.issuer.token(mick().with("exp", time.Now().Unix()-1)), []string{good()}, 401, InvalidToken},
		{"no token", "DPoP", "", []string{good()}, 401, InvalidToken},
		{"cnf of the wrong type", "Bearer", p.issuer.token(mick().with("cnf", "jkt")), nil, 401, InvalidToken},
		{"too little scope", "DPoP", p.issuer.token(mick().with("scope", "openid").with("cnf", map[string]any{"jkt": key.Thumbprint()})), nil, 401, InvalidDPoPProof},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := p.present(row.scheme, row.token, row.proofs...)
			if got.StatusCode != row.status || got.problem(t).Code != row.want {
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
			challenges := got.Header.Values("WWW-Authenticate")
			algorithms := `, algs="ES256 PS256 EdDSA Ed25519"`
			problem := row.scheme + ` realm="companies", error="` + string(row.want) + `", error_description="`
			if !strings.HasPrefix(challenges[0], problem) || !strings.HasSuffix(challenges[len(challenges)-1], algorithms) || (len(challenges) == 2) != (row.scheme == "Bearer") {
				t.Errorf("WWW-Authenticate: %q", challenges)
			}
			if got.Header.Get(dpop.NonceHeader) != "" {
				t.Error("a nonce that nobody asked for")
			}
			if e := p.last(); e.Outcome != string(row.want) {
				t.Errorf("event outcome %q", e.Outcome)
			}
		})
	}
	t.Run("nothing at all names both schemes (§7.1)", func(t *testing.T) {
		got := p.get("/api/companies", "").Header.Values("WWW-Authenticate")
		if len(got) != 2 || got[0] != `Bearer realm="companies"` || got[1] != `DPoP realm="companies", algs="ES256 PS256 EdDSA Ed25519"` {
			t.Errorf("WWW-Authenticate: %q", got)
		}
	})
	t.Run("HEAD", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodHead, "/api/companies", nil)
		r.Header.Set("Authorization", "DPoP "+token)
		r.Header.Set(dpop.Header, key.ProofWith(token, "HEAD", companiesURL))
		if got := p.do(r); got.StatusCode != http.StatusOK {
			t.Errorf("status %d", got.StatusCode)
		}
	})
}

func TestRFC9449Section9TheAPIsNonce(t *testing.T) {
	p, key := newPlace(t), dpoptest.NewKey(t, jose.ES256)
	if err := p.store.SetOption(t.Context(), dpopNonceOption, "true"); err != nil {
		t.Fatal(err)
	}
	token := p.bound(key)
	got := p.present("DPoP", token, key.ProofWith(token, "GET", companiesURL))
	nonce := got.Header.Get(dpop.NonceHeader)
	if got.StatusCode != http.StatusUnauthorized || got.problem(t).Code != UseDPoPNonce || nonce == "" ||
		!strings.HasPrefix(got.Header.Get("WWW-Authenticate"), `DPoP realm="companies", error="use_dpop_nonce"`) {
		t.Fatalf("status %d: %s %v", got.StatusCode, got.body, got.Header)
	}
	got = p.present("DPoP", token, key.ProofWith(token, "GET", companiesURL, "nonce", nonce))
	if got.StatusCode != http.StatusOK || got.Header.Get(dpop.NonceHeader) != nonce {
		t.Errorf("with the nonce: status %d: %s", got.StatusCode, got.body)
	}
	other := dpoptest.NewKey(t, jose.ES256)
	if got := p.present("DPoP", token, other.ProofWith(token, "GET", companiesURL, "nonce", nonce)); got.problem(t).Code != InvalidToken || got.Header.Get(dpop.NonceHeader) != "" {
		t.Errorf("another refusal: %s %v", got.body, got.Header)
	}
}

// Two APIs on one database are two replicas.
func TestRFC9449Section111OneOfAHundredParallelUses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		i := newIssuer(t)
		var replicas []*place
		for range 2 {
			handler, err := New(Config{Issuer: testIssuer, URL: "http://" + testHost, HTTPClient: &http.Client{Transport: i}, RequestsPerSecond: -1}, store, event.NewBus(1))
			if err != nil {
				t.Fatal(err)
			}
			replicas = append(replicas, &place{t: t, api: handler, issuer: i, store: store})
		}
		key := dpoptest.NewKey(t, jose.ES256)
		token := replicas[0].bound(key)
		proof := key.ProofWith(token, "GET", companiesURL)
		statuses := make(chan int, 100)
		var all errgroup.Group
		for n := range cap(statuses) {
			all.Go(func() error {
				statuses <- replicas[n%2].present("DPoP", token, proof).StatusCode
				return nil
			})
		}
		_ = all.Wait()
		close(statuses)
		count := map[int]int{}
		for status := range statuses {
			count[status]++
		}
		if count[http.StatusOK] != 1 || count[http.StatusUnauthorized] != 99 {
			t.Errorf("got %v, want one 200 and ninety-nine 401", count)
		}
	})
}

func TestRFC9449PreflightLetsTheProofIn(t *testing.T) {
	p := newPlace(t)
	r := httptest.NewRequest(http.MethodOptions, "/api/companies", nil)
	r.Header.Set("Origin", testOrigin)
	r.Header.Set("Access-Control-Request-Method", "GET")
	r.Header.Set("Access-Control-Request-Headers", "authorization,dpop")
	if got := p.do(r).Header.Get("Access-Control-Allow-Headers"); got != "authorization,dpop" {
		t.Errorf("Access-Control-Allow-Headers %q", got)
	}
	r = httptest.NewRequest(http.MethodGet, "/api/companies", nil)
	r.Header.Set("Origin", testOrigin)
	if got := p.do(r).Header.Get("Access-Control-Expose-Headers"); !strings.Contains(got, "Dpop-Nonce") {
		t.Errorf("Access-Control-Expose-Headers %q", got)
	}
}
