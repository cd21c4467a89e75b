package db

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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
	byCountry  bool
}

func orderOf(q CompanyQuery) order {
	name := order{[]string{`"NameKey"`, `"Id"`}, func(c companyRow) []any { return []any{c.NameKey, c.ID} }, false, false}
	o := name
	switch strings.TrimPrefix(q.Sort, "-") {
	case "country":
		if q.Country == "" { // within one country this is the order of names
			o.keys = append([]string{`"Country"`}, name.keys...)
			o.byCountry = true
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

// listing is the companies of one country, or of all, in an order and behind a place.
type listing struct {
	order   order
	place   []any    // of a cursor; nil is the beginning
	country string   // ISO 3166-1 code; empty means every country
	run     []string // names of countries that follow each other in the order, when the list is cut down to them
}

// next takes the next n rows of a list. The number is part of the text: of a parameter PostgreSQL thinks, once it plans for
// all of its values, that it may be a tenth of the table, and sorts a million companies for a page of fifty.
func (l listing) next(tx *gorm.DB, n int) *gorm.DB {
	if l.country != "" {
		tx = tx.Where(`"CountryCode" = ?`, l.country)
	}
	if l.run != nil {
		tx = tx.Where(`"Country" BETWEEN ? AND ?`, slices.Min(l.run), slices.Max(l.run))
	}
	if l.place != nil && (l.run == nil || slices.Contains(l.run, l.place[0].(string))) { // else all of the run is behind it
		tx = tx.Where(l.order.after(), l.place...)
	}
	return tx.Order(l.order.orderBy() + " LIMIT " + strconv.Itoa(n))
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
	l := listing{order: o, place: from.Place, country: q.Country}
	var rows []companyRow
	limit := q.Limit + 1 // one more tells whether there is another page
	if len(terms) == 0 {
		err = l.next(d.read(ctx).Table("Companies"), limit).Select(companyColumns).Find(&rows).Error
	} else {
		rows, err = d.searchCompanies(ctx, terms, l, limit)
	}
	if err != nil {
		return CompanyPage{}, fmt.Errorf("db: list companies: %w", err)
	}
	return from.page(q, orderOf(q), rows), nil
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
