package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// seeded gives a database the tutorial's rows.
func seeded(t *testing.T, d *db.DB) {
	t.Helper()
	if _, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA}); err != nil {
		t.Fatal(err)
	}
}

func lifetime(t *testing.T, d *db.DB) int {
	t.Helper()
	client, err := d.Client(t.Context(), "spa-client")
	if err != nil {
		t.Fatal(err)
	}
	return client.AccessTokenLifetime
}

// A20 and decision 10, again and again: what any SQL client commits counts for the next question.
func TestA20AnEditByAnotherConnectionCountsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seeded(t, d)
		shell := dbtest.Shell(t, d)
		for n := 1; n <= 200; n++ {
			if _, err := shell.ExecContext(t.Context(), fmt.Sprintf(`UPDATE "Clients" SET "AccessTokenLifetime" = %d WHERE "ClientId" = 'spa-client'`, n)); err != nil {
				t.Fatal(err)
			}
			if got := lifetime(t, d); got != n {
				t.Fatalf("after the %dth edit the lifetime is %d", n, got)
			}
		}
	})
}

// The same between two commits of our own, of which each leaves what is kept as it is.
func TestA20AnEditBetweenTwoCodesCounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seeded(t, d)
		shell := dbtest.Shell(t, d)
		insert := func(handle string) {
			t.Helper()
			if err := d.InsertAuthorizationCode(t.Context(), handle, someCode()); err != nil {
				t.Fatal(err)
			}
		}
		for n := 1; n <= 100; n++ {
			insert(fmt.Sprint("before", n))
			if got := lifetime(t, d); n > 1 && got != n-1 {
				t.Fatalf("before the %dth edit the lifetime is %d", n, got)
			}
			if _, err := shell.ExecContext(t.Context(), fmt.Sprintf(`UPDATE "Clients" SET "AccessTokenLifetime" = %d WHERE "ClientId" = 'spa-client'`, n)); err != nil {
				t.Fatal(err)
			}
			insert(fmt.Sprint("after", n))
			if got := lifetime(t, d); got != n {
				t.Fatalf("after the %dth edit the lifetime is %d", n, got)
			}
		}
	})
}

// The same with many readers in two processes' worth of databases while somebody edits: a read that begins after a
// commit never returns what was there before it.
func TestA20NoReaderIsBehindACommitThatCameBefore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seeded(t, d)
		shell := dbtest.Shell(t, d)
		var committed atomic.Int64
		edit := func(n int64) error {
			_, err := shell.ExecContext(t.Context(), fmt.Sprintf(`UPDATE "Clients" SET "AccessTokenLifetime" = %d WHERE "ClientId" = 'spa-client'`, n))
			committed.Store(n)
			return err
		}
		if err := edit(1); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		var readers sync.WaitGroup
		for of, store := range []*db.DB{d, dbtest.Again(t, d)} {
			readers.Go(func() { // codes come and go all the time: what is kept outlives them
				for n := 0; ; n++ {
					select {
					case <-done:
						return
					default:
					}
					handle := fmt.Sprint("code", of, n)
					if err := store.InsertAuthorizationCode(t.Context(), handle, someCode()); err != nil {
						t.Error(err)
						return
					}
					if _, err := store.ConsumeAuthorizationCode(t.Context(), handle, noon); err != nil {
						t.Error(err)
						return
					}
				}
			})
			for range 4 {
				readers.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
						}
						least := committed.Load()
						client, err := store.Client(db.ForRequest(t.Context()), "spa-client")
						if err != nil || int64(client.AccessTokenLifetime) < least {
							t.Errorf("got %d %v after %d was committed", client.AccessTokenLifetime, err, least)
							return
						}
					}
				})
			}
		}
		for n := int64(2); n <= 200; n++ {
			if err := edit(n); err != nil {
				t.Error(err)
				break
			}
		}
		close(done)
		readers.Wait()
	})
}

