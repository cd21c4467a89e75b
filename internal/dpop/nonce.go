package dpop

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"sync"
	"time"
)

// noncePeriod is how long a nonce is the current one. The one before is still taken, so each counts for five to ten minutes
// (RFC 9449 §8: recent, and unpredictable until then).
const noncePeriod = 5 * time.Minute

// nonceLife is the longest time from the first use of a nonce to the last: a replica whose clock is ahead of ours hands out the
// next one, so that one is taken too.
const nonceLife = 3 * noncePeriod

// nonces are the values the server chooses. All replicas hand out the same one: the first that needs it in a period writes it
// to the database, the others read it there, and each remembers it for as long as it counts.
type nonces struct {
	store  Store
	server string

	mu    sync.Mutex
	known map[int64]string // by period since the epoch
}

// current returns the nonce to be used from now on.
func (n *nonces) current(ctx context.Context, now time.Time) (string, error) {
	return n.of(ctx, period(now))
}

// accepts reports whether a nonce is the current one, the one before, or the next.
func (n *nonces) accepts(ctx context.Context, presented string, now time.Time) (bool, error) {
	for _, p := range []int64{period(now), period(now) - 1, period(now) + 1} {
		nonce, err := n.of(ctx, p)
		if err != nil {
			return false, err
		}
		if subtle.ConstantTimeCompare([]byte(nonce), []byte(presented)) == 1 {
			return true, nil
		}
	}
	return false, nil
}

func period(now time.Time) int64 { return now.Unix() / int64(noncePeriod/time.Second) }

func (n *nonces) of(ctx context.Context, period int64) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if nonce, ok := n.known[period]; ok {
		return nonce, nil
	}
	ends := time.Unix((period+2)*int64(noncePeriod/time.Second), 0)
	nonce, err := n.store.DPoPNonce(ctx, fmt.Sprintf("%s/%d", n.server, period), rand.Text(), ends)
	if err != nil {
		return "", fmt.Errorf("DPoP nonce: %w", err)
	}
	for old := range n.known {
		if old < period-1 {
			delete(n.known, old)
		}
	}
	n.known[period] = nonce
	return nonce, nil
}
