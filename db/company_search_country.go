package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

const peeked = 20 // companies of a country

var few = 1_000 // companies of several countries that are fetched together; a test lowers it

// searchByCountry is searchCompanies in the order of countries, where a word of one country stands behind all companies of those
// before it. The word index tells which these are: it is asked for one country after the other, up to one of which many companies have
// the terms, and that one is searched by itself. So is one that seems to be such by its name or its first companies, because PostgreSQL
// collects all rows of a country before it gives the first.
func (d *DB) searchByCountry(ctx context.Context, terms []string, l listing, limit int) (rows []companyRow, err error) {
	countries, err := d.peek(ctx, terms, l)
	for err == nil && len(countries) > 0 && len(rows) < limit {
		var more []companyRow
		complete := 0
		l.run = nil
		for _, c := range countries {
			if c.Have > peeked/2 || named(c.Country, terms) {
				break
			}
			l.run = append(l.run, c.Country)
		}
		if l.run != nil {
			more, complete, err = d.fewOf(ctx, l.wordIndex(d, terms), l, limit-len(rows))
			rows, countries = append(rows, more...), countries[complete:]
		}
		if err == nil && len(countries) > 0 && len(rows) < limit {
			l.run, countries = []string{countries[0].Country}, countries[1:]
			more, err = d.searchCompanies(ctx, terms, l, limit-len(rows))
			rows = append(rows, more...)
		}
	}
	return rows, err
}

// named reports whether a term begins a word of a country's name, which all of its companies have.
func named(country string, terms []string) bool {
	return slices.ContainsFunc(terms, func(term string) bool { return len(term) > 1 && strings.Contains(" "+fold(country), " "+term) })
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

// fewOf is up to limit companies of the first countries of a run, in all of which few have the terms, and how many countries these are.
// They are found first and then filtered and sorted, whatever a planner hopes of a page's LIMIT and of the other indexes.
func (d *DB) fewOf(ctx context.Context, index wordIndex, l listing, limit int) (rows []companyRow, complete int, err error) {
	err = d.indexed(ctx, func(tx *gorm.DB) error {
		page := tx.Table(`"Found" CROSS JOIN "Extent"`).Select(`"Id" AS "Found"`).Where(`"There" AND "Run" < "Complete"`)
		return tx.Raw(`WITH "Found" AS MATERIALIZED (?), "Extent" AS (
				SELECT CASE WHEN count(*) > ? THEN max("Run") ELSE ? END AS "Complete" FROM "Found"), "Page" AS (?)
			SELECT `+companyColumns+`, "Complete" FROM "Extent" LEFT JOIN "Page" ON TRUE LEFT JOIN "Companies" ON "Companies"."Id" = "Page"."Found"
			ORDER BY `+l.order.orderBy(), index.found(tx, few+1), few, len(index.run), l.next(page, limit)).Scan(&rows).Error
	})
	if err != nil {
		return nil, 0, err
	}
	complete = rows[0].Complete
	if rows[0].ID == "" { // what the join has for no row
		rows = nil
	}
	return rows, complete, nil
}

// found is the keys of up to n companies that the word index has, asked for one country of a run after the other. "There" says
// whether one is of the country, whose words another may have in its address, and has the terms to their ends.
func (i wordIndex) found(tx *gorm.DB, n int) *gorm.DB {
	type query struct {
		Run   int
		Match any
		Of    string
	}
	var queries []query
	for run, country := range i.run {
		one := wordIndex{i.postgres, i.terms, i.country, i.run[run : run+1]}
		match := any(one.match())
		if i.postgres {
			match = one.words()
		}
		queries = append(queries, query{run, match, country})
	}
	asked, _ := json.Marshal(queries) // strings and numbers always can
	from := `(SELECT "key" AS "Run", "value" ->> 'Match' AS "Match", "value" ->> 'Of' AS "Of" FROM json_each(?)) AS "Query" CROSS JOIN "CompanySearch"
		CROSS JOIN "Companies" ON "CompanySearch" MATCH "Match" AND "Companies"."Number" = "CompanySearch"."rowid"`
	if i.postgres {
		each := make([]string, 1+len(i.terms))
		for n := range each {
			each[n] = fmt.Sprintf(`%s @@ "Match"[%d]`, companyTerms, n+1)
		}
		from = `json_to_recordset(?) AS "Query" ("Run" integer, "Match" tsquery[], "Of" text) CROSS JOIN LATERAL (
			SELECT * FROM "Companies" WHERE ` + strings.Join(each, " AND ") + ` OFFSET 0) AS "Companies"`
	}
	there, parameters := `"Of" = "Country"`, []any{}
	for _, term := range i.unseen(i.terms) {
		condition, pattern := has(term)
		there, parameters = there+" AND "+condition, append(parameters, pattern)
	}
	return tx.Raw(`SELECT "Id", "NameKey", "Country", "Run", `+there+` AS "There" FROM `+from+` LIMIT `+strconv.Itoa(n),
		append(parameters, string(asked))...)
}
