package db_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// Changes of one client by several programs at once are all kept, an SQL client's among them: the row stays where it is.
func TestChangeClientLosesNoOtherChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		var writers errgroup.Group
		for i := range 4 {
			program := dbtest.Again(t, d)
			writers.Go(func() error {
				for j := range 3 {
					uri := fmt.Sprintf("http://localhost:%d/%d", 3000+i, j)
					err := program.ChangeClient(t.Context(), "spa-client", func(c *db.Client) error {
						c.RedirectURIs = append(c.RedirectURIs, uri)
						return nil
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		shell := dbtest.Shell(t, d)
		writers.Go(func() error {
			for i := range 10 {
				result, err := shell.Exec(fmt.Sprintf(`UPDATE "Clients" SET "AccessTokenLifetime" = %d WHERE "ClientId" = 'spa-client'`, 1000+i))
				if err != nil {
					return err
				}
				if n, err := result.RowsAffected(); n != 1 || err != nil {
					return fmt.Errorf("the row was not there: %d, %w", n, err)
				}
			}
			return nil
		})
		if err := writers.Wait(); err != nil {
			t.Fatal(err)
		}
		got, err := dbtest.Again(t, d).Client(t.Context(), "spa-client")
		if err != nil || len(got.RedirectURIs) != 2+12 || got.AccessTokenLifetime != 1009 {
			t.Errorf("%d redirect URIs, AccessTokenLifetime %d, %v; want 14, 1009", len(got.RedirectURIs), got.AccessTokenLifetime, err)
		}
	})
}

func TestChangeClientMayEmptyATextOrBeCalledOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		err := d.ChangeClient(t.Context(), "spa-client", func(c *db.Client) error {
			c.ClientClaimsPrefix, c.ClientName = "", ""
			return nil
		})
		got, readErr := d.Client(t.Context(), "spa-client")
		if err = errors.Join(err, readErr); err != nil || got.ClientClaimsPrefix != "" || got.ClientName != "" {
			t.Errorf("ClientClaimsPrefix %q, ClientName %q, %v", got.ClientClaimsPrefix, got.ClientName, err)
		}
		off := errors.New("on second thoughts")
		err = d.ChangeClient(t.Context(), "spa-client", func(c *db.Client) error {
			c.Scopes = []string{"openid"}
			return off
		})
		if !errors.Is(err, off) {
			t.Errorf("got %v, want %v", err, off)
		}
		if after, err := d.Client(t.Context(), "spa-client"); err != nil || !slices.Equal(after.Scopes, got.Scopes) {
			t.Errorf("scopes %v, %v", after.Scopes, err)
		}
		c := db.NewClient("bare")
		c.ClientClaimsPrefix, c.GrantTypes, c.RequireClientSecret = "", []string{"client_credentials"}, false
		if err := d.InsertClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Client(t.Context(), "bare"); err != nil || got.ClientClaimsPrefix != "" {
			t.Errorf("inserted without a prefix: %q, %v", got.ClientClaimsPrefix, err)
		}
	})
}
