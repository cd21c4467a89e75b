package spa

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A provider that takes requests and never answers must not make those who want to sign in wait for one another: each
// waits for the one question that is under way, and who goes away waits no longer.
func TestOIDCDiscovery4ASilentProviderIsAskedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		p := newBFFProvider("https://idp.example", &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			asked++
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		started := time.Now()
		var waiting sync.WaitGroup
		for range 20 {
			waiting.Go(func() {
				if _, _, err := p.discover(t.Context()); !errors.Is(err, errProviderAway) {
					t.Errorf("got %v", err)
				}
			})
		}
		waiting.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, _, err := p.discover(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != time.Second {
				t.Errorf("who went away: %v after %v", err, time.Since(started))
			}
		})
		waiting.Wait()
		if took := time.Since(started); took != bffProviderTimeout || asked != 1 {
			t.Errorf("asked %d times, took %v", asked, took)
		}
	})
}
