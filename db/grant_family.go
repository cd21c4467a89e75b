package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// RevokeFamily takes back everything that descends from one sign-in: refresh and reference tokens, and the access tokens whose jti
// begins with the family's name (see [DB.TokenRevoked]). Until says how long the latter have to be remembered.
func (d *DB) RevokeFamily(ctx context.Context, family string, now, until time.Time) error {
	err := d.transaction(ctx, func(tx *gorm.DB) error { return revokeFamily(tx, family, now, until) })
	if err != nil {
		return fmt.Errorf("db: revoke family: %w", err)
	}
	return nil
}

// familyMembers finds the code that a family begins with by its key, which names the family, and the others by that name:
// codes are in no index but that of keys (migration 00011).
const familyMembers = `("Key" = ? OR "FamilyId" = ? AND "Type" <> 'authorization_code')`

// revokeFamily repeats itself until it finds nothing: a rotation that began before us may have committed a successor
// that our first statement did not see. One that begins after us finds its token revoked. Of those who revoke the same family at once, as the
// losers of a race do, one goes first: each updates several rows, and in another order they would wait for one another (PostgreSQL 18 §13.3.4).
func revokeFamily(tx *gorm.DB, family string, now, until time.Time) error {
	row := revokedToken{family, moment(until)}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return err
	}
	var turn []revokedToken
	lock := clause.Locking{Strength: clause.LockingStrengthUpdate} // on SQLite the transaction is the lock
	if err := tx.Clauses(lock).Where(`"Jti" = ?`, family).Find(&turn).Error; err != nil {
		return err
	}
	for {
		result := tx.Model(&persistedGrant{}).Where(familyMembers+` AND "RevokedTime" IS NULL`, family, family).Update("RevokedTime", moment(now))
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
	}
}

// RevokeSessionFamilies takes back every family with a refresh or reference token that was given in this session to a client
// whose row says CoordinateLifetimeWithUserSession; unsaid decides for a row that says nothing.
func (d *DB) RevokeSessionFamilies(ctx context.Context, subject, sid string, unsaid bool, now, until time.Time) error {
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		var families []string
		err := tx.Raw(`SELECT DISTINCT g."FamilyId" FROM "PersistedGrants" g LEFT JOIN "Clients" c ON c."ClientId" = g."ClientId"
			WHERE g."SubjectId" = ? AND g."SessionId" = ? AND g."Type" <> 'authorization_code' AND g."Type" IN ? AND g."RevokedTime" IS NULL AND g."FamilyId" IS NOT NULL
			AND COALESCE(c."CoordinateLifetimeWithUserSession", ?)`,
			subject, sid, []string{grantRefreshToken, grantReferenceToken}, unsaid).Scan(&families).Error
		for _, family := range families {
			if err == nil {
				err = revokeFamily(tx, family, now, until)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("db: revoke the session's families: %w", err)
	}
	return nil
}
