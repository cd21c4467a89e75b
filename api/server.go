package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/rs/cors"

	"silentrenew/db"
	"silentrenew/internal/dpop"
	"silentrenew/internal/event"
)

// Config is what the API is told once, when it starts.
type Config struct {
	// Issuer is the issuer identifier of the provider whose tokens are accepted, byte for byte.
	Issuer string

	// URL is where clients reach this API; its paths begin with /api.
	URL string

	// Audience or URL must be among the audiences of a token (RFC 9068 §4, RFC 8707 §2). Empty means "companyApi".
	Audience string

	// Scope is the scope value a token must carry. Empty means the same word as Audience.
	Scope string

	// AllowedOrigins are the origins whose pages may read our answers.
	AllowedOrigins []string

	// HTTPClient reaches the provider. Nil means a client with time-outs.
	HTTPClient *http.Client

	// Leeway counts while the option Api.Leeway has no row.
	Leeway time.Duration

	// RequestsPerSecond is what one user of one client may ask in the long run. 0 means 50, a negative number no limit.
	RequestsPerSecond float64

	// Lab lets a learner on this machine change the leeway. It must be off where strangers can come.
	Lab bool
}

// API is the resource server. It is safe for concurrent use.
type API struct {
	cfg       Config
	host      string // of cfg.URL
	origin    string // of cfg.URL
	proofs    *dpop.Checker
	provider  *provider
	origins   *cors.Cors
	limiter   *rateLimiter
	reference func() (reference, error) // what openapi.go knows
	db        *db.DB
	bus       *event.Bus
}

// New returns the API's handler. It does not wait for the provider: that one may start later than we do.
func New(cfg Config, store *db.DB, bus *event.Bus) (http.Handler, error) {
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("api: issuer %q must be an absolute URL", cfg.Issuer)
	}
	own, err := url.Parse(cfg.URL)
	if err != nil || own.Host == "" {
		return nil, fmt.Errorf("api: URL %q must be an absolute URL", cfg.URL)
	}
	if cfg.Leeway < 0 {
		return nil, errors.New("api: leeway must not be negative")
	}
	if cfg.Audience == "" {
		cfg.Audience = "companyApi"
	}
	if cfg.Scope == "" {
		cfg.Scope = cfg.Audience
	}
	a := &API{
		cfg: cfg, host: own.Host, origin: own.Scheme + "://" + own.Host, proofs: dpop.NewChecker(store, event.RoleAPI), provider: newProvider(cfg.Issuer, cfg.HTTPClient), origins: newCORS(cfg.AllowedOrigins), db: store, bus: bus,
		limiter: newRateLimiter(cfg.RequestsPerSecond),
	}
	a.reference = a.newReference()
	return a.origins.Handler(headAsGet(a.routes())), nil // CORS outermost, so that errors can be read by the page too
}

// headAsGet lets HEAD in where GET is served (RFC 9110 §9.3.2); net/http drops the body.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.Clone(r.Context())
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// routes is the table of contents of the API.
func (a *API) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.RedirectTrailingSlash, r.HandleMethodNotAllowed = false, true

	for _, o := range a.operations() {
		r.Handle(o.method, o.route(), a.handle(a.protected(o.handler)))
	}
	r.GET("/api/openapi.json", a.handleQuietly(a.openAPI))
	r.GET("/api/docs", a.handleQuietly(a.docs))
	r.GET("/api/docs.css", a.handleQuietly(docsCSS))

	if a.cfg.Lab {
		r.GET("/api/lab/options", a.handleQuietly(a.ownHost(a.labOptions)))
		r.PATCH("/api/lab/options", a.handle(a.ownHost(a.changeLabOptions)))
	}
	r.GET("/healthz", a.handleQuietly(a.health))
	r.GET("/api/healthz", a.handleQuietly(a.health)) // where one origin serves all roles

	r.NoRoute(a.handle(notFound))
	r.NoMethod(a.handle(a.methodNotAllowed))
	return r
}

// preflightMaxAge is how long a browser may remember a preflight's answer, in seconds.
const preflightMaxAge = 600

// newCORS lets pages of the origins send an access token with its proof and a correlation id, and read why they were refused.
func newCORS(origins []string) *cors.Cors {
	options := cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", dpop.Header, "Content-Type", "If-Match", "If-None-Match", idempotencyKeyHeader, event.CorrelationHeader},
		ExposedHeaders: []string{"WWW-Authenticate", dpop.NonceHeader, "Retry-After", "Location", "ETag", "Link", event.CorrelationHeader},
		MaxAge:         preflightMaxAge,
	}
	if len(origins) == 0 { // for rs/cors an empty list means everybody
		options.AllowOriginFunc = func(string) bool { return false }
	}
	return cors.New(options)
}

// health serves GET /healthz: 200 while the API can work at all. A provider that is away is told, but is not our illness.
func (a *API) health(c *gin.Context) error {
	if err := a.db.Ping(c.Request.Context()); err != nil {
		return &Error{Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, Detail: "the database does not answer", cause: err}
	}
	c.JSON(http.StatusOK, gin.H{"status": "ok", "provider": a.provider.state()})
	return nil
}