// Whatever table an answer comes from, an edit of it counts.
func TestA20EveryTableOfTheConfigurationCounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seeded(t, d)
		look := func() string {
			ctx := t.Context()
			client, clientErr := d.Client(ctx, "company-employee")
			resources, resourcesErr := d.Resources(ctx)
			user, userErr := d.UserByName(ctx, "mick")
			kept, keptErr := d.UserBySubject(ctx, user.SubjectID)
			option, set, optionErr := d.Option(ctx, "Authentication.CookieLifetime")
			cors, corsErr := d.CORSOriginAllowed(ctx, "http://new.example")
			for _, err := range []error{clientErr, resourcesErr, userErr, keptErr, optionErr, corsErr} {
				if err != nil {
					t.Fatal(err)
				}
			}
			return fmt.Sprint(client, resources, kept, option, set, cors)
		}
		of := func(table string) string {
			return fmt.Sprintf(`(SELECT min("Id") FROM "%s")`, table)
		}
		before := look()
		for _, statement := range []string{
			`UPDATE "Clients" SET "ClientName" = 'by hand'`,
			`INSERT INTO "ClientScopes" ("ClientId", "Scope") SELECT "Id", 'openid' FROM "Clients" WHERE "ClientId" = 'company-employee'`,
			`DELETE FROM "ClientScopes" WHERE "Scope" = 'openid'`,
			`UPDATE "ClientSecrets" SET "Value" = 'by hand'`,
			`INSERT INTO "ClientCorsOrigins" ("ClientId", "Origin") VALUES (` + of("Clients") + `, 'http://new.example')`,
			`UPDATE "ApiScopes" SET "DisplayName" = 'by hand'`,
			`UPDATE "ApiResources" SET "Enabled" = false`,
			`INSERT INTO "IdentityResourceClaims" ("IdentityResourceId", "Type") VALUES (` + of("IdentityResources") + `, 'by_hand')`,
			`INSERT INTO "ServerOptions" ("Name", "Value") VALUES ('Authentication.CookieLifetime', '4m')`,
			`UPDATE "ServerOptions" SET "Value" = '5m'`,
			`DELETE FROM "ServerOptions"`,
			`UPDATE "Users" SET "Enabled" = false`,
			`UPDATE "UserClaims" SET "Value" = 'by hand'`,
		} {
			dbtest.Exec(t, d, statement)
			after := look()
			if after == before {
				t.Errorf("%s changed nothing", statement)
			}
			before = after
		}
	})
}

// One request sees one configuration, unless it changes it itself.
func TestOneRequestSeesOneConfiguration(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seeded(t, d)
		ctx := db.ForRequest(t.Context())
		read := func() int {
			client, err := d.Client(ctx, "spa-client")
			if err != nil {
				t.Fatal(err)
			}
			return client.AccessTokenLifetime
		}
		first := read()
		dbtest.Exec(t, d, `UPDATE "Clients" SET "AccessTokenLifetime" = 77`)
		if got := read(); got != first {
			t.Errorf("in the same request the lifetime went from %d to %d", first, got)
		}
		if got := lifetime(t, d); got != 77 {
			t.Errorf("the next request sees %d, want 77", got)
		}
		own := 78
		if _, err := d.UpdateClientSettings(ctx, "spa-client", db.ClientChange{AccessTokenLifetime: &own}); err != nil {
			t.Fatal(err)
		}
		if got := read(); got != own {
			t.Errorf("after its own change the request sees %d, want %d", got, own)
		}
	})
}

// Somebody who empties the table that holds the mark switches the memory off, and nothing else.
func TestWithoutAMarkNothingIsKept(t *testing.T) {
	d := dbtest.Seeded(t)
	dbtest.Exec(t, d, `DELETE FROM "ConfigurationVersion"`)
	for n := 1; n <= 3; n++ {
		dbtest.Exec(t, d, fmt.Sprintf(`UPDATE "Clients" SET "AccessTokenLifetime" = %d`, n))
		if got := lifetime(t, d); got != n {
			t.Errorf("the lifetime is %d, want %d", got, n)
		}
	}
}

func TestAllowRecentIsAtMostASecondBehindOthersAndNeverBehindOurselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.Seeded(t)
		ctx := db.AllowRecent(context.Background())
		version := func() string {
			v, err := d.ConfigurationVersion(ctx)
			if err != nil || v == "" {
				t.Fatalf("version %q, %v", v, err)
			}
			return v
		}
		first := version()
		dbtest.Exec(t, d, `UPDATE "Clients" SET "AccessTokenLifetime" = 60`)
		time.Sleep(999 * time.Millisecond)
		if version() != first {
			t.Error("it looked again within a second")
		}
		time.Sleep(time.Millisecond)
		second := version()
		if second == first {
			t.Error("after a second it did not look again")
		}
		if err := d.SetOption(ctx, "Authentication.CookieLifetime", "4m"); err != nil {
			t.Fatal(err)
		}
		if version() == second {
			t.Error("our own change did not count at once")
		}
	})
}

