package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// HashRegistrationToken is what Clients.RegistrationAccessToken keeps of a registration access token.
func HashRegistrationToken(token string) string { return hashHandle(token) }

// CountRegisteredClients counts the clients that were registered over the network (RFC 7591).
func (d *DB) CountRegisteredClients(ctx context.Context) (int, error) {
	var count int64
	if err := d.read(ctx).Model(&Client{}).Where(`"RegistrationAccessToken" IS NOT NULL`).Count(&count).Error; err != nil {
		return 0, fmt.Errorf("db: count registered clients: %w", err)
	}
	return int(count), nil
}

// InitiableClients lists at most limit enabled clients at which a login can begin (OIDC Core §4), without their child rows. First come
// those that were made here, then those with a property of the name vouched, then those that registered themselves.
func (d *DB) InitiableClients(ctx context.Context, vouched string, limit int) ([]Client, error) {
	var clients []Client
	err := d.read(ctx).Raw(`SELECT c.* FROM "Clients" c WHERE c."Enabled" AND c."InitiateLoginUri" <> ''
		ORDER BY c."RegistrationAccessToken" IS NOT NULL,
			NOT EXISTS (SELECT 1 FROM "ClientProperties" p WHERE p."ClientId" = c."Id" AND p."Key" = ?), c."ClientId" LIMIT ?`, vouched, limit).
		Scan(&clients).Error
	if err != nil {
		return nil, fmt.Errorf("db: list the clients a login can begin at: %w", err)
	}
	return clients, nil
}

// DeleteClient removes a client and takes back what it was given: codes, consents, device codes, refresh and reference
// tokens, and access tokens that descend from one of those (RFC 7592 §2.3). Until says how long the latter have to be
// remembered. It returns [ErrNotFound] for an unknown client.
func (d *DB) DeleteClient(ctx context.Context, clientID string, now, until time.Time) error {
	if !storable(clientID) {
		return ErrNotFound
	}
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		result := tx.Where(`"ClientId" = ?`, clientID).Delete(&Client{})
		if result.Error == nil && result.RowsAffected == 0 {
			return ErrNotFound
		}
		if result.Error != nil {
			return result.Error
		}
		var families []string
		err := tx.Model(&persistedGrant{}).Distinct("FamilyId").
			Where(`"ClientId" = ? AND "RevokedTime" IS NULL AND "FamilyId" IS NOT NULL`, clientID).Pluck("FamilyId", &families).Error
		if err != nil {
			return err
		}
		for _, family := range families {
			if err := revokeFamily(tx, family, now, until); err != nil {
				return err
			}
		}
		if err := tx.Where(`"ClientId" = ?`, clientID).Delete(&persistedGrant{}).Error; err != nil {
			return err
		}
		return tx.Where(`"ClientId" = ?`, clientID).Delete(&deviceCodeRow{}).Error
	})
	if err != nil {
		return fmt.Errorf("db: delete client %s: %w", clientID, err)
	}
	return nil
}
