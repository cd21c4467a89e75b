package db_test

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// The row and its child rows as they lie in the tables.
func TestA5SpaClient(t *testing.T) {
	shell := dbtest.Shell(t, dbtest.Seeded(t))
	var text strings.Builder
	text.WriteString(dumpRows(t, shell, "Clients", `"ClientId" = 'spa-client'`, "Id", "Created"))
	for _, table := range []string{"ClientRedirectUris", "ClientPostLogoutRedirectUris", "ClientScopes", "ClientGrantTypes",
		"ClientCorsOrigins", "ClientSecrets", "ClientClaims", "ClientProperties"} {
		text.WriteString(dumpRows(t, shell, table, `"ClientId" = (SELECT "Id" FROM "Clients" WHERE "ClientId" = 'spa-client')`, "Id", "ClientId"))
	}
	golden(t, "spa-client.golden", text.String())
}

// dumpRows writes rows as they lie in the table, a line per column.
func dumpRows(t *testing.T, shell *sql.DB, table, condition string, except ...string) string {
	t.Helper()
	rows, err := shell.QueryContext(t.Context(), `SELECT * FROM "`+table+`" WHERE `+condition+` ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for rows.Next() {
		fmt.Fprintf(&text, "[%s]\n", table)
		values := make([]sql.NullString, len(names))
		targets := make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for i, value := range values {
			switch {
			case slices.Contains(except, names[i]):
			case value.Valid:
				fmt.Fprintf(&text, "%s = %s\n", names[i], value.String)
			default:
				fmt.Fprintf(&text, "%s = NULL\n", names[i])
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (rewrite it with -update): got\n%s\nwant\n%s", path, got, want)
	}
}

// The article: "or edit the AccessTokenLifetime column in the Clients table". The SQL is typed by a person, without quotes.
func TestA20AnEditByHandCountsForTheNextRead(t *testing.T) {
	d := dbtest.Seeded(t)
	before, err := d.Client(t.Context(), "spa-client")
	if err != nil {
		t.Fatal(err)
	}
	if before.AccessTokenTTL() != 10*time.Minute {
		t.Errorf("seeded lifetime %v, want 10m", before.AccessTokenTTL())
	}
	dbtest.Exec(t, d, `update Clients set AccessTokenLifetime=60`)
	after, err := d.Client(t.Context(), "spa-client")
	if err != nil {
		t.Fatal(err)
	}
	if after.AccessTokenTTL() != time.Minute {
		t.Errorf("lifetime after the edit %v, want 1m", after.AccessTokenTTL())
	}
}

func TestA20AnEditByAnotherProcessOnBothDatabases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		dbtest.Exec(t, d, `UPDATE "Clients" SET "AccessTokenLifetime" = 120 WHERE "ClientId" = 'spa-client'`)
		dbtest.Exec(t, d, `INSERT INTO "ClientRedirectUris" ("ClientId", "RedirectUri") SELECT "Id", 'https://added.example/' FROM "Clients" WHERE "ClientId" = 'spa-client'`)
		c, err := d.Client(t.Context(), "spa-client")
		if err != nil {
			t.Fatal(err)
		}
		if c.AccessTokenLifetime != 120 {
			t.Errorf("AccessTokenLifetime = %d, want 120", c.AccessTokenLifetime)
		}
		if got := c.RedirectURIs[len(c.RedirectURIs)-1]; got != "https://added.example/" {
			t.Errorf("last redirect URI %q, want the one added by hand", got)
		}
	})
}

func TestA20UpdateClientSettings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		got, err := d.UpdateClientSettings(t.Context(), "spa-client", db.ClientChange{
			AccessTokenLifetime: ptr(120), UserSSOLifetime: ptr(3600), RenewLeadHint: ptr(30), RequireConsent: ptr(true)})
		if err != nil {
			t.Fatal(err)
		}
		if got.AccessTokenLifetime != 120 || *got.UserSSOLifetime != 3600 || *got.RenewLeadHint != 30 || !got.RequireConsent {
			t.Errorf("got %+v", got)
		}
		if got.Updated == nil || time.Since(*got.Updated) > time.Minute {
			t.Errorf("Updated = %v, want now", got.Updated)
		}
		if got.IdentityTokenLifetime != 300 {
			t.Errorf("IdentityTokenLifetime = %d changed without being asked to", got.IdentityTokenLifetime)
		}
		got, err = d.UpdateClientSettings(t.Context(), "spa-client", db.ClientChange{UserSSOLifetime: ptr(0)})
		if err != nil || got.UserSSOLifetime != nil {
			t.Errorf("UserSsoLifetime = %v, %v after 0, want none", got.UserSSOLifetime, err)
		}
		if _, err := d.UpdateClientSettings(t.Context(), "nobody", db.ClientChange{AccessTokenLifetime: ptr(5)}); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("unknown client: %v, want %v", err, db.ErrNotFound)
		}
	})
}

func TestA20UpdateClientSettingsNamesTheField(t *testing.T) {
	d := dbtest.Seeded(t)
	for _, row := range []struct {
		change db.ClientChange
		field  string
	}{
		{db.ClientChange{AccessTokenLifetime: ptr(0)}, "AccessTokenLifetime"},
		{db.ClientChange{AccessTokenLifetime: ptr(-1)}, "AccessTokenLifetime"},
		{db.ClientChange{AccessTokenLifetime: ptr(315360001)}, "AccessTokenLifetime"},
		{db.ClientChange{IdentityTokenLifetime: ptr(0)}, "IdentityTokenLifetime"},
		{db.ClientChange{AuthorizationCodeLifetime: ptr(0)}, "AuthorizationCodeLifetime"},
		{db.ClientChange{UserSSOLifetime: ptr(-5)}, "UserSsoLifetime"},
		{db.ClientChange{RenewLeadHint: ptr(-5)}, "RenewLeadHint"},
	} {
		_, err := d.UpdateClientSettings(t.Context(), "spa-client", row.change)
		var invalid *db.ValidationError
		if !errors.As(err, &invalid) || invalid.Field != row.field {
			t.Errorf("%s: got %v, want a *ValidationError that names it", row.field, err)
		}
	}
	if c, err := d.Client(t.Context(), "spa-client"); err != nil || c.AccessTokenLifetime != 600 || c.Updated != nil {
		t.Errorf("a refused change left lifetime %d, Updated %v, %v", c.AccessTokenLifetime, c.Updated, err)
	}
}

func TestClientIsFoundByItsExactNameOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		for _, name := range []string{"", "SPA-CLIENT", "spa-client ", "spa%", "spa-client\x00", "\xff\xfe", strings.Repeat("x", 5000), `' OR 1=1 --`} {
			if _, err := d.Client(t.Context(), name); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("Client(%.20q): %v, want %v", name, err, db.ErrNotFound)
			}
		}
		clients, err := d.Clients(t.Context())
		if err != nil || len(clients) != 3 || clients[2].ClientID != "spa-client" || len(clients[2].RedirectURIs) != 2 {
			t.Errorf("Clients() = %+v, %v", clients, err)
		}
	})
}

