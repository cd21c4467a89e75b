package db

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// ReplaceClientSecret puts another value in the place of a client's secret, as when it is encrypted anew. A secret that is not
// there any more stays away: whoever removed it was faster.
func (d *DB) ReplaceClientSecret(ctx context.Context, clientID string, secret ClientSecret, value string) error {
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE "ClientSecrets" SET "Value" = ? WHERE "Type" = ? AND "Value" = ?
			AND "ClientId" = (SELECT "Id" FROM "Clients" WHERE "ClientId" = ?)`, value, secret.Type, secret.Value, clientID).Error
	})
	if err != nil {
		return fmt.Errorf("db: replace a secret of client %s: %w", clientID, err)
	}
	return nil
}
