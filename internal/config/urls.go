package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// URLs are the roles as browsers and clients reach them.
type URLs struct {
	IDP string // the issuer, byte for byte
	API string // an origin; the API's paths begin with /api
	SPA string // an origin
}

// URLs returns the public URLs, given the port each Address got. A role that is not served here has the URL it was given
// or the one it would have had here.
func (c Config) URLs(port func(name string) int) URLs {
	if c.SingleOrigin != "" {
		origin := c.SingleOrigin
		if origin == auto {
			origin = c.defaultURL(c.addr, port(SingleOrigin))
		}
		return URLs{IDP: origin + "/idp", API: origin, SPA: origin}
	}
	of := func(role string) string {
		if given := c.public[role]; given != "" {
			return given
		}
		return c.defaultURL(c.addrs[role], port(role))
	}
	return URLs{IDP: of(IDP), API: of(API), SPA: of(SPA)}
}

const auto = "auto"

// defaultURL is the public URL of who listens on addr: by name where that is this machine, because a page on
// localhost and a provider on 127.0.0.1 would be two sites, and the cookie would not reach the hidden iframe.
func (c Config) defaultURL(addr string, port int) string {
	host, given, _ := net.SplitHostPort(addr)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	if port != 0 {
		given = strconv.Itoa(port)
	}
	if c.TLS {
		return "https://" + net.JoinHostPort(host, given)
	}
	return "http://" + net.JoinHostPort(host, given)
}

// InternalURLs maps the public origin of a role elsewhere to the one this process reaches it by, where they differ.
func (c Config) InternalURLs(urls URLs) map[string]string {
	routes := map[string]string{}
	for role, public := range map[string]string{IDP: urls.IDP, API: urls.API} {
		if internal := c.internal[role]; internal != "" && !c.Serves(role) {
			routes[Origin(public)] = internal
		}
	}
	return routes
}

// Lab reports whether learners may change lifetimes from the page. On its own accord it is only on where nobody but
// the people at this machine can follow the public URLs.
func (c Config) Lab(urls URLs) bool {
	if c.lab != auto {
		return c.lab == "on"
	}
	return IsLoopback(urls.IDP) && IsLoopback(urls.API) && IsLoopback(urls.SPA)
}

// IsLoopback reports whether a URL's host can only be this machine.
func IsLoopback(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 §6.3
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Origin returns scheme, host and port of a URL as the Origin header writes them (RFC 6454 §6.1).
func Origin(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// cleanURLs checks every URL that was given. One trailing slash is forgiven, because everybody types it.
func (c *Config) cleanURLs() error {
	type given struct {
		flag  string
		value string
		path  bool // may have a path
		keep  func(cleaned string)
	}
	public := func(role string) func(string) { return func(u string) { c.public[role] = u } }
	internal := func(role string) func(string) { return func(u string) { c.internal[role] = u } }
	for _, g := range []given{
		{"--idp-url", c.public[IDP], true, public(IDP)},
		{"--api-url", c.public[API], false, public(API)},
		{"--spa-url", c.public[SPA], false, public(SPA)},
		{"--idp-internal-url", c.internal[IDP], false, internal(IDP)},
		{"--api-internal-url", c.internal[API], false, internal(API)},
		{"--single-origin", c.SingleOrigin, false, func(u string) { c.SingleOrigin = u }},
	} {
		if g.value == "" || g.value == auto && g.flag == "--single-origin" {
			continue
		}
		cleaned := strings.TrimSuffix(g.value, "/")
		if err := checkURL(cleaned, g.path); err != nil {
			return fmt.Errorf("%s %q %w", g.flag, g.value, err)
		}
		g.keep(cleaned)
	}
	return nil
}

func checkURL(given string, pathAllowed bool) error {
	u, err := url.Parse(given)
	switch {
	case err != nil:
		return errors.New("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New("must be an http or https URL with a host, such as http://localhost:4200")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("must have neither user, query nor fragment")
	case !pathAllowed && u.Path != "":
		return errors.New("must be scheme, host and port only: a path is not supported here")
	case strings.HasSuffix(u.Path, "/"):
		return errors.New("must not end in slashes")
	case u.Host != strings.ToLower(u.Host):
		return errors.New("must be in lower case: clients compare it byte for byte, browsers lower it")
	case u.Scheme == "http" && u.Port() == "80", u.Scheme == "https" && u.Port() == "443":
		return errors.New("must leave the default port out, as browsers do")
	}
	return nil
}
