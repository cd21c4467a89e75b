package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"silentrenew/db"
	"silentrenew/internal/event"
	"silentrenew/internal/jwkset"
)

// clientKeys returns the public keys a client signs with: those in its rows that have not expired, and those it publishes at
// its jwks_uri (OIDC Core §10.1). The kid says which one is looked for, "" when nobody knows. Beside an error stand the keys of the rows.
func (p *Provider) clientKeys(ctx context.Context, client db.Client, kid string) ([]jose.JSONWebKey, error) {
	var keys []jose.JSONWebKey
	now := time.Now()
	for _, secret := range client.Secrets {
		var key jose.JSONWebKey
		expired := secret.Expiration != nil && !now.Before(*secret.Expiration)
		if secret.Type == db.JSONWebKey && !expired && json.Unmarshal([]byte(secret.Value), &key) == nil && jwkset.Check(key) == nil {
			keys = append(keys, key)
		}
	}
	if client.JWKSURI == "" {
		return keys, nil
	}
	published, err := p.published.find(ctx, client, kid)
	return append(keys, published...), err
}

// fits reports whether a signature with this kid and alg may have been made by the key (RFC 8725 §3.1).
func fits(key jose.JSONWebKey, header jose.Header) bool {
	return (header.KeyID == "" || key.KeyID == "" || key.KeyID == header.KeyID) && (key.Algorithm == "" || jwkset.SameAlgorithm(key.Algorithm, header.Algorithm))
}

// How long what a client published is believed, and how often it is asked.
const (
	publishedFresh = 10 * time.Minute // then it is asked again
	publishedPause = 30 * time.Second // between two questions, whoever sends unknown kids, and whatever fails
	publishedStale = time.Hour        // as long its keys still count when it does not answer
)

const (
	maxKeySet  = 64 << 10 // bytes
	maxKeys    = 50       // in one set
	maxKeySets = 1000     // in memory
)

// publishedKeys are the key sets at the jwks_uri of clients, as they were when last fetched. Each process has its own. It is
// safe for concurrent use.
type publishedKeys struct {
	outgoing *outgoing
	bus      *event.Bus
	flight   singleflight.Group

	mu   sync.Mutex
	sets map[string]publishedSet // by address
}

type publishedSet struct {
	keys    []jose.JSONWebKey
	fetched time.Time // zero when it never worked
	tried   time.Time
	err     error // of the last try
}

func newPublishedKeys(calls *outgoing, bus *event.Bus) *publishedKeys {
	return &publishedKeys{outgoing: calls, bus: bus, sets: map[string]publishedSet{}}
}

// find returns the client's published keys. A kid that is not among them makes us look again, at most once a pause (I20).
func (k *publishedKeys) find(ctx context.Context, client db.Client, kid string) ([]jose.JSONWebKey, error) {
	set := k.last(client.JWKSURI)
	if set.due(kid, time.Now()) {
		fetched := k.flight.DoChan(client.JWKSURI, func() (any, error) {
			if last := k.last(client.JWKSURI); !last.due(kid, time.Now()) {
				return last, nil // somebody did it since we looked
			}
			return k.fetch(client), nil
		})
		select {
		case result := <-fetched: // requests that come together share one call
			set = result.Val.(publishedSet)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if time.Since(set.fetched) < publishedStale {
		return set.keys, nil
	}
	refused := refuse(InvalidClient, "the keys of client %s cannot be read from its jwks_uri", client.ClientID)
	refused.cause = set.err
	return nil, refused
}

// due reports whether the client is to be asked.
func (s publishedSet) due(kid string, now time.Time) bool {
	known := kid == "" || slices.ContainsFunc(s.keys, func(key jose.JSONWebKey) bool { return key.KeyID == kid })
	return now.Sub(s.tried) >= publishedPause && (!known || s.err != nil || now.Sub(s.fetched) >= publishedFresh)
}

func (k *publishedKeys) last(address string) publishedSet {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sets[address]
}

// fetch asks the client's server, and keeps what it knew when that fails.
func (k *publishedKeys) fetch(client db.Client) publishedSet {
	ctx, cancel := context.WithTimeout(context.Background(), outgoingTimeout) // it serves all who wait
	defer cancel()
	started := time.Now()
	text, err := k.outgoing.get(ctx, client.JWKSURI, "application/jwk-set+json, application/json", maxKeySet)
	var keys []jose.JSONWebKey
	if err == nil {
		keys, err = parseKeySet(text)
	}
	told := event.Event{Kind: "client_keys.fetched", Role: event.RoleIDP, ClientID: client.ClientID, Duration: time.Since(started), Outcome: event.OutcomeOK,
		Parameters: map[string]string{"keys": fmt.Sprint(len(keys))}}
	if err != nil {
		told.Outcome, told.Reason = string(InvalidClient), event.Printable(err.Error(), maxReason)
	}
	k.bus.Emit(told)

	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.sets[client.JWKSURI]
	if set.tried, set.err = time.Now(), err; err == nil {
		set.keys, set.fetched = keys, set.tried
	}
	if len(k.sets) >= maxKeySets {
		clear(k.sets) // whoever is still there is asked again
	}
	k.sets[client.JWKSURI] = set
	return set
}

// parseKeySet reads the public signature keys of a JWK Set (RFC 7517 §5). What it does not understand it leaves out; a private
// or symmetric key in public is none, nor is an RSA key that is too short (RFC 7518 §3.3).
func parseKeySet(text []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("no JWK Set: %w", err)
	}
	if set.Keys == nil || len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("a JWK Set must have 1 to %d keys", maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, encoded := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(encoded, &key) == nil && jwkset.Check(key) == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no public key for signatures in the JWK Set")
	}
	return keys, nil
}
