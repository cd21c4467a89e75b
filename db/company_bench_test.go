package db_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	ieee "silentrenew/internal/listing"
)

// A million rows take minutes to write, so they are there for who asks:
//
//	go test ./db -run '^$' -bench Compan -rows 1000000
var moreRows = flag.Int("rows", 0, "benchmark with so many companies too")

// eachCity runs a benchmark with as many companies as the listing has, and with as many as -rows says, on both databases.
func eachCity(b *testing.B, bench func(b *testing.B, d *db.DB, rows int)) {
	for _, rows := range []int{18_700, *moreRows} {
		each(b, "city", someCompany, rows, bench)
	}
}

func each(b *testing.B, name string, company func(i int) db.Company, rows int, bench func(b *testing.B, d *db.DB, rows int)) {
	for _, kind := range []string{"sqlite", "postgres"} {
		if rows > 0 {
			b.Run(fmt.Sprintf("%s/%d", kind, rows), func(b *testing.B) { bench(b, written(b, kind, name, company, rows), rows) })
		}
	}
}

// databases are written once in a run.
var (
	databases  = map[string]*db.DB{}
	demolition []func()
)

func written(b *testing.B, kind, name string, company func(i int) db.Company, rows int) *db.DB {
	b.Helper()
	name = fmt.Sprint(kind, name, rows)
	if databases[name] != nil {
		return databases[name]
	}
	d, remove := dbtest.Lasting(b, kind)
	demolition = append(demolition, remove)
	var companies []db.Company
	for i := range rows {
		companies = append(companies, company(i))
		if len(companies) == 50_000 || i == rows-1 {
			if _, err := d.ImportCompanies(b.Context(), companies); err != nil {
				b.Fatal(err)
			}
			companies = companies[:0]
		}
	}
	analyze(b, d)
	databases[name] = d
	return d
}

// analyze does at once what PostgreSQL's autovacuum does soon enough.
func analyze(t testing.TB, d *db.DB) {
	if strings.HasPrefix(d.Location(), "postgres") {
		dbtest.Exec(t, d, `VACUUM ANALYZE "Companies"`)
	}
}

// TestMain removes what the benchmarks wrote.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, remove := range demolition {
		remove()
	}
	os.Exit(code)
}

// someCompany is the i-th company of a city. Words of many frequencies: every company has one of a dozen legal forms and
// one of sixty-odd thousand family names.
func someCompany(i int) db.Company {
	shuffled := (i * 7_919) % 1_000_003
	forms := []string{"Ltd", "GmbH", "Inc.", "AB", "S.A.", "Oy", "BV", "Co., Ltd.", "LLC", "AG", "SpA", "KK"}
	countries := [][2]string{{"SE", "Sweden"}, {"DE", "Germany"}, {"US", "USA"}, {"JP", "Japan"}, {"FI", "Finland"}, {"CN", "China"}}
	c := countries[shuffled%len(countries)]
	return db.Company{
		ID: db.CompanyID(fmt.Sprint("city ", i)), Name: fmt.Sprintf("%s %s %s", word(shuffled%65_537), word(shuffled%211), forms[shuffled%len(forms)]),
		Address: fmt.Sprintf("%d %s Street, %s", shuffled%400+1, word(shuffled%3_001), word(shuffled%997)), Country: c[1], CountryCode: c[0], Blocks: 1 + 5000/(shuffled+1),
	}
}

// word spells a number in syllables.
func word(n int) string {
	syllables := []string{"ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu", "wy"}
	var b strings.Builder
	for n++; n > 0; n /= len(syllables) {
		b.WriteString(syllables[n%len(syllables)])
	}
	return b.String()
}

// BenchmarkCompaniesPage reads a page at the beginning, in the middle and near the end: the cost must not grow.
func BenchmarkCompaniesPage(b *testing.B) {
	eachCity(b, func(b *testing.B, d *db.DB, rows int) {
		for _, sort := range []string{"name", "-blocks", "country"} {
			for _, position := range []int{0, 50, 99} { // percent
				query := db.CompanyQuery{Sort: sort, Limit: 50}
				query.Cursor = cursorAt(b, d, query, rows*position/100)
				b.Run(fmt.Sprintf("%s/%d%%", strings.TrimPrefix(sort, "-"), position), func(b *testing.B) { list(b, d, query) })
			}
		}
		b.Run("country filter", func(b *testing.B) { list(b, d, db.CompanyQuery{Country: "DE", Sort: "-blocks"}) })
	})
}

// cursorAt finds the cursor at a position by walking there once, in the largest steps.
func cursorAt(b *testing.B, d *db.DB, query db.CompanyQuery, position int) string {
	b.Helper()
	for query.Limit = 200; position > 0; position -= query.Limit {
		page, err := d.Companies(b.Context(), query)
		if err != nil {
			b.Fatal(err)
		}
		query.Cursor = page.Next
	}
	return query.Cursor
}

