package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// InitialAccessToken lets its bearer register clients (RFC 7591 §1.2), any number of them until it expires.
type InitialAccessToken struct {
	Description string     // for people: who has it
	Created     time.Time  // now, when it is stored
	Expires     *time.Time // nil = never
}

// InsertInitialAccessToken stores the hash of an initial access token. The handle must have 256 random bits.
func (d *DB) InsertInitialAccessToken(ctx context.Context, handle string, t InitialAccessToken) error {
	grant := persistedGrant{Key: hashHandle(handle), Type: grantInitialAccess, Description: t.Description,
		CreationTime: moment(t.Created), Expiration: momentOrNil(t.Expires), Data: "{}"}
	if err := d.write(ctx, func(tx *gorm.DB) error { return tx.Create(&grant).Error }); err != nil {
		return fmt.Errorf("db: insert initial access token: %w", err)
	}
	return nil
}

// InitialAccessToken finds an initial access token that counts at now. It returns [ErrNotFound] for any other handle.
func (d *DB) InitialAccessToken(ctx context.Context, handle string, now time.Time) (InitialAccessToken, error) {
	var grant persistedGrant
	err := d.read(ctx).Where(`"Key" = ? AND "Type" = ? AND "RevokedTime" IS NULL AND ("Expiration" IS NULL OR "Expiration" > ?)`,
		hashHandle(handle), grantInitialAccess, moment(now)).Take(&grant).Error
	if err != nil {
		return InitialAccessToken{}, notFound(err)
	}
	return InitialAccessToken{grant.Description, moment(grant.CreationTime), momentOrNil(grant.Expiration)}, nil
}
