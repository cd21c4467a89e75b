package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// CompanyQuery asks for one page of companies.
type CompanyQuery struct {
	Search  string // words that each begin a word of name, address or country, whatever their case and accents
	Country string // ISO 3166-1 code; empty means every country
	Sort    string // of [CompanySorts]; empty means by name
	Limit   int    // 1 to 200; anything else means 50
	Cursor  string // Next or Previous of another page of the same query
}

// CompanyPage is one page of companies. The cursors are opaque and empty where there is no such page. Pages hold still while companies come
// and go, because a cursor names a place between two companies and not a number of rows.
type CompanyPage struct {
	Companies []Company
	Next      string
	Previous  string
}

// companyColumns are those of companyRow: the others are for the database alone.
const companyColumns = `"Companies"."Id", "Name", "Address", "Country", "CountryCode", "Blocks", "Edited", "NameKey", "Created", "Updated"`

// CompanySorts are the orders of a list. A minus turns one round.
var CompanySorts = []string{"name", "-name", "country", "-country", "blocks", "-blocks"}

// order is what rows are sorted by, ending with something unique. All keys go in one direction, so that the database
// jumps into an index at the place of a cursor and reads on from there: page 1000 costs what page 1 costs.
type order struct {
	keys       []string // SQL
	values     func(companyRow) []any
	descending bool
}

func orderOf(q CompanyQuery) order {
	name := order{[]string{`"NameKey"`, `"Id"`}, func(c companyRow) []any { return []any{c.NameKey, c.ID} }, false}
	o := name
	switch strings.TrimPrefix(q.Sort, "-") {
	case "country":
		if q.Country == "" { // within one country this is the order of names
			o.keys = append([]string{`"Country"`}, name.keys...)
			o.values = func(c companyRow) []any { return []any{c.Country, c.NameKey, c.ID} }
		}
	case "blocks": // the most first is the usual order, with names ascending among equals
		o.keys = append([]string{`"BlocksKey"`}, name.keys...)
		o.values = func(c companyRow) []any { return []any{-c.Blocks, c.NameKey, c.ID} }
		o.descending = true
	}
	if strings.HasPrefix(q.Sort, "-") {
		o.descending = !o.descending
	}
	return o
}

// after returns the condition that holds for the rows behind the place.
func (o order) after() string {
	comparison := ">"
	if o.descending {
		comparison = "<"
	}
	return fmt.Sprintf("(%s) %s (%s)", strings.Join(o.keys, ", "), comparison, strings.Repeat(", ?", len(o.keys))[2:])
}

func (o order) orderBy() string {
	if !o.descending {
		return strings.Join(o.keys, ", ")
	}
	return strings.Join(o.keys, " DESC, ") + " DESC"
}

// Companies reads one page. It returns a [*ValidationError] for a sort there is not, or a cursor that did not come from a page of this query.
func (d *DB) Companies(ctx context.Context, q CompanyQuery) (CompanyPage, error) {
	if q.Limit < 1 || q.Limit > 200 {
		q.Limit = 50
	}
	if q.Sort != "" && !slices.Contains(CompanySorts, q.Sort) {
		return CompanyPage{}, &ValidationError{"sort", "must be one of " + strings.Join(CompanySorts, ", ")}
	}
	if !storable(q.Country) {
		return CompanyPage{}, nil
	}
	o := orderOf(q)
	from, err := parseCursor(q)
	if err != nil {
		return CompanyPage{}, err
	}
	if from.Backward {
		o.descending = !o.descending
	}
	terms := searchTerms(q.Search)
	if len(terms) == 0 && strings.TrimSpace(q.Search) != "" {
		return CompanyPage{}, nil // punctuation begins no word
	}
	sorted := func(tx *gorm.DB) *gorm.DB {
		if q.Country != "" {
			tx = tx.Where(`"CountryCode" = ?`, q.Country)
		}
		if from.Place != nil {
			tx = tx.Where(o.after(), from.Place...)
		}
		return tx.Order(o.orderBy())
	}
	rows, err := d.listCompanies(ctx, terms, sorted, q.Limit+1) // one more tells whether there is another page
	if err != nil {
		return CompanyPage{}, fmt.Errorf("db: list companies: %w", err)
	}
	return from.page(q, orderOf(q), rows), nil
}

