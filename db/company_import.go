package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Changes counts what an import did.
type Changes struct{ Added, Updated, Unchanged int }

// Add adds what another batch did.
func (c *Changes) Add(more Changes) {
	c.Added += more.Added
	c.Updated += more.Updated
	c.Unchanged += more.Unchanged
}

// importBatch is how many companies one statement carries: few statements, and fewer variables than a database allows.
const importBatch = 1000

// ImportCompanies stores companies under the ids they bring, in one transaction. One that is there already is brought up
// to date; of one that a person has edited only the number of blocks; one that a person has deleted stays deleted.
// Importing the same again changes nothing. A table that is empty gets the tutorial's two as well, which do not count.
func (d *DB) ImportCompanies(ctx context.Context, companies []Company) (Changes, error) {
	companies = slices.Clone(companies)
	for i := range companies {
		if err := companies[i].Validate(); err != nil {
			return Changes{}, fmt.Errorf("db: import %s: %w", companies[i].ID, err)
		}
	}
	var changes Changes
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		var any bool
		err := tx.Raw(`SELECT EXISTS (SELECT 1 FROM "Companies")`).Scan(&any).Error
		if err != nil {
			return err
		}
		if !any { // imported before the first start, which then finds companies and seeds none
			if _, err := upsert(tx, tutorial, moment(time.Now())); err != nil {
				return err
			}
		}
		changes, err = upsert(tx, companies, moment(time.Now()))
		return err
	})
	if err != nil {
		return Changes{}, fmt.Errorf("db: import companies: %w", err)
	}
	return changes, nil
}

// TidyCompanies puts in order what many changes of companies leave behind, so that searches are quick at once: PostgreSQL's planner learns
// how many there are, and its word index takes in what it has only collected; SQLite merges the parts of its word index. With a million
// companies it takes some seconds.
func (d *DB) TidyCompanies(ctx context.Context) (err error) {
	if d.postgres() {
		err = d.write(ctx, func(tx *gorm.DB) error { return tx.Exec(`VACUUM (ANALYZE) "Companies"`).Error })
	} else {
		err = d.mergeWordIndex(ctx)
	}
	if err != nil {
		return fmt.Errorf("db: tidy companies: %w", err)
	}
	return nil
}

// mergedAtOnce is how many pages of SQLite's word index one transaction writes: whoever else wants to write waits for it.
const mergedAtOnce = 500

// mergeWordIndex makes one part of all, step by step (SQLite, FTS5 §6.9): the first is told so by a number below zero, and the last
// has changed nothing but the command's own row.
func (d *DB) mergeWordIndex(ctx context.Context) error {
	for pages := -mergedAtOnce; ; pages = mergedAtOnce {
		var before, after int
		err := d.transaction(ctx, func(tx *gorm.DB) error {
			return errors.Join(
				tx.Raw(`SELECT total_changes()`).Scan(&before).Error,
				tx.Exec(`INSERT INTO "CompanySearch" ("CompanySearch", "rank") VALUES ('merge', ?)`, pages).Error,
				tx.Raw(`SELECT total_changes()`).Scan(&after).Error,
			)
		})
		if err != nil || after-before < 2 {
			return err
		}
	}
}

const (
	insertCompanies = `INSERT INTO "Companies"
		("Id", "Name", "Address", "Country", "CountryCode", "Blocks", "Edited", "NameKey", "Folded", "Created", "Updated") VALUES `

	// Every assignment sees the row as it was, so an edited row keeps its words and still learns its blocks.
	onConflict = ` ON CONFLICT ("Id") DO UPDATE SET
		"Name"        = CASE WHEN "Companies"."Edited" THEN "Companies"."Name"        ELSE excluded."Name" END,
		"Address"     = CASE WHEN "Companies"."Edited" THEN "Companies"."Address"     ELSE excluded."Address" END,
		"Country"     = CASE WHEN "Companies"."Edited" THEN "Companies"."Country"     ELSE excluded."Country" END,
		"CountryCode" = CASE WHEN "Companies"."Edited" THEN "Companies"."CountryCode" ELSE excluded."CountryCode" END,
		"NameKey"     = CASE WHEN "Companies"."Edited" THEN "Companies"."NameKey"     ELSE excluded."NameKey" END,
		"Folded"      = CASE WHEN "Companies"."Edited" THEN "Companies"."Folded"      ELSE excluded."Folded" END,
		"Blocks" = excluded."Blocks", "Updated" = excluded."Updated"
	WHERE "Companies"."Blocks" <> excluded."Blocks" OR NOT "Companies"."Edited" AND
		("Companies"."Name", "Companies"."Address", "Companies"."Country", "Companies"."CountryCode") <>
		(excluded."Name", excluded."Address", excluded."Country", excluded."CountryCode")
	RETURNING "Created" = "Updated"` // true for a row that is new
)

