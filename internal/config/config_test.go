package config

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parse(t *testing.T, env map[string]string, args ...string) Config {
	t.Helper()
	c, err := Parse(args, func(name string) string { return env[name] }, new(bytes.Buffer))
	if err != nil {
		t.Fatalf("Parse(%q): %v", args, err)
	}
	return c
}

func ports(name string) int {
	return map[string]int{IDP: 5005, API: 5001, SPA: 4200, SingleOrigin: 4200}[name]
}

func TestHelpReadsWell(t *testing.T) {
	var out bytes.Buffer
	_, err := Parse([]string{"--help"}, func(string) string { return "" }, &out)
	if !errors.Is(err, ErrDone) {
		t.Fatalf("--help: got error %v, want ErrDone", err)
	}
	if *update {
		if err := os.WriteFile("testdata/help.txt", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/help.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != string(want) {
		t.Errorf("--help changed (go test -update rewrites it):\n%s", got)
	}
}

func TestVersion(t *testing.T) {
	var out bytes.Buffer
	_, err := Parse([]string{"--version"}, func(string) string { return "" }, &out)
	if !errors.Is(err, ErrDone) || !strings.HasPrefix(out.String(), "silentrenew ") {
		t.Errorf("--version: got %q, %v", out.String(), err)
	}
}

func TestDefaults(t *testing.T) {
	c := parse(t, nil)
	if got := c.Addresses(); len(got) != 3 || got[0] != (Address{IDP, "localhost:5005", "--idp-addr"}) {
		t.Errorf("addresses %v", got)
	}
	want := URLs{IDP: "http://localhost:5005", API: "http://localhost:5001", SPA: "http://localhost:4200"}
	if got := c.URLs(ports); got != want {
		t.Errorf("URLs %v, want %v", got, want)
	}
	if !c.Lab(want) {
		t.Error("lab must be on while all URLs are on this machine")
	}
	if c.CookieLifetime != nil || c.CookieSliding != nil || c.APILeeway != nil {
		t.Error("options that nobody gave must stay as the database has them")
	}
	if c.TLSDir != "tls" || c.Database != "silentrenew.db" {
		t.Errorf("database %q, tls folder %q", c.Database, c.TLSDir)
	}
}

func TestCommandLineWinsOverEnvironment(t *testing.T) {
	env := map[string]string{
		"SILENTRENEW_DB": "/data/env.db", "SILENTRENEW_IDP_ADDR": ":7005", "SILENTRENEW_ROLES": "idp,api",
		"SILENTRENEW_COOKIE_LIFETIME": "240s", "SILENTRENEW_COOKIE_SLIDING": "true", "SILENTRENEW_API_ADDR": "",
	}
	c := parse(t, env, "--db", "/data/flag.db", "--no-cookie-sliding")
	if c.Database != "/data/flag.db" || c.TLSDir != "/data/tls" {
		t.Errorf("database %q, tls folder %q", c.Database, c.TLSDir)
	}
	if got := c.Addresses(); len(got) != 2 || got[0].Addr != ":7005" || got[1].Addr != "localhost:5001" {
		t.Errorf("addresses %v", got)
	}
	if c.CookieLifetime == nil || *c.CookieLifetime != 4*time.Minute {
		t.Errorf("cookie lifetime %v, want 4m", c.CookieLifetime)
	}
	if c.CookieSliding == nil || *c.CookieSliding {
		t.Errorf("cookie sliding %v, want false: the flag wins", c.CookieSliding)
	}
}

func TestPublicURLs(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want URLs
		lab  bool
	}{
		{"every interface", []string{"--idp-addr", ":0", "--api-addr", "0.0.0.0:0", "--spa-addr", "[::]:0"},
			URLs{"http://localhost:5005", "http://localhost:5001", "http://localhost:4200"}, true},
		{"tls", []string{"--tls", "--idp-addr", "127.0.0.1:5005"},
			URLs{"https://localhost:5005", "https://localhost:5001", "https://localhost:4200"}, true},
		{"behind a proxy", []string{"--idp-url", "https://login.example.com/tenant/", "--spa-url", "https://example.com"},
			URLs{"https://login.example.com/tenant", "http://localhost:5001", "https://example.com"}, false},
		{"a network address", []string{"--idp-addr", "192.168.7.5:5005"},
			URLs{"http://192.168.7.5:5005", "http://localhost:5001", "http://localhost:4200"}, false},
		{"one origin", []string{"--single-origin", "https://lab.example.dev/"},
			URLs{"https://lab.example.dev/idp", "https://lab.example.dev", "https://lab.example.dev"}, false},
		{"one origin, here", []string{"--single-origin", "auto", "--addr", ":0"},
			URLs{"http://localhost:4200/idp", "http://localhost:4200", "http://localhost:4200"}, true},
		{"lab on by request", []string{"--spa-url", "http://spa.test:4200", "--lab", "on"},
			URLs{"http://localhost:5005", "http://localhost:5001", "http://spa.test:4200"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := parse(t, nil, tc.args...)
			got := c.URLs(ports)
			if got != tc.want {
				t.Errorf("URLs %v, want %v", got, tc.want)
			}
			if c.Lab(got) != tc.lab {
				t.Errorf("lab %v, want %v", !tc.lab, tc.lab)
			}
		})
	}
}

func TestI19InternalURLsOnlyForRolesElsewhere(t *testing.T) {
	c := parse(t, nil, "--roles", "api", "--idp-internal-url", "http://idp:5005", "--api-internal-url", "http://api:5001")
	got := c.InternalURLs(c.URLs(ports))
	if len(got) != 1 || got["http://localhost:5005"] != "http://idp:5005" {
		t.Errorf("routes %v", got)
	}
}

func TestBadCommandLinesNameTheFlag(t *testing.T) {
	for _, tc := range []struct{ want, args string }{
		{"--idp-addr", "--idp-addr=5005"},
		{"--idp-url", "--idp-url=localhost:5005"},
		{"--idp-url", "--idp-url=https://h/?a"},
		{"--api-url", "--api-url=https://h/path"},
		{"--spa-url", "--spa-url=https://Example.com"},
		{"--spa-url", "--spa-url=https://example.com:443"},
		{"--single-origin", "--single-origin=https://h --roles=idp"},
		{"--spa-url", "--single-origin=https://h --spa-url=https://h"},
		{"--cookie-lifetime", "--cookie-lifetime=0s"},
		{"--cookie-lifetime", "--cookie-lifetime=soon"},
		{"--api-leeway", "--api-leeway=-1s"},
		{"--key-rotation must be at least 1h0m0s", "--key-rotation=1m"},
		{"--key-propagation must be at least 2m0s", "--key-propagation=1m"},
		{"--key-retention must be at least 5m0s", "--key-retention=4m"}, // keyring.MinRetention: less would be taken for it
		{"--trusted-proxies", "--trusted-proxies=nginx"},
		{"--lab", "--lab=perhaps"},
		{"--roles", "--roles=idp,bff"},
		{"--nonsense", "--nonsense"},
	} {
		_, err := Parse(strings.Fields(tc.args), func(string) string { return "" }, new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one that names %s", tc.args, err, tc.want)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for url, want := range map[string]bool{
		"http://localhost:1": true, "http://LOCALHOST": true, "http://idp.localhost": true, "http://127.9.9.9:1": true, "https://[::1]:4": true,
		"http://localhost.example.com": false, "http://10.0.0.1": false, "http://0.0.0.0": false, "::": false, "": false,
	} {
		if got := IsLoopback(url); got != want {
			t.Errorf("IsLoopback(%q) = %v", url, got)
		}
	}
}

// RFC 7591 §3: closed unless somebody opens it; the token never comes from the command line.
func TestRegistration(t *testing.T) {
	token := map[string]string{RegistrationTokenVariable: "0123456789abcdef0123"}
	if c := parse(t, nil); c.Registration != "closed" || c.RegistrationToken != "" {
		t.Errorf("by default: %q %q", c.Registration, c.RegistrationToken)
	}
	if c := parse(t, token, "--registration", "token"); c.Registration != "token" || c.RegistrationToken != token[RegistrationTokenVariable] {
		t.Errorf("token: %q %q", c.Registration, c.RegistrationToken)
	}
	if c := parse(t, map[string]string{"SILENTRENEW_REGISTRATION": "open"}); c.Registration != "open" {
		t.Errorf("open: %q", c.Registration)
	}
	for name, row := range map[string]struct {
		env  map[string]string
		args []string
	}{
		"a token that opens nothing": {token, nil},
		"a token to guess":           {map[string]string{RegistrationTokenVariable: "letmein"}, []string{"--registration", "token"}},
		"a word nobody knows":        {nil, []string{"--registration", "maybe"}},
	} {
		_, err := Parse(row.args, func(name string) string { return row.env[name] }, new(bytes.Buffer))
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
