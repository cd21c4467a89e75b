package db_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func registeredClient(id string) db.Client {
	c := db.NewClient(id)
	c.GrantTypes = []string{"authorization_code"}
	c.RedirectURIs = []string{"https://a.example/cb"}
	c.Secrets = []db.ClientSecret{{Value: db.HashSecret("s"), Type: "SharedSecret"}}
	c.RequestURIs = []string{"https://a.example/request#hash"}
	c.RegistrationAccessToken = db.HashRegistrationToken("t")
	return c
}

// RFC 7592 §2.2: an update replaces the whole registration; what the client did not register itself stays.
func TestRFC7592ReplaceClient(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.InsertClient(t.Context(), registeredClient("c")); err != nil {
			t.Fatal(err)
		}
		before, err := d.Client(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		change := before
		change.ClientName, change.InitiateLoginURI = "New name", "https://a.example/login"
		change.RedirectURIs, change.RequestURIs = []string{"https://b.example/cb", "https://b.example/2"}, nil
		change.DefaultMaxAge, change.DefaultACRValues, change.JWKSURI = ptr(10), "1", "https://a.example/jwks"
		if err := d.ReplaceClient(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		got, err := d.Client(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		if got.Updated == nil {
			t.Error("Updated is not set")
		}
		change.Updated = got.Updated
		if !reflect.DeepEqual(got, change) {
			t.Errorf("got\n%+v\nwant\n%+v", got, change)
		}
		change.RedirectURIs = nil
		if _, invalid := errors.AsType[*db.ValidationError](d.ReplaceClient(t.Context(), change)); !invalid {
			t.Error("an impossible client was stored")
		}
		gone := registeredClient("gone")
		if err := d.ReplaceClient(t.Context(), gone); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("replace an unknown client: %v, want %v", err, db.ErrNotFound)
		}
	})
}

// RFC 7592 §2.3: with the client go its grants and tokens, those of others stay.
func TestRFC7592DeleteClient(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now := t.Context(), time.Now()
		for _, id := range []string{"gone", "stays"} {
			if err := d.InsertClient(ctx, registeredClient(id)); err != nil {
				t.Fatal(err)
			}
			err := d.InsertRefreshToken(ctx, "token of "+id, db.RefreshToken{ClientID: id, Subject: "u", SessionID: "s",
				FamilyID: "family of " + id, Started: now, Created: now, Expires: now.Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n, err := d.CountRegisteredClients(ctx); n != 2 || err != nil {
			t.Errorf("CountRegisteredClients() = %d, %v, want 2", n, err)
		}
		if err := d.DeleteClient(ctx, "gone", now, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Client(ctx, "gone"); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("the client: %v", err)
		}
		for id, want := range map[string]bool{"gone": false, "stays": true} {
			_, err := d.RefreshToken(ctx, "token of "+id, now)
			if got := err == nil; got != want {
				t.Errorf("refresh token of %s: alive %t (%v), want %t", id, got, err, want)
			}
			if revoked, err := d.TokenRevoked(ctx, "family of "+id+".x"); revoked == want || err != nil {
				t.Errorf("access token of %s: revoked %t %v", id, revoked, err)
			}
		}
		for _, unknown := range []string{"gone", "", "\x00"} {
			if err := d.DeleteClient(ctx, unknown, now, now); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("DeleteClient(%q): %v, want %v", unknown, err, db.ErrNotFound)
			}
		}
	})
}

func TestRFC7591InitialAccessToken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		soon := now.Add(time.Minute)
		for handle, expires := range map[string]*time.Time{"for ever": nil, "a minute": &soon} {
			if err := d.InsertInitialAccessToken(t.Context(), handle, db.InitialAccessToken{Description: "CI", Created: now, Expires: expires}); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range []struct {
			handle string
			at     time.Time
			want   error
		}{
			{"for ever", now.Add(1000 * time.Hour), nil}, {"a minute", now, nil}, {"a minute", soon, db.ErrNotFound},
			{"another", now, db.ErrNotFound}, {"", now, db.ErrNotFound},
		} {
			if got, err := d.InitialAccessToken(t.Context(), row.handle, row.at); !errors.Is(err, row.want) || err == nil && got.Description != "CI" {
				t.Errorf("InitialAccessToken(%q): %+v, %v; want %v", row.handle, got, err, row.want)
			}
		}
		if n, err := d.RevokeGrants(t.Context(), db.GrantFilter{Type: "initial_access_token"}, now, now.Add(time.Hour)); n == 0 || err != nil {
			t.Errorf("revoked %d, %v", n, err)
		}
		if _, err := d.InitialAccessToken(t.Context(), "for ever", now); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("a revoked one: %v, want %v", err, db.ErrNotFound)
		}
	})
}

