package localca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// pair is a certificate with its private key.
type pair struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// newRoot makes an authority that may vouch for these hosts only.
func newRoot(hosts []string, now time.Time) (pair, error) {
	names, addresses := split(hosts)
	var ranges []*net.IPNet
	for _, ip := range addresses {
		ranges = append(ranges, &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))})
	}
	return issue(pair{}, &x509.Certificate{
		Subject:                     pkix.Name{CommonName: "Silent Renew local authority " + now.UTC().Format("2006-01-02"), Organization: []string{"Silent Renew"}},
		NotAfter:                    now.Add(authorityLifetime),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         names,
		PermittedIPRanges:           ranges,
	}, now)
}

// newLeaf makes the certificate our servers present.
func newLeaf(root pair, hosts []string, now time.Time) (pair, error) {
	names, addresses := split(hosts)
	return issue(root, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "localhost", Organization: []string{"Silent Renew"}},
		NotAfter:    now.Add(leafLifetime),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    names,
		IPAddresses: addresses,
	}, now)
}

// issue makes a key and a certificate for it, signed by the issuer or by itself when there is none.
func issue(issuer pair, template *x509.Certificate, now time.Time) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("make a key for the local certificate: %w", err)
	}
	template.NotBefore = now.Add(-time.Hour) // clocks of a virtual machine and its host differ
	if issuer.certificate == nil {
		issuer = pair{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, key.Public(), issuer.key)
	if err != nil {
		return pair{}, fmt.Errorf("sign the local certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	return pair{certificate, key}, err
}

func split(hosts []string) (names []string, addresses []net.IP) {
	for _, host := range hosts {
		if ip, err := netip.ParseAddr(host); err == nil {
			addresses = append(addresses, ip.AsSlice())
		} else {
			names = append(names, host)
		}
	}
	return names, addresses
}

// containing returns a predicate that reports whether a range contains ip.
func containing(ip netip.Addr) func(*net.IPNet) bool {
	return func(n *net.IPNet) bool { return n.Contains(ip.AsSlice()) }
}

func (p pair) certificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.certificate.Raw})
}

func (p pair) pem() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, err
	}
	return append(p.certificatePEM(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...), nil
}

func (p pair) write(path string) error {
	text, err := p.pem()
	if err != nil {
		return err
	}
	return writeFile(path, text)
}

// readPair reads what write wrote.
func readPair(path string) (pair, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return pair{}, err
	}
	certificate, rest := pem.Decode(text)
	key, _ := pem.Decode(rest)
	if certificate == nil || key == nil {
		return pair{}, fmt.Errorf("%s is damaged", path)
	}
	parsed, certErr := x509.ParseCertificate(certificate.Bytes)
	secret, keyErr := x509.ParsePKCS8PrivateKey(key.Bytes)
	signer, ok := secret.(*ecdsa.PrivateKey)
	if certErr != nil || keyErr != nil || !ok || !signer.PublicKey.Equal(parsed.PublicKey) {
		return pair{}, fmt.Errorf("%s is damaged", path)
	}
	return pair{parsed, signer}, nil
}

// publish puts a new authority in place. If another program was faster its authority is the one that counts, unless
// replace says that the one in place is of no use anyway. It reports whether ours is the one.
func publish(path string, made pair, replace bool) (pair, bool, error) {
	if replace {
		return made, true, made.write(path)
	}
	text, err := made.pem()
	if err != nil {
		return pair{}, false, err
	}
	temporary, err := writeTemporary(path, text)
	if err != nil {
		return pair{}, false, err
	}
	defer os.Remove(temporary)
	switch err := os.Link(temporary, path); { // fails when the file exists, which a rename would not
	case err == nil:
		return made, true, nil
	case errors.Is(err, fs.ErrExist):
		theirs, err := readPair(path)
		return theirs, false, err
	}
	return made, true, made.write(path) // a file system without links
}

// writeFile replaces a file in one step, so that nobody reads half of it.
func writeFile(path string, text []byte) error {
	if known, err := os.ReadFile(path); err == nil && bytes.Equal(known, text) {
		return nil
	}
	temporary, err := writeTemporary(path, text)
	if err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// writeTemporary writes a file beside path that only its owner can read, as os.CreateTemp makes them.
func writeTemporary(path string, text []byte) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return "", fmt.Errorf("cannot write %s: %w", path, err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		os.Remove(file.Name())
		return "", fmt.Errorf("cannot write %s: %w", path, err)
	}
	return file.Name(), nil
}
