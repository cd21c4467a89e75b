package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// How a search is answered depends on how many companies it finds, which only the answer tells. So these ways are tried, of
// which each costs little when it fails:
//
//   - The next few rows of the sorted list. What every tenth company has fills a page from them, and the word index would
//     first collect each row that has it.
//   - Some more rows of the list, when these had half a page.
//   - The word index. Few rows are fetched and sorted. In the order of countries it is asked for one country after the other, see
//     searchByCountry.
//   - Some more rows of the list, and then all that the word index gives: for words that many have who stand far down the list.
const (
	glanced  = 500    // rows
	searched = 10_000 // rows
	narrow   = 2_000  // rows that are fetched and sorted
)

// searchCompanies reads up to limit rows of a list that have all terms.
func (d *DB) searchCompanies(ctx context.Context, terms []string, l listing, limit int) ([]companyRow, error) {
	rows, done, err := d.glance(ctx, l, terms, glanced, limit)
	if done || err != nil {
		return rows, err
	}
	if 2*len(rows) >= limit {
		rows, done, err = d.glance(ctx, l, terms, searched, limit)
		if done || err != nil {
			return rows, err
		}
	}
	asked, err := d.rare(ctx, l, terms)
	if err != nil {
		return nil, err
	}
	if l.order.byCountry && l.run == nil {
		return d.searchByCountry(ctx, terms, asked, l, limit)
	}
	for {
		var complete int
		rows, complete, err = d.fromIndex(ctx, l.wordIndex(d, asked), l, terms, limit)
		if complete > 0 || err != nil {
			return rows, err
		}
		if len(asked) == len(terms) {
			break
		}
		asked = terms // common words that seldom meet
	}
	rows, done, err = d.glance(ctx, l, terms, searched, limit)
	if done || err != nil {
		return rows, err
	}
	rows = nil
	err = l.next(d.all(ctx, l.wordIndex(d, terms)), limit).Select(companyColumns).Find(&rows).Error
	return rows, err
}

// fromIndex fetches up to narrow companies that the word index finds and sorts them. They are found first and then filtered and
// sorted, whatever a planner hopes of a page's LIMIT and of the other indexes. Where there are more it has all of the countries of the
// run before the one it was cut in, whose number it returns.
func (d *DB) fromIndex(ctx context.Context, index wordIndex, l listing, terms []string, limit int) (rows []companyRow, complete int, err error) {
	page := d.read(ctx).Table(`"Found" AS "Companies" CROSS JOIN "Extent"`).Where(`"There" AND "Run" < "Complete"`)
	page = matching(l.next(index.exactly(page), limit), without(terms, index.terms))
	err = d.read(ctx).Raw(`WITH "Found" AS MATERIALIZED (?), "Extent" AS (
			SELECT CASE WHEN count(*) > ? THEN max("Run") ELSE ? END AS "Complete" FROM "Found")
		SELECT `+companyColumns+`, "Extent"."Complete" FROM "Extent" LEFT JOIN (?) AS "Companies" ON TRUE ORDER BY `+l.order.orderBy(),
		d.found(ctx, index, strconv.Itoa(narrow+1)), narrow, max(1, len(index.run)), page).Scan(&rows).Error
	if err != nil {
		return nil, 0, err
	}
	complete = rows[0].Complete
	if rows[0].ID == "" { // what the join has for no row
		rows = nil
	}
	return rows, complete, nil
}

// glance looks for a search's terms in the next n rows of a sorted list. It is done when it has as many rows as are wanted,
// or when the list has no more.
func (d *DB) glance(ctx context.Context, l listing, terms []string, n, wanted int) (rows []companyRow, done bool, err error) {
	look := func(tx *gorm.DB) error {
		next := func() *gorm.DB { return l.next(tx.Table("Companies"), n) }
		err := matching(tx.Table(`(?) AS "Companies"`, next().Select(companyColumns+`, "Folded"`)), terms).Limit(wanted).Find(&rows).Error
		if err != nil || len(rows) == wanted {
			done = true
			return err
		}
		var seen int
		err = tx.Table("(?) AS \"Next\"", next().Select(`"Id"`)).Select("count(*)").Scan(&seen).Error
		done = seen < n
		return err
	}
	if n > glanced && d.postgres() {
		err = d.read(ctx).Transaction(func(tx *gorm.DB) error { return walking(tx, look) }, &sql.TxOptions{ReadOnly: true})
	} else {
		err = look(d.read(ctx))
	}
	return rows, done, err
}

// walking keeps PostgreSQL from sorting all that is behind a cursor, which it takes to be few rows, instead of walking the list.
func walking(tx *gorm.DB, look func(tx *gorm.DB) error) error {
	if err := tx.Exec(`SET LOCAL enable_sort = off`).Error; err != nil {
		return err
	}
	return look(tx.Session(&gorm.Session{NewDB: true}))
}

// rare leaves out the terms that every tenth company has or more, judged by the next rows of the list, unless all are
// such. SQLite's word index would collect each row of a common word, only to keep the few that have the rare one too; PostgreSQL's
// steps over them.
func (d *DB) rare(ctx context.Context, l listing, terms []string) (rare []string, err error) {
	if d.postgres() || len(terms) == 1 {
		return terms, nil
	}
	var next []string
	err = l.next(d.read(ctx).Table("Companies"), glanced).Pluck("Folded", &next).Error
	for _, term := range terms {
		rows := 0
		for _, folded := range next {
			if strings.Contains(" "+folded, " "+term) {
				rows++
			}
		}
		if rows < glanced/10 {
			rare = append(rare, term)
		}
	}
	if len(rare) == 0 {
		return terms, err
	}
	return rare, err
}

