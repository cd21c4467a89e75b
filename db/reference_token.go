package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// ReferenceToken is an access token that stays here: the client holds a handle, and who is shown it asks us
// (AccessTokenType = Reference, RFC 7662).
type ReferenceToken struct {
	ClientID, Subject, SessionID string // the latter two are empty when the client acts for itself
	JTI                          string // begins with its family, see [FamilyOf]
	Created, Expires             time.Time
	Claims                       json.RawMessage // what a JWT would say
}

// InsertReferenceToken stores the token under the hash of its handle.
func (d *DB) InsertReferenceToken(ctx context.Context, handle string, t ReferenceToken) error {
	expires := moment(t.Expires)
	grant := persistedGrant{Key: hashHandle(handle), Type: grantReferenceToken, SubjectID: t.Subject, SessionID: t.SessionID,
		ClientID: t.ClientID, CreationTime: moment(t.Created), Expiration: &expires, Data: string(t.Claims), IssuedJTI: t.JTI}
	if family, _, found := strings.Cut(t.JTI, "."); found {
		grant.FamilyID = family
	}
	err := d.write(ctx, func(tx *gorm.DB) error { return tx.Create(&grant).Error })
	if err != nil {
		return fmt.Errorf("db: insert reference token: %w", err)
	}
	return nil
}

// ReferenceToken returns the claims of a reference token. It returns [ErrNotFound] for one that is unknown, expired, or
// revoked with its family; whether it was revoked alone, [DB.TokenRevoked] tells.
func (d *DB) ReferenceToken(ctx context.Context, handle string, now time.Time) (json.RawMessage, error) {
	var grant persistedGrant
	err := d.read(ctx).Where(`"Key" = ? AND "Type" = ? AND "RevokedTime" IS NULL AND "Expiration" > ?`,
		hashHandle(handle), grantReferenceToken, moment(now)).Take(&grant).Error
	if err != nil {
		return nil, notFound(err)
	}
	return json.RawMessage(grant.Data), nil
}
