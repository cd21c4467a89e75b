package api

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What one user of one client may ask: so many requests a second in the long run, and so many at once.
const (
	standardRate = 50
	burst        = 200
)

// forgetAfter is when an idle bucket is full again at any rate, so that nothing is lost by forgetting it.
const forgetAfter = time.Minute

// rateLimiter has a bucket for each user of each client, so that one who asks too much slows down nobody else.
type rateLimiter struct {
	limit rate.Limit

	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

// newRateLimiter allows perSecond requests; 0 means the standard, a negative number means as many as they like.
func newRateLimiter(perSecond float64) *rateLimiter {
	limit := rate.Limit(perSecond)
	switch {
	case perSecond == 0:
		limit = standardRate
	case perSecond < 0:
		limit = rate.Inf
	}
	return &rateLimiter{limit: limit, buckets: map[string]*bucket{}}
}

// take refuses with 429 and says when to come back (RFC 6585 §4).
func (l *rateLimiter) take(token *accessToken) error {
	now := time.Now()
	reservation := l.bucket(token.ClientID+"\x00"+token.Subject, now).ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reservation.CancelAt(now)
	return &Error{
		Status: http.StatusTooManyRequests, Code: TooManyRequests, RetryAfter: max(wait, time.Second),
		Detail: "too many requests: slow down and come back in a moment",
	}
}

func (l *rateLimiter) bucket(key string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > forgetAfter {
		for key, b := range l.buckets {
			if now.Sub(b.used) > forgetAfter {
				delete(l.buckets, key)
			}
		}
		l.swept = now
	}
	b := l.buckets[key]
	if b == nil {
		b = &bucket{Limiter: rate.NewLimiter(l.limit, burst)}
		l.buckets[key] = b
	}
	b.used = now
	return b.Limiter
}
