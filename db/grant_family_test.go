package db_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// I7, I9: the losers of a race for one refresh token all take the family back, while other requests still store tokens of it.
func TestI9ManyRevokeOneFamilyAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		for round := range 5 {
			family := fmt.Sprint("family-", round)
			var all errgroup.Group
			for i := range 60 {
				all.Go(func() error {
					err := d.InsertReferenceToken(t.Context(), fmt.Sprint(family, "-", i), db.ReferenceToken{ClientID: "c", JTI: family + "." + fmt.Sprint(i),
						Created: now, Expires: now.Add(time.Hour), Claims: json.RawMessage("{}")})
					if err != nil {
						return err
					}
					return d.RevokeFamily(t.Context(), family, now, now.Add(time.Hour))
				})
			}
			if err := all.Wait(); err != nil {
				t.Fatal(err)
			}
			for i := range 60 {
				if _, err := d.ReferenceToken(t.Context(), fmt.Sprint(family, "-", i), now); err == nil {
					t.Errorf("token %d of %s lives", i, family)
				}
			}
		}
	})
}
