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
	matches, err := d.countMatches(ctx, terms)
	if err != nil {
		return nil, fmt.Errorf("db: search companies: %w", err)
	}
	if matches > narrow {
		return func(tx *gorm.DB) *gorm.DB {
			if d.postgres() { // whose statistics know that many will match
				return tx.Where(`"Words" @@ CAST(? AS tsquery)`, tsquery(terms))
			}
			for _, term := range terms { // letters and digits alone, nothing to escape
				tx = tx.Where(`' ' || "Folded" LIKE ?`, "% "+term+"%")
			}
			return tx
		}, nil
	}
	// Find first, then filter and sort, whatever a planner hopes of LIMIT and of the other indexes.
	return func(tx *gorm.DB) *gorm.DB {
		if d.postgres() {
			return tx.Table(`(WITH "Found" AS MATERIALIZED (SELECT * FROM `+wordIndexPostgres+`) SELECT * FROM "Found") AS "Companies"`, tsquery(terms))
		}
		return tx.Table(`"CompanySearch" CROSS JOIN "Companies" ON "Companies"."Number" = "CompanySearch"."rowid"`).
			Where(`"CompanySearch" MATCH ?`, ftsQuery(terms))
	}, nil
}

// countMatches counts on until the search is wide.
func (d *DB) countMatches(ctx context.Context, terms []string) (matches int, err error) {
	from, query := wordIndexSQLite, ftsQuery(terms)
	if d.postgres() {
		from, query = wordIndexPostgres, tsquery(terms)
	}
	err = d.read(ctx).Raw(`SELECT count(*) FROM (SELECT 1 FROM `+from+` LIMIT ?) AS "Some"`, query, narrow+1).Scan(&matches).Error
	return matches, err
}

func (d *DB) postgres() bool { return d.reading.numbered }

// Where the words are.
const (
	wordIndexSQLite   = `"CompanySearch" WHERE "CompanySearch" MATCH ?`
	wordIndexPostgres = `"Companies" WHERE "Words" @@ CAST(? AS tsquery)`
)

// ftsQuery asks SQLite for every term as the beginning of a word. Terms are letters and digits, so no quote ends early.
func ftsQuery(terms []string) string { return `"` + strings.Join(terms, `"* AND "`) + `"*` }

// tsquery asks PostgreSQL the same.
func tsquery(terms []string) string { return "'" + strings.Join(terms, "':* & '") + "':*" }
