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

// glanced is how many rows of the sorted list are looked at before the word index is asked. What every tenth company has
// fills a page from them; the index would first collect each row that has it.
const glanced = 500

// glance looks for a search's terms in the next rows of a sorted list, and stops when it has as many as are wanted.
func (d *DB) glance(ctx context.Context, list *gorm.DB, terms []string, wanted int) (rows []companyRow, err error) {
	next := list.Select(companyColumns + ", " + d.searched()).Limit(glanced)
	err = d.matching(d.read(ctx).Table(`(?) AS "Companies"`, next), terms).Limit(wanted).Find(&rows).Error
	return rows, err
}

// rare leaves out the terms that every tenth company has or more, judged by the next rows of the list. The word index
// would collect each row of a common word, only to keep the few that have the rare one too.
func (d *DB) rare(ctx context.Context, list *gorm.DB, terms []string) ([]string, error) {
	if len(terms) < 2 {
		return terms, nil
	}
	var counts []string
	var patterns []any
	for i, term := range terms {
		condition, pattern := d.matches(term)
		counts = append(counts, fmt.Sprintf(`SELECT %d AS "Term", count(*) AS "Rows" FROM "Next" AS "Companies" WHERE %s`, i, condition))
		patterns = append(patterns, pattern)
	}
	var found []struct{ Term, Rows int }
	next := list.Select(d.searched()).Limit(glanced)
	err := d.read(ctx).Raw(`WITH "Next" AS MATERIALIZED (?) `+strings.Join(counts, " UNION ALL "), append([]any{next}, patterns...)...).Scan(&found).Error
	if err != nil {
		return nil, err
	}
	var rare []string
	for _, f := range found {
		if f.Rows < glanced/10 {
			rare = append(rare, terms[f.Term])
		}
	}
	return rare, nil
}

// search prepares a search for terms, of which some are rare: what it returns adds the conditions to a query of Companies.
func (d *DB) search(ctx context.Context, terms, rare []string) (func(tx *gorm.DB) *gorm.DB, error) {
	walk := func(tx *gorm.DB) *gorm.DB { return d.matching(tx, terms) }
	if len(rare) == 0 {
		return walk, nil
	}
	matches, err := d.countMatches(ctx, rare)
	if err != nil || matches > narrow {
		return walk, err
	}
	// Find first, then filter and sort, whatever a planner hopes of LIMIT and of the other indexes.
	return func(tx *gorm.DB) *gorm.DB {
		if d.postgres() {
			tx = tx.Table(`(WITH "Found" AS MATERIALIZED (SELECT * FROM `+wordIndexPostgres+`) SELECT * FROM "Found") AS "Companies"`, tsquery(rare))
		} else {
			tx = tx.Table(`"CompanySearch" CROSS JOIN "Companies" ON "Companies"."Number" = "CompanySearch"."rowid"`).
				Where(`"CompanySearch" MATCH ?`, ftsQuery(rare))
		}
		if len(rare) < len(terms) {
			tx = d.matching(tx, terms)
		}
		return tx
	}, nil
}

// matching adds the condition that a company has all terms, which is tested row by row.
func (d *DB) matching(tx *gorm.DB, terms []string) *gorm.DB {
	for _, term := range terms {
		tx = tx.Where(d.matches(term))
	}
	return tx
}

// matches returns the condition that a company has a term, and its parameter.
func (d *DB) matches(term string) (condition string, parameter any) {
	if d.postgres() { // whose statistics know whether many will match
		return `"Words" @@ CAST(? AS tsquery)`, tsquery([]string{term})
	}
	return `' ' || "Companies"."Folded" LIKE ?`, "% " + term + "%" // letters and digits alone, nothing to escape
}

// searched is the column that matches looks at.
func (d *DB) searched() string {
	if d.postgres() {
		return `"Words"`
	}
	return `"Companies"."Folded"`
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
