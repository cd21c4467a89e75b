package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// SigningKey is a private key of the provider. It is kept so that a restart does not invalidate outstanding tokens (A52).
type SigningKey struct {
	ID        string // the kid (RFC 7517 §4.5)
	Algorithm string // the alg it is for (RFC 7518 §3.1)
	Created   time.Time
	JWK       json.RawMessage // with its private part
}

type keyRow struct {
	ID                string `gorm:"primaryKey"`
	Version           int
	Created           time.Time
	Use               string
	Algorithm         string
	IsX509Certificate bool `gorm:"column:IsX509Certificate"`
	DataProtected     bool
	Data              string
}

func (keyRow) TableName() string { return "Keys" }

// InsertSigningKey stores a new key.
func (d *DB) InsertSigningKey(ctx context.Context, key SigningKey) error {
	row := keyRow{ID: key.ID, Version: 1, Created: moment(key.Created), Use: "signing", Algorithm: key.Algorithm, Data: string(key.JWK)}
	err := d.write(ctx, func(tx *gorm.DB) error { return tx.Create(&row).Error })
	if err != nil {
		return fmt.Errorf("db: insert signing key: %w", err)
	}
	return nil
}

// SigningKeys lists the keys, newest first.
func (d *DB) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var rows []keyRow
	err := d.read(ctx).Where(`"Use" = 'signing'`).Order(`"Created" DESC, "Id"`).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("db: list signing keys: %w", err)
	}
	keys := make([]SigningKey, 0, len(rows))
	for _, row := range rows {
		keys = append(keys, SigningKey{row.ID, row.Algorithm, moment(row.Created), json.RawMessage(row.Data)})
	}
	return keys, nil
}
