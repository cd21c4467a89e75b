package db_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// A word that everybody has is found in the next rows of the list, a rare one in the word index, one between them in some more
// rows, and one that stands far down the list beside an index of it. Whichever way, the rows are those that reading everything
// would find.
func TestSearchFindsTheSameRowsWhicheverWayItTakes(t *testing.T) {
	const rows = 6_000
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var companies []db.Company
		for i := range rows {
			c := someCompany(i)
			if i%12 != 0 {
				c.Name += " Wide" // more than the word index is asked for
			}
			if i%700 == 0 {
				c.Name += " Seldom"
			}
			if i%6 == 0 {
				c.Name = "Zulu " + c.Name // behind all that are looked at one by one
			}
			switch {
			case c.CountryCode == "DE":
				c.Address += ", Afar, once in Sweden" // whose own stand before these, from the last country on
			case c.CountryCode == "SE" && i%97 == 0:
				c.Name += " Afar"
			}
			switch {
			case c.CountryCode == "US":
				c.Address += ", Extraordinarily"
			case (c.CountryCode == "FI" || c.CountryCode == "JP") && i%150 < 6: // few, each found among both countries' words
				c.Address += []string{", Extraordinarily", ", Extraordinaries"}[i%2] + ", Finland and Japan"
			}
			switch i % 501 {
			case 0:
				c.Country, c.CountryCode = "Liechtenstein", "LI" // longer than the word index knows
			case 1:
				c.Country, c.CountryCode = "-", "" // without a word
			}
			if i%900 < 2 {
				c.Name += []string{" Telecommunications", " Telecommunicators"}[i%900] // alike for longer than the word index knows
			}
			companies = append(companies, c)
		}
		if _, err := d.ImportCompanies(t.Context(), companies); err != nil {
			t.Fatal(err)
		}
		analyze(t, d)
		t.Run("few", func(t *testing.T) { findEverySearchNaively(t, d) })
		t.Run("many", func(t *testing.T) {
			db.SearchFewAsMany(t)
			findEverySearchNaively(t, d)
		})
	})
}

func findEverySearchNaively(t *testing.T, d *db.DB) {
	for _, sort := range []string{"name", "-blocks", "country", "-country"} {
		everything := walkPages(t, d, db.CompanyQuery{Sort: sort, Limit: 200})
		for _, q := range []db.CompanyQuery{
			{Search: "wide"}, {Search: "street wide"}, {Search: "gmbh"}, {Search: "seldom"}, {Search: "wide seldom"}, {Search: rareWord}, {Search: "s"}, {Search: "nobody"},
			{Search: "wide", Country: "SE"}, {Search: "seldom", Country: "JP"}, {Search: "gmbh", Country: "SE"}, {Search: "gmbh llc"},
			{Search: "zulu"}, {Search: "zulu wide"}, {Search: "zulu", Country: "DE"}, {Search: "zulu seldom"}, {Search: "zulu sweden"},
			{Search: "ltd"}, {Search: "germany"}, {Search: "china wide"}, {Search: "afar"}, {Search: "afar sweden"}, {Search: "telecommunications"}, {Search: "telecommunicat"}, {Search: "telecommunications ltd"},
			{Search: "extraordinarily"}, {Search: "extraordinarily street"}, {Search: "extraordinarily zulu"}, {Search: "wide liechtenstein"}, {Search: "street lie"}, {Search: "wide ltd"}, {Search: "s w", Country: "CN"},
		} {
			q.Sort, q.Limit = sort, 200
			got := walkPages(t, d, q)
			want := slices.Clone(everything)
			want = slices.DeleteFunc(want, func(c db.Company) bool { return !naivelyFound(c, q) })
			if !slices.Equal(names(got), names(want)) {
				t.Errorf("%+v: %d companies, want %d", q, len(got), len(want))
			}
			if counted := counts(t, d, q.Search); q.Country == "" && counted != len(want) {
				t.Errorf("%+v: %d companies counted, want %d", q, counted, len(want))
			}
		}
	}
}

func counts(t *testing.T, d *db.DB, search string) (companies int) {
	t.Helper()
	countries, err := d.CompanyCountries(t.Context(), search)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range countries {
		companies += one.Companies
	}
	return companies
}

func naivelyFound(c db.Company, q db.CompanyQuery) bool {
	words := strings.FieldsFunc(strings.ToLower(c.Name+" "+c.Address+" "+c.Country), func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", r) })
	for _, term := range strings.Fields(q.Search) {
		if !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, term) }) {
			return false
		}
	}
	return q.Country == "" || c.CountryCode == q.Country
}

// walkPages reads every page of a query, one after the other.
func walkPages(t *testing.T, d *db.DB, q db.CompanyQuery) (all []db.Company) {
	t.Helper()
	for n := 0; ; n++ {
		page, err := d.Companies(t.Context(), q)
		if err != nil || n > 100 {
			t.Fatal(fmt.Errorf("page %d of %+v: %w", n, q, err))
		}
		all = append(all, page.Companies...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}
