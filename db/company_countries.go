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
	counts, err := d.countCountries(ctx, terms)
	if err != nil {
		return nil, fmt.Errorf("db: count companies: %w", err)
	}
	return counts, nil
}

// countCountries asks SQLite's word index, which knows the countries too and counts faster than it finds. PostgreSQL's gives rows, which
// have to be read; where that is every fifth or more, reading all of them in their own order takes less.
func (d *DB) countCountries(ctx context.Context, terms []string) (counts []CountryCount, err error) {
	if len(terms) > 0 && !d.postgres() {
		err = d.read(ctx).Raw(`WITH RECURSIVE "Codes" ("Code") AS (
				SELECT min("CountryCode") FROM "Companies" UNION ALL
				SELECT (SELECT min("CountryCode") FROM "Companies" WHERE "CountryCode" > "Code") FROM "Codes" WHERE "Code" IS NOT NULL
			), "Counts" AS (
				SELECT "Code", (SELECT count(*) FROM "CompanySearch" WHERE "CompanySearch" MATCH ? || ' AND "' || char(0xE000) || "Code" || '"') AS "Companies"
				FROM "Codes" WHERE "Code" IS NOT NULL
			) SELECT * FROM "Counts" WHERE "Companies" > 0 ORDER BY "Code"`, `"`+strings.Join(terms, `"* AND "`)+`"*`).Scan(&counts).Error
		return counts, err
	}
	grouped := func(companies *gorm.DB) error {
		return companies.Select(`"CountryCode" AS "Code", count(*) AS "Companies"`).Group("CountryCode").Order(`"CountryCode"`).Scan(&counts).Error
	}
	common := len(terms) == 0
	if !common {
		_, common, err = d.glance(ctx, listing{order: orderOf(CompanyQuery{})}, terms, glanced, glanced/5)
	}
	switch {
	case err != nil:
	case common:
		err = grouped(matching(d.read(ctx).Table("Companies"), terms))
	default:
		err = d.indexed(ctx, func(tx *gorm.DB) error {
			index := wordIndex{postgres: true, terms: terms}
			return grouped(matching(index.all(tx, false), index.unseen(terms)))
		})
	}
	return counts, err
}
