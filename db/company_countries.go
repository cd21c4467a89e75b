package db

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

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
	var counts []CountryCount
	counting, err := d.countCountries(ctx, terms)
	if err == nil {
		err = counting.Scan(&counts).Error
	}
	if err != nil {
		return nil, fmt.Errorf("db: count companies: %w", err)
	}
	return counts, nil
}

// countCountries asks SQLite's word index, which knows the countries too and counts faster than it finds. PostgreSQL's gives rows, which
// have to be read; where that is every fifth or more, reading all of them in their own order takes less.
func (d *DB) countCountries(ctx context.Context, terms []string) (counting *gorm.DB, err error) {
	companies := d.read(ctx).Table("Companies")
	switch {
	case len(terms) == 0:
	case !d.postgres():
		return d.read(ctx).Raw(`WITH RECURSIVE "Codes" ("Code") AS (
				SELECT min("CountryCode") FROM "Companies" UNION ALL
				SELECT (SELECT min("CountryCode") FROM "Companies" WHERE "CountryCode" > "Code") FROM "Codes" WHERE "Code" IS NOT NULL
			), "Counts" AS (
				SELECT "Code", (SELECT count(*) FROM "CompanySearch" WHERE "CompanySearch" MATCH ? || ' AND "' || char(0xE000) || "Code" || '"') AS "Companies"
				FROM "Codes" WHERE "Code" IS NOT NULL
			) SELECT * FROM "Counts" WHERE "Companies" > 0 ORDER BY "Code"`, wordIndex{terms: terms}.match()), nil
	default:
		_, common, err := d.glance(ctx, listing{order: orderOf(CompanyQuery{})}, terms, glanced, glanced/5)
		if err != nil {
			return nil, err
		}
		if common {
			companies = matching(companies, terms)
		} else {
			companies = d.all(ctx, wordIndex{postgres: true, terms: terms})
		}
	}
	return companies.Select(`"CountryCode" AS "Code", count(*) AS "Companies"`).Group("CountryCode").Order(`"CountryCode"`), nil
}
