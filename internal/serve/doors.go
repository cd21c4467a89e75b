package serve

import (
	"context"
	"crypto/tls"
	"net/http"

	"silentrenew/internal/config"
)

// Doors are the addresses we listen on, by the name of what is behind them.
type Doors map[string]*Listener

// ListenAll opens all addresses, or none.
func ListenAll(ctx context.Context, addresses []config.Address) (Doors, error) {
	doors := Doors{}
	for _, address := range addresses {
		listener, err := Listen(ctx, address.Addr, address.Flag)
		if err != nil {
			doors.Close()
			return nil, err
		}
		doors[address.Name] = listener
	}
	return doors, nil
}

// Close closes what Run has not closed already.
func (d Doors) Close() {
	for _, listener := range d {
		listener.Close()
	}
}

// Port returns the port of a door, 0 when it is not ours.
func (d Doors) Port(name string) int {
	if listener, ok := d[name]; ok {
		return listener.Port
	}
	return 0
}

// OpenToOthers reports whether other machines can reach one of the doors.
func (d Doors) OpenToOthers() bool {
	for _, listener := range d {
		if !listener.Loopback() {
			return true
		}
	}
	return false
}

// Sites puts a handler behind every door. certificates is nil for http.
func (d Doors) Sites(handlers map[string]http.Handler, certificates *tls.Config) []Site {
	var sites []Site
	for name, listener := range d {
		sites = append(sites, Site{Listener: listener, Handler: handlers[name], TLS: certificates})
	}
	return sites
}