// AsWritten compares companies by the order in which many are to be stored: one country after the other, and there by name. Of the rows of a
// word a search then steps over those of other countries in few steps, and what a list shows together lies together.
func AsWritten(a, b Company) int {
	return cmp.Or(strings.Compare(a.CountryCode, b.CountryCode), strings.Compare(a.Name, b.Name))
}

// upsert is ImportCompanies inside a transaction.
func upsert(tx *gorm.DB, companies []Company, now time.Time) (Changes, error) {
	companies = slices.SortedStableFunc(slices.Values(companies), AsWritten)
	var changes Changes
	for batch := range slices.Chunk(companies, importBatch) {
		batch, err := withoutDeleted(tx, batch)
		if err != nil {
			return Changes{}, err
		}
		if len(batch) == 0 {
			continue
		}
		var values []any
		for _, c := range batch {
			row := rowOf(c)
			values = append(values, c.ID, c.Name, c.Address, c.Country, c.CountryCode, c.Blocks, false, row.NameKey, row.Folded, now, now)
		}
		places := strings.Repeat(",(?,?,?,?,?,?,?,?,?,?,?)", len(batch))[1:]
		rows, err := tx.Raw(insertCompanies+places+onConflict, values...).Rows()
		if err != nil {
			return Changes{}, err
		}
		changed := Changes{Unchanged: len(batch)}
		for rows.Next() {
			var added bool
			if err := rows.Scan(&added); err != nil {
				return Changes{}, err
			}
			changed.Unchanged--
			if added {
				changed.Added++
			} else {
				changed.Updated++
			}
		}
		if err := rows.Close(); err != nil {
			return Changes{}, err
		}
		if err := rows.Err(); err != nil {
			return Changes{}, err
		}
		changes.Add(changed)
	}
	return changes, nil
}

// withoutDeleted leaves out what a person has deleted.
func withoutDeleted(tx *gorm.DB, companies []Company) ([]Company, error) {
	var any bool
	if err := tx.Raw(`SELECT EXISTS (SELECT 1 FROM "DeletedCompanies")`).Scan(&any).Error; err != nil || !any {
		return companies, err
	}
	ids := make([]string, len(companies))
	for i, c := range companies {
		ids[i] = c.ID
	}
	var deleted []string
	if err := tx.Raw(`SELECT "Id" FROM "DeletedCompanies" WHERE "Id" IN ?`, ids).Scan(&deleted).Error; err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(companies), func(c Company) bool { return slices.Contains(deleted, c.ID) }), nil
}

// CompaniesThere returns which of the ids companies have, and which had companies that were deleted.
func (d *DB) CompaniesThere(ctx context.Context, ids []string) (living, deleted map[string]bool, err error) {
	there := func(table string) (map[string]bool, error) {
		found := map[string]bool{}
		for some := range slices.Chunk(ids, importBatch) {
			var known []string
			if err := d.read(ctx).Table(table).Where(`"Id" IN ?`, some).Pluck("Id", &known).Error; err != nil {
				return nil, fmt.Errorf("db: look for companies: %w", err)
			}
			for _, id := range known {
				found[id] = true
			}
		}
		return found, nil
	}
	if living, err = there("Companies"); err != nil {
		return nil, nil, err
	}
	deleted, err = there("DeletedCompanies")
	return living, deleted, err
}

// foldCompanies fills in the keys of companies that came without: written by hand in a database shell, or by a program
// older than the keys.
func (d *DB) foldCompanies(ctx context.Context) error {
	for {
		var companies []Company
		if err := d.read(ctx).Where(`"Folded" IS NULL`).Limit(importBatch).Find(&companies).Error; err != nil || len(companies) == 0 {
			return err
		}
		err := d.transaction(ctx, func(tx *gorm.DB) error {
			for _, c := range companies {
				row := rowOf(c)
				err := tx.Exec(`UPDATE "Companies" SET "NameKey" = ?, "Folded" = ? WHERE "Id" = ?`, row.NameKey, row.Folded, c.ID).Error
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}
