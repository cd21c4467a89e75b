package main

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"silentrenew/api"
	"silentrenew/db"
	"silentrenew/idp"
	"silentrenew/internal/config"
	"silentrenew/internal/event"
	"silentrenew/internal/localca"
	"silentrenew/internal/serve"
	"silentrenew/spa"
)

// doors are the addresses we listen on, by the name of the role behind them.
type doors map[string]*serve.Listener

func listen(ctx context.Context, cfg config.Config) (doors, error) {
	open := doors{}
	for _, address := range cfg.Addresses() {
		listener, err := serve.Listen(ctx, address.Addr, address.Flag)
		if err != nil {
			open.close()
			return nil, err
		}
		open[address.Name] = listener
	}
	return open, nil
}

func (d doors) close() {
	for _, listener := range d {
		listener.Close()
	}
}

// port returns the port of a door, 0 when it is not ours.
func (d doors) port(name string) int {
	if listener, ok := d[name]; ok {
		return listener.Port
	}
	return 0
}

// openToOthers reports whether other machines can reach one of the doors.
func (d doors) openToOthers() bool {
	for _, listener := range d {
		if !listener.Loopback() {
			return true
		}
	}
	return false
}

// sites puts a handler behind every door.
func (d doors) sites(handlers map[string]http.Handler, authority *localca.Authority) []serve.Site {
	var sites []serve.Site
	for name, listener := range d {
		sites = append(sites, serve.Site{Listener: listener, Handler: handlers[name], TLS: authority.TLS()})
	}
	return sites
}

// newHandlers builds the roles served here, each knowing the others by their public URLs only.
func newHandlers(ctx context.Context, cfg config.Config, urls config.URLs, store *db.DB, bus *event.Bus, client *http.Client) (map[string]http.Handler, error) {
	lab := cfg.Lab(urls)
	handlers := map[string]http.Handler{}
	var err error
	if cfg.Serves(config.IDP) {
		handlers[config.IDP], err = idp.New(idp.Config{Issuer: urls.IDP, Lab: lab, TrustedProxies: cfg.TrustedProxies}, store, bus)
		if err != nil {
			return nil, err
		}
	}
	if cfg.Serves(config.API) {
		handlers[config.API], err = api.New(api.Config{
			Issuer: urls.IDP, URL: urls.API, AllowedOrigins: []string{urls.SPA}, HTTPClient: client, Lab: lab,
		}, store, bus)
		if err != nil {
			return nil, err
		}
	}
	if cfg.Serves(config.SPA) {
		handlers[config.SPA], err = spa.New(spa.Config{
			URL: urls.SPA, Authority: urls.IDP, APIURL: urls.API, HTTPClient: client, Lab: lab, Draining: ctx.Done(),
		}, bus)
		if err != nil {
			return nil, err
		}
	}
	if cfg.SingleOrigin != "" {
		handlers[config.SingleOrigin] = singleOrigin(handlers)
	}
	return handlers, nil
}

// singleOrigin serves all roles below one URL, for tunnels and cloud workspaces that give us one.
func singleOrigin(handlers map[string]http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/idp/", handlers[config.IDP])
	mux.Handle("/idp", handlers[config.IDP])
	mux.Handle("/api/", handlers[config.API])
	mux.Handle("/", handlers[config.SPA])
	return mux
}

// routes says by which address this process reaches the public origin of a role: through its own door when it serves the
// role, because a proxy or a tunnel in front of us may not let us in from behind.
func routes(cfg config.Config, urls config.URLs, open doors) map[string]string {
	table := cfg.InternalURLs(urls)
	scheme := "http://"
	if cfg.TLS {
		scheme = "https://"
	}
	for role, public := range map[string]string{config.IDP: urls.IDP, config.API: urls.API} {
		listener, ok := open[role]
		if cfg.SingleOrigin != "" {
			listener, ok = open[config.SingleOrigin]
		}
		if ok {
			table[config.Origin(public)] = scheme + listener.Local()
		}
	}
	return table
}

// openAuthority returns the local certificate authority for every host of ours, or nil when we speak plain http.
func openAuthority(cfg config.Config, urls config.URLs, open doors) (*localca.Authority, error) {
	if !cfg.TLS {
		return nil, nil
	}
	var hosts []string
	for _, public := range []string{urls.IDP, urls.API, urls.SPA} {
		if u, err := url.Parse(public); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	for _, listener := range open {
		host, _, _ := net.SplitHostPort(listener.Local()) // by which routes reaches it
		hosts = append(hosts, host)
	}
	return localca.Open(cfg.TLSDir, hosts)
}
