//go:build unix

package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/idp"
	"silentrenew/internal/event"
	"silentrenew/internal/eventlog"
	"silentrenew/internal/serve"
)

// The environment of the provider's process.
const (
	folderVariable   = "SILENTRENEW_BENCH_FOLDER"   // for the log and the database files
	databaseVariable = "SILENTRENEW_BENCH_DATABASE" // as --db has it
)

// order is one line from the load generator; report is the line it gets back.
type (
	order struct {
		Do    string // "cpu", "signatures", "writes", "profile"
		Times int
		Alg   string // of the ID token: "ES256" or "RS256"
		File  string
	}
	report struct {
		CPU              time.Duration // of the process until now, or what the order took
		Error            string
		Issuer           string // the provider
		Bare, BareGinURL string // the handlers to compare with
	}
)

// serveBench is main without its flags: a seeded database, the log, the provider. Beside it stand two bare handlers. It
// takes orders until standard input ends.
func serveBench(folder, database string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	serve.CollectLess(os.Getenv)
	logFile, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return err
	}
	defer logFile.Close()
	log := eventlog.New(logFile, "auto", slog.LevelInfo)
	slog.SetDefault(log.Logger)
	bus := event.NewBus(1000)
	defer eventlog.Follow(bus, log)()

	store, err := db.Open(ctx, database)
	if err != nil {
		return err
	}
	defer store.Close()
	if _, err := store.Seed(ctx, db.SeedURLs{SPA: "http://localhost:4200"}); err != nil {
		return err
	}
	for _, client := range benchClients() {
		if err := store.InsertClient(ctx, client); err != nil {
			return err
		}
	}
	doors := make([]*serve.Listener, 3)
	addresses := make([]string, len(doors))
	for i := range doors {
		if doors[i], err = serve.Listen(ctx, "127.0.0.1:0", "--addr"); err != nil {
			return err
		}
		addresses[i] = fmt.Sprintf("http://127.0.0.1:%d", doors[i].Port)
	}
	provider, err := idp.New(idp.Config{Issuer: addresses[0]}, store, bus)
	if err != nil {
		return err
	}
	floor, err := openFloor(ctx, folder, database)
	if err != nil {
		return err
	}
	sites := []serve.Site{
		{Listener: doors[0], Handler: provider},
		{Listener: doors[1], Handler: http.HandlerFunc(floor.serve)},
		{Listener: doors[2], Handler: bareGin(addresses[0])},
	}
	done := make(chan error, 1)
	go func() { done <- serve.Run(ctx, sites, log.Logger) }()

	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(report{Issuer: addresses[0], Bare: addresses[1], BareGinURL: addresses[2]}); err != nil {
		return err
	}
	for in := json.NewDecoder(os.Stdin); ; {
		var do order
		if in.Decode(&do) != nil {
			cancel()
			return <-done
		}
		if err := out.Encode(floor.obey(ctx, do)); err != nil {
			return err
		}
	}
}

// obey carries out one order.
func (f *floor) obey(ctx context.Context, do order) (answer report) {
	var err error
	began := processorTime()
	switch do.Do {
	case "cpu":
		return report{CPU: began}
	case "signatures":
		err = f.sign(do.Alg, do.Times)
	case "writes":
		err = f.write(ctx, do.Times)
	case "profile":
		err = f.profile(do.File)
	}
	if err != nil {
		return report{Error: err.Error()}
	}
	return report{CPU: processorTime() - began}
}

// profile writes a CPU profile to the file until it is called with "".
func (f *floor) profile(file string) error {
	if file == "" {
		pprof.StopCPUProfile()
		return f.profileTo.Close()
	}
	var err error
	if f.profileTo, err = os.Create(file); err != nil {
		return err
	}
	return pprof.StartCPUProfile(f.profileTo)
}

// processorTime is what this process has used so far, all threads, user and system.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Answers of the lengths of ours, for the bare handler.
const (
	locationLength = 260
	tokensLength   = 1750
	claimsLength   = 170
)

// serve is the bare handler: it reads what a client sends and answers as long as the provider does. These are the round trips. Below
// a path made by laden it does the rest of the unavoidable work, too.
func (f *floor) serve(w http.ResponseWriter, r *http.Request) {
	load, path := unladen(r.URL.Path)
	h := w.Header()
	var err error
	switch path {
	case "/connect/authorize":
		if load.writes {
			err = f.store(r.Context())
		}
		h["Location"] = []string{bareLocation}
		w.WriteHeader(http.StatusFound)
	case "/connect/token":
		err = errors.Join(r.ParseForm(), f.carry(r.Context(), load))
		h["Content-Type"] = []string{"application/json; charset=utf-8"}
		_, _ = w.Write(bareTokens)
	default:
		h["Content-Type"] = []string{"application/json; charset=utf-8"}
		_, _ = w.Write(bareClaims)
	}
	if err != nil {
		panic(err) // ends the connection, and with it the benchmark
	}
}

// bareGin answers with the very bytes of the provider's documents, from a gin engine without any middleware.
func bareGin(issuer string) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	for _, path := range []string{discoveryPath, jwksPath} {
		var document []byte
		engine.GET(path, func(c *gin.Context) {
			if document == nil { // the first request comes before any others and before the clock starts
				document = fetch(issuer + path)
			}
			c.Data(http.StatusOK, "application/json; charset=utf-8", document)
		})
	}
	return engine
}

// benchClients are the clients the seed lacks: one whose ID tokens are signed with ES256, and one with refresh tokens.
func benchClients() []db.Client {
	es256 := db.NewClient("bench-es256")
	es256.RequireClientSecret = false
	es256.AllowedIdentityTokenSigningAlgorithms = "ES256"
	es256.GrantTypes = []string{"authorization_code", "refresh_token"}
	es256.RedirectURIs = []string{callback}
	es256.CORSOrigins = []string{"http://localhost:4200"}
	es256.AllowOfflineAccess = true
	es256.Scopes = []string{"openid", "profile", "companyApi"}
	return []db.Client{es256}
}

// openPool opens what the floor writes to: SQLite with the provider's settings, or the same PostgreSQL database.
func openPool(folder, database string) (*sql.DB, string, error) {
	if filepath.Ext(database) == ".db" {
		pool, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "floor.db")+
			"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=wal_autocheckpoint(4000)&_txlock=immediate")
		return pool, "?", err
	}
	pool, err := sql.Open("pgx", database)
	return pool, "$", err
}
