// Silent Renew serves an OpenID Provider, a companies API and a page that renews its access token silently.
package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"silentrenew/api"
	"silentrenew/db"
	"silentrenew/idp"
	"silentrenew/internal/admin"
	"silentrenew/internal/backchannel"
	"silentrenew/internal/config"
	"silentrenew/internal/declaration"
	"silentrenew/internal/event"
	"silentrenew/internal/eventlog"
	"silentrenew/internal/greeting"
	"silentrenew/internal/listing"
	"silentrenew/internal/localca"
	"silentrenew/internal/seal"
	"silentrenew/internal/serve"
	"silentrenew/spa"
)

// rememberedEvents is how many protocol steps a page that opens late can still see.
const rememberedEvents = 1000

func main() {
	ctx := untilSignal()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if signal, ok := errors.AsType[interrupted](context.Cause(ctx)); ok && errors.Is(err, context.Canceled) {
		os.Exit(signal.exitCode()) // before it was ready; what it had begun to write the database has taken back
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "silentrenew:", oneLine(err))
		if errors.Is(err, listing.ErrRowsLeftOut) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// interrupted is the cause of the end that a signal asks for.
type interrupted struct{ os.Signal }

func (i interrupted) Error() string { return i.String() }

// exitCode is the shells' convention for a program that a signal has ended: 130 after Ctrl-C.
func (i interrupted) exitCode() int {
	if number, ok := i.Signal.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return 1
}

// untilSignal returns a context that ends with the first signal, which drains; a second one kills.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received := <-signals
		signal.Stop(signals)
		cancel(interrupted{received})
	}()
	return ctx
}

// oneLine is the error as people see it: one line, except that a file with several faults has them named line by line.
func oneLine(err error) string {
	if problems, ok := errors.AsType[*declaration.Problems](err); ok {
		return problems.Error()
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// run is the program: it serves until ctx ends and returns nil, or says in one line why it cannot.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	if len(args) > 0 && args[0] == "companies" {
		return listing.Command(ctx, args[1:], getenv, stdout, stderr)
	}
	if admin.Asked(args) {
		return admin.Command(ctx, args, getenv, os.Stdin, stdout, stderr)
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return admin.NoCommand(args[0])
	}
	cfg, err := config.Parse(args, getenv, stdout)
	if errors.Is(err, config.ErrDone) {
		return nil
	} else if err != nil {
		return err
	}
	serve.CollectLess(getenv)
	signal.Ignore(syscall.SIGPIPE) // the log's reader may go, as a collector that is restarted does; we stay
	log := eventlog.New(stderr, cfg.LogFormat, cfg.LogLevel)
	slog.SetDefault(log.Logger)
	bus := event.NewBus(rememberedEvents)
	defer eventlog.Follow(bus, log)()

	named, err := readNamed(cfg)
	if err != nil {
		return err
	}

	// Listening comes first: nothing is created when a port is taken, and the public URLs follow from the ports.
	doors, err := serve.ListenAll(ctx, cfg.Addresses())
	if err != nil {
		return err
	}
	defer doors.Close()
	urls := cfg.URLs(doors.Port)

	store, err := openDatabase(ctx, cfg, urls, named)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	authority, err := openAuthority(cfg, urls, doors)
	if err != nil {
		return err
	}
	client, err := backchannel.New(authority.Roots(), routes(cfg, urls, doors))
	if err != nil {
		return err
	}
	handlers, provider, err := newHandlers(ctx, cfg, urls, named, store, bus, client)
	if err != nil {
		return err
	}
	hello := greeting.Greeting{Config: cfg, URLs: urls, Store: store, Authority: authority}
	hello.Warn(ctx, log.Logger, doors.OpenToOthers())
	if err := hello.Print(ctx, stdout); err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.Run(ctx, doors.Sites(handlers, authority.TLS()), log.Logger) })
	group.Go(func() error { return store.KeepClean(ctx, log.Logger) })
	if provider != nil {
		defer provider.Close() // after the last request, and before the database closes
		group.Go(func() error { return provider.Run(ctx, log.Logger) })
	}
	return group.Wait()
}

