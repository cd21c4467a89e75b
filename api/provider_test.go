package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func (p *place) option(t testing.TB, leeway string) {
	t.Helper()
	if err := p.store.SetOption(t.Context(), leewayOption, leeway); err != nil {
		t.Fatal(err)
	}
}

func TestProviderAwayIs503AndHealsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.issuer.setDown(true)
		token := p.issuer.token(mick())
		got := p.get("/api/companies", token)
		if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") != "2" {
			t.Fatalf("status %d, Retry-After %q", got.StatusCode, got.Header.Get("Retry-After"))
		}
		if detail := got.problem(t).Detail; !strings.Contains(detail, testIssuer) || strings.Contains(detail, "10.1.2.3") {
			t.Errorf("detail %q must give the reason and no internals", detail)
		}
		if e := p.last(); e.Outcome != "temporarily_unavailable" || !strings.Contains(e.Reason, "connection refused") {
			t.Errorf("event %+v must carry the cause", e)
		}
		p.issuer.setDown(false)
		time.Sleep(pauseAfterFailure)
		if got := p.get("/api/companies", token); got.StatusCode != http.StatusOK {
			t.Errorf("after the provider came back: status %d", got.StatusCode)
		}
	})
}

func TestKeysAwayIs503NotASignOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		old := p.issuer.token(mick())
		if got := p.get("/api/companies", old); got.StatusCode != http.StatusOK {
			t.Fatalf("status %d", got.StatusCode)
		}
		time.Sleep(pauseAfterAnswer)
		p.issuer.rotate("k2")
		p.issuer.setDown(true)
		if got := p.get("/api/companies", p.issuer.token(mick())); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a token whose key cannot be fetched: status %d, want 503", got.StatusCode)
		}
		if got := p.get("/api/companies", old); got.StatusCode != http.StatusOK {
			t.Errorf("a token whose key is known: status %d, want 200 even now", got.StatusCode)
		}
	})
}

func TestRotatedKeyIsFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.get("/api/companies", p.issuer.token(mick()))
		time.Sleep(pauseAfterAnswer)
		p.issuer.rotate("k2")
		for range 3 {
			if got := p.get("/api/companies", p.issuer.token(mick())); got.StatusCode != http.StatusOK {
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
		}
		if n := p.issuer.asked("/tenant/keys"); n != 2 {
			t.Errorf("keys were fetched %d times, want 2", n)
		}
	})
}

func TestGarbageKeysCannotHammerTheProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		garbage := signed(t, newKey(t, "unheard-of"), "at+jwt", mick())
		for range 200 {
			if got := p.get("/api/companies", garbage); got.StatusCode != http.StatusUnauthorized {
				t.Fatalf("status %d", got.StatusCode)
			}
			time.Sleep(100 * time.Millisecond) // 20 s in all
		}
		if n := p.issuer.asked("/tenant/keys"); n > 3 {
			t.Errorf("200 garbage tokens in 20 s fetched the keys %d times, want at most 3", n)
		}
		time.Sleep(pauseAfterAnswer)
		p.issuer.rotate("k2")
		if got := p.get("/api/companies", p.issuer.token(mick())); got.StatusCode != http.StatusOK {
			t.Errorf("a new key after the garbage: status %d", got.StatusCode)
		}
	})
}

func TestFirstRequestsShareOneDiscovery(t *testing.T) {
	p := newPlace(t)
	token := p.issuer.token(mick())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got := p.get("/api/companies", token); got.StatusCode != http.StatusOK {
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
		})
	}
	all.Wait()
	if d, k := p.issuer.asked("/tenant/.well-known/openid-configuration"), p.issuer.asked("/tenant/keys"); d != 1 || k != 1 {
		t.Errorf("discovery was fetched %d times, keys %d times; want once each", d, k)
	}
}

func TestProviderThatCallsItselfOtherwiseIsNotBelieved(t *testing.T) {
	p := newPlace(t)
	p.issuer.mux = http.NewServeMux()
	p.issuer.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"}`))
	})
	if got := p.get("/api/companies", p.issuer.token(mick())); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503 (OIDC Discovery §4.3)", got.StatusCode)
	}
}
