package walk

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestR10BusyProviderIsAskedAgainPolitely: the token endpoint answers 503 for half of the lead. The renewal waits longer
// each time, as long as Retry-After says, and gets through; nobody is logged out.
func TestR10BusyProviderIsAskedAgainPolitely(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	p.setAccessTokenLifetime(36) // a lead of 12 s
	b.signIn("Mick", "MickPassword")

	var mu sync.Mutex
	var attempts []time.Time
	busyUntil := time.Time{}
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/connect/token" || r.Method != http.MethodPost {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		attempts = append(attempts, time.Now())
		switch {
		case len(attempts) == 1:
			busyUntil = time.Now().Add(6 * time.Second)
			return failToken(http.StatusServiceUnavailable, "", "Retry-After", "3")(w, r)
		case time.Now().Before(busyUntil):
			return failToken(http.StatusServiceUnavailable, "")(w, r)
		}
		return false
	})
	mark := p.log.mark()
	p.waitEvent(mark, time.Minute, with(is("silent_renew.error"), "outcome", "http_503"))
	b.waitNotice("retrying")
	b.waitRenewals(1, patience)
	b.sees("#logout")
	mu.Lock()
	defer mu.Unlock()
	if len(attempts) < 3 || len(attempts) > 6 {
		t.Errorf("%d attempts, want 3 to 6", len(attempts))
	}
	if wait := attempts[1].Sub(attempts[0]); wait < 3*time.Second {
		t.Errorf("the second attempt came after %s, want what Retry-After said: 3 s", wait)
	}
	if ended := p.events(mark, is("access_token.expired", "user.unloaded", "user.signed_out")); len(ended) > 0 {
		t.Errorf("the session suffered: %v", ended)
	}
}

// TestR12SlowAnswers: what takes 8 s succeeds although the clock is looked at every five; what takes longer than the 10 s
// allowed ends with the likely causes named, and the frame is gone.
func TestR12SlowAnswers(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe"})
	b.signIn("Mick", "MickPassword")
	slow := func(delay time.Duration) {
		f.answer(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("prompt") == "none" {
				select {
				case <-time.After(delay):
				case <-r.Context().Done():
				}
			}
			return false
		})
	}
	slow(8 * time.Second)
	before := f.count("GET /connect/authorize")
	p.setAccessTokenLifetime(15) // and what comes is due again five seconds before its end, while others would still wait
	if got := b.tryRenew(); got != "" {
		t.Errorf("after 8 s: %s, want a new token", got)
	}
	if n := f.count("GET /connect/authorize") - before; n != 1 {
		t.Errorf("%d requests for one slow answer", n)
	}

	slow(15 * time.Second)
	mark := p.log.mark()
	if got := b.tryRenew(); got != "timeout" {
		t.Errorf("after 10 s: %q, want timeout", got)
	}
	said := p.waitEvent(mark, patience, is("silent_renew.error"))
	for _, cause := range []string{"10 s", "silent-callback.html", "X-Frame-Options"} {
		if !strings.Contains(said.get("reason"), cause) {
			t.Errorf("the reason does not name %s: %s", cause, said)
		}
	}
	b.waitFor(`document.querySelectorAll('iframe[aria-hidden="true"]').length === 0`, patience)
}

// TestR25RefreshTokenThatDiesBeforeTheLead: the refresh token lives 30 s, and the access token comes to be renewed after 40. There is one
// attempt, none in the fifteen seconds after it, then a clear end.
func TestR25RefreshTokenThatDiesBeforeTheLead(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "refresh", "accessTokenExpiringNotificationTimeInSeconds": 60})
	p.setAccessTokenLifetime(60)
	p.sql("UPDATE Clients SET AbsoluteRefreshTokenLifetime = 30, SlidingRefreshTokenLifetime = 30 WHERE ClientId = 'spa-client'")
	b.signIn("Mick", "MickPassword")
	before, mark := f.count("POST /connect/token"), p.log.mark()
	refused := p.waitEvent(mark, time.Minute, with(is("token"), "outcome", "invalid_grant"))
	b.waitNotice("ended")
	b.waitFor(`document.querySelector("#renewal").textContent.includes("invalid_grant")`, patience)
	p.never(mark, 15*time.Second, func(l line) bool { return is("token")(l) && l.Time.After(refused.Time) })
	b.waitSignedOut(patience)
	if n := f.count("POST /connect/token") - before; n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}
	b.pressLogin() // the provider's session is not over
	b.waitSignedIn()
}

// TestR26NothingPilesUp: two hundred renewals, some of which fail, leave as many entries in the browser's storage as one.
func TestR26NothingPilesUp(t *testing.T) {
	_, b, f := walkWithFaults(t, map[string]any{"strategy": "iframe", "loadUserInfo": false, "monitorSession": false})
	b.signIn("Mick", "MickPassword")
	if got := b.tryRenew(); got != "" {
		t.Fatal(got)
	}
	stored := func() string {
		return eval[string](b, `[...Object.keys(localStorage), ...Object.keys(sessionStorage)].sort().join("\n")`)
	}
	first := stored()
	for range 20 {
		eval[bool](b, `import("/static/js/auth.js").then(async (auth) => {
			for (let i = 0; i < 10; i++) await auth.renew();
			return true;
		})`)
		f.answer(failToken(http.StatusServiceUnavailable, ""))
		if got := b.tryRenew(); got != "http_503" {
			t.Errorf("a failure: %q, want http_503", got)
		}
		f.answer(nil)
	}
	if got := b.tryRenew(); got != "" {
		t.Fatal(got)
	}
	if last := stored(); last != first {
		t.Errorf("storage after one renewal:\n%s\nand after two hundred:\n%s", first, last)
	}
	if frames := eval[int](b, `document.querySelectorAll("iframe").length`); frames > 0 {
		t.Errorf("%d frames were left", frames)
	}
}

// TestR27WhatARefreshLeavesOutStays: OIDC Core §12.2 lets a refresh come without an ID token, RFC 6749 §6 without a refresh token.
func TestR27WhatARefreshLeavesOutStays(t *testing.T) {
	p, b, f := walkWithFaults(t, map[string]any{"strategy": "refresh"})
	p.sql("UPDATE Clients SET RefreshTokenUsage = 0 WHERE ClientId = 'spa-client'") // the same refresh token works again
	b.signIn("Mick", "MickPassword")
	held := func() [3]string {
		return eval[[3]string](b, `import("/static/js/auth.js").then(auth => (u => [u.id_token, u.refresh_token, u.profile.sub])(auth.user()))`)
	}
	was, token := held(), b.claims().ID
	if was[1] == "" {
		t.Fatal("there is no refresh token")
	}
	for _, left := range []string{"id_token", "refresh_token"} {
		f.alter(alterJSON(func(answer map[string]any) { delete(answer, left) }))
		if got := b.tryRenew(); got != "" {
			t.Errorf("without %s: %s", left, got)
		}
		now := held()
		if b.claims().ID == token {
			t.Errorf("without %s: the access token was not renewed", left)
		}
		token = b.claims().ID
		if left == "id_token" && now[0] != was[0] || left == "refresh_token" && now[1] != was[1] || now[2] != was[2] {
			t.Errorf("without %s: the old one was not kept", left)
		}
	}
	f.alter(nil)
	if got := b.tryRenew(); got != "" {
		t.Errorf("the kept refresh token does not work: %s", got)
	}
}
