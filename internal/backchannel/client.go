// Package backchannel is the HTTP client by which one role reaches another.
//
// The roles know one another by public URL only, and every check (issuer, discovery, audience) is made against that URL.
// But the public URL may not be reachable from here: it may belong to a proxy or a tunnel, or name a host that only
// browsers resolve. So the client may carry requests for one origin to another address while the request itself, its Host
// header included, stays as it was. Nobody above it notices.
package backchannel

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Limits of every outgoing request.
const (
	dialTimeout    = 3 * time.Second
	requestTimeout = 10 * time.Second
	maxHeaderBytes = 64 << 10
)

// New returns a client that trusts roots (nil: the system's) and carries requests for the origins in routes to the
// origins they map to.
func New(roots *x509.CertPool, routes map[string]string) (*http.Client, error) {
	table := make(map[string]*url.URL, len(routes))
	for public, internal := range routes {
		to, err := url.Parse(internal)
		if err != nil {
			return nil, fmt.Errorf("internal address of %s: %w", public, err)
		}
		table[public] = to
	}
	return &http.Client{
		Timeout: requestTimeout,
		Transport: router{table, &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  requestTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
		}},
	}, nil
}

// router rewrites where a request goes, not what it says.
type router struct {
	table map[string]*url.URL
	next  http.RoundTripper
}

func (r router) RoundTrip(req *http.Request) (*http.Response, error) {
	to, ok := r.table[req.URL.Scheme+"://"+req.URL.Host]
	if !ok {
		return r.next.RoundTrip(req)
	}
	out := req.Clone(req.Context())
	if out.Host == "" {
		out.Host = req.URL.Host
	}
	out.URL.Scheme, out.URL.Host = to.Scheme, to.Host
	return r.next.RoundTrip(out)
}
