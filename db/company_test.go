package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// town has companies whose words and accents are easy to tell apart.
var town = []db.Company{
	{Name: "Åkeri & Söner AB", Address: "Storgatan 1, Malmö", Country: "Sweden", CountryCode: "SE", Blocks: 3},
	{Name: "Zeta Sp. z o.o.", Address: "ul. Piotrkowska 5, Łódź", Country: "Poland", CountryCode: "PL", Blocks: 1},
	{Name: "alpha GmbH", Address: "Straße 7, Köln", Country: "Germany", CountryCode: "DE", Blocks: 1},
	{Name: "ALPHA Inc.", Address: "1 Main St", Country: "USA", CountryCode: "US", Blocks: 1},
	{Name: "Ｆｕｌｌ Ｗｉｄｔｈ", Address: "東京", Country: "Japan", CountryCode: "JP", Blocks: 200},
	{Name: "Beta-Gamma Ltd", Address: "2 High Street 50%_off", Country: "United Kingdom", CountryCode: "GB", Blocks: 7},
}

// settle imports the town and returns its names in the order of names.
func settle(t *testing.T, d *db.DB) []string {
	t.Helper()
	dbtest.Exec(t, d, `INSERT INTO "Companies" ("Id", "Name", "Address", "Country", "Folded") VALUES ('first', 'x', 'x', 'x', '')`)
	var companies []db.Company
	for _, c := range town {
		c.ID = db.CompanyID(c.Name)
		companies = append(companies, c)
	}
	if changes, err := d.ImportCompanies(t.Context(), companies); err != nil || changes.Added != len(town) {
		t.Fatalf("%+v, %v", changes, err)
	}
	dbtest.Exec(t, d, `DELETE FROM "Companies" WHERE "Id" = 'first'`) // which kept the tutorial's two away
	return []string{"Åkeri & Söner AB", "alpha GmbH", "ALPHA Inc.", "Beta-Gamma Ltd", "Ｆｕｌｌ Ｗｉｄｔｈ", "Zeta Sp. z o.o."}
}

func names(companies []db.Company) []string {
	list := []string{}
	for _, c := range companies {
		list = append(list, c.Name)
	}
	return list
}

func TestA13TheTutorialsCompaniesComeFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		settle(t, d)
		page, err := d.Companies(t.Context(), db.CompanyQuery{Limit: 2})
		if err != nil || !slices.Equal(names(page.Companies), []string{"Admin_Solutions Ltd", "IT_Solutions Ltd"}) {
			t.Fatal(names(page.Companies), err)
		}
		if got, want := page.Companies[1].FullAddress(), "583 Wall Dr. Gwynn Oak, MD 21207 USA"; got != want {
			t.Errorf("full address %q, want %q", got, want)
		}
	})
}

func TestSearchFindsWordsByTheirBeginningWhateverTheirAccents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		settle(t, d)
		for search, want := range map[string]string{
			"": "Å a A B Ｆ Z", " \t": "Å a A B Ｆ Z", "akeri": "Å", "ÅKERI": "Å", "soner malmo": "Å", "malmö s": "Å", "lodz": "Z", "ŁÓDŹ": "Z", "z o": "Z",
			"alpha": "a A", "alp": "a A", "strasse": "a", "straße": "a", "koln usa": "", "lpha": "", "full": "Ｆ", "ｆｕｌｌ": "Ｆ", "東": "Ｆ", "gamma beta": "B",
			"beta-gamma": "B", "50%": "B", "%": "", "_": "", "'": "", `"`: "", "* OR alpha": "", "alpha*": "a A", "NOT": "", "\x00": "", "\xff": "", "sweden": "Å",
			"b be bet beta g ga gam gamm": "B", "b be bet beta g ga gam gamm zebra": "", "a b c d e f g h i j k l": "", strings.Repeat("alpha ", 50): "a A",
		} {
			page, err := d.Companies(t.Context(), db.CompanyQuery{Search: search})
			var got []string
			for _, c := range page.Companies {
				got = append(got, string([]rune(c.Name)[0]))
			}
			if err != nil || strings.Join(got, " ") != want {
				t.Errorf("search %q: %q, %v; want %q", search, got, err, want)
			}
		}
	})
}

func TestSearchFollowsEveryChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		settle(t, d)
		finds := func(search string, want int) {
			t.Helper()
			if page, err := d.Companies(t.Context(), db.CompanyQuery{Search: search}); err != nil || len(page.Companies) != want {
				t.Errorf("search %q: %q, %v; want %d", search, names(page.Companies), err, want)
			}
		}
		id := db.CompanyID("Beta-Gamma Ltd")
		_, err := d.ChangeCompany(t.Context(), id, func(c db.Company) (db.Company, error) { c.Name = "Delta"; return c, nil })
		if err != nil {
			t.Fatal(err)
		}
		finds("gamma", 0)
		finds("delta", 1)
		if err := d.DeleteCompany(t.Context(), id, func(db.Company) error { return nil }); err != nil {
			t.Fatal(err)
		}
		finds("delta", 0)
		if _, err := d.RestoreCompany(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		finds("delta", 1)
	})
}

func TestEveryOrderReadsTheSamePagesForthAndBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		byName := settle(t, d)
		reversed := slices.Clone(byName)
		slices.Reverse(reversed)
		for sort, want := range map[string][]string{
			"": byName, "name": byName, "-name": reversed,
			"country":  {"alpha GmbH", "Ｆｕｌｌ Ｗｉｄｔｈ", "Zeta Sp. z o.o.", "Åkeri & Söner AB", "ALPHA Inc.", "Beta-Gamma Ltd"},
			"-country": {"Beta-Gamma Ltd", "ALPHA Inc.", "Åkeri & Söner AB", "Zeta Sp. z o.o.", "Ｆｕｌｌ Ｗｉｄｔｈ", "alpha GmbH"},
			"-blocks":  {"Ｆｕｌｌ Ｗｉｄｔｈ", "Beta-Gamma Ltd", "Åkeri & Söner AB", "alpha GmbH", "ALPHA Inc.", "Zeta Sp. z o.o."},
			"blocks":   {"Zeta Sp. z o.o.", "ALPHA Inc.", "alpha GmbH", "Åkeri & Söner AB", "Beta-Gamma Ltd", "Ｆｕｌｌ Ｗｉｄｔｈ"},
		} {
			for limit := 1; limit <= 7; limit++ {
				var forth, back []string
				q := db.CompanyQuery{Sort: sort, Limit: limit}
				var page db.CompanyPage
				for {
					var err error
					if page, err = d.Companies(t.Context(), q); err != nil {
						t.Fatal(err)
					}
					forth = append(forth, names(page.Companies)...)
					if q.Cursor = page.Next; q.Cursor == "" {
						break
					}
				}
				back = names(page.Companies)
				for q.Cursor = page.Previous; q.Cursor != ""; q.Cursor = page.Previous {
					var err error
					if page, err = d.Companies(t.Context(), q); err != nil {
						t.Fatal(err)
					}
					back = append(names(page.Companies), back...)
				}
				if !slices.Equal(forth, want) || !slices.Equal(back, want) {
					t.Errorf("sort %q, limit %d: forth %q, back %q; want %q", sort, limit, forth, back, want)
				}
			}
		}
	})
}

func TestCountriesFilterAndCount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		settle(t, d)
		for _, sort := range db.CompanySorts {
			page, err := d.Companies(t.Context(), db.CompanyQuery{Country: "DE", Sort: sort})
			if err != nil || !slices.Equal(names(page.Companies), []string{"alpha GmbH"}) || page.Next != "" || page.Previous != "" {
				t.Errorf("%s: %+v, %v", sort, page, err)
			}
		}
		counts, err := d.CompanyCountries(t.Context(), "")
		if want := "[{DE 1} {GB 1} {JP 1} {PL 1} {SE 1} {US 1}]"; err != nil || fmt.Sprint(counts) != want {
			t.Errorf("got %v, %v; want %v", counts, err, want)
		}
		counts, err = d.CompanyCountries(t.Context(), "alpha")
		if want := "[{DE 1} {US 1}]"; err != nil || fmt.Sprint(counts) != want {
			t.Errorf("alpha: got %v, %v; want %v", counts, err, want)
		}
		if page, err := d.Companies(t.Context(), db.CompanyQuery{Country: "\x00"}); err != nil || len(page.Companies) != 0 {
			t.Errorf("NUL: %v, %v", page, err)
		}
	})
}

