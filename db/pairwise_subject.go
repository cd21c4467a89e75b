package db

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// pairwiseSubject says whose a pairwise subject identifier is.
type pairwiseSubject struct {
	PairwiseID string `gorm:"primaryKey"`
	SubjectID  string
	Sector     string // for people
}

func (pairwiseSubject) TableName() string { return "PairwiseSubjects" }

// KeepPairwiseSubject notes whose a pairwise subject identifier is (OIDC Core §8.1). It may be called again and again.
func (d *DB) KeepPairwiseSubject(ctx context.Context, pairwise, subject, sector string) error {
	if _, err := d.PairwiseSubject(ctx, pairwise); err == nil {
		return nil
	}
	row := pairwiseSubject{pairwise, subject, sector}
	err := d.write(ctx, func(tx *gorm.DB) error { return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error })
	if err != nil {
		return fmt.Errorf("db: keep pairwise subject: %w", err)
	}
	return nil
}

// PairwiseSubject returns the subject behind a pairwise identifier, [ErrNotFound] for one that was never handed out.
func (d *DB) PairwiseSubject(ctx context.Context, pairwise string) (subject string, err error) {
	if !storable(pairwise) {
		return "", ErrNotFound
	}
	var row pairwiseSubject
	if err := d.read(ctx).Where(`"PairwiseId" = ?`, pairwise).Take(&row).Error; err != nil {
		return "", notFound(err)
	}
	return row.SubjectID, nil
}