// wordIndex asks a database's word index for companies that have all terms, in a country and in one of a run of them.
type wordIndex struct {
	postgres bool
	terms    []string
	country  string   // ISO 3166-1 code; empty means every country
	run      []string // names of countries; nil means every country
}

func (l listing) wordIndex(d *DB, terms []string) wordIndex {
	return wordIndex{d.postgres(), terms, l.country, l.run}
}

// found is up to n companies that the word index gives, or all for "NULL", asked for one country of a run after the other. "There"
// says whether one is of the country, whose words another may have in its address.
func (d *DB) found(ctx context.Context, index wordIndex, n string) *gorm.DB {
	from := `(SELECT "key" AS "Run", "value" ->> 'Match' AS "Match", "value" ->> 'Country' AS "Country" FROM json_each(?)) AS "Query"
		CROSS JOIN "CompanySearch" CROSS JOIN "Companies" ON "CompanySearch" MATCH "Query"."Match" AND "Companies"."Number" = "CompanySearch"."rowid"`
	if index.postgres {
		from = `json_to_recordset(?) AS "Query" ("Run" integer, "Match" tsquery[], "Country" text) CROSS JOIN "CompanySearch"("Match", ` + n + `) AS "Companies"`
	}
	return d.read(ctx).Raw(`SELECT "Companies".*, "Run", coalesce("Query"."Country" = "Companies"."Country", TRUE) AS "There" FROM `+from+` LIMIT `+n, index.queries())
}

// all is every company that the word index gives. PostgreSQL sorts them. SQLite walks an index in the order of the list, which
// is all it takes to step over who is not among them: so says the plus.
func (d *DB) all(ctx context.Context, index wordIndex) *gorm.DB {
	if index.postgres {
		return index.exactly(d.read(ctx).Table(`(?) AS "Companies"`, d.found(ctx, index, "NULL")).Where(`"There"`))
	}
	return d.read(ctx).Table("Companies").
		Where(`+"Companies"."Number" IN (SELECT "rowid" FROM "CompanySearch" WHERE "CompanySearch" MATCH ?)`, index.match())
}

// longestPrefix is how many letters of a word's beginning the word index has as a word of its own, see migration 16.
const longestPrefix = 12

// exactly adds what PostgreSQL's word index cannot tell: how a long term ends.
func (i wordIndex) exactly(tx *gorm.DB) *gorm.DB {
	for _, term := range i.terms {
		if i.postgres && len([]rune(term)) > longestPrefix {
			tx = tx.Where(has(term))
		}
	}
	return tx
}

// match asks for every term as the beginning of a word.
func (i wordIndex) match() string { return strings.Join(i.words(), i.and()) }

// words are the terms and the country's code as the word index has them. Terms are letters and digits, so no quote ends early, and the
// mark before a country's code is neither.
func (i wordIndex) words() []string {
	all := make([]string, 0, len(i.terms)+1)
	for _, term := range i.terms {
		all = append(all, i.word(term)+i.prefix())
	}
	if i.country != "" {
		all = append(all, i.word("\ue000"+i.country))
	}
	return all
}

// query is what found reads, as JSON.
type query struct {
	Run     int
	Match   any
	Country *string
}

// queries asks for each country of a run, in their order, by the words of its name.
func (i wordIndex) queries() string {
	queries := []query{}
	if i.run == nil {
		queries = append(queries, query{Match: i.parts(i.words(), nil)})
	}
	for n, name := range i.run {
		var country []string
		for _, word := range strings.Fields(fold(name)) {
			country = append(country, i.word(word))
		}
		queries = append(queries, query{n, i.parts(i.words(), country), &name})
	}
	text, _ := json.Marshal(queries) // strings and numbers always can
	return string(text)
}

// parts asks for all words and those of a country's name. Within a query PostgreSQL looks at each row of the rarest word; from one query to
// the next it leaps. So these are up to three, and a word that a country hardly has costs a few leaps there.
func (i wordIndex) parts(words, country []string) any {
	if !i.postgres {
		return strings.Join(append(words, country...), i.and())
	}
	parts := words[:1:1]
	for _, more := range [][]string{words[1:], country} {
		if len(more) > 0 {
			parts = append(parts, strings.Join(more, i.and()))
		}
	}
	return parts
}

func (i wordIndex) and() string {
	if i.postgres {
		return " & "
	}
	return " AND "
}

func (i wordIndex) prefix() string {
	if i.postgres {
		return "" // it knows the beginnings as words
	}
	return "*"
}

func (i wordIndex) word(word string) string {
	if !i.postgres {
		return `"` + word + `"`
	}
	letters := []rune(word)
	return "'" + string(letters[:min(len(letters), longestPrefix)]) + "'"
}

// without leaves out the terms that the word index has seen to.
func without(terms, seen []string) []string {
	return slices.DeleteFunc(slices.Clone(terms), func(term string) bool { return slices.Contains(seen, term) })
}

// matching adds the condition that a company has all terms, which is tested row by row.
func matching(tx *gorm.DB, terms []string) *gorm.DB {
	for _, term := range terms {
		tx = tx.Where(has(term))
	}
	return tx
}

// has returns the condition that a company has a term, and its parameter.
func has(term string) (condition, pattern string) {
	return `' ' || "Companies"."Folded" LIKE ?`, "% " + term + "%" // letters and digits alone, nothing to escape
}

func (d *DB) postgres() bool { return d.reading.numbered }
