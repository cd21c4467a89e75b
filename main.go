// Silent Renew serves an OpenID Provider, a companies API and a page that renews its access token silently.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/internal/backchannel"
	"silentrenew/internal/config"
	"silentrenew/internal/event"
	"silentrenew/internal/eventlog"
	"silentrenew/internal/greeting"
	"silentrenew/internal/serve"
)

// rememberedEvents is how many protocol steps a page that opens late can still see.
const rememberedEvents = 1000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal drains, a second one kills
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "silentrenew:", strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}

// run is the program: it serves until ctx ends and returns nil, or says in one line why it cannot.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	cfg, err := config.Parse(args, getenv, stdout)
	if errors.Is(err, config.ErrDone) {
		return nil
	} else if err != nil {
		return err
	}
	log := eventlog.New(stderr, cfg.LogFormat, cfg.LogLevel)
	slog.SetDefault(log.Logger)
	bus := event.NewBus(rememberedEvents)
	defer eventlog.Follow(bus, log)()

	// Listening comes first: nothing is created when a port is taken, and the public URLs follow from the ports.
	doors, err := listen(ctx, cfg)
	if err != nil {
		return err
	}
	defer doors.close()
	urls := cfg.URLs(doors.port)

	store, err := openDatabase(ctx, cfg, urls)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
	}

	authority, err := openAuthority(cfg, urls, doors)
	if err != nil {
		return err
	}
	client, err := backchannel.New(authority.Roots(), routes(cfg, urls, doors))
	if err != nil {
		return err
	}
	handlers, err := newHandlers(ctx, cfg, urls, store, bus, client)
	if err != nil {
		return err
	}
	hello := greeting.Greeting{Config: cfg, URLs: urls, Store: store, Authority: authority}
	hello.Warn(ctx, log.Logger, doors.openToOthers())
	if err := hello.Print(ctx, stdout); err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.Run(ctx, doors.sites(handlers, authority), log.Logger) })
	if store != nil {
		group.Go(func() error { return cleanUp(ctx, store, log.Logger) })
	}
	return group.Wait()
}

// openDatabase opens, migrates and seeds the database, and writes the options that the command line gives. It returns nil
// when no role that is served here keeps anything.
func openDatabase(ctx context.Context, cfg config.Config, urls config.URLs) (*db.DB, error) {
	if !cfg.Serves(config.IDP) && !cfg.Serves(config.API) {
		return nil, nil
	}
	store, err := db.Open(ctx, cfg.Database)
	if err != nil {
		return nil, err
	}
	_, err = store.Seed(ctx, db.SeedURLs{SPA: urls.SPA})
	for name, value := range cfg.Options() {
		err = errors.Join(err, store.SetOption(ctx, name, value))
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// How often expired rows are removed, and how many at a time: IdentityServer's TokenCleanupInterval and -BatchSize.
const (
	cleanUpInterval  = 3600 * time.Second
	cleanUpBatchSize = 100
)

// cleanUp removes what has expired, now and then, until ctx ends. A database that is busy or away is tried again later.
func cleanUp(ctx context.Context, store *db.DB, log *slog.Logger) error {
	tick := time.NewTicker(cleanUpInterval)
	defer tick.Stop()
	for {
		removed, err := store.Cleanup(ctx, time.Now(), cleanUpBatchSize)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.Warn("could not remove expired rows", "error", err)
		case removed > 0:
			log.Debug("removed expired rows", "rows", removed)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
