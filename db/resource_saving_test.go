package db_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func TestResourcesAreChangedInTheirPlace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		change := func(fn func(r *db.Resources)) {
			t.Helper()
			if err := d.ChangeResources(t.Context(), func(r *db.Resources) error { fn(r); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		change(func(r *db.Resources) {
			api, scope, identity := db.NewAPIResource("orders"), db.NewAPIScope("orders.read"), db.NewIdentityResource("department")
			api.ResourceURI, api.Scopes, api.Claims = "http://localhost:3001", []string{"orders.read"}, []string{"role", "name"}
			scope.Claims, identity.Claims = []string{"department"}, []string{"department"}
			r.APIs, r.APIScopes, r.Identity = append(r.APIs, api), append(r.APIScopes, scope), append(r.Identity, identity)
		})
		before, err := d.Resources(t.Context())
		if err != nil || len(before.APIs) != 2 || len(before.APIScopes) != 2 || !slices.Equal(before.APIs[1].Claims, []string{"role", "name"}) ||
			before.APIScopes[1].Claims[0] != "department" || before.Identity[6].Name != "department" {
			t.Fatalf("got %+v, %v", before, err)
		}
		change(func(r *db.Resources) {
			r.APIs[1].Enabled, r.APIs[0].DisplayName, r.APIs[0].ResourceURI, r.APIs[0].Claims = false, "Firms", "", nil
			r.APIScopes = append(r.APIScopes, db.NewAPIScope("orders.write"))
			r.APIs[1].Scopes = []string{"orders.write"}
			r.APIScopes = slices.Delete(r.APIScopes, 1, 2)
			r.Identity = slices.DeleteFunc(r.Identity, func(r db.IdentityResource) bool { return r.Name == "department" })
		})
		all, err := d.AllResources(t.Context())
		if err != nil || all.APIs[0].Name != "companyApi" || all.APIs[0].DisplayName != "Firms" || all.APIs[0].ResourceURI != "" || all.APIs[0].Claims != nil ||
			all.APIs[1].Enabled || all.APIScopes[1].Name != "orders.write" || len(all.APIScopes) != 2 || len(all.Identity) != 8 {
			t.Errorf("got %+v, %v", all, err)
		}
		if enabled, _ := d.Resources(t.Context()); len(enabled.APIs) != 1 {
			t.Errorf("a disabled API counts: %+v", enabled.APIs)
		}
		for _, table := range []string{"IdentityResourceClaims", "ApiScopeClaims"} {
			var orphans int
			if err := dbtest.Shell(t, d).QueryRow(`SELECT count(*) FROM "` + table + `" WHERE "Type" = 'department'`).Scan(&orphans); err != nil || orphans != 0 {
				t.Errorf("%s: %d rows without a parent, %v", table, orphans, err)
			}
		}
	})
}

// What is refused changes nothing; a row that was wrong before does not keep others from being changed.
func TestResourcesThatLeadNowhereAreRefused(t *testing.T) {
	d := dbtest.Seeded(t)
	dbtest.Exec(t, d, `INSERT INTO "ApiResources" ("Name") VALUES ('by hand')`)
	err := d.ChangeResources(t.Context(), func(r *db.Resources) error {
		r.APIScopes = append(r.APIScopes, db.NewAPIScope("a b"), db.NewAPIScope("profile"))
		r.APIs[0].ResourceURI = "nowhere"
		return nil
	})
	faults, ok := errors.AsType[db.ResourceFaults](err)
	if !ok || len(faults) != 4 || strings.Contains(err.Error(), "by hand") {
		t.Errorf("got %v", err)
	}
	if all, _ := d.AllResources(t.Context()); len(all.APIScopes) != 1 || all.APIs[0].ResourceURI == "nowhere" {
		t.Errorf("something was written: %+v", all)
	}
	called := errors.New("called off")
	if err := d.ChangeResources(t.Context(), func(*db.Resources) error { return called }); err != called {
		t.Errorf("got %v, want %v", err, called)
	}
}
