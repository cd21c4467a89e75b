package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// How a search is answered depends on how many companies it finds, which only the answer tells. So four ways are tried, of
// which each costs little when it fails:
//
//   - The next few rows of the sorted list. What every tenth company has fills a page from them, and the word index would
//     first collect each row that has it.
//   - The word index, when none of these had all terms: asked for the rare ones alone. Few rows are fetched and sorted.
//   - Some more rows of the list.
//   - The word index for all terms, and all that it gives: for words that stand together somewhere far down the list.
const (
	glanced  = 500    // rows
	narrow   = 2_000  // rows that are fetched and sorted
	searched = 10_000 // rows
)

// searchCompanies reads up to limit rows of a sorted list that have all terms. The list is of the country, if there is one.
func (d *DB) searchCompanies(ctx context.Context, terms []string, country string, sorted sorting, limit int) ([]companyRow, error) {
	list := func(n int) *gorm.DB { return sorted(d.read(ctx).Table("Companies"), n) }
	rows, done, err := d.glance(ctx, list, terms, glanced, limit)
	if done || err != nil {
		return rows, err
	}
	var rare []string
	if len(rows) == 0 { // the word index may give few
		rare, err = d.rare(ctx, list(glanced), terms)
		if err != nil {
			return nil, err
		}
	}
	if len(rare) > 0 {
		rows, done, err = d.fromIndex(ctx, wordIndex{d.postgres(), rare, country}, sorted, terms, limit)
		if done || err != nil {
			return rows, err
		}
	}
	rows, done, err = d.glance(ctx, list, terms, searched, limit)
	if done || err != nil {
		return rows, err
	}
	if len(rare) < len(terms) { // common words that seldom meet
		rows, done, err = d.fromIndex(ctx, wordIndex{d.postgres(), terms, country}, sorted, terms, limit)
		if done || err != nil {
			return rows, err
		}
	}
	rows = nil
	err = sorted(d.all(ctx, wordIndex{d.postgres(), terms, country}), limit).Select(companyColumns).Find(&rows).Error
	return rows, err
}

// fromIndex fetches what the word index finds and sorts it. It is done unless that is more than narrow.
func (d *DB) fromIndex(ctx context.Context, index wordIndex, sorted sorting, terms []string, limit int) (rows []companyRow, done bool, err error) {
	found := d.matching(sorted(d.found(ctx, index), limit), without(terms, index.terms))
	if err := found.Select(companyColumns + `, "Matches"`).Find(&rows).Error; err != nil {
		return nil, false, err
	}
	if len(rows) > 0 {
		return rows, rows[0].Matches <= narrow, nil
	}
	var matches int // which no row is there to tell
	err = d.found(ctx, index).Select(`count(*)`).Scan(&matches).Error
	return nil, matches <= narrow, err
}

// glance looks for a search's terms in the next n rows of a sorted list. It is done when it has as many rows as are wanted,
// or when the list has no more.
func (d *DB) glance(ctx context.Context, list func(n int) *gorm.DB, terms []string, n, wanted int) (rows []companyRow, done bool, err error) {
	next := list(n).Select(companyColumns + ", " + d.searchedColumn())
	err = d.matching(d.read(ctx).Table(`(?) AS "Companies"`, next), terms).Limit(wanted).Find(&rows).Error
	if err != nil || len(rows) == wanted {
		return rows, true, err
	}
	var seen int
	err = d.read(ctx).Table("(?) AS \"Next\"", list(n).Select(`"Id"`)).Select("count(*)").Scan(&seen).Error
	return rows, seen < n, err
}

// rare leaves out the terms that every tenth company has or more, judged by the next rows of the list. The
// word index would collect each row of a common word, only to keep the few that have the rare one too.
func (d *DB) rare(ctx context.Context, next *gorm.DB, terms []string) (rare []string, err error) {
	var counts []string
	var patterns []any
	for i, term := range terms {
		condition, pattern := d.matches(term)
		counts = append(counts, fmt.Sprintf(`SELECT %d AS "Term", count(*) AS "Rows" FROM "Next" AS "Companies" WHERE %s`, i, condition))
		patterns = append(patterns, pattern)
	}
	var found []struct{ Term, Rows int }
	next = next.Select(d.searchedColumn())
	err = d.read(ctx).Raw(`WITH "Next" AS MATERIALIZED (?) `+strings.Join(counts, " UNION ALL "), append([]any{next}, patterns...)...).Scan(&found).Error
	for _, f := range found {
		if f.Rows < glanced/10 {
			rare = append(rare, terms[f.Term])
		}
	}
	return rare, err
}

// wordIndex asks a database's word index for the companies of a country that have all terms.
type wordIndex struct {
	postgres bool
	terms    []string
	country  string // empty means every country
}

// found is the companies that the word index gives, but no more than narrow and one, and in "Matches" how many these are. They
// are found first and then filtered and sorted, whatever a planner hopes of a page's LIMIT and of the other indexes.
func (d *DB) found(ctx context.Context, index wordIndex) *gorm.DB {
	some := `SELECT "Companies".* FROM "CompanySearch" CROSS JOIN "Companies" ON "Companies"."Number" = "CompanySearch"."rowid" WHERE "CompanySearch" MATCH ?`
	if index.postgres { // MATERIALIZED plans without a thought of LIMIT, for which two words that never meet cost the whole table
		some = `WITH "Have" AS MATERIALIZED (SELECT * FROM "Companies" WHERE "Words" @@ CAST(? AS tsquery)) SELECT * FROM "Have"`
	}
	return d.read(ctx).Table(`(SELECT *, count(*) OVER () AS "Matches" FROM (`+some+fmt.Sprintf(` LIMIT %d) AS "Some") AS "Companies"`, narrow+1), index.match())
}

// all is every company that the word index gives. PostgreSQL sorts them; OFFSET 0 keeps it from walking the whole list
// instead. SQLite walks an index in the order of the list, which is all it takes to step over who is not among them:
// so says the plus.
func (d *DB) all(ctx context.Context, index wordIndex) *gorm.DB {
	if index.postgres {
		return d.read(ctx).Table(`(SELECT * FROM "Companies" WHERE "Words" @@ CAST(? AS tsquery) OFFSET 0) AS "Companies"`, index.match())
	}
	return d.read(ctx).Table("Companies").
		Where(`+"Companies"."Number" IN (SELECT "rowid" FROM "CompanySearch" WHERE "CompanySearch" MATCH ?)`, index.match())
}

// match asks for every term as the beginning of a word. Terms are letters and digits, so no quote ends early, and the mark
// before a country's code is neither.
func (i wordIndex) match() string {
	quote, prefix, and, mark := `"`, `"*`, " AND ", "\ue000"
	if i.postgres {
		quote, prefix, and = "'", "':*", " & "
	}
	query := quote + strings.Join(i.terms, prefix+and+quote) + prefix
	if i.country != "" {
		query += and + quote + mark + i.country + quote
	}
	return query
}

// without leaves out the terms that the word index has seen to.
func without(terms, seen []string) []string {
	return slices.DeleteFunc(slices.Clone(terms), func(term string) bool { return slices.Contains(seen, term) })
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
		return `"Words" @@ CAST(? AS tsquery)`, wordIndex{postgres: true, terms: []string{term}}.match()
	}
	return `' ' || "Companies"."Folded" LIKE ?`, "% " + term + "%" // letters and digits alone, nothing to escape
}

// searchedColumn is the column that matches looks at.
func (d *DB) searchedColumn() string {
	if d.postgres() {
		return `"Words"`
	}
	return `"Companies"."Folded"`
}

func (d *DB) postgres() bool { return d.reading.numbered }
