package idp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// outgoingTimeout bounds one call to a client's server, from the name lookup to the last byte.
const outgoingTimeout = 5 * time.Second

// outgoing makes the calls to addresses that clients have registered. Such an address must not turn the provider into a
// door to its own network (server-side request forgery), so it decides by the address a name resolves to, at the moment
// of connecting. It follows no redirect and uses no proxy.
type outgoing struct {
	client   *http.Client
	loopback bool // this machine may be called, also by http: in Lab mode
	private  bool // any address may be called, also by http
}

func newOutgoing(loopback, private bool, roots *x509.CertPool) *outgoing {
	o := &outgoing{loopback: loopback || private, private: private}
	dialer := &net.Dialer{Timeout: outgoingTimeout, Control: o.control}
	o.client = &http.Client{
		Timeout:       outgoingTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: 16 << 10,
			IdleConnTimeout:        time.Minute,
			TLSHandshakeTimeout:    outgoingTimeout,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		},
	}
	return o
}

// do sends a request and returns the status of the answer, whose body nobody reads.
func (o *outgoing) do(r *http.Request) (status int, err error) {
	response, err := o.send(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// send sends a request where one may go. The error is for the log, and names the flag that could help.
func (o *outgoing) send(r *http.Request) (*http.Response, error) {
	if err := o.checkURL(r.URL); err != nil {
		return nil, err
	}
	response, err := o.client.Do(r)
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		err = fmt.Errorf("%w (--outgoing-ca names further authorities)", err)
	}
	return response, err
}

// answered says what a status means that is not the one it should be.
func answered(status int) string {
	text := fmt.Sprintf("the server answered %d", status)
	if status >= 300 && status < 400 {
		text += ", and redirects are not followed"
	}
	return text
}

// get returns the body of what is at an address. Anything but 200 is an error, and so is more than limit bytes.
func (o *outgoing) get(ctx context.Context, address string, accept string, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	response, err := o.send(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(answered(response.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("the answer has more than %d bytes", limit)
	}
	return body, err
}

// checkURL wants https. Plain http is for this machine in Lab mode, or where everything is allowed.
func (o *outgoing) checkURL(u *url.URL) error {
	switch {
	case u.User != nil:
		return errors.New("the address has a user")
	case u.Scheme == "https", u.Scheme == "http" && o.private, u.Scheme == "http" && o.loopback && isLoopbackName(u.Hostname()):
		return nil
	}
	return errors.New("the address must begin with https (--outgoing-private calls others too)")
}

func isLoopbackName(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// control looks at the address that is about to be connected to, after every name lookup.
func (o *outgoing) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !o.mayConnect(to.Addr()) {
		return fmt.Errorf("%s is not a public address (--outgoing-private calls others too)", to.Addr())
	}
	return nil
}

// notPublic are the special networks that netip has no word for (RFC 6890, RFC 6052 §2.1, RFC 3056, RFC 2765 §2.1, RFC 9602). Those of documents are
// among them: no server is there, but for networks that were numbered after one.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("::ffff:0:0:0/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"),
}

func (o *outgoing) mayConnect(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	switch {
	case o.private:
		return true
	case ip.IsLoopback():
		return o.loopback
	case !ip.IsGlobalUnicast() || ip.IsPrivate():
		return false
	}
	for _, network := range notPublic {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}
