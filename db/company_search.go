package db

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// How a search is answered depends on how many companies have all of its words, and where in the list they stand. So these ways are tried:
//
//   - The next few rows of the sorted list. What every tenth company has fills a page from them, and the word index would
//     first collect each row that has it.
//   - Some more rows of the list, when by these they would fill a page, or when the word index has many.
//   - All that the word index has. They are sorted, or where they are many on SQLite, looked for along the list.
//
// In the order of countries what many have is searched for in one country after the other, see searchByCountry.
var ( // which a test lowers
	glanced  = 500    // rows of the list
	searched = 10_000 // rows of the list
	counted  = 20_000 // companies are many for SQLite, which counts them
	expected = 2_000  // companies are many for PostgreSQL's planner, who expects words to meet by chance: up to twenty times as many do
)

// searchCompanies reads up to limit rows of a list that have all terms.
func (d *DB) searchCompanies(ctx context.Context, terms []string, l listing, limit int) ([]companyRow, error) {
	rows, done, err := d.glance(ctx, l, terms, glanced, limit)
	if done || err != nil {
		return rows, err
	}
	soon := len(rows)*searched >= limit*glanced
	if soon {
		rows, done, err = d.glance(ctx, l, terms, searched, limit)
		if done || err != nil {
			return rows, err
		}
	}
	index, many, err := d.ask(ctx, l, terms)
	if err != nil {
		return nil, err
	}
	if many && l.order.byCountry && l.run == nil {
		return d.searchByCountry(ctx, terms, l, limit)
	}
	if many && !soon {
		rows, done, err = d.glance(ctx, l, terms, searched, limit)
		if done || err != nil {
			return rows, err
		}
	}
	rows = nil
	err = d.indexed(ctx, func(tx *gorm.DB) error {
		return l.next(matching(index.all(tx, many), index.unseen(terms)), limit).Select(companyColumns).Find(&rows).Error
	})
	return rows, err
}

// ask says what to ask the word index for, and whether it has many such companies. Common words that seldom meet are all asked for.
func (d *DB) ask(ctx context.Context, l listing, terms []string) (index wordIndex, many bool, err error) {
	asked, err := d.rare(ctx, l, terms)
	if err != nil {
		return wordIndex{}, false, err
	}
	index = l.wordIndex(d, asked)
	many, err = d.many(ctx, index)
	if many && len(asked) < len(terms) && err == nil {
		index = l.wordIndex(d, terms)
		many, err = d.many(ctx, index)
	}
	return index, many, err
}

// many reports whether the word index has many companies, which SQLite counts and PostgreSQL's planner expects.
func (d *DB) many(ctx context.Context, index wordIndex) (bool, error) {
	if !d.postgres() {
		var n int
		some := d.read(ctx).Table("CompanySearch").Select("1").Where(`"CompanySearch" MATCH ?`, index.match()).Limit(counted + 1)
		err := d.read(ctx).Table("(?)", some).Select("count(*)").Scan(&n).Error
		return n > counted, err
	}
	var explained string
	if err := d.read(ctx).Raw(`EXPLAIN (FORMAT JSON) ?`, index.all(d.read(ctx), false)).Scan(&explained).Error; err != nil {
		return false, err
	}
	var plans [1]struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	err := json.Unmarshal([]byte(explained), &plans)
	return plans[0].Plan.Rows > float64(expected), err
}

// glance looks for a search's terms in the next n rows of a sorted list. It is done when it has as many rows as are wanted.
func (d *DB) glance(ctx context.Context, l listing, terms []string, n, wanted int) (rows []companyRow, done bool, err error) {
	look := func(tx *gorm.DB) error {
		next := l.next(tx.Table("Companies"), n).Select(companyColumns + `, "Folded"`)
		return matching(tx.Table(`(?) AS "Companies"`, next), terms).Limit(wanted).Find(&rows).Error
	}
	if n > glanced {
		err = d.planned(ctx, look, "enable_sort") // it would sort all that is behind a cursor, which it takes to be few rows
	} else {
		err = look(d.read(ctx))
	}
	return rows, len(rows) == wanted, err
}