// rareWord is the family name of company 123, and of few others.
var rareWord = word(123 * 7_919 % 1_000_003 % 65_537)

// BenchmarkCompaniesSearch searches for words of every frequency, alone, together, within a country and in each order, and
// counts the countries of some. The naive way, LIKE over the whole table for the rare word, is there to compare: a search must take
// less than a tenth at a million rows.
func BenchmarkCompaniesSearch(b *testing.B) {
	searches := map[string]db.CompanyQuery{
		"rare": {Search: rareWord}, "prefix": {Search: rareWord[:5]}, "letter": {Search: "s"},
		"in every company": {Search: "street"}, "in every twelfth": {Search: "gmbh"}, "in every thousandth": {Search: word(900)},
		"two": {Search: word(4_321)[:4] + " gm"}, "common and rare": {Search: "street " + rareWord}, "two that never meet": {Search: "gmbh llc"},
		"in its country":     {Search: "gmbh", Country: "DE", Sort: "-blocks"},
		"in another country": {Search: "gmbh", Country: "SE", Sort: "-name"},
		"its country last":   {Search: "ltd", Sort: "-country"},
		"its country first":  {Search: "ltd", Sort: "country"},
		"by blocks":          {Search: word(900), Sort: "-blocks"},
	}
	eachCity(b, func(b *testing.B, d *db.DB, _ int) {
		for name, query := range searches {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if _, err := d.Companies(b.Context(), query); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		for name, search := range map[string]string{"rare": rareWord, "in every thousandth": word(900), "in every twelfth": "gmbh", "in every company": "street"} {
			b.Run("countries of "+name, func(b *testing.B) {
				for b.Loop() {
					if _, err := d.CompanyCountries(b.Context(), search); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run("naive LIKE", func(b *testing.B) { searchNaively(b, d, rareWord) })
	})
}

func searchNaively(b *testing.B, d *db.DB, word string) {
	shell := dbtest.Shell(b, d)
	naive := `SELECT "Id" FROM "Companies" WHERE lower("Name" || ' ' || "Address" || ' ' || "Country") LIKE '%` + word +
		`%' ORDER BY lower("Name"), "Id" LIMIT 51`
	for b.Loop() {
		var id string
		if err := shell.QueryRowContext(b.Context(), naive).Scan(&id); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompaniesSearchListing searches the listing's own companies, several times over, for what was slowest among thousands of parts of their
// words: each common, together far down the list or in one country.
func BenchmarkCompaniesSearchListing(b *testing.B) {
	once, err := ieee.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	slices.SortStableFunc(once, func(a, b db.Company) int { return strings.Compare(a.CountryCode, b.CountryCode) })
	listed := func(i int) db.Company {
		c := once[i*len(once) / *moreRows]
		c.ID = db.CompanyID(fmt.Sprint("listed ", i))
		return c
	}
	each(b, "listing", listed, *moreRows, func(b *testing.B, d *db.DB, _ int) {
		for _, query := range []db.CompanyQuery{
			{Search: "hi tech"}, {Search: "j usa u", Sort: "-name"}, {Search: "d south korea", Sort: "-name"}, {Search: "corporation ro"}, {Search: "65", Sort: "-blocks"},
			{Search: "south inc", Sort: "blocks"}, {Search: "us", Country: "CN"}, {Search: "inc us", Sort: "country"}, {Search: "usa c be", Sort: "country"},
			{Search: "usa d inc", Sort: "country"}, {Search: "rd taipei", Sort: "country"}, {Search: "guangdong co", Sort: "-country"},
			{Search: "us co district", Sort: "-country"}, {Search: "road 2 rd", Sort: "-country"},
		} {
			b.Run(strings.TrimSpace(query.Search+" "+query.Country+" "+query.Sort), func(b *testing.B) {
				for b.Loop() {
					if _, err := d.Companies(b.Context(), query); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run("naive LIKE", func(b *testing.B) { searchNaively(b, d, "admin_solutions") })
	})
}

// BenchmarkCompany reads one company.
func BenchmarkCompany(b *testing.B) {
	eachCity(b, func(b *testing.B, d *db.DB, rows int) {
		id := db.CompanyID(fmt.Sprint("city ", rows/2))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Company(b.Context(), id); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCompanyCountries counts all companies by country.
func BenchmarkCompanyCountries(b *testing.B) {
	eachCity(b, func(b *testing.B, d *db.DB, _ int) {
		for b.Loop() {
			if _, err := d.CompanyCountries(b.Context(), ""); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func list(b *testing.B, d *db.DB, query db.CompanyQuery) {
	for b.Loop() {
		if page, err := d.Companies(b.Context(), query); err != nil || len(page.Companies) == 0 {
			b.Fatalf("%+v: %d companies, %v", query, len(page.Companies), err)
		}
	}
}
