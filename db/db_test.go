package db_test

import (
	"context"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func TestA2SeedFillsEmptyTablesOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		first, err := d.Seed(ctx, db.SeedURLs{SPA: dbtest.SPA})
		if err != nil {
			t.Fatal(err)
		}
		want := db.SeedResult{Clients: 3, IdentityResources: 6, APIScopes: 1, APIResources: 1, Users: 2, Companies: 42}
		if first != want {
			t.Errorf("first start: %+v, want %+v", first, want)
		}
		c, err := d.Client(ctx, "spa-client")
		t.Logf("%+v %v", c, err)
	})
}
