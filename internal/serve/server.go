package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// Limits of every server. A request of ours is small and quick; whoever is slower is broken or means harm.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 40 * time.Second // above the roles' own limit of 30 s, so that theirs can still answer
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10 // an authorization request with an id_token_hint in its URL is a few kilobytes
	drainTimeout      = 10 * time.Second
)

// Site is one origin: where it listens and who answers there.
type Site struct {
	Listener *Listener
	Handler  http.Handler
	TLS      *tls.Config // nil: http
}

// Run serves the sites until ctx ends, drains and returns nil. If one of them fails the others are drained too.
func Run(ctx context.Context, sites []Site, log *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, site := range sites {
		server := newServer(site, log)
		for _, socket := range site.Listener.sockets {
			group.Go(func() error { return serve(server, socket, site.TLS != nil) })
		}
		group.Go(func() error {
			<-ctx.Done()
			return drain(server, log)
		})
	}
	return group.Wait()
}

func newServer(site Site, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           site.Handler,
		TLSConfig:         site.TLS,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken connections: somebody else's trouble
	}
}

// serve is told whether to speak TLS, because a running server has a TLSConfig of its own either way.
func serve(server *http.Server, socket net.Listener, secure bool) error {
	var err error
	if secure {
		err = server.ServeTLS(socket, "", "")
	} else {
		err = server.Serve(socket)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving %s: %w", socket.Addr(), err)
}

// drain lets requests under way finish, and cuts off those that take longer than drainTimeout.
func drain(server *http.Server, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		log.Warn("some requests did not finish in time", "waited", drainTimeout)
		return server.Close()
	}
	return nil
}