// OIDC Core §8.1: the sector is a host.
func TestOIDCCore81Sector(t *testing.T) {
	for name, row := range map[string]struct {
		sectorURI string
		redirects []string
		want      string
	}{
		"one host":                 {"", []string{"https://A.example/1", "https://a.example:8443/2"}, "a.example"},
		"two hosts":                {"", []string{"https://a.example/1", "https://b.example/1"}, ""},
		"two hosts, one sector":    {"https://s.example/list.json", []string{"https://a.example/1", "https://b.example/1"}, "s.example"},
		"no host":                  {"", []string{"com.example.app:/cb"}, ""},
		"nothing registered":       {"", nil, ""},
		"a sector that is no host": {"urn:x", []string{"https://a.example/1"}, ""},
	} {
		c := registeredClient("c")
		c.SectorIdentifierURI, c.RedirectURIs, c.PairWiseSubjectSalt = row.sectorURI, row.redirects, "salt"
		if got := c.Sector(); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
		if err := c.Validate(); (err == nil) != (row.want != "") {
			t.Errorf("%s: Validate() = %v", name, err)
		}
	}
}

func TestOIDCCore81PairwiseSubject(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for range 2 {
			if err := d.KeepPairwiseSubject(t.Context(), "pair", "mick", "a.example"); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := d.PairwiseSubject(t.Context(), "pair"); got != "mick" || err != nil {
			t.Errorf("PairwiseSubject: %q %v", got, err)
		}
		for _, unknown := range []string{"mick", "", "\x00"} {
			if _, err := d.PairwiseSubject(t.Context(), unknown); !errors.Is(err, db.ErrNotFound) {
				t.Errorf("PairwiseSubject(%q): %v", unknown, err)
			}
		}
	})
}

// OIDC Core §4: of those who let a login begin at them, strangers come last and cannot push the others off the list.
func TestInitiableClientsListsOursFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, row := range []struct {
			id, token  string
			properties map[string]string
			enabled    bool
		}{
			{"a-stranger", "hash", nil, true}, {"b-vouched", "hash", map[string]string{"registered_with": "a token"}, true},
			{"c-ours", "", nil, true}, {"d-ours", "", nil, true}, {"e-off", "", nil, false},
		} {
			c := db.NewClient(row.id)
			c.GrantTypes, c.RequireClientSecret, c.InitiateLoginURI = []string{"client_credentials"}, false, "https://rp.example/login"
			c.RegistrationAccessToken, c.Properties, c.Enabled = row.token, row.properties, row.enabled
			c.CORSOrigins = []string{"https://" + row.id + ".example", "https://second.example"}
			if err := d.InsertClient(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		for limit, want := range map[int][]string{10: {"c-ours", "d-ours", "b-vouched", "a-stranger"}, 3: {"c-ours", "d-ours", "b-vouched"}} {
			clients, err := d.InitiableClients(t.Context(), "registered_with", limit)
			var got []string
			for _, c := range clients {
				got = append(got, c.ClientID)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("the first %d: %v, %v, want %v", limit, got, err, want)
			}
		}
		if origin, err := d.OwnCORSOrigin(t.Context()); err != nil || origin != "https://c-ours.example" {
			t.Errorf("our own origin: %q, %v", origin, err)
		}
		dbtest.Exec(t, d, `DELETE FROM "Clients" WHERE "RegistrationAccessToken" IS NULL`)
		if origin, err := d.OwnCORSOrigin(t.Context()); err != nil || origin != "" {
			t.Errorf("with strangers alone: %q, %v", origin, err)
		}
	})
}
