package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/internal/seal"
)

// Ring is the keys in the database. Safe for concurrent use, by several processes too.
type Ring struct {
	db     *db.DB
	sealer *seal.Sealer // nil: private keys are stored in clear
}

// New returns the ring of a database.
func New(store *db.DB, sealer *seal.Sealer) *Ring { return &Ring{store, sealer} }

// Change is a key that was made or retired.
type Change struct {
	Key       db.SigningKey
	Protected bool // whether its private part is encrypted at rest
	Retired   bool // false: made
}

// purpose ties a sealed key to its row.
func purpose(kid string) string { return "Keys/" + kid }

// whenLost is the way out where nobody has the encryption key any more.
const whenLost = " (is it lost for good: silentrenew keys rotate --revoke-old makes new signing keys; every token signed so far is then refused)"

// Open returns the private key of a row. The error says what to do and names the key.
func (r *Ring) Open(row db.SigningKey) (jose.JSONWebKey, error) {
	var key jose.JSONWebKey
	text, _, err := r.sealer.Open(purpose(row.ID), row.Data)
	switch {
	case errors.Is(err, seal.ErrNoKey):
		return key, fmt.Errorf("signing key %s %w: set SILENTRENEW_KEY_ENCRYPTION_KEY to the one it was encrypted with%s", row.ID, err, whenLost)
	case err != nil:
		return key, fmt.Errorf("signing key %s %w: give the one it was encrypted with as SILENTRENEW_KEY_ENCRYPTION_KEY, "+
			"or among SILENTRENEW_KEY_ENCRYPTION_KEY_OLD when it was replaced%s", row.ID, err, whenLost)
	}
	if err := json.Unmarshal([]byte(text), &key); err != nil {
		return key, fmt.Errorf("parse signing key %s: %w", row.ID, err)
	}
	if key.KeyID != row.ID || key.Algorithm != row.Algorithm || key.IsPublic() {
		return key, fmt.Errorf("signing key %s: the row holds another key than it says", row.ID)
	}
	return key, nil
}

// Seal encrypts what was stored in clear or with an older key. It does nothing without a current key.
func (r *Ring) Seal(ctx context.Context) error {
	rows, err := r.db.SigningKeys(ctx)
	if err != nil || !r.sealer.Active() {
		return err
	}
	for _, row := range rows {
		text, current, err := r.sealer.Open(purpose(row.ID), row.Data)
		if err != nil || current {
			continue // Open says what is wrong with one we cannot read, where it is needed
		}
		sealed, err := r.sealer.Seal(purpose(row.ID), text)
		if err == nil {
			err = r.db.ResealSigningKey(ctx, row, sealed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Keep makes the keys that are due and deletes those whose time is over. It returns what it did, and when there will be
// something to do again. Any number of processes may call it.
func (r *Ring) Keep(ctx context.Context, policy Policy, now time.Time) (changes []Change, next time.Time, err error) {
	rows, err := r.db.SigningKeys(ctx)
	if err != nil {
		return nil, next, err
	}
	for _, algorithm := range Algorithms {
		due := policy.due(of(algorithm, rows), now)
		if next.IsZero() || due.next.Before(next) {
			next = due.next
		}
		if due.generation > 0 {
			key, made, err := r.make(ctx, algorithm, due.generation, now, due.signsFrom)
			if err != nil {
				return changes, next, err
			}
			if made {
				changes = append(changes, Change{Key: key, Protected: key.Protected})
			}
		}
		for _, old := range due.over {
			deleted, err := r.db.DeleteSigningKey(ctx, old)
			if err != nil {
				return changes, next, err
			}
			if deleted {
				changes = append(changes, Change{Key: old, Protected: old.Protected, Retired: true})
			}
		}
	}
	return changes, next, nil
}

// Rotate makes the next key of an algorithm ahead of its time. It signs once it has been published for MinPropagation. With
// revoke it signs at once and all earlier keys of the algorithm are deleted: every token they signed is refused from
// now on, which is what a stolen key needs.
func (r *Ring) Rotate(ctx context.Context, algorithm jose.SignatureAlgorithm, revoke bool, now time.Time) ([]Change, error) {
	for {
		rows, err := r.db.SigningKeys(ctx)
		if err != nil {
			return nil, err
		}
		generation, signsFrom := 1, now
		older := of(algorithm, rows)
		if len(older) > 0 {
			generation = older[0].Generation + 1
			if !revoke {
				signsFrom = now.Add(MinPropagation)
			}
		}
		key, made, err := r.make(ctx, algorithm, generation, now, signsFrom)
		if err != nil {
			return nil, err
		}
		if !made {
			continue // a process made the same generation just now: make the one after it
		}
		changes := []Change{{Key: key, Protected: key.Protected}}
		for _, old := range older {
			if !revoke {
				break
			}
			old.LongestLifetime = forever
			if _, err := r.db.DeleteSigningKey(ctx, old); err != nil {
				return changes, err
			}
			changes = append(changes, Change{Key: old, Protected: old.Protected, Retired: true})
		}
		return changes, nil
	}
}

// forever is the longest lifetime that the column holds: 68 years.
const forever = math.MaxInt32 * time.Second

func (r *Ring) make(ctx context.Context, algorithm jose.SignatureAlgorithm, generation int, now, signsFrom time.Time) (row db.SigningKey, made bool, err error) {
	key, err := Generate(algorithm)
	if err != nil {
		return row, false, fmt.Errorf("create %s key: %w", algorithm, err)
	}
	encoded, err := json.Marshal(key)
	if err != nil {
		return row, false, fmt.Errorf("encode %s key: %w", algorithm, err)
	}
	data, err := r.sealer.Seal(purpose(key.KeyID), string(encoded))
	if err != nil {
		return row, false, fmt.Errorf("seal %s key: %w", algorithm, err)
	}
	row = db.SigningKey{ID: key.KeyID, Algorithm: key.Algorithm, Generation: generation, Created: now, SignsFrom: signsFrom,
		Data: data, Protected: r.sealer.Active()}
	made, err = r.db.InsertSigningKey(ctx, row)
	return row, made, err
}

// of returns the keys of one algorithm in the order they come.
func of(algorithm jose.SignatureAlgorithm, rows []db.SigningKey) []db.SigningKey {
	return slices.DeleteFunc(slices.Clone(rows), func(row db.SigningKey) bool { return row.Algorithm != string(algorithm) })
}
