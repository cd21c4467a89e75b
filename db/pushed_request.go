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

// takePushedRequest lets exactly one of any number of requests through. Another client's handle stays as it is.
const takePushedRequest = `
	UPDATE "PersistedGrants" SET "ConsumedTime" = ?, "Expiration" = ?
	WHERE "Key" = ? AND "ClientId" = ? AND "Type" = 'pushed_authorization_request' AND "ConsumedTime" IS NULL AND "Expiration" > ?
	RETURNING "Data"`

// TakePushedRequest takes the request to the authorization endpoint, exactly once, and keeps it until the given time for
// the way by the login page. It returns [ErrNotFound] for one that is unknown, another client's, expired or taken.
func (d *DB) TakePushedRequest(ctx context.Context, handle, clientID string, now, until time.Time) error {
	if !storable(clientID) {
		return ErrNotFound
	}
	var taken []string
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Raw(takePushedRequest, moment(now), moment(until), hashHandle(handle), clientID, moment(now)).Scan(&taken).Error
	})
	switch {
	case err != nil:
		return fmt.Errorf("db: take pushed request: %w", err)
	case len(taken) == 0:
		return ErrNotFound
	}
	return nil
}

// PushedRequest finds a request that was taken and not answered yet. It returns [ErrNotFound] otherwise.
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

// DeletePushedRequest forgets a request that was answered.
func (d *DB) DeletePushedRequest(ctx context.Context, handle string) error {
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Where(`"Key" = ? AND "Type" = ?`, hashHandle(handle), grantPushedRequest).Delete(&persistedGrant{}).Error
	})
	if err != nil {
		return fmt.Errorf("db: delete pushed request: %w", err)
	}
	return nil
}
