package db

import (
	"context"
	"fmt"
)

const (
	peeked = 20 // companies of a country
	dense  = 2  // of which so many have the terms: its list gives a page soon
)

// searchByCountry is searchCompanies in the order of countries, where a word of one country stands behind all companies of those
// before it. The word index tells which these are: it is asked for one country after the other, up to one of which many companies have
// the terms. That one's own list gives a page. A word that is rare everywhere, judged by the order of names, needs no such care.
func (d *DB) searchByCountry(ctx context.Context, terms, asked []string, l listing, limit int) (rows []companyRow, err error) {
	common, _, err := d.glance(ctx, listing{order: orderOf(CompanyQuery{})}, terms, glanced, 1)
	if err != nil {
		return nil, err
	}
	if len(common) == 0 {
		rows, complete, err := d.fromIndex(ctx, l.wordIndex(d, asked), l, terms, limit)
		if complete > 0 || err != nil {
			return rows, err
		}
	}
	countries, err := d.peek(ctx, terms, l)
	for len(countries) > 0 && len(rows) < limit && err == nil {
		var more []companyRow
		l.run = nil
		for _, c := range countries {
			if c.Have >= dense {
				break
			}
			l.run = append(l.run, c.Country)
		}
		complete := 0
		if l.run != nil {
			more, complete, err = d.fromIndex(ctx, l.wordIndex(d, asked), l, terms, limit-len(rows))
		}
		if complete == 0 && err == nil { // many, and all in the first
			l.run, complete = []string{countries[0].Country}, 1
			more, err = d.searchCompanies(ctx, terms, l, limit-len(rows))
		}
		rows, countries = append(rows, more...), countries[complete:]
	}
	return rows, err
}

// peekedCountry is a country and how many of its first companies have all terms.
type peekedCountry struct {
	Country string
	Have    int
}

// peek looks at the first companies of each country from the place of the list on. It takes one step in the index of countries for
// each, and not one for each company.
func (d *DB) peek(ctx context.Context, terms []string, l listing) (countries []peekedCountry, err error) {
	first, behind := "min", ">"
	if l.order.descending {
		first, behind = "max", "<"
	}
	start := d.read(ctx).Table("Companies").Select(first + `("Country")`)
	if l.place != nil {
		start = start.Where(`"Country" `+behind+`= ?`, l.place[0])
	}
	some := d.read(ctx).Table("Companies").Where(`"Country" = "Names"."Name"`).Order(fmt.Sprintf(`"NameKey", "Id" LIMIT %d`, peeked))
	have := matching(d.read(ctx).Table(`(?) AS "Companies"`, some.Select(`"Folded"`)), terms).Select("count(*)")
	err = d.read(ctx).Raw(fmt.Sprintf(`WITH RECURSIVE "Names" ("Name") AS (
			? UNION ALL SELECT (SELECT %s("Country") FROM "Companies" WHERE "Country" %s "Names"."Name") FROM "Names" WHERE "Names"."Name" IS NOT NULL
		) SELECT "Name" AS "Country", (?) AS "Have" FROM "Names" WHERE "Name" IS NOT NULL`, first, behind), start, have).Scan(&countries).Error
	return countries, err
}
