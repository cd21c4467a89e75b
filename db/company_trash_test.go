package db_test

import (
	"errors"
	"testing"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// A company is in one of two tables at any time. Whoever restores it while others delete and restore it finds it.
func TestACompanyIsNeverInNeitherPlace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, err := d.InsertCompany(t.Context(), db.Company{Name: "Here", Address: "or there", Country: "Norway", CountryCode: "NO"})
		if err != nil {
			t.Fatal(err)
		}
		var editors errgroup.Group
		for range 4 {
			editors.Go(func() error {
				for range 100 {
					err := d.DeleteCompany(t.Context(), c.ID, func(db.Company) error { return nil })
					if err != nil && !errors.Is(err, db.ErrNotFound) { // somebody else was first
						return err
					}
					if _, err := d.RestoreCompany(t.Context(), c.ID); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := editors.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// An import and a deletion at the same moment may leave a company in both tables. It can still be deleted and restored.
func TestACompanyInBothPlacesIsDeletedAndRestored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, err := d.InsertCompany(t.Context(), db.Company{Name: "Here", Address: "and there", Country: "Norway", CountryCode: "NO"})
		if err != nil {
			t.Fatal(err)
		}
		both := func() {
			dbtest.Exec(t, d, `INSERT INTO "DeletedCompanies" ("Id", "Name", "Address", "Country", "CountryCode", "Blocks", "Edited", "Created", "Updated", "Deleted")
				SELECT "Id", 'Before', "Address", "Country", "CountryCode", "Blocks", "Edited", "Created", "Updated", "Updated" FROM "Companies"`)
		}
		both()
		if restored, err := d.RestoreCompany(t.Context(), c.ID); err != nil || restored.Name != "Before" {
			t.Errorf("restored %q, %v", restored.Name, err)
		}
		both()
		if err := d.DeleteCompany(t.Context(), c.ID, func(db.Company) error { return nil }); err != nil {
			t.Error(err)
		}
		if restored, err := d.RestoreCompany(t.Context(), c.ID); err != nil || restored.Name != "Before" {
			t.Errorf("restored %q, %v", restored.Name, err)
		}
		if page, err := d.Companies(t.Context(), db.CompanyQuery{Search: "before"}); err != nil || len(page.Companies) != 1 {
			t.Errorf("a search finds %d, %v", len(page.Companies), err)
		}
	})
}