// openDatabase opens and migrates the database. Where the provider or the API is served it also seeds it and writes the options that
// the command line gives; the front end keeps nothing but sessions.
func openDatabase(ctx context.Context, cfg config.Config, urls config.URLs, named named) (*db.DB, error) {
	store, err := db.Open(ctx, cfg.Database)
	if err != nil {
		return nil, err
	}
	if !cfg.Serves(config.IDP) && !cfg.Serves(config.API) {
		return store, nil
	}
	seed := db.SeedURLs{Declared: !named.declared.Seed, SPA: urls.SPA, API: urls.API, NoCompanies: !cfg.Serves(config.API), Companies: listing.Embedded}
	if seed.Declared && !cfg.Serves(config.API) {
		seed.API = ""
	}
	_, err = store.Seed(ctx, seed)
	for name, value := range cfg.Options() {
		err = errors.Join(err, store.SetOption(ctx, name, value))
	}
	if err == nil && cfg.Serves(config.IDP) {
		err = applyDeclaration(ctx, named, store)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// named is what the configuration names, read before anything is created.
type named struct {
	declared *declaration.File // the file of --config; without one it declares nothing
	sealer   *seal.Sealer      // encrypts secrets at rest, nil without a key
	roots    *x509.CertPool    // of --outgoing-ca
}

func readNamed(cfg config.Config) (n named, err error) {
	if n.sealer, err = seal.New(cfg.EncryptionKeys...); err != nil {
		return n, fmt.Errorf("%s: %w", config.EncryptionKeyVariable, err)
	}
	if n.roots, err = authorities(cfg.OutgoingCA); err != nil {
		return n, err
	}
	n.declared = &declaration.File{Seed: true}
	if cfg.File != "" {
		n.declared, err = declaration.Read(cfg.File)
	}
	return n, err
}

// applyDeclaration brings the database to what the file says, and logs what that changed.
func applyDeclaration(ctx context.Context, named named, store *db.DB) error {
	done, err := named.declared.Apply(ctx, store, named.sealer)
	for _, warning := range done.Warnings {
		slog.Warn(warning)
	}
	if len(done.Added)+len(done.Changed) > 0 {
		slog.Info("declared: "+done.String(), "added", done.Added, "changed", done.Changed)
	}
	return err
}

// newHandlers builds the roles served here, each knowing the others by their public URLs only. The provider is nil when it is
// not among them.
func newHandlers(ctx context.Context, cfg config.Config, urls config.URLs, named named, store *db.DB, bus *event.Bus, client *http.Client) (handlers map[string]http.Handler, provider *idp.Provider, err error) {
	lab := cfg.Lab(urls)
	handlers = map[string]http.Handler{}
	if cfg.Serves(config.IDP) {
		provider, err = idp.New(idp.Config{
			Issuer: urls.IDP, Lab: lab, TrustedProxies: cfg.TrustedProxies, Sealer: named.sealer,
			InsecurePrivateNetwork: cfg.OutgoingPrivate, Roots: named.roots,
			Registration: idp.Registration(cfg.Registration), InitialAccessToken: cfg.RegistrationToken,
		}, store, bus)
		if err != nil {
			return nil, nil, err
		}
		handlers[config.IDP] = provider
	}
	if cfg.Serves(config.API) {
		handlers[config.API], err = api.New(api.Config{
			Issuer: urls.IDP, URL: urls.API, AllowedOrigins: []string{urls.SPA}, HTTPClient: client, Lab: lab,
		}, store, bus)
		if err != nil {
			return nil, nil, err
		}
	}
	if cfg.Serves(config.SPA) {
		handlers[config.SPA], err = spa.New(spa.Config{
			URL: urls.SPA, Authority: urls.IDP, APIURL: urls.API, HTTPClient: client, Lab: lab, Draining: ctx.Done(),
			BFF: spa.BFFConfig{Secret: cfg.BFFSecret, Records: store},
		}, bus)
		if err != nil {
			return nil, nil, err
		}
	}
	if cfg.SingleOrigin != "" {
		handlers[config.SingleOrigin] = singleOrigin(handlers)
	}
	return handlers, provider, nil
}

// singleOrigin serves all roles below one URL, for tunnels and cloud workspaces that give us one.
func singleOrigin(handlers map[string]http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/idp/", handlers[config.IDP])
	mux.Handle("/idp", handlers[config.IDP])
	mux.Handle("/.well-known/oauth-authorization-server/idp", handlers[config.IDP]) // RFC 8414 §3.1
	mux.Handle("/api/", handlers[config.API])
	mux.Handle("/", handlers[config.SPA])
	return mux
}

// routes says by which address this process reaches the public origin of a role: through its own door when it serves the
// role, because a proxy or a tunnel in front of us may not let us in from behind.
func routes(cfg config.Config, urls config.URLs, doors serve.Doors) map[string]string {
	table := cfg.InternalURLs(urls)
	scheme := "http://"
	if cfg.TLS {
		scheme = "https://"
	}
	for role, public := range map[string]string{config.IDP: urls.IDP, config.API: urls.API} {
		listener, ok := doors[role]
		if cfg.SingleOrigin != "" {
			listener, ok = doors[config.SingleOrigin]
		}
		if ok {
			table[config.Origin(public)] = scheme + listener.Local()
		}
	}
	return table
}

// openAuthority returns the local certificate authority for every host of ours, or nil when we speak plain http.
func openAuthority(cfg config.Config, urls config.URLs, doors serve.Doors) (*localca.Authority, error) {
	if !cfg.TLS {
		return nil, nil
	}
	var hosts []string
	for _, public := range []string{urls.IDP, urls.API, urls.SPA} {
		if u, err := url.Parse(public); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	for _, listener := range doors {
		host, _, _ := net.SplitHostPort(listener.Local()) // by which routes reaches it
		hosts = append(hosts, host)
	}
	return localca.Open(cfg.TLSDir, hosts)
}

// authorities returns the system's certificate authorities and those of a PEM file; nil, which means the system's, without one.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	certificates, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--outgoing-ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(certificates) {
		return nil, fmt.Errorf("--outgoing-ca: %s has no certificate in PEM", file)
	}
	return pool, nil
}
