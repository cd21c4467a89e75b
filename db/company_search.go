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

// found is the companies that have all terms, among the first that the word index gives for the rare ones; "Matches" says of
// how many. More than narrow means that it stopped there, and that the answer is worthless.
func (d *DB) found(ctx context.Context, terms, rare []string) *gorm.DB {
	index, query := wordIndexSQLite, ftsQuery(rare)
	if d.postgres() {
		index, query = wordIndexPostgres, tsquery(rare)
	}
	// Find first, then filter and sort, whatever a planner hopes of LIMIT and of the other indexes.
	tx := d.read(ctx).Table(`(SELECT *, count(*) OVER () AS "Matches" FROM (SELECT "Companies".* FROM `+index+` LIMIT ?) AS "Some") AS "Companies"`,
		query, narrow+1)
	if len(rare) < len(terms) {
		tx = d.matching(tx, terms)
	}
	return tx
}

// isNarrow reports whether the word index gives few enough rows for the terms. It tells what no row of found is there to tell.
func (d *DB) isNarrow(ctx context.Context, terms []string) (bool, error) {
	var matches int
	err := d.found(ctx, terms, terms).Select(`count(*)`).Scan(&matches).Error
	return matches <= narrow, err
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

func (d *DB) postgres() bool { return d.reading.numbered }

// Where the words are.
const (
	wordIndexSQLite   = `"CompanySearch" CROSS JOIN "Companies" ON "Companies"."Number" = "CompanySearch"."rowid" WHERE "CompanySearch" MATCH ?`
	wordIndexPostgres = `"Companies" WHERE "Words" @@ CAST(? AS tsquery)`
)

// ftsQuery asks SQLite for every term as the beginning of a word. Terms are letters and digits, so no quote ends early.
func ftsQuery(terms []string) string { return `"` + strings.Join(terms, `"* AND "`) + `"*` }

// tsquery asks PostgreSQL the same.
func tsquery(terms []string) string { return "'" + strings.Join(terms, "':* & '") + "':*" }
