package db_test

import (
	"database/sql"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func TestA2SeedFillsEmptyTables(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA})
		if err != nil {
			t.Fatal(err)
		}
		want := db.SeedResult{Clients: 3, IdentityResources: 6, APIScopes: 1, APIResources: 1, Users: 2, Companies: 2}
		if got != want {
			t.Errorf("first start: %+v, want %+v", got, want)
		}

		clients, err := d.Clients(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range clients {
			names = append(names, c.ClientID)
			if err := c.Validate(); err != nil {
				t.Errorf("%s: %v", c.ClientID, err)
			}
		}
		if want := []string{"bff-client", "company-employee", "spa-client"}; !slices.Equal(names, want) {
			t.Errorf("clients %v, want %v", names, want)
		}

		resources, err := d.Resources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		claims := map[string][]string{}
		for _, r := range resources.Identity {
			claims[r.Name] = r.Claims
		}
		// email and phone need no row
		if got, want := slices.Sorted(maps.Keys(claims)), []string{"address", "country", "email", "openid", "phone", "position", "profile", "roles"}; !slices.Equal(got, want) {
			t.Errorf("identity resources %v, want %v", got, want)
		}
		if got := claims["roles"]; !slices.Equal(got, []string{"role"}) {
			t.Errorf("claims of roles: %v", got)
		}
		if len(resources.APIScopes) != 1 || resources.APIScopes[0].Name != "companyApi" {
			t.Errorf("API scopes %+v", resources.APIScopes)
		}
		if apis := resources.APIs; len(apis) != 1 || apis[0].Name != "companyApi" || apis[0].ResourceURI != "" || !slices.Equal(apis[0].Scopes, []string{"companyApi"}) ||
			!slices.Equal(apis[0].Claims, []string{"role", "name"}) {
			t.Errorf("API resources %+v", apis)
		}
	})
}

func TestA2ASecondStartChangesNoRow(t *testing.T) {
	eachShell(t, func(t *testing.T, shell *sql.DB, d *db.DB) {
		for _, edit := range []string{
			`UPDATE "Clients" SET "AccessTokenLifetime" = 60`,
			`DELETE FROM "ClientScopes" WHERE "Scope" = 'profile'`,
			`DELETE FROM "Users" WHERE "Username" = 'Jane'`,
		} {
			if _, err := shell.ExecContext(t.Context(), edit); err != nil {
				t.Fatal(err)
			}
		}
		before := everything(t, shell)
		got, err := d.Seed(t.Context(), db.SeedURLs{SPA: "https://elsewhere.example"})
		if err != nil || got != (db.SeedResult{}) {
			t.Errorf("second start: %+v, %v; want nothing inserted", got, err)
		}
		if after := everything(t, shell); after != before {
			t.Errorf("rows changed: before\n%s\nafter\n%s", before, after)
		}
	})
}

func everything(t *testing.T, shell *sql.DB) string {
	var text strings.Builder
	for _, table := range append(slices.Sorted(maps.Keys(otherTables)), "Clients") {
		text.WriteString(dumpRows(t, shell, table, "true"))
	}
	return text.String()
}

func TestA2OnlyTheEmptyTableIsSeededAgain(t *testing.T) {
	d := dbtest.Seeded(t)
	dbtest.Exec(t, d, `DELETE FROM Companies`)
	if got, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA, NoCompanies: true}); err != nil || got != (db.SeedResult{}) {
		t.Errorf("a start without the API: %+v, %v; want nothing", got, err)
	}
	got, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA})
	if want := (db.SeedResult{Companies: 2}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestA2SeedIsAllOrNothing(t *testing.T) {
	d := dbtest.New(t)
	if _, err := d.Seed(t.Context(), db.SeedURLs{SPA: "not a URL"}); err == nil {
		t.Fatal("an address that is no URL was taken")
	}
	if clients, err := d.Clients(t.Context()); err != nil || len(clients) != 0 {
		t.Errorf("%d clients, %v; want none", len(clients), err)
	}
}

func TestA3UsersAndTheirPasswords(t *testing.T) {
	d := dbtest.Seeded(t)
	for name, want := range map[string]struct{ password, role, position string }{
		"Mick": {"MickPassword", "Admin", "Administrator"},
		"Jane": {"JanePassword", "Visitor", "Viewer"},
	} {
		user, err := d.UserByName(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		match, params, err := argon2id.CheckHash(want.password, user.PasswordHash)
		if err != nil || !match {
			t.Errorf("%s: the password does not match: %v", name, err)
		}
		// OWASP's floor for argon2id: 19 MiB, two passes, one lane.
		if params.Memory < 19*1024 || params.Iterations < 2 || params.Parallelism != 1 {
			t.Errorf("%s: hashed with %+v", name, params)
		}
		if user.Claim("role") != want.role || user.Claim("position") != want.position || !user.Enabled {
			t.Errorf("%s: %+v", name, user)
		}
		for _, claim := range []string{"name", "given_name", "family_name", "address", "country"} {
			if user.Claim(claim) == "" {
				t.Errorf("%s has no claim %s", name, claim)
			}
		}
		same, err := d.UserBySubject(t.Context(), user.SubjectID)
		if err != nil || same.Username != name {
			t.Errorf("UserBySubject: %+v, %v", same, err)
		}
	}
}

func TestA19TheSeedSaysTenMinutes(t *testing.T) {
	c, err := dbtest.Seeded(t).Client(t.Context(), "spa-client")
	if err != nil || c.AccessTokenLifetime != 600 {
		t.Errorf("AccessTokenLifetime = %d, %v; want 600", c.AccessTokenLifetime, err)
	}
}

func TestSeedFollowsThePublicAddress(t *testing.T) {
	d := dbtest.New(t)
	if _, err := d.Seed(t.Context(), db.SeedURLs{SPA: "https://lab.example/demo/"}); err != nil {
		t.Fatal(err)
	}
	c, err := d.Client(t.Context(), "spa-client")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"https://lab.example/demo/signin-callback", "https://lab.example/demo/assets/silent-callback.html"}; !slices.Equal(c.RedirectURIs, want) {
		t.Errorf("redirect URIs %v, want %v", c.RedirectURIs, want)
	}
	if want := []string{"https://lab.example"}; !slices.Equal(c.CORSOrigins, want) {
		t.Errorf("CORS origins %v, want %v", c.CORSOrigins, want)
	}
}
