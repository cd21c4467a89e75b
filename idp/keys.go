package idp

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/internal/event"
	"silentrenew/internal/keyring"
)

// signatureAlgorithms are the ones we sign and verify with.
var signatureAlgorithms = keyring.Algorithms

const (
	// keysReload is how long a process trusts the keys it has in memory before it looks for those another process made.
	keysReload = 30 * time.Second

	// unknownKeyPause limits how often a token with an unknown kid makes us look into the database.
	unknownKeyPause = 5 * time.Second
)

// signingKey is one row of Keys, opened and parsed.
type signingKey struct {
	jose.JSONWebKey // private
	algorithm       jose.SignatureAlgorithm
	signsFrom       time.Time
	longest         atomic.Int64 // seconds; the longest lifetime the row is known to have noted
	headers         sync.Map     // jose.ContentType → header of its tokens, encoded
}

// keys are the provider's signing keys. They live in the database, so that a restart does not invalidate tokens and
// several processes share them; here they are kept parsed. Safe for concurrent use.
type keys struct {
	db      *db.DB
	bus     *event.Bus
	ring    *keyring.Ring
	told    sync.Map // kids of unreadable keys that an event has told of
	current atomic.Pointer[keySet]
	loading sync.Mutex
	known   knownTokens
}

// openKeys loads the keys, seals those that lie in clear when there is a key for it, and creates one for every algorithm that
// has none. A key that cannot be read stops the start: its tokens would be refused here and nowhere else.
func openKeys(store *db.DB, ring *keyring.Ring, bus *event.Bus) (*keys, error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	k := &keys{db: store, bus: bus, ring: ring}
	set, err := k.load(ctx)
	if err == nil && len(set.unreadable) > 0 {
		err = set.unreadable[0] // the others have the same reason
	}
	if err == nil {
		err = ring.Seal(ctx)
	}
	if err == nil {
		_, err = k.keep(ctx, keyring.DefaultPolicy)
	}
	return k, err
}

// keep makes and retires the keys that are due and returns when to look again.
func (k *keys) keep(ctx context.Context, policy keyring.Policy) (next time.Time, err error) {
	changes, next, err := k.ring.Keep(ctx, policy, time.Now())
	for _, change := range changes {
		k.bus.Emit(keyEvent(change))
	}
	if err != nil {
		return next, err
	}
	_, err = k.load(ctx) // another process may have made its own at the same moment
	return next, err
}

// keyEvent tells of a key that was made or retired. Of one whose private part is not encrypted at rest it says so.
func keyEvent(change keyring.Change) event.Event {
	e := event.Event{Kind: "signing_key.created", Role: event.RoleIDP, Outcome: event.OutcomeOK, Parameters: map[string]string{
		"kid": change.Key.ID, "alg": change.Key.Algorithm, "signs_from": change.Key.SignsFrom.UTC().Format(time.RFC3339),
		"data_protected": "false, for development only",
	}}
	if change.Protected {
		e.Parameters["data_protected"] = "true"
	}
	if change.Retired {
		e.Kind = "signing_key.retired"
	}
	return e
}

// load reads the keys from the database, opening only those it has not seen.
func (k *keys) load(ctx context.Context) (*keySet, error) {
	rows, err := k.db.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	set := &keySet{loaded: time.Now(), lines: map[jose.SignatureAlgorithm][]*signingKey{}}
	var public jose.JSONWebKeySet
	for _, row := range rows {
		if !slices.Contains(signatureAlgorithms, jose.SignatureAlgorithm(row.Algorithm)) {
			continue // a newer version of this program made it
		}
		key := k.current.Load().byID(row.ID)
		if key == nil {
			opened, err := k.ring.Open(row)
			if err != nil {
				set.unreadable = append(set.unreadable, err)
				k.noteUnreadable(row.ID, err)
				continue
			}
			if private, ok := opened.Key.(*rsa.PrivateKey); ok {
				private.Precompute() // or each signature does it anew, a tenth of its cost
			}
			key = &signingKey{JSONWebKey: opened, algorithm: jose.SignatureAlgorithm(row.Algorithm), signsFrom: row.SignsFrom}
		}
		key.longest.Store(int64(row.LongestLifetime / time.Second))
		set.all, set.lines[key.algorithm] = append(set.all, key), append(set.lines[key.algorithm], key)
		public.Keys = append(public.Keys, key.Public())
	}
	published, err := json.Marshal(public)
	if err != nil {
		return nil, fmt.Errorf("encode key set: %w", err)
	}
	set.document = newDocument("", published)
	k.current.Store(set)
	return set, nil
}

// version names the key set as this process knows it.
func (k *keys) version() string { return k.current.Load().document.etag }

// noteUnreadable tells, once, of a key that a process with another encryption key made while we run. We go on with those we
// have. Before we run, openKeys says it.
func (k *keys) noteUnreadable(kid string, cause error) {
	if _, told := k.told.LoadOrStore(kid, true); told || k.current.Load() == nil {
		return
	}
	k.bus.Emit(event.Event{Kind: "signing_key.unreadable", Role: event.RoleIDP, Outcome: string(ServerError), Reason: cause.Error(),
		Parameters: map[string]string{"kid": kid}})
}

// fresh returns the keys as the database held them at most maxAge ago.
func (k *keys) fresh(ctx context.Context, maxAge time.Duration) (*keySet, error) {
	if set := k.current.Load(); time.Since(set.loaded) < maxAge {
		return set, nil
	}
	k.loading.Lock()
	defer k.loading.Unlock()
	if set := k.current.Load(); time.Since(set.loaded) < maxAge {
		return set, nil // somebody else did it while we waited
	}
	return k.load(ctx)
}

// find returns the key with this kid, nil when there is none. An unknown kid may be another process's new key.
func (k *keys) find(ctx context.Context, kid string) (*signingKey, error) {
	set, err := k.fresh(ctx, keysReload)
	if err == nil && set.byID(kid) == nil {
		set, err = k.fresh(ctx, unknownKeyPause)
	}
	return set.byID(kid), err
}

// covers makes sure that the row of the key knows of a token that lives so long, before it is signed: the key is retired no
// earlier than the token. Only a lifetime longer than ever costs a write.
func (k *keys) covers(ctx context.Context, key *signingKey, lifetime time.Duration) error {
	whole := int64((lifetime + time.Second - 1) / time.Second)
	if whole <= key.longest.Load() {
		return nil
	}
	if err := k.db.SignsTokensOf(ctx, key.KeyID, lifetime); err != nil {
		return err
	}
	key.longest.Store(whole)
	return nil
}
