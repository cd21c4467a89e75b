package db

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// revokedToken names an access token, or all those of a family, that must no longer be believed although they have not expired.
type revokedToken struct {
	JTI        string `gorm:"primaryKey"`
	Expiration time.Time
}

func (revokedToken) TableName() string { return "RevokedTokens" }

// RevokeToken remembers that the access token with this jti was taken back (RFC 7009 §2), until it would have expired anyway.
func (d *DB) RevokeToken(ctx context.Context, jti string, expires time.Time) error {
	row := revokedToken{jti, moment(expires)}
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error
	})
	if err != nil {
		return fmt.Errorf("db: revoke token: %w", err)
	}
	return nil
}

// UseOnce reports whether the token with this id is used for the first time, and remembers it until it expires: a used
// one is a token that was taken back. The kind keeps ids of different kinds apart.
func (d *DB) UseOnce(ctx context.Context, kind, id string, expires time.Time) (first bool, err error) {
	row := revokedToken{hashHandle(kind + "\n" + id), moment(expires)}
	err = d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		first = result.RowsAffected == 1
		return result.Error
	})
	if err != nil {
		return false, fmt.Errorf("db: use once: %w", err)
	}
	return first, nil
}

// TokenRevoked reports whether the access token with this jti was taken back, by itself or with what it comes from: the
// parts of a jti before its dots are the family and the tokens it was exchanged from (RFC 8693).
func (d *DB) TokenRevoked(ctx context.Context, jti string) (bool, error) {
	if !storable(jti) {
		return false, nil
	}
	known, err := d.remembers(ctx)
	if err != nil {
		return false, err
	}
	few, err := keep(&known.sessions.remembered, known.sessions.revoked, "all", func() ([]string, error) {
		var few []string
		err := d.read(ctx).Model(&revokedToken{}).Limit(fewRevoked+1).Pluck("Jti", &few).Error
		return few, err
	})
	if err != nil {
		return false, fmt.Errorf("db: read revoked tokens: %w", err)
	}
	names := []any{jti}
	for i, c := range jti {
		if c == '.' {
			names = append(names, jti[:i])
		}
	}
	if len(few) <= fewRevoked {
		return slices.ContainsFunc(names, func(name any) bool { return slices.Contains(few, name.(string)) }), nil
	}
	revoked := `SELECT count(*) FROM "RevokedTokens" WHERE "Jti" IN (?` + strings.Repeat(", ?", len(names)-1) + `)`
	var count int64
	if err := d.row(ctx, revoked, names, &count); err != nil {
		return false, fmt.Errorf("db: look up revoked token: %w", err)
	}
	return count > 0, nil
}

// fewRevoked is how many revoked tokens are kept in memory; when there are more, the table is asked about each token.
const fewRevoked = 100
