package serve

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

func listen(t *testing.T, addr string) *Listener {
	t.Helper()
	l, err := Listen(t.Context(), addr, "--idp-addr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func TestLocalhostIsBothLoopbackAddresses(t *testing.T) {
	l := listen(t, "localhost:0")
	if l.Port == 0 || !l.Loopback() {
		t.Fatalf("port %d, loopback %v", l.Port, l.Loopback())
	}
	if probe, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here")
	} else {
		probe.Close()
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		conn, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(l.Port)))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		conn.Close()
	}
}

func TestTakenPortNamesPortAndFlag(t *testing.T) {
	taken := listen(t, "localhost:0")
	_, err := Listen(t.Context(), fmt.Sprintf("localhost:%d", taken.Port), "--idp-addr")
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d", taken.Port)) || !strings.Contains(err.Error(), "--idp-addr") {
		t.Errorf("got %v", err)
	}
}

func TestPortTakenOnOneLoopbackAddressOnly(t *testing.T) {
	v6, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here")
	}
	defer v6.Close()
	_, err = Listen(t.Context(), fmt.Sprintf("localhost:%d", v6.Addr().(*net.TCPAddr).Port), "--idp-addr")
	if err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("got %v", err)
	}
}

func TestWhereThisMachineReachesAListener(t *testing.T) {
	every := listen(t, ":0")
	if got, want := every.Local(), fmt.Sprintf("127.0.0.1:%d", every.Port); got != want || every.Loopback() {
		t.Errorf("local %s, want %s; loopback %v", got, want, every.Loopback())
	}
}

// start runs a site and returns its URL and what stops it; stopping returns what Run returned.
func start(t *testing.T, handler http.HandlerFunc) (string, func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := listen(t, "localhost:0")
	result := make(chan error, 1)
	go func() { result <- Run(ctx, []Site{{Listener: l, Handler: handler}}, slog.New(slog.DiscardHandler)) }()
	return "http://" + l.Local(), func() error { cancel(); return <-result }
}

func TestRequestsUnderWayFinish(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	url, stop := start(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		if r.Context().Err() != nil {
			t.Error("the request's context ended while draining")
		}
		io.WriteString(w, "done")
	})
	body := make(chan string, 1)
	go func() {
		resp, err := http.Get(url)
		if err != nil {
			body <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		body <- string(text)
	}()
	select {
	case <-arrived:
	case early := <-body:
		t.Fatalf("the request did not arrive: %s", early)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	close(release)
	if got := <-body; got != "done" {
		t.Errorf("got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestOneSiteThatFailsEndsTheOthers(t *testing.T) {
	broken := listen(t, "localhost:0")
	broken.Close()
	sites := []Site{{Listener: broken, Handler: http.NotFoundHandler()}, {Listener: listen(t, "localhost:0"), Handler: http.NotFoundHandler()}}
	if err := Run(t.Context(), sites, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("Run must return why it stopped")
	}
}
