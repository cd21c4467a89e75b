package idp

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hash of key identifiers
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/internal/event"
)

// signatureAlgorithms are the ones we sign and verify with. Neither "none" nor an HMAC is among them, so an unsigned
// token, or one signed with a public key taken for a shared secret, cannot pass (RFC 8725 §2.1, §3.1).
var signatureAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.PS256, jose.EdDSA}

const (
	rsaBits = 2048

	// keysReload is how long a process trusts the keys it has in memory before it looks for those another process made.
	keysReload = 30 * time.Second

	// unknownKeyPause limits how often a token with an unknown kid makes us look into the database.
	unknownKeyPause = 5 * time.Second

	// publishBeforeUse is how long a new key is published before it signs, so that every process has loaded it and every
	// cached key set has expired by then. The first key of an algorithm has nothing to wait for.
	publishBeforeUse = 2*keysReload + documentMaxAge
)

// signingKey is one row of Keys, parsed.
type signingKey struct {
	jose.JSONWebKey // private
	algorithm       jose.SignatureAlgorithm
	created         time.Time
}

// keys are the provider's signing keys. They live in the database, so that a restart does not invalidate tokens and
// several processes share them; here they are kept parsed. Safe for concurrent use.
type keys struct {
	db      *db.DB
	bus     *event.Bus
	current atomic.Pointer[keySet]
	loading sync.Mutex
}

// openKeys loads the keys and creates one for every algorithm that has none.
func openKeys(store *db.DB, bus *event.Bus) (*keys, error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	k := &keys{db: store, bus: bus}
	set, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	created := false
	for _, algorithm := range signatureAlgorithms {
		if set.signer(algorithm, time.Now()) != nil {
			continue
		}
		if err := k.create(ctx, algorithm); err != nil {
			return nil, err
		}
		created = true
	}
	if created { // read again: another process may have created its own at the same moment
		_, err = k.load(ctx)
	}
	return k, err
}

// create makes a key and stores it. The private key is not encrypted at rest, which the event says.
func (k *keys) create(ctx context.Context, algorithm jose.SignatureAlgorithm) error {
	key, err := generateKey(algorithm)
	if err != nil {
		return fmt.Errorf("create %s key: %w", algorithm, err)
	}
	encoded, err := json.Marshal(key)
	if err != nil {
		return fmt.Errorf("encode %s key: %w", algorithm, err)
	}
	row := db.SigningKey{ID: key.KeyID, Algorithm: key.Algorithm, Created: time.Now().UTC(), JWK: encoded}
	if err := k.db.InsertSigningKey(ctx, row); err != nil {
		return fmt.Errorf("store %s key: %w", algorithm, err)
	}
	k.bus.Emit(event.Event{Kind: "signing_key.created", Role: event.RoleIDP, Parameters: map[string]string{
		"kid": key.KeyID, "alg": key.Algorithm, "data_protected": "false, for development only",
	}})
	return nil
}

// generateKey returns a new private key whose kid is its thumbprint (RFC 7638).
func generateKey(algorithm jose.SignatureAlgorithm) (jose.JSONWebKey, error) {
	key := jose.JSONWebKey{Algorithm: string(algorithm), Use: "sig"}
	var err error
	switch algorithm {
	case jose.RS256, jose.PS256: // each its own key: one key, one algorithm (RFC 8725 §3.2)
		key.Key, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.ES256:
		key.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, key.Key, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = errors.New("unknown algorithm")
	}
	if err != nil {
		return key, err
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return key, err
}

// load reads the keys from the database, parsing only those it has not seen.
func (k *keys) load(ctx context.Context) (*keySet, error) {
	rows, err := k.db.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	set := &keySet{loaded: time.Now()}
	var public jose.JSONWebKeySet
	for _, row := range rows {
		if !slices.Contains(signatureAlgorithms, jose.SignatureAlgorithm(row.Algorithm)) {
			continue // a newer version of this program made it
		}
		key := k.current.Load().byID(row.ID)
		if key == nil {
			key = &signingKey{algorithm: jose.SignatureAlgorithm(row.Algorithm), created: row.Created}
			if err := json.Unmarshal(row.JWK, &key.JSONWebKey); err != nil {
				return nil, fmt.Errorf("parse signing key %s: %w", row.ID, err)
			}
		}
		set.all = append(set.all, key)
		public.Keys = append(public.Keys, key.Public())
	}
	if set.jwks, err = json.Marshal(public); err != nil {
		return nil, fmt.Errorf("encode key set: %w", err)
	}
	k.current.Store(set)
	return set, nil
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
