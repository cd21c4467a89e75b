package greeting

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/config"
)

func parse(t *testing.T, args ...string) (config.Config, config.URLs) {
	t.Helper()
	cfg, err := config.Parse(args, func(string) string { return "" }, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	return cfg, cfg.URLs(func(string) int { return 0 })
}

func TestI18CookieModeAndItsReason(t *testing.T) {
	for _, tc := range []struct{ issuer, page, want string }{
		{"http://localhost:5005", "http://localhost:4200", "SameSite=Lax, because the provider is on http, where"},
		{"https://localhost:5005", "https://localhost:4200", "SameSite=None; Secure"},
		{"http://127.0.0.1:5005", "http://localhost:4200", "gets no cookie"},
		{"http://localhost:5005", "https://localhost:4200", "gets no cookie"}, // schemeful same-site
		{"http://idp.example.test", "http://spa.example.test", "where browsers refuse None"},
	} {
		if got := cookieWords(tc.issuer, tc.page); !strings.Contains(got, tc.want) {
			t.Errorf("%s for %s: %q, want %q", tc.issuer, tc.page, got, tc.want)
		}
	}
}

func TestGreetingLeavesOutWhoIsNotHere(t *testing.T) {
	cfg, urls := parse(t)
	store := dbtest.Seeded(t)
	dbtest.Exec(t, store, `DELETE FROM Users WHERE Username = 'Jane'`)
	var out bytes.Buffer
	if err := (Greeting{Config: cfg, URLs: urls, Store: store}).Print(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "Mick / MickPassword") || strings.Contains(text, "Jane") {
		t.Errorf("users of the greeting:\n%s", text)
	}
}

// A password that was changed is not said to be the tutorial's, and nobody is named who cannot sign in.
func TestGreetingNamesWhoCanSignIn(t *testing.T) {
	cfg, urls := parse(t)
	store := dbtest.Seeded(t)
	change := func(name string, change func(u *db.User)) {
		u, err := store.UserByName(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		change(&u)
		if err := store.ReplaceUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	hash, err := db.HashPassword("another")
	if err != nil {
		t.Fatal(err)
	}
	change("Mick", func(u *db.User) { u.PasswordHash = hash })
	change("Jane", func(u *db.User) { u.Enabled = false })
	var out bytes.Buffer
	if err := (Greeting{Config: cfg, URLs: urls, Store: store}).Print(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "Mick") || strings.Contains(text, "Jane") || !strings.Contains(text, "your own") {
		t.Errorf("users of the greeting:\n%s", text)
	}
}

func TestWarnings(t *testing.T) {
	for _, tc := range []struct {
		name         string
		args         []string
		openToOthers bool
		want         string // empty: silence
	}{
		{"as seeded", nil, false, ""},
		{"another front end", []string{"--spa-addr", "localhost:4300"}, false, "logging in will fail"},
		{"lab within reach of others", nil, true, "lab mode is on"},
		{"others, but no lab", []string{"--lab", "off"}, true, "private signing keys lie in clear"},
		{"no lab, and keys encrypted", []string{"--lab", "off"}, true, ""},
		{"front end alone", []string{"--roles", "spa", "--spa-addr", "localhost:4300"}, false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg, urls := parse(t, tc.args...)
			if strings.Contains(tc.name, "keys encrypted") {
				cfg.EncryptionKeys = []string{"any"}
			}
			var out bytes.Buffer
			Greeting{Config: cfg, URLs: urls, Store: dbtest.Seeded(t)}.Warn(t.Context(), slog.New(slog.NewTextHandler(&out, nil)), tc.openToOthers)
			if got := out.String(); tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("logged %q, want %q", got, tc.want)
			}
		})
	}
}

// With seed: false in a declaration there may be no client for the front end.
func TestAFrontEndWithoutItsClientIsWarnedOf(t *testing.T) {
	for _, tc := range []struct{ roles, want string }{{"idp,api,spa", "there is no client spa-client"}, {"idp", ""}} {
		cfg, urls := parse(t, "--roles", tc.roles)
		var out bytes.Buffer
		Greeting{Config: cfg, URLs: urls, Store: dbtest.New(t)}.Warn(t.Context(), slog.New(slog.NewTextHandler(&out, nil)), false)
		if got := out.String(); !strings.Contains(got, tc.want) || tc.want == "" && got != "" {
			t.Errorf("%s: warned %q, want %q", tc.roles, got, tc.want)
		}
	}
}
