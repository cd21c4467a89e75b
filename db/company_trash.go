package db

import (
	"cmp"
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// deletedCompany is a company that can come back. It has a table of its own, so that no query and no index has to step
// over it.
type deletedCompany struct {
	Company
	Deleted time.Time
}

// TableName implements gorm's Tabler.
func (deletedCompany) TableName() string { return "DeletedCompanies" }

// evenTwice is for a company in both tables: an import of PostgreSQL may bring one back that is deleted at the same moment.
var evenTwice = clause.OnConflict{UpdateAll: true}

// DeleteCompany shows the company to check and moves it out of the way unless that returns an error, which comes back as
// it is. It returns [ErrNotFound] for an unknown id.
func (d *DB) DeleteCompany(ctx context.Context, id string, check func(current Company) error) error {
	return d.transaction(ctx, func(tx *gorm.DB) error {
		current, err := company(tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}), id)
		if err != nil {
			return err
		}
		if err := check(current); err != nil {
			return err
		}
		if err := tx.Clauses(evenTwice).Create(&deletedCompany{current, moment(time.Now())}).Error; err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM "Companies" WHERE "Id" = ?`, id).Error
	})
}

// RestoreCompany brings a deleted company back as it was. One that is there already is returned as it is: whoever asks
// again, because the first answer was lost, hears the same. It returns [ErrNotFound] for an unknown id.
func (d *DB) RestoreCompany(ctx context.Context, id string) (Company, error) {
	if !storable(id) {
		return Company{}, ErrNotFound
	}
	for {
		c, err := d.restore(ctx, id)
		if !errors.Is(err, ErrNotFound) {
			return c, err
		}
		// It was in neither table, perhaps because somebody moved it between the two looks. One look at both knows.
		var there bool
		const either = `SELECT EXISTS (SELECT 1 FROM "Companies" WHERE "Id" = ?) OR EXISTS (SELECT 1 FROM "DeletedCompanies" WHERE "Id" = ?)`
		if err := d.read(ctx).Raw(either, id, id).Scan(&there).Error; err != nil || !there {
			return Company{}, cmp.Or(err, ErrNotFound)
		}
	}
}

func (d *DB) restore(ctx context.Context, id string) (Company, error) {
	var c Company
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		var deleted deletedCompany
		err := tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Where(`"Id" = ?`, id).Take(&deleted).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			c, err = company(tx, id)
			return err
		}
		if err != nil {
			return err
		}
		c = deleted.Company
		c.inUTC()
		row := rowOf(c)
		if err := tx.Clauses(evenTwice).Create(&row).Error; err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM "DeletedCompanies" WHERE "Id" = ?`, id).Error
	})
	return c, err
}
