package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// Listener is one address of ours, which for "localhost" is two sockets on one port.
type Listener struct {
	Port    int
	sockets []net.Listener
}

// Listen opens addr (host:port, port 0 for any). flag names the flag that changes it, for the error message.
func Listen(ctx context.Context, addr, flag string) (*Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s %q must be host:port", flag, addr)
	}
	for range anyPortAttempts {
		var l *Listener
		l, err = open(ctx, host, port)
		if err == nil {
			return l, nil
		}
		if port != "0" || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %s on %s is taken: stop the program that uses it, or choose another with %s", port, hostWords(host), flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %s needs more rights than this user has: choose one above 1023 with %s", port, flag)
	}
	return nil, fmt.Errorf("cannot listen on %s: %w (change it with %s)", addr, err, flag)
}

// anyPortAttempts is how often we ask for any port until one is free on both loopback addresses.
const anyPortAttempts = 10

func open(ctx context.Context, host, port string) (*Listener, error) {
	if host != "localhost" {
		socket, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err != nil {
			return nil, err
		}
		return newListener(socket), nil
	}
	v4, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	l := newListener(v4)
	v6, err := new(net.ListenConfig).Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(l.Port)))
	switch {
	case err == nil:
		l.sockets = append(l.sockets, v6)
	case errors.Is(err, syscall.EADDRINUSE):
		l.Close()
		return nil, err
	} // else this machine has no IPv6, and nobody will try it
	return l, nil
}

func newListener(socket net.Listener) *Listener {
	return &Listener{Port: socket.Addr().(*net.TCPAddr).Port, sockets: []net.Listener{socket}}
}

// Local returns host:port by which this machine reaches the listener.
func (l *Listener) Local() string {
	addr := l.sockets[0].Addr().(*net.TCPAddr).AddrPort()
	ip := addr.Addr().Unmap()
	if ip.IsUnspecified() {
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrPortFrom(ip, addr.Port()).String()
}

// Loopback reports whether only this machine can reach the listener.
func (l *Listener) Loopback() bool {
	return l.sockets[0].Addr().(*net.TCPAddr).AddrPort().Addr().Unmap().IsLoopback()
}

// Close closes what Run has not closed already.
func (l *Listener) Close() {
	for _, socket := range l.sockets {
		_ = socket.Close() // closing twice is no failure
	}
}

func hostWords(host string) string {
	if host == "" {
		return "this machine"
	}
	return host
}