// As many as may register themselves (maxRegisteredClients of idp), each with its child rows.
func TestClientsListsTenThousand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const many = 10_000
		dbtest.Exec(t, d, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
			INSERT INTO "Clients" ("ClientId") SELECT 'client-' || i FROM n`)
		dbtest.Exec(t, d, `INSERT INTO "ClientScopes" ("ClientId", "Scope") SELECT "Id", 'scope of ' || "ClientId" FROM "Clients"`)
		dbtest.Exec(t, d, `INSERT INTO "ClientSecrets" ("ClientId", "Value") SELECT "Id", 'secret of ' || "ClientId" FROM "Clients"`)
		clients, err := d.Clients(t.Context())
		if err != nil || len(clients) != many {
			t.Fatalf("%d clients, %v", len(clients), err)
		}
		for _, c := range clients {
			if len(c.Scopes) != 1 || c.Scopes[0] != "scope of "+c.ClientID || len(c.Secrets) != 1 || c.Secrets[0].Value != "secret of "+c.ClientID {
				t.Fatalf("%s has %v %v", c.ClientID, c.Scopes, c.Secrets)
			}
		}
	})
}

func TestInsertClientKeepsEveryChildRow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		want := db.NewClient("everything")
		want.GrantTypes = []string{"authorization_code", "client_credentials"}
		want.RedirectURIs = []string{"https://b.example/cb", "https://a.example/cb", "com.example.app:/cb"}
		want.PostLogoutRedirectURIs = []string{"https://b.example/", "https://a.example/"}
		want.Scopes = []string{"openid", "companyApi"}
		want.CORSOrigins = []string{"https://b.example", "https://a.example:8443"}
		want.Secrets = []db.ClientSecret{{Description: "first", Value: db.HashSecret("s"), Type: "SharedSecret", Expiration: &expires}}
		want.Claims = []db.ClientClaim{{Type: "tenant", Value: "1"}, {Type: "tenant", Value: "2"}}
		want.Properties = map[string]string{"chapter": "4"}
		want.ConsentLifetime = ptr(60)
		if err := d.InsertClient(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := d.Client(t.Context(), "everything")
		if err != nil {
			t.Fatal(err)
		}
		want.ID, want.Created, want.Secrets[0].Created = got.ID, got.Created, got.Created
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
		if ttl, limited := got.ConsentTTL(); ttl != time.Minute || !limited {
			t.Errorf("ConsentTTL() = %v, %t", ttl, limited)
		}
		if _, limited := got.UserSSOTTL(); limited {
			t.Error("UserSSOTTL() is limited, want not")
		}
	})
}

func TestA51CORSOrigin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		for origin, want := range map[string]bool{
			"http://localhost:4200": true, "http://localhost:4200/": false, "http://LOCALHOST:4200": false,
			"https://localhost:4200": false, "http://localhost": false, "null": false, "": false, "\x00": false,
		} {
			if got, err := d.CORSOriginAllowed(t.Context(), origin); got != want || err != nil {
				t.Errorf("CORSOriginAllowed(%q) = %t, %v; want %t", origin, got, err, want)
			}
		}
		stranger := db.NewClient("stranger")
		stranger.RequireClientSecret, stranger.GrantTypes, stranger.Scopes = false, []string{"authorization_code"}, []string{"openid"}
		stranger.RedirectURIs, stranger.CORSOrigins = []string{"https://stranger.example/cb"}, []string{"https://stranger.example"}
		stranger.RegistrationAccessToken = db.HashRegistrationToken("token")
		if err := d.InsertClient(t.Context(), stranger); err != nil {
			t.Fatal(err)
		}
		for origin, own := range map[string]bool{"http://localhost:4200": true, "https://stranger.example": false} {
			if got, err := d.OwnCORSOriginAllowed(t.Context(), origin); got != own || err != nil {
				t.Errorf("OwnCORSOriginAllowed(%q) = %t, %v; want %t", origin, got, err, own)
			}
			if got, err := d.CORSOriginAllowed(t.Context(), origin); !got || err != nil {
				t.Errorf("CORSOriginAllowed(%q) = %t, %v", origin, got, err)
			}
		}
		if _, err := d.UpdateClientSettings(t.Context(), "spa-client", db.ClientChange{Enabled: ptr(false)}); err != nil {
			t.Fatal(err)
		}
		if got, err := d.CORSOriginAllowed(t.Context(), "http://localhost:4200"); got || err != nil {
			t.Errorf("a disabled client's origin: %t, %v; want false", got, err)
		}
	})
}

func TestD1LastAccessedIsWrittenOnceAMinute(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		for _, row := range []struct{ now, want time.Time }{
			{start, start},
			{start.Add(59 * time.Second), start},
			{start.Add(61 * time.Second), start.Add(61 * time.Second)},
		} {
			if err := d.TouchClient(t.Context(), "spa-client", row.now); err != nil {
				t.Fatal(err)
			}
			c, err := d.Client(t.Context(), "spa-client")
			if err != nil || c.LastAccessed == nil || !c.LastAccessed.Equal(row.want) {
				t.Errorf("at %v: LastAccessed = %v, %v; want %v", row.now, c.LastAccessed, err, row.want)
			}
		}
	})
}

func seed(t *testing.T, d *db.DB) {
	t.Helper()
	if _, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA}); err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](value T) *T { return &value }

func BenchmarkA20Client(b *testing.B) {
	d := dbtest.Seeded(b)
	for b.Loop() {
		if _, err := d.Client(b.Context(), "spa-client"); err != nil {
			b.Fatal(err)
		}
	}
}
