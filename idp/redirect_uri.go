package idp

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"silentrenew/db"
)

// responseTarget is where the answer to an authorization request may go: a client and one of its registered redirect
// URIs. Whoever holds one may redirect; before there is one, every error is a page (RFC 6749 §4.1.2.1).
type responseTarget struct {
	client      db.Client
	redirectURI string
	state       string
	mode        string     // one of responseModes
	values      url.Values // the request: as sent, as pushed, or with its request object
	pushed      string     // handle of the pushed request, "" for none
	arrived     time.Time  // when it was pushed; zero for a request that stands in the URL
	object      bool       // it came in a request object
	objectError error      // why its request object does not count, told before anything else
}

// responseTarget finds the client and compares the redirect URI.
func (p *Provider) responseTarget(ctx context.Context, values url.Values) (responseTarget, error) {
	values, pushed, arrived, err := p.pushedParameters(ctx, values)
	if err != nil {
		return responseTarget{}, err
	}
	sent, err := readParameters(values, "client_id", "redirect_uri")
	if err != nil {
		return responseTarget{}, err
	}
	if sent["client_id"] == "" {
		return responseTarget{}, refuse(InvalidRequest, "client_id is missing")
	}
	client, err := p.db.Client(ctx, sent["client_id"])
	if errors.Is(err, db.ErrNotFound) {
		return responseTarget{}, refuse(UnauthorizedClient, "client_id names no client that is registered here")
	}
	if err != nil {
		return responseTarget{}, err
	}
	var objectError error
	object := values.Get("request") != "" || values.Get("request_uri") != ""
	if pushed == "" {
		values, objectError = p.withFetchedObject(ctx, client, values)
		if objectError == nil {
			values, objectError = p.withRequestObject(ctx, client, values)
		}
		if objectError == nil {
			sent, objectError = readParameters(values, "client_id", "redirect_uri")
		}
	}
	if objectError != nil && !registered(client, sent["redirect_uri"]) {
		return responseTarget{}, objectError
	}
	if err := checkRedirectURI(client, sent["redirect_uri"]); err != nil {
		return responseTarget{}, err
	}
	// values.Get: a state sent twice is refused later, but the refusal has to carry one.
	return responseTarget{
		client: client, redirectURI: sent["redirect_uri"], state: values.Get("state"), mode: p.responseMode(values),
		values: values, pushed: pushed, arrived: arrived, object: object, objectError: objectError,
	}, nil
}

// checkRedirectURI lets a registered redirect URI through, and nothing that only looks like one.
func checkRedirectURI(client db.Client, sent string) error {
	if sent == "" {
		return refuse(InvalidRequest, "redirect_uri is missing")
	}
	if !registered(client, sent) || !redirectable(sent) {
		return &redirectURIError{client: client, sent: sent}
	}
	return nil
}

// registered compares byte for byte (RFC 9700 §2.1, OIDC Core §3.1.2.1), with one exception: a native app that listens on
// this machine cannot choose its port. A public client whose row has a loopback address without a port may send any port
// with it (RFC 8252 §7.3). An address with a port is compared like any other: "the URI must be the same as on the IDP" is
// the article's lesson (A31).
func registered(client db.Client, sent string) bool {
	if slices.Contains(client.RedirectURIs, sent) {
		return true
	}
	bare := loopbackWithoutPort(sent)
	return bare != "" && !client.RequireClientSecret && slices.Contains(client.RedirectURIs, bare)
}

// loopbackWithoutPort returns the address without its port when it is one of this machine, as digits since anybody's hosts
// file may say what localhost is (RFC 8252 §8.3); "" for any other.
func loopbackWithoutPort(address string) string {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(address, host+":")
		path := strings.TrimLeft(rest, "0123456789")
		port, err := strconv.ParseUint(rest[:len(rest)-len(path)], 10, 16)
		if ok && err == nil && port > 0 && (path == "" || path[0] == '/' || path[0] == '?') {
			return host + path
		}
	}
	return ""
}

// redirectable reports whether a browser may be sent there. The table refuses other values when it is written by us, not
// when it is written by hand.
func redirectable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || strings.ContainsFunc(address, unicode.IsControl) || strings.Contains(address, "#") {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "":
		return false
	case "http", "https":
		return u.Hostname() != ""
	}
	return !db.ForbiddenScheme(u.Scheme) // the scheme of a native app may be any other (RFC 8252 §7.1)
}
