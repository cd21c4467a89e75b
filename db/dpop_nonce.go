package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// DPoPNonce returns the nonce of that name (RFC 9449 §8). Whoever proposes one first decides; all others, replicas included,
// get the same.
func (d *DB) DPoPNonce(ctx context.Context, name, proposed string, expires time.Time) (string, error) {
	const find = `SELECT "Value" FROM "DPoPNonces" WHERE "Name" = ?`
	var found []string
	err := d.read(ctx).Raw(find, name).Scan(&found).Error
	if err == nil && len(found) == 0 {
		err = d.write(ctx, func(tx *gorm.DB) error {
			return tx.Exec(`INSERT INTO "DPoPNonces" ("Name", "Value", "Expiration") VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
				name, proposed, moment(expires)).Error
		})
		if err == nil {
			err = d.read(ctx).Raw(find, name).Scan(&found).Error
		}
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("db: DPoP nonce: %w", err)
	case len(found) == 0: // its time was over before it began
		return "", fmt.Errorf("db: DPoP nonce %s: %w", name, ErrNotFound)
	}
	return found[0], nil
}