func TestCursorsOfOtherQueriesAndTamperedOnesAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		settle(t, d)
		query := db.CompanyQuery{Search: "a", Limit: 1, Sort: "-blocks"}
		page, err := d.Companies(t.Context(), query)
		if err != nil || page.Next == "" {
			t.Fatal(page, err)
		}
		refused := func(name string, q db.CompanyQuery) {
			t.Helper()
			var invalid *db.ValidationError
			if _, err := d.Companies(t.Context(), q); !errors.As(err, &invalid) || invalid.Field != "cursor" {
				t.Errorf("%s: %v, want a *ValidationError for cursor", name, err)
			}
		}
		for i := range page.Next {
			tampered := []byte(page.Next)
			if tampered[i]++; tampered[i] == '{' || tampered[i] == '[' || tampered[i] == ':' || tampered[i] == '.' || tampered[i] == '\x60' {
				tampered[i] = 'A'
			}
			q := query
			q.Cursor = string(tampered)
			refused(fmt.Sprint("character ", i), q)
		}
		for name, q := range map[string]db.CompanyQuery{
			"cut off":        {Search: "a", Sort: "-blocks", Cursor: page.Next[:len(page.Next)-1]},
			"other search":   {Search: "b", Sort: "-blocks", Cursor: page.Next},
			"other sort":     {Search: "a", Sort: "name", Cursor: page.Next},
			"other country":  {Search: "a", Sort: "-blocks", Country: "SE", Cursor: page.Next},
			"not base64":     {Cursor: "@@@"},
			"NUL":            {Cursor: "\x00"},
			"nothing inside": {Cursor: "AAAAAAAAAAAAAAAA"},
		} {
			refused(name, q)
		}
		var invalid *db.ValidationError
		if _, err := d.Companies(t.Context(), db.CompanyQuery{Sort: "updated"}); !errors.As(err, &invalid) || invalid.Field != "sort" {
			t.Errorf("sort updated: %v", err)
		}
	})
}

func TestImportingTwiceChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		settle(t, d)
		companies := slices.Clone(town)
		for i := range companies {
			companies[i].ID = db.CompanyID(companies[i].Name)
		}
		imported := func(want db.Changes) {
			t.Helper()
			if changes, err := d.ImportCompanies(ctx, companies); err != nil || changes != want {
				t.Errorf("%+v, %v; want %+v", changes, err, want)
			}
		}
		imported(db.Changes{Unchanged: 6})

		edited, deleted, moved := companies[0].ID, companies[1].ID, companies[2].ID
		if _, err := d.ChangeCompany(ctx, edited, func(c db.Company) (db.Company, error) { c.Address = "By hand 1"; return c, nil }); err != nil {
			t.Fatal(err)
		}
		if err := d.DeleteCompany(ctx, deleted, func(db.Company) error { return nil }); err != nil {
			t.Fatal(err)
		}
		imported(db.Changes{Unchanged: 5}) // what people did stays

		companies[0].Blocks, companies[0].Address = 4, "Elsewhere"
		companies[2].Address = "Neue Gasse 1"
		imported(db.Changes{Updated: 2, Unchanged: 3})
		imported(db.Changes{Unchanged: 5})
		if c, err := d.Company(ctx, edited); err != nil || c.Address != "By hand 1" || c.Blocks != 4 {
			t.Errorf("edited by hand: %+v, %v", c, err)
		}
		if c, err := d.Company(ctx, moved); err != nil || c.Address != "Neue Gasse 1" {
			t.Errorf("moved: %+v, %v", c, err)
		}
		if page, err := d.Companies(ctx, db.CompanyQuery{Search: "gasse"}); err != nil || len(page.Companies) != 1 {
			t.Errorf("search after an import: %v, %v", names(page.Companies), err)
		}
		if _, err := d.Company(ctx, deleted); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
	})
}

func TestAnImportBeforeTheFirstStartBringsTheTutorialsCompaniesToo(t *testing.T) {
	d := dbtest.New(t)
	c := town[0]
	c.ID = db.CompanyID(c.Name)
	if changes, err := d.ImportCompanies(t.Context(), []db.Company{c}); err != nil || changes.Added != 1 {
		t.Errorf("%+v, %v; want one", changes, err)
	}
	if page, err := d.Companies(t.Context(), db.CompanyQuery{}); err != nil || len(page.Companies) != 3 {
		t.Errorf("%v, %v; want three", names(page.Companies), err)
	}
}

