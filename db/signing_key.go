package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SigningKey is a private key of the provider. It is kept so that a restart does not invalidate outstanding tokens (A52).
type SigningKey struct {
	ID         string // the kid (RFC 7517 §4.5)
	Algorithm  string // the alg it is for (RFC 7518 §3.1)
	Generation int    // 1 is the first key of its algorithm, each later one has the next number
	Created    time.Time
	SignsFrom  time.Time // it is published before, and signs until the next generation does

	// LongestLifetime is that of the tokens it has signed: so long after its last signature one of them may be alive.
	LongestLifetime time.Duration

	Data      string // a JWK with its private part, possibly sealed
	Protected bool   // whether Data is sealed
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
	Generation        int
	SignsFrom         *time.Time
	LongestLifetime   int // seconds
}

func (keyRow) TableName() string { return "Keys" }

// signingKeys narrows a statement to the keys that sign.
const signingKeys = `"Use" = 'signing'`

// InsertSigningKey stores a new key, and reports false without doing anything when its algorithm has a key of that generation
// already: of several processes that find a key due, this statement lets one succeed.
func (d *DB) InsertSigningKey(ctx context.Context, key SigningKey) (inserted bool, err error) {
	signsFrom := moment(key.SignsFrom)
	row := keyRow{ID: key.ID, Version: 1, Created: moment(key.Created), Use: "signing", Algorithm: key.Algorithm,
		DataProtected: key.Protected, Data: key.Data, Generation: key.Generation, SignsFrom: &signsFrom,
		LongestLifetime: int(key.LongestLifetime / time.Second)}
	err = d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		inserted = result.RowsAffected == 1
		return result.Error
	})
	if err != nil {
		return false, fmt.Errorf("db: insert signing key: %w", err)
	}
	return inserted, nil
}

// SigningKeys lists the keys of all algorithms, the newest generation first.
func (d *DB) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var rows []keyRow
	err := d.read(ctx).Where(signingKeys).Order(`"Generation" DESC, "Algorithm", "Id"`).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("db: list signing keys: %w", err)
	}
	keys := make([]SigningKey, 0, len(rows))
	for _, row := range rows {
		key := SigningKey{ID: row.ID, Algorithm: row.Algorithm, Generation: row.Generation, Created: moment(row.Created),
			SignsFrom: moment(row.Created), LongestLifetime: seconds(row.LongestLifetime), Data: row.Data, Protected: row.DataProtected}
		if row.SignsFrom != nil { // an older version of this program leaves it out
			key.SignsFrom = moment(*row.SignsFrom)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// SignsTokensOf notes that a key signs tokens of this lifetime. A shorter one than is known changes nothing.
func (d *DB) SignsTokensOf(ctx context.Context, kid string, lifetime time.Duration) error {
	whole := int((lifetime + time.Second - 1) / time.Second)
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Model(&keyRow{}).Where(signingKeys+` AND "Id" = ? AND "LongestLifetime" < ?`, kid, whole).Update("LongestLifetime", whole).Error
	})
	if err != nil {
		return fmt.Errorf("db: note the longest lifetime of key %s: %w", kid, err)
	}
	return nil
}

// ResealSigningKey replaces what is stored of a key by a sealed form of the same. It does nothing when somebody else has done it.
func (d *DB) ResealSigningKey(ctx context.Context, key SigningKey, sealed string) error {
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Model(&keyRow{}).Where(signingKeys+` AND "Id" = ? AND "Data" = ?`, key.ID, key.Data).
			Updates(map[string]any{"Data": sealed, "DataProtected": true}).Error
	})
	if err != nil {
		return fmt.Errorf("db: seal signing key %s: %w", key.ID, err)
	}
	return nil
}

// DeleteSigningKey removes a key whose last token has expired, judged by the LongestLifetime in hand: when a longer one has
// been noted since, the key stays. It reports whether this call removed it.
func (d *DB) DeleteSigningKey(ctx context.Context, key SigningKey) (deleted bool, err error) {
	err = d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Where(signingKeys+` AND "Id" = ? AND "LongestLifetime" <= ?`, key.ID, int(key.LongestLifetime/time.Second)).Delete(&keyRow{})
		deleted = result.RowsAffected == 1
		return result.Error
	})
	if err != nil {
		return false, fmt.Errorf("db: delete signing key %s: %w", key.ID, err)
	}
	return deleted, nil
}
