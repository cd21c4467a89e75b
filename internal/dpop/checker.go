package dpop

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Names of the header fields (RFC 9449 §4.1, §8) and of the authentication scheme (§7.1).
const (
	Header      = "DPoP"
	NonceHeader = "DPoP-Nonce"
	Scheme      = "DPoP"
)

// Store is what all replicas have to know together. *db.DB is one.
type Store interface {
	// UseOnce reports whether the id is used for the first time, and remembers it until it expires.
	UseOnce(ctx context.Context, kind, id string, expires time.Time) (first bool, err error)

	// DPoPNonce returns the nonce of that name, which is the proposed one if nobody proposed one before.
	DPoPNonce(ctx context.Context, name, proposed string, expires time.Time) (string, error)
}

// Checker checks the proofs that one server receives. It is safe for concurrent use.
type Checker struct {
	store  Store
	server string
	nonces *nonces
}

// NewChecker returns a checker for the server of that name: "idp" or "api". A nonce of one is none of the other (RFC 9449 §9).
func NewChecker(store Store, server string) *Checker {
	return &Checker{store, server, &nonces{store: store, server: server, known: map[int64]string{}}}
}

// Request is what a proof must be about.
type Request struct {
	Header      http.Header
	Method      string
	URL         string // as the client sees it
	AccessToken string // presented beside the proof; empty at the token endpoint
	Nonce       bool   // the proof must repeat a nonce of ours
}

// Refusal says what is wrong with a proof, for the client's developer.
type Refusal struct {
	Description string
	Nonce       string // the client is to try again with this nonce (use_dpop_nonce); empty when that would not help
}

func (r *Refusal) Error() string { return r.Description }

func refuse(format string, args ...any) *Refusal {
	return &Refusal{Description: "DPoP: " + fmt.Sprintf(format, args...)}
}

// Presented reports whether a request presents its access token in the DPoP scheme. Schemes know no case (RFC 9110 §11.1).
func Presented(header http.Header) bool {
	scheme, _, _ := strings.Cut(header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, Scheme)
}

// Sent reports whether a request carries a proof, whatever it is worth.
func Sent(header http.Header) bool { return len(header.Values(Header)) > 0 }

// Check returns the thumbprint of the key that made the proof of this request (RFC 9449 §4.3). The error is a [*Refusal] when
// the client is to blame. A proof that was accepted is not accepted again by any replica.
func (c *Checker) Check(ctx context.Context, r Request) (thumbprint string, err error) {
	made, now, err := c.read(r)
	if err != nil {
		return "", err
	}
	until := made.claims.IssuedAt.Time().Add(Age + time.Second) // as long it could come again
	if r.Nonce {
		if err := c.checkNonce(ctx, made.claims.Nonce, now); err != nil {
			return "", err
		}
		until = now.Add(nonceLife)
	}
	// The id is the key's own, so that nobody can use up another client's (RFC 9449 §11.1).
	first, err := c.store.UseOnce(ctx, "dpop/"+c.server, made.thumbprint+"\n"+made.claims.ID, until)
	switch {
	case err != nil:
		return "", fmt.Errorf("remember the proof: %w", err)
	case !first:
		return "", refuse("the proof was used before (jti)")
	}
	return made.thumbprint, nil
}

// Demand returns a [*Refusal] with the current nonce for a proof that lacks nothing else. It uses nothing up, so it can be asked
// before whatever the client could send only once: it will send the same request again under another proof (RFC 9449 §8).
func (c *Checker) Demand(ctx context.Context, r Request) error {
	made, now, err := c.read(r)
	if err != nil {
		return nil // Check will say so
	}
	return c.checkNonce(ctx, made.claims.Nonce, now)
}

// read checks everything that takes no database.
func (c *Checker) read(r Request) (proof, time.Time, error) {
	now := time.Now()
	sent := r.Header.Values(Header)
	if len(sent) != 1 {
		return proof{}, now, refuse("the header must be sent once, it was sent %d times", len(sent))
	}
	made, err := parse(sent[0])
	if err == nil {
		err = made.claims.fresh(now, r.Nonce)
	}
	if err != nil {
		return proof{}, now, refuse("the proof is not valid: %v", err)
	}
	switch {
	case made.claims.Method != r.Method && !(made.claims.Method == http.MethodHead && r.Method == http.MethodGet):
		// Our servers answer HEAD with GET (RFC 9110 §9.3.2), and a proof for HEAD opens nothing that one for GET would not.
		return proof{}, now, refuse("htm of the proof is not %s", r.Method)
	case !sameTarget(made.claims.Target, r.URL):
		return proof{}, now, refuse("htu of the proof is not the address of this request")
	case r.AccessToken != "" && !hashMatches(made.claims.AccessHash, r.AccessToken):
		return proof{}, now, refuse("ath of the proof is not the hash of the access token")
	}
	return made, now, nil
}

// hashMatches compares ath: base64url of the SHA-256 of the access token's characters (RFC 9449 §4.2).
func hashMatches(presented, token string) bool {
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare([]byte(presented), []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) == 1
}

// checkNonce wants a nonce of ours and otherwise tells the current one (RFC 9449 §8).
func (c *Checker) checkNonce(ctx context.Context, presented string, now time.Time) error {
	ok, err := c.nonces.accepts(ctx, presented, now)
	if ok || err != nil {
		return err
	}
	current, err := c.nonces.current(ctx, now)
	if err != nil {
		return err
	}
	return &Refusal{Description: "DPoP: the proof must repeat the nonce in the header DPoP-Nonce", Nonce: current}
}

// Nonce returns the nonce for the client's next proof, to be sent with an answer (RFC 9449 §8.2).
func (c *Checker) Nonce(ctx context.Context) (string, error) {
	return c.nonces.current(ctx, time.Now())
}

// AsRefusal returns err as a [*Refusal].
func AsRefusal(err error) (*Refusal, bool) { return errors.AsType[*Refusal](err) }
