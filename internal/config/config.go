package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The roles this program can play.
const (
	IDP = "idp" // the authorization server of RFC 6749 §1.1
	API = "api" // the resource server
	SPA = "spa" // the web server of the client
)

// Config is everything the program is told from outside.
type Config struct {
	Database string
	Roles    []string // of IDP, API, SPA
	File     string   // declares clients and users, see package declaration; "" for none

	SingleOrigin string // public URL or "auto"; empty: three origins
	TLS          bool
	TLSDir       string

	LogFormat string // auto, text or json
	LogLevel  slog.Level

	TrustedProxies []string // addresses and CIDRs

	// EncryptionKeys seal private keys at rest, the current one first; see [seal.New]. They come from the environment only:
	// a command line can be read by everybody on the machine.
	EncryptionKeys []string

	// Registration says who may register clients: closed, token or open. RegistrationToken is an initial access token that counts
	// beside those in the database, "" for none; it comes from the environment only.
	Registration      string
	RegistrationToken string

	// BFFSecret is the client secret of bff-client, from the environment too.
	BFFSecret string

	// Options of the provider and the API, which live in the database: nil leaves them as they are there. See Options.
	CookieLifetime *time.Duration
	CookieSliding  *bool
	APILeeway      *time.Duration
	KeyRotation    *time.Duration
	KeyPropagation *time.Duration
	KeyRetention   *time.Duration

	OutgoingCA      string // PEM file
	OutgoingPrivate bool   // private addresses and plain http

	lab      string // auto, on or off
	addr     string // of the single origin
	addrs    map[string]string
	public   map[string]string // what was given; URLs fills the rest
	internal map[string]string
}

// Serves reports whether this process plays the role.
func (c Config) Serves(role string) bool { return slices.Contains(c.Roles, role) }

// Address is one place to listen on.
type Address struct {
	Name string // the role, or SingleOrigin for all of them
	Addr string // host:port
	Flag string // the flag that changes it
}

// SingleOrigin names the Address that serves all roles.
const SingleOrigin = "single-origin"

// Addresses returns where to listen, in the order of the roles.
func (c Config) Addresses() []Address {
	if c.SingleOrigin != "" {
		return []Address{{SingleOrigin, c.addr, "--addr"}}
	}
	var all []Address
	for _, role := range []string{IDP, API, SPA} {
		if c.Serves(role) {
			all = append(all, Address{role, c.addrs[role], "--" + role + "-addr"})
		}
	}
	return all
}

// Options returns the options that were given, under their names in the database and as the text they have there.
func (c Config) Options() map[string]string {
	given := map[string]string{}
	if c.CookieLifetime != nil {
		given["Authentication.CookieLifetime"] = c.CookieLifetime.String()
	}
	if c.CookieSliding != nil {
		given["Authentication.CookieSlidingExpiration"] = strconv.FormatBool(*c.CookieSliding)
	}
	if c.APILeeway != nil {
		given["Api.Leeway"] = c.APILeeway.String()
	}
	for name, value := range map[string]*time.Duration{
		"KeyManagement.RotationInterval": c.KeyRotation, "KeyManagement.PropagationTime": c.KeyPropagation,
		"KeyManagement.RetentionDuration": c.KeyRetention,
	} {
		if value != nil {
			given[name] = value.String()
		}
	}
	return given
}

func (f flags) config() (Config, error) {
	c := Config{
		Database: f.DB, Roles: f.Roles, File: f.File, SingleOrigin: f.SingleOrigin, TLS: f.TLS, TLSDir: f.TLSDir,
		LogFormat: f.LogFormat, TrustedProxies: f.TrustedProxies, Registration: f.Registration,
		CookieLifetime: f.CookieLifetime, CookieSliding: f.CookieSliding, APILeeway: f.APILeeway,
		KeyRotation: f.KeyRotation, KeyPropagation: f.KeyPropagation, KeyRetention: f.KeyRetention,
		OutgoingCA: f.OutgoingCA, OutgoingPrivate: f.OutgoingPrivate,
		lab: f.Lab, addr: f.Addr,
		addrs:    map[string]string{IDP: f.IDPAddr, API: f.APIAddr, SPA: f.SPAAddr},
		public:   map[string]string{IDP: f.IDPURL, API: f.APIURL, SPA: f.SPAURL},
		internal: map[string]string{IDP: f.IDPInternalURL, API: f.APIInternalURL},
	}
	if c.TLSDir == "" {
		c.TLSDir = besideDatabase(f.DB, "tls")
	}
	return c, cmp.Or(
		c.LogLevel.UnmarshalText([]byte(f.LogLevel)),
		c.checkSingleOrigin(),
		c.checkAddresses(),
		c.cleanURLs(),
		c.checkProxies(),
		atLeast("--cookie-lifetime", f.CookieLifetime, time.Second),
		atLeast("--api-leeway", f.APILeeway, 0),
		atLeast("--key-rotation", f.KeyRotation, time.Hour),
		atLeast("--key-propagation", f.KeyPropagation, 2*time.Minute),
		atLeast("--key-retention", f.KeyRetention, 5*time.Minute),
	)
}

func (c Config) checkSingleOrigin() error {
	if c.SingleOrigin == "" {
		return nil
	}
	for _, role := range []string{IDP, API, SPA} {
		if !c.Serves(role) {
			return errors.New("--single-origin serves all roles: leave --roles out")
		}
		if c.public[role] != "" {
			return fmt.Errorf("--single-origin sets --%s-url itself: give one of the two", role)
		}
	}
	return nil
}

func (c Config) checkAddresses() error {
	for _, a := range c.Addresses() {
		if _, _, err := net.SplitHostPort(a.Addr); err != nil {
			return fmt.Errorf("%s %q must be host:port, such as localhost:5005 or :5005", a.Flag, a.Addr)
		}
	}
	return nil
}

func (c Config) checkProxies() error {
	for _, proxy := range c.TrustedProxies {
		_, err := netip.ParseAddr(proxy)
		if _, cidrErr := netip.ParsePrefix(proxy); err != nil && cidrErr != nil {
			return fmt.Errorf("--trusted-proxies: %q is neither an address nor a CIDR such as 10.0.0.0/8", proxy)
		}
	}
	return nil
}

func atLeast(flag string, value *time.Duration, least time.Duration) error {
	if value != nil && *value < least {
		return fmt.Errorf("%s must be at least %v, not %v", flag, least, *value)
	}
	return nil
}

// besideDatabase returns the path of a folder next to a SQLite file, or in the working directory for other databases.
func besideDatabase(database, name string) string {
	if strings.Contains(database, "://") {
		return name
	}
	return filepath.Join(filepath.Dir(strings.TrimPrefix(database, "sqlite:")), name)
}
