package idp

import (
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
)

// IdentityServer4's arithmetic (DefaultRefreshTokenService): how long the token lives that is given at sign-in, and the one
// given at a refresh so many seconds later, both counted from the sign-in.
func TestI10LifetimesOfRefreshTokens(t *testing.T) {
	started := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name              string
		expiration        db.RefreshTokenExpiration
		absolute, sliding int // seconds
		first             int
		used, next        int
	}{
		{"absolute counts from the sign-in", db.RefreshTokenAbsolute, 1000, 300, 1000, 400, 1000},
		{"absolute does not look at sliding", db.RefreshTokenAbsolute, 1000, 5000, 1000, 999, 1000},
		{"absolute 0 is over at once", db.RefreshTokenAbsolute, 0, 300, 0, 0, 0},
		{"sliding counts from each use", db.RefreshTokenSliding, 1000, 300, 300, 200, 500},
		{"sliding used at once", db.RefreshTokenSliding, 1000, 300, 300, 0, 300},
		{"sliding stops at the cap", db.RefreshTokenSliding, 1000, 300, 300, 900, 1000},
		{"sliding at the cap to the second", db.RefreshTokenSliding, 1000, 300, 300, 700, 1000},
		{"sliding longer than the cap", db.RefreshTokenSliding, 1000, 5000, 1000, 10, 1000},
		{"sliding with absolute 0 has no cap", db.RefreshTokenSliding, 0, 300, 300, 100_000, 100_300},
		{"sliding 0 is over at once", db.RefreshTokenSliding, 1000, 0, 0, 0, 0},
		{"the seed's row", db.RefreshTokenAbsolute, 2_592_000, 1_296_000, 2_592_000, 86_400, 2_592_000},
	} {
		t.Run(row.name, func(t *testing.T) {
			client := db.Client{RefreshTokenExpiration: row.expiration, AbsoluteRefreshTokenLifetime: row.absolute, SlidingRefreshTokenLifetime: row.sliding}
			first := firstExpiry(client, started)
			if got := int(first.Sub(started).Seconds()); got != row.first {
				t.Errorf("the first lives %d s, want %d", got, row.first)
			}
			token := db.RefreshToken{Started: started, Expires: first}
			now := started.Add(time.Duration(row.used) * time.Second)
			if got := int(nextExpiry(client, token, now).Sub(started).Seconds()); got != row.next {
				t.Errorf("used after %d s it lives until %d s, want %d", row.used, got, row.next)
			}
		})
	}
}

// The same through the front door: OneTimeOnly and ReUse, absolute and sliding, with and without a cap.
func TestI10UsageTimesExpiration(t *testing.T) {
	for _, row := range []struct {
		name       string
		usage      db.RefreshTokenUsage
		expiration db.RefreshTokenExpiration
		absolute   int
		uses       int // how many refreshes succeed, one every 200 s, with SlidingRefreshTokenLifetime = 300
	}{
		{"OneTimeOnly, absolute 700", db.RefreshTokenOneTimeOnly, db.RefreshTokenAbsolute, 700, 3},
		{"ReUse, absolute 700", db.RefreshTokenReUse, db.RefreshTokenAbsolute, 700, 3},
		{"OneTimeOnly, sliding, cap 700", db.RefreshTokenOneTimeOnly, db.RefreshTokenSliding, 700, 3},
		{"ReUse, sliding, cap 700", db.RefreshTokenReUse, db.RefreshTokenSliding, 700, 3},
		{"OneTimeOnly, sliding, no cap", db.RefreshTokenOneTimeOnly, db.RefreshTokenSliding, 0, 10},
		{"ReUse, sliding, no cap", db.RefreshTokenReUse, db.RefreshTokenSliding, 0, 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				s.changeClient("RefreshTokenUsage", int(row.usage))
				s.changeClient("RefreshTokenExpiration", int(row.expiration))
				s.changeClient("AbsoluteRefreshTokenLifetime", row.absolute)
				s.changeClient("SlidingRefreshTokenLifetime", 300)
				token := s.offline().RefreshToken
				for range row.uses {
					time.Sleep(200 * time.Second)
					token = s.refresh(token).RefreshToken
				}
				if row.absolute > 0 {
					time.Sleep(100 * time.Second) // to the very second
				} else {
					time.Sleep(300 * time.Second)
				}
				s.wantRefused(token)
			})
		})
	}
}