// A table that the configuration is read from must have the triggers of migration 00011.
func TestA20EveryTableOfTheConfigurationIsWatched(t *testing.T) {
	eachShell(t, func(t *testing.T, shell *sql.DB, _ *db.DB) {
		tables := `SELECT name, (SELECT count(*) FROM sqlite_master AS t WHERE t.type = 'trigger' AND t.tbl_name = m.name
			AND t.sql LIKE '%UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16))%') FROM sqlite_master AS m WHERE type = 'table'`
		want := 3 // insert, update, delete
		if _, err := shell.ExecContext(t.Context(), `SELECT 1 FROM sqlite_master`); err != nil {
			tables = `SELECT relname, (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND tgfoid = '"ConfigurationChanged"'::regproc)
				FROM pg_class AS c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`
			want = 2 // rows, truncate
		}
		rows, err := shell.QueryContext(t.Context(), tables)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		seen := 0
		for rows.Next() {
			var table string
			var triggers int
			if err := rows.Scan(&table, &triggers); err != nil {
				t.Fatal(err)
			}
			watched := table == "ServerOptions" || table == "Keys" || slices.ContainsFunc([]string{"Client", "Api", "Identity", "User"},
				func(prefix string) bool { return strings.HasPrefix(table, prefix) })
			if seen++; watched && triggers != want {
				t.Errorf("%s has %d triggers that change ConfigurationVersion, want %d: see migration 00011", table, triggers, want)
			}
		}
		if err := rows.Err(); err != nil || seen < 20 {
			t.Errorf("%d tables, %v", seen, err)
		}
	})
}

// A logout, a slide and a revocation by any process count for the next request of every other.
func TestSessionsAndRevocationsOfOthersCountAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		other, ctx, now := dbtest.Again(t, d), t.Context(), time.Now()
		session := db.Session{Key: "k", Subject: "s", SessionID: "sid", Created: now, Renewed: now, Expires: now.Add(time.Hour), AuthTime: now}
		if err := d.InsertSession(ctx, session); err != nil {
			t.Fatal(err)
		}
		look := func() (found db.Session, bySID error, revoked bool) {
			found, err := d.Session(ctx, "k", now)
			_, bySID = d.SessionBySID(ctx, "sid", now)
			if !errors.Is(bySID, err) {
				t.Errorf("by key %v, by sid %v", err, bySID)
			}
			revoked, err = d.TokenRevoked(ctx, "family.jti")
			if err != nil {
				t.Fatal(err)
			}
			return found, bySID, revoked
		}
		if _, err, revoked := look(); err != nil || revoked {
			t.Fatal(err, revoked)
		}
		if err := other.SessionJoined(ctx, "k", "spa-client"); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := look(); !slices.Equal(got.ClientIDs, []string{"spa-client"}) {
			t.Errorf("clients %v", got.ClientIDs)
		}
		if _, err := other.RenewSession(ctx, "k", now, now.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := look(); got.Expires.Sub(now) < 119*time.Minute {
			t.Errorf("expires %v", got.Expires)
		}
		if err := other.RevokeToken(ctx, "family", now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, _, revoked := look(); !revoked {
			t.Error("the revocation does not count")
		}
		dbtest.Exec(t, d, `DELETE FROM "RevokedTokens"`)
		if _, _, revoked := look(); revoked {
			t.Error("it counts after somebody took it back")
		}
		if err := other.DeleteSession(ctx, "k"); err != nil {
			t.Fatal(err)
		}
		if _, err, _ := look(); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("after the logout: %v", err)
		}
	})
}

// A session that is kept in memory ends when its time is up.
func TestASessionInMemoryExpires(t *testing.T) {
	d, now := dbtest.New(t), time.Now()
	if err := d.InsertSession(t.Context(), db.Session{Key: "k", Expires: now.Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]error{0: nil, 59 * time.Second: nil, time.Minute: db.ErrNotFound} {
		if _, err := d.Session(t.Context(), "k", now.Add(after)); !errors.Is(err, want) {
			t.Errorf("after %v: got %v, want %v", after, err, want)
		}
	}
}
