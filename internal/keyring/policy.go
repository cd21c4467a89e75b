package keyring

import (
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
)

// MinPropagation is the least time a key is published before it signs. It covers the half minute after which a process reads the
// keys again, twice, and the minute for which a copy of the key set counts as fresh.
const MinPropagation = 2 * time.Minute

// MinRetention covers what the clocks of processes and the leeway of clients may add to a token's life.
const MinRetention = 5 * time.Minute

// Policy says when keys follow one another.
type Policy struct {
	Rotation    time.Duration // how long a key signs
	Propagation time.Duration // how long it is published before; from MinPropagation to Rotation
	Retention   time.Duration // how long it stays after its last token has expired; from MinRetention to Rotation
}

// DefaultPolicy is Duende IdentityServer's.
var DefaultPolicy = Policy{Rotation: 90 * 24 * time.Hour, Propagation: 14 * 24 * time.Hour, Retention: 14 * 24 * time.Hour}

// Neither is longer than a rotation, so that the key set stays short whatever is asked for.
func (p Policy) propagation() time.Duration {
	return max(min(p.Propagation, p.Rotation), MinPropagation)
}
func (p Policy) retention() time.Duration { return max(min(p.Retention, p.Rotation), MinRetention) }

// stage is what the policy has to say about the keys of one algorithm, newest first.
type stage struct {
	generation int       // to make now, 0 for none
	signsFrom  time.Time // of that one
	over       []db.SigningKey
	next       time.Time // when there is something to do again, zero for never
}

// due decides from plain values.
func (p Policy) due(keys []db.SigningKey, now time.Time) stage {
	if len(keys) == 0 { // the first key has nothing to wait for: nobody has a copy of the key set yet
		return stage{generation: 1, signsFrom: now, next: now.Add(p.Rotation - p.propagation())}
	}
	var s stage
	ends := keys[0].SignsFrom.Add(p.Rotation)
	if announce := ends.Add(-p.propagation()); now.Before(announce) {
		s.next = announce
	} else {
		s.generation, s.signsFrom = keys[0].Generation+1, later(ends, now.Add(p.propagation()))
		s.next = later(s.signsFrom.Add(p.Rotation-p.propagation()), now)
	}
	stops := keys[0].SignsFrom
	for _, key := range keys[1:] {
		switch over := stops.Add(key.LongestLifetime + p.retention()); {
		case stops.After(now) || over.After(now):
			s.next = slices.MinFunc([]time.Time{s.next, over}, time.Time.Compare)
		default:
			s.over = append(s.over, key)
		}
		stops = earlier(stops, key.SignsFrom)
	}
	return s
}

// Signer returns which of the keys of one algorithm, newest first, signs now: the newest whose time has come, else the oldest.
func Signer[K any](keys []K, signsFrom func(K) time.Time, now time.Time) (signer K) {
	for _, key := range keys {
		signer = key
		if !signsFrom(key).After(now) {
			break
		}
	}
	return signer
}

// What a key does, in a word.
const (
	Announced = "announced" // published, and does not sign yet
	Signing   = "signing"
	Verifying = "verifying" // a later one signs, and only tokens of old are left to check
)

// State says what a key does now. All are the keys of every algorithm, newest generation first within each.
func State(key db.SigningKey, all []db.SigningKey, now time.Time) string {
	signer := Signer(of(jose.SignatureAlgorithm(key.Algorithm), all), func(k db.SigningKey) time.Time { return k.SignsFrom }, now)
	switch {
	case signer.ID == key.ID:
		return Signing
	case key.Generation > signer.Generation:
		return Announced
	}
	return Verifying
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
