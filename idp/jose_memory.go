package idp

import (
	"crypto/sha256"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// knownTokens are JWTs whose signature need not be computed again, because we made it or have verified it: most tokens that
// come back to userinfo were issued here a moment ago, and verifying ES256 costs more than twice what signing does. Only the
// very same characters are recognised. What a token says (expiry, issuer) and whether it was revoked is looked at each
// time, and so is whether its key still counts.
type knownTokens struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]knownToken // a generation that is full becomes the old one, and the one before it goes
}

type knownToken struct {
	kid     string
	typ     jose.ContentType
	payload []byte
}

// generation is how many tokens make one; a payload has less than a kilobyte.
const generation = 2000

func (k *knownTokens) add(token string, known knownToken) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.young == nil || len(k.young) >= generation {
		k.young, k.old = make(map[[sha256.Size]byte]knownToken), k.young
	}
	k.young[sha256.Sum256([]byte(token))] = known
}

// find returns a known token of this type whose key is among the keys.
func (k *knownTokens) find(token string, typ jose.ContentType, keys *keySet) (knownToken, bool) {
	sum := sha256.Sum256([]byte(token))
	k.mu.Lock()
	known, found := k.young[sum]
	if !found {
		known, found = k.old[sum]
	}
	k.mu.Unlock()
	return known, found && known.typ == typ && keys.byID(known.kid) != nil
}
