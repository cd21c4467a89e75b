package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// loginFailure counts wrong passwords for one key: an account, or an address. The key is the caller's.
type loginFailure struct {
	Key          string `gorm:"primaryKey"`
	Count        int
	Since        time.Time // when the count began
	BlockedUntil *time.Time
}

func (loginFailure) TableName() string { return "LoginFailures" }

// countFailure adds one, or begins again at one when the window has passed. It works while two requests race.
const countFailure = `
	INSERT INTO "LoginFailures" AS f ("Key", "Count", "Since") VALUES (?, 1, ?)
	ON CONFLICT ("Key") DO UPDATE SET
		"Count" = CASE WHEN f."Since" > ? THEN f."Count" + 1 ELSE 1 END,
		"Since" = CASE WHEN f."Since" > ? THEN f."Since" ELSE excluded."Since" END
	RETURNING "Count"`

// CountLoginFailure counts one more failure and returns how many there were within the window that began with the first.
func (d *DB) CountLoginFailure(ctx context.Context, key string, now time.Time, window time.Duration) (int, error) {
	windowStart := moment(now.Add(-window))
	var count int
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Raw(countFailure, clean(key), moment(now), windowStart, windowStart).Scan(&count).Error
	})
	if err != nil {
		return 0, fmt.Errorf("db: count login failure: %w", err)
	}
	return count, nil
}

// BlockLogin refuses sign-ins for the key until the given moment.
func (d *DB) BlockLogin(ctx context.Context, key string, now, until time.Time) error {
	blocked := moment(until)
	row := loginFailure{Key: clean(key), Since: moment(now), BlockedUntil: &blocked}
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "Key"}},
			DoUpdates: clause.AssignmentColumns([]string{"BlockedUntil"}),
		}).Create(&row).Error
	})
	if err != nil {
		return fmt.Errorf("db: block login: %w", err)
	}
	return nil
}

// LoginBlocked returns until when sign-ins for the key are refused; the zero time when they are not.
func (d *DB) LoginBlocked(ctx context.Context, key string, now time.Time) (until time.Time, err error) {
	var rows []loginFailure
	err = d.read(ctx).Where(`"Key" = ? AND "BlockedUntil" > ?`, clean(key), moment(now)).Find(&rows).Error
	if err != nil {
		return time.Time{}, fmt.Errorf("db: look up blocked login: %w", err)
	}
	if len(rows) == 0 {
		return time.Time{}, nil
	}
	return moment(*rows[0].BlockedUntil), nil
}

// ClearLoginFailures forgets the failures of a key, after the right password.
func (d *DB) ClearLoginFailures(ctx context.Context, key string) error {
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Where(`"Key" = ?`, clean(key)).Delete(&loginFailure{}).Error
	})
	if err != nil {
		return fmt.Errorf("db: clear login failures: %w", err)
	}
	return nil
}
