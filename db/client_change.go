package db

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ReplaceClient puts the client in the place of the one with the same client_id, all its child rows included, if
// [Client.Validate] accepts it. Id, Created and LastAccessed stay, Updated is now. It returns [ErrNotFound] when there is
// no such client any more.
func (d *DB) ReplaceClient(ctx context.Context, c Client) error {
	return d.ChangeClient(ctx, c.ClientID, func(there *Client) error {
		*there = c
		return nil
	})
}

// ChangeClient is ReplaceClient for who changes some of what is there: nobody else changes the client between its reading and its
// writing. The function gets the client as it is now, may be called once only, and its error calls the change off.
func (d *DB) ChangeClient(ctx context.Context, clientID string, change func(c *Client) error) error {
	if !storable(clientID) {
		return ErrNotFound
	}
	var refused error
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		clients := make([]Client, 1)
		lock := clause.Locking{Strength: clause.LockingStrengthUpdate} // on SQLite the transaction is the lock
		if err := tx.Clauses(lock).Where(`"ClientId" = ?`, clientID).Take(&clients[0]).Error; err != nil {
			return notFound(err)
		}
		if err := readClientChildren(tx, clients); err != nil {
			return err
		}
		before, now := clients[0], moment(time.Now())
		after := before
		if refused = change(&after); refused == nil {
			refused = after.Validate()
		}
		if refused != nil {
			return refused
		}
		after.ID, after.ClientID, after.Created, after.LastAccessed, after.Updated = before.ID, before.ClientID, before.Created, before.LastAccessed, &now
		return updateClient(tx, after)
	})
	if err != nil && refused == nil {
		return fmt.Errorf("db: change client %s: %w", clientID, err)
	}
	return err
}

// updateClient writes a row that is there, in its place, so that an SQL client that waits for it still finds it; and its child rows anew.
func updateClient(tx *gorm.DB, c Client) error {
	columns, err := columnsOf(tx, c)
	if err != nil {
		return err
	}
	if err := tx.Model(&Client{}).Where(`"Id" = ?`, c.ID).Updates(columns).Error; err != nil {
		return err
	}
	for _, child := range []any{&clientRedirectURI{}, &clientPostLogoutRedirectURI{}, &clientScope{}, &clientGrantType{}, &clientCORSOrigin{},
		&clientRequestURI{}, &clientSecret{}, &clientClaim{}, &clientProperty{}} {
		if err := tx.Delete(child, `"ClientId" = ?`, c.ID).Error; err != nil {
			return err
		}
	}
	return createChildRows(tx, c)
}

// columnsOf returns every column of a row but the key; texts that are empty are NULL where an insert leaves them so.
func columnsOf[T any](tx *gorm.DB, row T) (map[string]any, error) {
	statement := &gorm.Statement{DB: tx}
	if err := statement.Parse(&row); err != nil {
		return nil, err
	}
	columns := map[string]any{}
	for _, field := range statement.Schema.Fields {
		if field.DBName == "" || field.PrimaryKey {
			continue
		}
		value, zero := field.ValueOf(tx.Statement.Context, reflect.ValueOf(row))
		if zero && field.HasDefaultValue {
			value = nil
		}
		columns[field.DBName] = value
	}
	return columns, nil
}