// planned reads while PostgreSQL's planner does without some of its ways.
func (d *DB) planned(ctx context.Context, read func(tx *gorm.DB) error, without ...string) error {
	if !d.postgres() {
		return read(d.read(ctx))
	}
	return d.read(ctx).Transaction(func(tx *gorm.DB) error {
		if anew, ok := tx.Statement.ConnPool.(*gorm.PreparedStmtTX); ok { // gorm would prepare in each transaction what pgx has prepared before
			tx.Statement.ConnPool = anew.Tx
		}
		off := `set_config('` + strings.Join(without, `', 'off', TRUE), set_config('`) + `', 'off', TRUE)`
		if err := tx.Exec(`SELECT ` + off).Error; err != nil {
			return err
		}
		return read(tx.Session(&gorm.Session{NewDB: true}))
	}, &sql.TxOptions{ReadOnly: true})
}

// indexed reads with PostgreSQL's word index, whatever its planner thinks of it: to work out the terms of every row takes 50 times as
// long as to read it.
func (d *DB) indexed(ctx context.Context, read func(tx *gorm.DB) error) error {
	return d.planned(ctx, read, "enable_seqscan", "enable_indexscan", "enable_indexonlyscan", "jit")
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

// wordIndex asks a database's word index for companies that have all terms, of a country and of a run of them.
type wordIndex struct {
	postgres bool
	terms    []string
	country  string   // ISO 3166-1 code; empty means every country
	run      []string // names of countries; nil means every country
}

func (l listing) wordIndex(d *DB, terms []string) wordIndex {
	return wordIndex{d.postgres(), terms, l.country, l.run}
}

// companyTerms is what PostgreSQL's word index has.
const companyTerms = `"CompanyTerms"("Companies"."Folded", "Companies"."CountryCode")`

// all is every company that the word index has, to be sorted. Of many SQLite walks an index in the order of the list, which is all it takes
// to step over who is not among them: so says the plus.
func (i wordIndex) all(tx *gorm.DB, many bool) *gorm.DB {
	companies := tx.Table("Companies")
	switch {
	case i.postgres:
		for _, word := range i.words() {
			companies = companies.Where(companyTerms+` @@ ?::tsquery`, word)
		}
	case many:
		companies = companies.Where(`+"Companies"."Number" IN (SELECT "rowid" FROM "CompanySearch" WHERE "CompanySearch" MATCH ?)`, i.match())
	default:
		companies = tx.Table(`"CompanySearch" CROSS JOIN "Companies"`).
			Where(`"CompanySearch" MATCH ? AND "Companies"."Number" = "CompanySearch"."rowid"`, i.match())
	}
	return companies
}

// longestPrefix is how many letters of a word's beginning the word index has as a word of its own, see migration 16. For longer ones SQLite
// would collect the rows of each word that begins so, and PostgreSQL finds none.
const longestPrefix = 12

func short(word string) string {
	letters := []rune(word)
	return string(letters[:min(len(letters), longestPrefix)])
}

// unseen are those of a search's terms that the word index has not seen to: it was not asked for them, or does not know how they end.
func (i wordIndex) unseen(terms []string) []string {
	return slices.DeleteFunc(slices.Clone(terms), func(term string) bool { return slices.Contains(i.terms, term) && short(term) == term })
}

// match asks for every term as the beginning of a word.
func (i wordIndex) match() string { return strings.Join(i.words(), i.and()) }

// words are what a company must have in the word index: the words of its country's name together, the country's code, each term. They are
// letters and digits, so no quote ends early, and the mark before a country's code is neither. PostgreSQL leaps from a row of one to the
// next row of another that comes after it, and on to one of the first: a country keeps it within its own rows.
func (i wordIndex) words() []string {
	word, prefix := `"%s"`, `"%s"*`
	if i.postgres {
		word, prefix = `'%s'`, `'%s'` // it knows the beginnings as words
	}
	all := make([]string, 0, len(i.terms)+2)
	if len(i.run) == 1 {
		name := strings.Fields(cmp.Or(fold(i.run[0]), i.terms[0])) // one that has no letters is told apart later
		for n := range name {
			name[n] = fmt.Sprintf(prefix, short(name[n]))
		}
		all = append(all, strings.Join(name, i.and()))
	}
	if i.country != "" {
		all = append(all, fmt.Sprintf(word, "\ue000"+i.country))
	}
	for _, term := range i.terms {
		all = append(all, fmt.Sprintf(prefix, short(term)))
	}
	return all
}

func (i wordIndex) and() string {
	if i.postgres {
		return " & "
	}
	return " AND "
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
