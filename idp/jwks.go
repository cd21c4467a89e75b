package idp

import (
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/keyring"
)

// jwks serves GET /.well-known/openid-configuration/jwks (RFC 7517 §5, OIDC Core §10.1): the public part of every key that
// signs, will sign soon, or has signed a token that may still be alive.
func (p *Provider) jwks(c *gin.Context) error {
	set, err := p.keys.fresh(c.Request.Context(), keysReload)
	if err != nil {
		return err
	}
	set.document.write(c, "application/json")
	return nil
}

// keySet is what the database held when it was loaded. It never changes.
type keySet struct {
	loaded   time.Time
	all      []*signingKey                             // newest first
	lines    map[jose.SignatureAlgorithm][]*signingKey // the same by algorithm
	document *document                                 // the public parts as a JWK Set (RFC 7517 §5)

	unreadable []error // of rows that were left out
}

// byID returns the key with this kid or nil.
func (s *keySet) byID(kid string) *signingKey {
	if s == nil {
		return nil
	}
	if i := slices.IndexFunc(s.all, func(key *signingKey) bool { return key.KeyID == kid }); i >= 0 {
		return s.all[i]
	}
	return nil
}

// signer returns the key to sign with: the newest whose time has come. It was published before, so every process knows it.
func (s *keySet) signer(algorithm jose.SignatureAlgorithm, now time.Time) *signingKey {
	return keyring.Signer(s.lines[algorithm], func(key *signingKey) time.Time { return key.signsFrom }, now)
}
