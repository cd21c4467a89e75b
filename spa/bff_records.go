package spa

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"silentrenew/internal/seal"
)

// BFFRecords keeps what the BFF must remember. It sees hashes for keys and sealed text for data. *db.DB implements it, and
// says more about each method.
type BFFRecords interface {
	InsertBFFRecord(ctx context.Context, key, subject, sid, data string, expires time.Time) (inserted bool, err error)
	BFFRecord(ctx context.Context, key string, now time.Time) (data string, version int64, leaseUntil time.Time, err error)
	LeaseBFFRecord(ctx context.Context, key string, version int64, now, until time.Time) (leased bool, err error)
	ReplaceBFFRecord(ctx context.Context, key string, version int64, data string, expires time.Time) (replaced bool, err error)
	TakeBFFRecord(ctx context.Context, key string, now time.Time) (data string, found bool, err error)
	DeleteBFFRecord(ctx context.Context, key string, version int64) (deleted bool, err error)
	DeleteBFFSessions(ctx context.Context, subject, sid string) (deleted int, err error)
}

// The kinds of records. A handle of one kind opens none of another.
const (
	recordSession     = "session"      // handle: the session cookie
	recordLogin       = "login"        // handle: the cookie of a sign-in under way
	recordLogout      = "logout"       // handle: the ticket to the provider's end session endpoint
	recordLogoutToken = "logout_token" // handle: the jti of a logout token that was obeyed
	recordEnded       = "ended"        // handle: the sid of a session that the provider has ended
)

// newHandle returns 256 random bits for a cookie or a parameter.
func newHandle() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// recordKey is by what the database knows a record. The handle cannot be told from it.
func recordKey(kind, handle string) string {
	sum := sha256.Sum256([]byte(kind + "/" + handle))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// sealerOf returns the sealer whose key follows from the handle (RFC 5869). So the tokens at rest open for the browser that
// holds the cookie, while it sends it, and for nobody who holds the database alone.
func sealerOf(kind, handle string) (*seal.Sealer, error) {
	key, err := hkdf.Key(sha256.New, []byte(handle), nil, "silentrenew bff "+kind, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of a %s record: %w", kind, err)
	}
	return seal.New(hex.EncodeToString(key))
}

// sealRecord writes value as the database may see it.
func sealRecord(kind, handle string, value any) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode a %s record: %w", kind, err)
	}
	sealer, err := sealerOf(kind, handle)
	if err != nil {
		return "", err
	}
	return sealer.Seal("BffRecords/"+recordKey(kind, handle), string(text))
}

// openRecord reads what sealRecord wrote and reports whether it could. A row that somebody has tampered with is as good as none.
func openRecord(kind, handle, data string, value any) bool {
	if !seal.Sealed(data) {
		return false
	}
	sealer, err := sealerOf(kind, handle)
	if err != nil {
		return false
	}
	text, _, err := sealer.Open("BffRecords/"+recordKey(kind, handle), data)
	if err == nil {
		err = json.Unmarshal([]byte(text), value)
	}
	if err != nil {
		slog.Warn("spa: a BFF record does not open", "kind", kind, "error", err)
	}
	return err == nil
}

func (b *bff) insertRecord(ctx context.Context, kind, handle, subject, sid string, value any, expires time.Time) (bool, error) {
	data, err := sealRecord(kind, handle, value)
	if err != nil {
		return false, err
	}
	return b.records.InsertBFFRecord(ctx, recordKey(kind, handle), subject, sid, data, expires)
}

// takeRecord reads a record for the first and last time; false when there is none.
func (b *bff) takeRecord(ctx context.Context, kind, handle string, value any) (bool, error) {
	if handle == "" {
		return false, nil
	}
	data, found, err := b.records.TakeBFFRecord(ctx, recordKey(kind, handle), time.Now())
	return found && err == nil && openRecord(kind, handle, data, value), err
}
