package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
)

const grantPushedRequest = "pushed_authorization_request"

// PushedRequest is an authorization request that a client has left with us (RFC 9126 §2).
type PushedRequest struct {
	ClientID   string
	Parameters map[string][]string // what may be sent more than once included
	Created    time.Time
	Expires    time.Time
}

// InsertPushedRequest stores the request under the hash of its handle.
func (d *DB) InsertPushedRequest(ctx context.Context, handle string, r PushedRequest) error {
	data, err := json.Marshal(r.Parameters)
	if err != nil {
		return fmt.Errorf("db: insert pushed request: %w", err)
	}
	expires := moment(r.Expires)
	grant := persistedGrant{Key: hashHandle(handle), Type: grantPushedRequest, ClientID: r.ClientID,
		CreationTime: moment(r.Created), Expiration: &expires, Data: string(data)}
	if err := d.write(ctx, func(tx *gorm.DB) error { return tx.Create(&grant).Error }); err != nil {
		return fmt.Errorf("db: insert pushed request: %w", err)
	}
	return nil
}

// bringPushedRequest keeps a request for the detour. Another client's handle stays as it is.
const bringPushedRequest = `
	UPDATE "PersistedGrants" SET "ConsumedTime" = ?, "Expiration" = ?
	WHERE "Key" = ? AND "ClientId" = ? AND "Type" = 'pushed_authorization_request' AND "CreationTime" > ?
	RETURNING "Data"`

// BringPushedRequest notes that a browser has brought the request to the authorization endpoint, and keeps it for the detour by
// the login page. Within the request's lifetime the browser may bring it again, until it is answered: people reload pages. It
// returns [ErrNotFound] for one that is unknown, another client's, expired or answered.
func (d *DB) BringPushedRequest(ctx context.Context, handle, clientID string, now time.Time, lifetime, detour time.Duration) error {
	if !storable(clientID) {
		return ErrNotFound
	}
	var brought []string
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Raw(bringPushedRequest, moment(now), moment(now.Add(detour)), hashHandle(handle), clientID, moment(now.Add(-lifetime))).
			Scan(&brought).Error
	})
	switch {
	case err != nil:
		return fmt.Errorf("db: bring pushed request: %w", err)
	case len(brought) == 0:
		return ErrNotFound
	}
	return nil
}

// PushedRequest finds a request that was brought and not answered yet. It returns [ErrNotFound] otherwise.
func (d *DB) PushedRequest(ctx context.Context, handle string, now time.Time) (PushedRequest, error) {
	var grant persistedGrant
	err := d.read(ctx).Where(`"Key" = ? AND "Type" = ? AND "ConsumedTime" IS NOT NULL AND "Expiration" > ?`,
		hashHandle(handle), grantPushedRequest, moment(now)).Take(&grant).Error
	if err != nil {
		return PushedRequest{}, notFound(err)
	}
	r := PushedRequest{ClientID: grant.ClientID, Created: grant.CreationTime, Expires: *grant.Expiration}
	if err := json.Unmarshal([]byte(grant.Data), &r.Parameters); err != nil {
		return PushedRequest{}, fmt.Errorf("db: pushed request data: %w", err)
	}
	return r, nil
}

// AnswerPushedRequest forgets a request that is being answered. Of any number of answers one goes through; the others get
// [ErrNotFound] (RFC 9126 §7.3).
func (d *DB) AnswerPushedRequest(ctx context.Context, handle string) error {
	var answered int64
	err := d.write(ctx, func(tx *gorm.DB) error {
		done := tx.Where(`"Key" = ? AND "Type" = ?`, hashHandle(handle), grantPushedRequest).Delete(&persistedGrant{})
		answered = done.RowsAffected
		return done.Error
	})
	switch {
	case err != nil:
		return fmt.Errorf("db: answer pushed request: %w", err)
	case answered == 0:
		return ErrNotFound
	}
	return nil
}