// listCompanies reads up to limit rows of a sorted list that have all terms.
func (d *DB) listCompanies(ctx context.Context, terms []string, sorted func(*gorm.DB) *gorm.DB, limit int) (rows []companyRow, err error) {
	list := func() *gorm.DB { return sorted(d.read(ctx).Table("Companies")) }
	if len(terms) == 0 {
		err = list().Select(companyColumns).Limit(limit).Find(&rows).Error
		return rows, err
	}
	rows, err = d.glance(ctx, list(), terms, limit)
	if err != nil || len(rows) == limit {
		return rows, err
	}
	rare, err := d.rare(ctx, list(), terms)
	if err != nil {
		return nil, err
	}
	if len(rare) > 0 {
		rows, ok, err := d.fromIndex(ctx, sorted(d.found(ctx, terms, rare)).Limit(limit), rare)
		if ok || err != nil {
			return rows, err
		}
	}
	rows = nil // a wide search: walk the list
	err = d.matching(list(), terms).Select(companyColumns).Limit(limit).Find(&rows).Error
	return rows, err
}

// fromIndex reads the rows that the word index found, and reports whether they are all there are.
func (d *DB) fromIndex(ctx context.Context, found *gorm.DB, rare []string) (rows []companyRow, ok bool, err error) {
	if err := found.Select(companyColumns + `, "Matches"`).Find(&rows).Error; err != nil {
		return nil, false, err
	}
	if len(rows) == 0 {
		ok, err = d.isNarrow(ctx, rare)
		return nil, ok, err
	}
	return rows, rows[0].Matches <= narrow, nil
}

// page makes a page of the rows behind the cursor, of which there is one more than wanted if the list goes on.
func (c cursor) page(q CompanyQuery, o order, rows []companyRow) CompanyPage {
	more := len(rows) > q.Limit
	rows = rows[:min(len(rows), q.Limit)]
	before, behind := c.Place != nil, more
	if c.Backward {
		slices.Reverse(rows)
		before, behind = more, true
	}
	page := CompanyPage{Companies: make([]Company, len(rows))}
	for i, row := range rows {
		row.inUTC()
		page.Companies[i] = row.Company
	}
	if len(rows) > 0 && before {
		page.Previous = cursor{Place: o.values(rows[0]), Backward: true}.text(q)
	}
	if len(rows) > 0 && behind {
		page.Next = cursor{Place: o.values(rows[len(rows)-1])}.text(q)
	}
	return page
}

// CountryCount says how many companies a country has.
type CountryCount struct {
	Code      string // ISO 3166-1, empty when it is not known
	Companies int
}

// CompanyCountries counts the companies that the search finds, by country, in the order of codes.
func (d *DB) CompanyCountries(ctx context.Context, search string) ([]CountryCount, error) {
	terms := searchTerms(search)
	if len(terms) == 0 && strings.TrimSpace(search) != "" {
		return nil, nil
	}
	rare, err := d.rare(ctx, d.read(ctx).Table("Companies").Order(`"NameKey"`), terms)
	if err != nil {
		return nil, fmt.Errorf("db: count companies: %w", err)
	}
	companies := d.matching(d.read(ctx).Table("Companies"), terms)
	if len(rare) > 0 {
		switch ok, err := d.isNarrow(ctx, rare); {
		case err != nil:
			return nil, fmt.Errorf("db: count companies: %w", err)
		case ok:
			companies = d.found(ctx, terms, rare)
		}
	}
	var counts []CountryCount
	err = companies.Select(`"CountryCode" AS "Code", count(*) AS "Companies"`).Group("CountryCode").Order(`"CountryCode"`).Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("db: count companies: %w", err)
	}
	return counts, nil
}