func TestRowsWrittenByHandAreSearchableAfterTheNextStart(t *testing.T) {
	d := dbtest.New(t)
	dbtest.Exec(t, d, `INSERT INTO Companies (Id, Name, Address, Country) VALUES ('x', 'Möbel Größe', 'here', 'Germany')`)
	again, err := db.Open(t.Context(), d.Location())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if page, err := again.Companies(t.Context(), db.CompanyQuery{Search: "grosse mobel"}); err != nil || len(page.Companies) != 1 {
		t.Errorf("%v, %v", names(page.Companies), err)
	}
}

func TestA49InsertCompany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		made, err := d.InsertCompany(t.Context(), db.Company{Name: " Åkeri & Söner ", Address: "Storgatan 1", Country: "Sweden", CountryCode: "SE"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Company(t.Context(), made.ID)
		if err != nil || got != made || got.Name != "Åkeri & Söner" {
			t.Errorf("got %+v, %v; want %+v", got, err, made)
		}
		for field, c := range map[string]db.Company{
			"name":    {Name: " ", Address: "a", Country: "c"},
			"address": {Name: "n", Address: strings.Repeat("x", 401), Country: "c"},
			"country": {Name: "n", Address: "a", Country: "a\x00b"},
		} {
			var invalid *db.ValidationError
			if _, err := d.InsertCompany(t.Context(), c); !errors.As(err, &invalid) || invalid.Field != field {
				t.Errorf("%s: %v, want a *ValidationError that names it", field, err)
			}
		}
		for _, id := range []string{"", "x", "\x00", "%"} {
			if _, err := d.Company(t.Context(), id); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("Company(%q): %v, want %v", id, err, db.ErrNotFound)
			}
			if _, err := d.RestoreCompany(t.Context(), id); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("RestoreCompany(%q): %v, want %v", id, err, db.ErrNotFound)
			}
		}
	})
}

func TestOneRequestCreatesOneCompanyHoweverOftenItComes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		once := db.Once{Key: []string{"spa-client", "mick", "k1"}, Request: "body", Expires: time.Now().Add(time.Hour)}
		wanted := db.Company{Name: "Once", Address: "a", Country: "Sweden"}
		ids := make([]string, 20)
		var requests errgroup.Group
		for i := range ids {
			requests.Go(func() error {
				c, _, err := d.InsertCompanyOnce(t.Context(), once, wanted)
				ids[i] = c.ID
				return err
			})
		}
		if err := requests.Wait(); err != nil {
			t.Fatal(err)
		}
		if slices.Sort(ids); len(slices.Compact(ids)) != 1 {
			t.Errorf("ids %v", ids)
		}
		if page, err := d.Companies(t.Context(), db.CompanyQuery{Search: "once"}); err != nil || len(page.Companies) != 1 {
			t.Errorf("%v, %v", names(page.Companies), err)
		}
		other := once
		other.Request = "another body"
		if _, _, err := d.InsertCompanyOnce(t.Context(), other, wanted); !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("another request: %v, want %v", err, db.ErrKeyReused)
		}
		other.Key = []string{"spa-client", "jane", "k1"}
		if _, again, err := d.InsertCompanyOnce(t.Context(), other, wanted); err != nil || again {
			t.Errorf("somebody else's key: again %t, %v", again, err)
		}
	})
}

func TestConcurrentEditorsLoseNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		made, err := d.InsertCompany(t.Context(), db.Company{Name: "n", Address: "0", Country: "Sweden"})
		if err != nil {
			t.Fatal(err)
		}
		var editors errgroup.Group
		for range 20 {
			editors.Go(func() error {
				_, err := d.ChangeCompany(context.Background(), made.ID, func(c db.Company) (db.Company, error) { c.Address += "x"; return c, nil })
				return err
			})
		}
		if err := editors.Wait(); err != nil {
			t.Fatal(err)
		}
		if c, err := d.Company(t.Context(), made.ID); err != nil || c.Address != "0"+strings.Repeat("x", 20) {
			t.Errorf("%+v, %v", c, err)
		}
		refusal := errors.New("no")
		if _, err := d.ChangeCompany(t.Context(), made.ID, func(c db.Company) (db.Company, error) { return c, refusal }); !errors.Is(err, refusal) {
			t.Errorf("got %v, want %v", err, refusal)
		}
		if err := d.DeleteCompany(t.Context(), made.ID, func(db.Company) error { return refusal }); !errors.Is(err, refusal) {
			t.Errorf("got %v, want %v", err, refusal)
		}
	})
}
