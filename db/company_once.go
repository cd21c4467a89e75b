package db

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ErrKeyReused says that an idempotency key came back with another request than before.
var ErrKeyReused = errors.New("db: idempotency key was used for another request")

// Once marks a request that may be sent again and must take effect once.
type Once struct {
	Key     []string // who asks, and the key they chose
	Request string   // what they ask, in whatever form
	Expires time.Time
}

// idempotencyKey remembers the answer to a request. Strangers choose keys, so only their hash is stored.
type idempotencyKey struct {
	Key        string `gorm:"primaryKey"`
	Request    string
	Answer     string
	Expiration time.Time
}

// TableName implements gorm's Tabler.
func (idempotencyKey) TableName() string { return "IdempotencyKeys" }

// InsertCompanyOnce is [DB.InsertCompany] for a request that may come again, at the same moment too: only the first
// inserts, and all get the company as it was then. It returns [ErrKeyReused] when the key belongs to another request.
func (d *DB) InsertCompanyOnce(ctx context.Context, once Once, c Company) (created Company, again bool, err error) {
	if err := c.prepare(); err != nil {
		return Company{}, false, err
	}
	answer, err := json.Marshal(c)
	if err != nil {
		return Company{}, false, fmt.Errorf("db: insert company: %w", err)
	}
	wanted := idempotencyKey{digest(once.Key...), digest(once.Request), string(answer), moment(once.Expires)}
	err = d.transaction(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec(`DELETE FROM "IdempotencyKeys" WHERE "Key" = ? AND "Expiration" <= ?`, wanted.Key, moment(time.Now())).Error; err != nil {
			return err
		}
		// The unique key is the lock: a second request waits here until the first has ended.
		stored := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&wanted)
		if stored.Error != nil {
			return stored.Error
		}
		if stored.RowsAffected == 1 {
			row := rowOf(c)
			created = c
			return tx.Create(&row).Error
		}
		var first idempotencyKey
		if err := tx.Where(`"Key" = ?`, wanted.Key).Take(&first).Error; err != nil {
			return err
		}
		if first.Request != wanted.Request {
			return ErrKeyReused
		}
		again = true
		return json.Unmarshal([]byte(first.Answer), &created)
	})
	return created, again, err
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
