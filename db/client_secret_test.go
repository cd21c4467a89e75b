package db_test

import (
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func TestReplaceClientSecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		secret := db.ClientSecret{Type: "RecoverableSecret", Value: "in clear"}
		for _, id := range []string{"one", "two"} {
			c := db.NewClient(id)
			c.GrantTypes = []string{"client_credentials"}
			c.Secrets = []db.ClientSecret{secret, {Type: "SharedSecret", Value: "in clear"}}
			if err := d.InsertClient(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.ReplaceClientSecret(t.Context(), "one", secret, "sealed"); err != nil {
			t.Fatal(err)
		}
		if err := d.ReplaceClientSecret(t.Context(), "one", secret, "again"); err != nil { // it is not there any more
			t.Fatal(err)
		}
		for id, want := range map[string]string{"one": "sealed", "two": "in clear"} {
			c, err := d.Client(t.Context(), id)
			if err != nil || c.Secrets[0].Value != want || c.Secrets[1].Value != "in clear" {
				t.Errorf("%s: %+v, %v", id, c.Secrets, err)
			}
		}
	})
}
