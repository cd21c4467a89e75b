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

// revokeFamily repeats itself until it finds nothing: a rotation that began before us may have committed a successor
// that our first statement did not see. One that begins after us finds its token revoked.
func revokeFamily(tx *gorm.DB, family string, now, until time.Time) error {
	row := revokedToken{family, moment(until)}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return err
	}
	for {
		result := tx.Model(&persistedGrant{}).Where(`"FamilyId" = ? AND "RevokedTime" IS NULL`, family).Update("RevokedTime", moment(now))
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
	}
}

// RevokeSessionFamilies takes back every family with a refresh or reference token that was given in this session.
func (d *DB) RevokeSessionFamilies(ctx context.Context, subject, sid string, now, until time.Time) error {
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		var families []string
		err := tx.Model(&persistedGrant{}).Distinct("FamilyId").
			Where(`"SubjectId" = ? AND "SessionId" = ? AND "Type" IN ? AND "RevokedTime" IS NULL AND "FamilyId" IS NOT NULL`,
				subject, sid, []string{grantRefreshToken, grantReferenceToken}).
			Pluck("FamilyId", &families).Error
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
