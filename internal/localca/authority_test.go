package localca

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func open(t *testing.T, folder string, hosts ...string) *Authority {
	t.Helper()
	a, err := Open(folder, hosts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestClientTrustsServer(t *testing.T) {
	a := open(t, t.TempDir(), "idp.test", "[::1]", "192.168.7.5")
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = a.TLS()
	server.StartTLS()
	defer server.Close()
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "idp.test", "192.168.7.5"} {
		if _, err := a.leaf.certificate.Verify(x509.VerifyOptions{DNSName: host, Roots: a.Roots()}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := a.leaf.certificate.Verify(x509.VerifyOptions{DNSName: "bank.example", Roots: a.Roots()}); err == nil {
		t.Error("the certificate is good for a host that is not ours")
	}
}

// FAPI 2.0 §5.2.2: TLS 1.2 or later, and of its cipher suites those that BCP 195 recommends.
func TestOldCipherSuitesAreRefused(t *testing.T) {
	a := open(t, t.TempDir())
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = a.TLS()
	server.StartTLS()
	defer server.Close()
	address := server.Listener.Addr().String()
	var every []*tls.CipherSuite
	for _, suite := range append(append(every, tls.CipherSuites()...), tls.InsecureCipherSuites()...) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		works := suite.Name == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" || suite.Name == "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
		connection, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.Roots(), ServerName: "localhost", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
		if (err == nil) != works {
			t.Errorf("%s: %v", suite.Name, err)
		}
		if err == nil {
			_ = connection.Close()
		}
	}
	for version, works := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		connection, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.Roots(), ServerName: "localhost", MinVersion: version, MaxVersion: version})
		if (err == nil) != works {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			_ = connection.Close()
		}
	}
}

func TestStolenAuthorityCannotVouchForOthers(t *testing.T) {
	a := open(t, t.TempDir())
	for _, host := range []string{"bank.example", "192.0.2.1", "sub.localhost.example"} {
		forged, err := newLeaf(a.root, []string{host}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := forged.certificate.Verify(x509.VerifyOptions{DNSName: host, Roots: a.Roots()}); err == nil {
			t.Errorf("%s: a certificate of the authority is believed (RFC 5280 §4.2.1.10)", host)
		}
	}
}

func TestMadeOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tls")
	first := open(t, folder)
	second := open(t, folder)
	if !first.Created || second.Created {
		t.Errorf("created %v, then %v", first.Created, second.Created)
	}
	if !bytes.Equal(first.leaf.certificate.Raw, second.leaf.certificate.Raw) {
		t.Error("the certificate changed without need")
	}
	for _, name := range []string{authorityFile, leafFile, trustFile} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	text, _ := os.ReadFile(first.CertificateFile())
	if bytes.Contains(text, []byte("PRIVATE KEY")) {
		t.Error("the file to trust carries the key")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".new-*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestNewHostNeedsANewAuthority(t *testing.T) {
	folder := t.TempDir()
	open(t, folder)
	if a := open(t, folder, "idp.test"); !a.Created || !covers(a.leaf.certificate, []string{"idp.test", "localhost"}) {
		t.Error("the new host is not covered")
	}
}

func TestRenewedNearExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		first := open(t, folder)
		time.Sleep(leafLifetime - renewBefore + time.Hour)
		second := open(t, folder)
		if second.Created || bytes.Equal(first.leaf.certificate.Raw, second.leaf.certificate.Raw) {
			t.Error("a year later: the certificate must be new and the authority the same")
		}
		time.Sleep(authorityLifetime)
		if third := open(t, folder); !third.Created {
			t.Error("ten years later: the authority must be new")
		}
	})
}

func TestProgramsThatStartTogetherShareOneAuthority(t *testing.T) {
	folder := t.TempDir()
	var all sync.WaitGroup
	roots := make([][]byte, 8)
	for i := range roots {
		all.Go(func() {
			if a, err := Open(folder, nil); err != nil {
				t.Error(err)
			} else {
				roots[i] = a.root.certificate.Raw
			}
		})
	}
	all.Wait()
	for _, root := range roots {
		if !bytes.Equal(root, roots[0]) {
			t.Fatal("two authorities were made")
		}
	}
}

func TestDamagedAuthorityIsNotOverwritten(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, authorityFile)
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder, nil); err == nil {
		t.Error("a damaged file must be reported")
	}
	if text, _ := os.ReadFile(path); string(text) != "something else" {
		t.Error("it was overwritten")
	}
}

func TestUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(file, "tls"), nil); err == nil {
		t.Error("Open must say that it cannot make the folder")
	}
}
