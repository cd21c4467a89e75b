package localca

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Lifetimes. Browsers refuse server certificates that live longer than 398 days.
const (
	authorityLifetime = 10 * 365 * 24 * time.Hour
	leafLifetime      = 397 * 24 * time.Hour
	renewBefore       = 30 * 24 * time.Hour
)

// Files in the folder. A key and its certificate share one file, so that they always fit together.
const (
	authorityFile = "authority.pem"
	leafFile      = "localhost.pem"
	trustFile     = "ca.pem" // the authority's certificate alone, to be trusted
)

// Authority is the local certificate authority with its one certificate. Nil means that we speak plain http.
type Authority struct {
	Created bool // made, or made anew, by this call: browsers do not trust it yet

	folder string
	root   pair
	leaf   pair
}

// Open loads the authority from a folder, or makes what is missing, about to expire, or not for these hosts (names or
// addresses; this machine is always among them). Programs that start together end up with the same one.
func Open(folder string, hosts []string) (*Authority, error) {
	hosts = normalize(hosts)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder of the local certificate authority: %w", err)
	}
	a := &Authority{folder: folder}
	if err := a.openRoot(hosts); err != nil {
		return nil, err
	}
	if err := a.openLeaf(hosts); err != nil {
		return nil, err
	}
	return a, writeFile(a.path(trustFile), a.root.certificatePEM())
}

func (a *Authority) path(name string) string { return filepath.Join(a.folder, name) }

func (a *Authority) openRoot(hosts []string) error {
	path := a.path(authorityFile)
	root, err := readPair(path)
	if err == nil && usable(root.certificate) && permits(root.certificate, hosts) {
		a.root = root
		return nil
	}
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("%w: move it away and a new authority is made", err)
	}
	if made, err := newRoot(hosts, time.Now()); err != nil {
		return err
	} else if a.root, a.Created, err = publish(path, made, root.certificate != nil); err != nil {
		return err
	}
	return nil
}

func (a *Authority) openLeaf(hosts []string) error {
	path := a.path(leafFile)
	leaf, err := readPair(path)
	if err == nil && usable(leaf.certificate) && leaf.certificate.CheckSignatureFrom(a.root.certificate) == nil && covers(leaf.certificate, hosts) {
		a.leaf = leaf
		return nil
	}
	if a.leaf, err = newLeaf(a.root, hosts, time.Now()); err != nil {
		return err
	}
	return a.leaf.write(path)
}

// usable reports whether a certificate is still good for a while.
func usable(c *x509.Certificate) bool { return time.Now().Add(renewBefore).Before(c.NotAfter) }

// permits reports whether an authority may vouch for all hosts.
func permits(c *x509.Certificate, hosts []string) bool {
	for _, host := range hosts {
		ip, err := netip.ParseAddr(host)
		if err != nil {
			if !slices.Contains(c.PermittedDNSDomains, host) {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(c.PermittedIPRanges, containing(ip)) {
			return false
		}
	}
	return true
}

func covers(c *x509.Certificate, hosts []string) bool {
	return !slices.ContainsFunc(hosts, func(host string) bool { return c.VerifyHostname(host) != nil })
}

// normalize returns the hosts in order, once each, with this machine among them.
func normalize(hosts []string) []string {
	all := []string{"localhost", "127.0.0.1", "::1"}
	for _, host := range hosts {
		all = append(all, strings.ToLower(strings.Trim(host, "[]")))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// cipherSuites are what BCP 195 recommends for TLS 1.2 and a certificate like ours; FAPI 2.0 §5.2.2 permits no other. TLS 1.3 has good ones
// only.
var cipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}

// TLS returns what a server of ours presents, nil without an authority.
func (a *Authority) TLS() *tls.Config {
	if a == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		CipherSuites: cipherSuites,
		Certificates: []tls.Certificate{{Certificate: [][]byte{a.leaf.certificate.Raw}, PrivateKey: a.leaf.key, Leaf: a.leaf.certificate}},
	}
}

// Roots returns what a client of ours trusts: whatever the system trusts, and this authority. Without an authority that
// is nil, which crypto/tls takes for the system's.
func (a *Authority) Roots() *x509.CertPool {
	if a == nil {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without roots can still reach us
	}
	pool.AddCert(a.root.certificate)
	return pool
}

// CertificateFile is the file to trust.
func (a *Authority) CertificateFile() string { return a.path(trustFile) }

// Advice is the command that makes browsers of this user trust the authority.
func (a *Authority) Advice() string {
	file := a.CertificateFile()
	if absolute, err := filepath.Abs(file); err == nil {
		file = absolute
	}
	switch runtime.GOOS {
	case "darwin":
		return fmt.Sprintf(`security add-trusted-cert -k ~/Library/Keychains/login.keychain-db %q`, file)
	case "windows":
		return fmt.Sprintf(`certutil -user -addstore Root %q`, file)
	}
	return fmt.Sprintf(`certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n "Silent Renew" -i %q`, file)
}
