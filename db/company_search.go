package db

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// narrow is up to how many companies a search may find to be answered from the word index: these rows are fetched and
// sorted. A wider search walks the sorted list instead, where it soon comes across a page of companies that match.
const narrow = 10_000

// search prepares a search: what it returns adds the conditions to a query of Companies.
func (d *DB) search(ctx context.Context, q CompanyQuery) (func(tx *gorm.DB) *gorm.DB, error) {
	terms := searchTerms(q.Search)
	switch {
	case strings.TrimSpace(q.Search) == "":
		return func(tx *gorm.DB) *gorm.DB { return tx }, nil
	case len(terms) == 0: // punctuation begins no word
		return func(tx *gorm.DB) *gorm.DB { return tx.Where("false") }, nil
	}
	condition, words := d.matching(terms)
	var matches int
	count := `SELECT count(*) FROM (SELECT 1 FROM ` + condition + ` LIMIT ?) AS "Some"`
	if err := d.read(ctx).Raw(count, words, narrow+1).Scan(&matches).Error; err != nil {
		return nil, fmt.Errorf("db: search companies: %w", err)
	}
	if matches > narrow {
		return func(tx *gorm.DB) *gorm.DB {
			for _, term := range terms { // letters and digits alone, nothing to escape
				tx = tx.Where(`' ' || "Folded" LIKE ?`, "% "+term+"%")
			}
			return tx
		}, nil
	}
	// MATERIALIZED, or "+" in SQLite's words: find first, sort then, whatever the planner believes about LIMIT.
	return func(tx *gorm.DB) *gorm.DB {
		if d.postgres() {
			return tx.Table(`(WITH "Found" AS MATERIALIZED (SELECT * FROM `+condition+`) SELECT * FROM "Found") AS "Companies"`, words)
		}
		return tx.Where(`"Number" IN (SELECT rowid FROM `+condition+`)`, words)
	}, nil
}

func (d *DB) postgres() bool { return d.gorm.Name() == "postgres" }

// matching returns a table with its condition, and the value of its one placeholder.
func (d *DB) matching(terms []string) (condition, words string) {
	if d.postgres() { // terms hold no quote
		return `"Companies" WHERE array_to_tsvector(string_to_array("Folded", ' ')) @@ CAST(? AS tsquery)`,
			"'" + strings.Join(terms, "':* & '") + "':*"
	}
	return `"CompanySearch" WHERE "CompanySearch" MATCH ?`, `"` + strings.Join(terms, `"* AND "`) + `"*`
}
