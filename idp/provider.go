package idp

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/rs/cors"

	"silentrenew/db"
	"silentrenew/internal/dpop"
	"silentrenew/internal/event"
	"silentrenew/internal/keyring"
	"silentrenew/internal/seal"
)

// Config is what the provider is told once, when it starts.
type Config struct {
	// Issuer is the issuer identifier (OIDC Discovery §3): an http or https URL without query, fragment or trailing slash.
	// A path is allowed; every endpoint and cookie then lives below it.
	Issuer string

	// Lab lets a learner on this machine change lifetimes from the page and lets error pages name registered values.
	// It must be off on a provider that strangers can reach.
	Lab bool

	// TrustedProxies are the addresses or CIDR ranges of reverse proxies whose X-Forwarded-For says where a login attempt
	// comes from. Without any the connection itself says it.
	TrustedProxies []string

	// InsecurePrivateNetwork lets the provider call clients' servers at any address, private ones included, and by plain
	// http. Without it they must be public and have https; in Lab mode this machine may be called too.
	InsecurePrivateNetwork bool

	// Registration says who may register clients over the network; the zero value is nobody.
	Registration Registration

	// InitialAccessToken is one that lets its bearer register clients, beside those in the database; "" for none.
	InitialAccessToken string

	// Roots are the certificate authorities that clients' servers are believed by; nil means the system's.
	Roots *x509.CertPool

	// Sealer encrypts at rest what must be read again: private keys. Nil leaves them in clear.
	Sealer *seal.Sealer
}

// Provider is the OpenID Provider: the authorization server of RFC 6749 §1.1. It is safe for concurrent use.
type Provider struct {
	issuer     string   // byte for byte what discovery and the iss claim say
	base       *url.URL // the issuer, parsed
	lab        bool
	db         *db.DB
	bus        *event.Bus
	keys       *keys
	discovered atomic.Pointer[document] // what discovery answered last
	sealer     *seal.Sealer             // nil: nothing is encrypted at rest

	proofs             *dpop.Checker
	published          *publishedKeys // of clients
	inClear            sync.Map       // client_ids whose secret lies in clear and was told of
	outgoing           *outgoing      // calls to clients' servers
	registration       Registration
	initialAccessToken string // hash
	trustedProxies     []string
	calls              sync.WaitGroup // to clients' servers, which nobody waits for but Close
	comparisons        chan struct{}  // a slot for each password comparison that may run at once

	origins, labOrigins, anyOrigin *cors.Cors // which pages' scripts may call, see cors.go

	handler http.Handler
}

// New returns the provider. It creates signing keys when the database has none. The caller serves it, calls Run beside that,
// and Close after the last request.
func New(cfg Config, store *db.DB, bus *event.Bus) (*Provider, error) {
	base, err := parseIssuer(cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer %q: %w", cfg.Issuer, err)
	}
	if err := cfg.Registration.check(); err != nil {
		return nil, err
	}
	keys, err := openKeys(store, keyring.New(store, cfg.Sealer), bus)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	p := &Provider{issuer: cfg.Issuer, base: base, lab: cfg.Lab, db: store, bus: bus, keys: keys, sealer: cfg.Sealer,
		proofs:       dpop.NewChecker(store, event.RoleIDP),
		outgoing:     newOutgoing(cfg.Lab, cfg.InsecurePrivateNetwork, cfg.Roots),
		registration: cfg.Registration, trustedProxies: cfg.TrustedProxies, comparisons: make(chan struct{}, runtime.NumCPU())}
	if cfg.InitialAccessToken != "" {
		p.initialAccessToken = sessionKey(cfg.InitialAccessToken)
	}
	p.published = newPublishedKeys(p.outgoing, bus)
	if err := p.newEngine().SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	p.origins, p.labOrigins, p.anyOrigin = cors.New(p.corsPolicy()), cors.New(p.labPolicy()), cors.New(p.openPolicy())
	p.handler = p.protect(p.routes())
	return p, nil
}

// ServeHTTP implements [http.Handler].
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// routes is the table of contents of the provider.
func (p *Provider) routes() http.Handler {
	engine := p.newEngine()
	r := engine.Group(p.base.Path)

	// Documents: OIDC Discovery §4, RFC 8414 §3, RFC 7517 §5.
	r.GET("/.well-known/openid-configuration", p.cors, p.handle("discovery", p.discovery))
	engine.GET(p.metadataPath(), p.cors, p.handle("discovery", p.discovery))
	r.GET("/.well-known/openid-configuration/jwks", p.cors, p.handle("jwks", p.jwks))

	// Front channel: the user's browser comes here. OIDC Core §3.1.2, RP-Initiated Logout §2, Session Management §3.2.
	r.GET("/connect/authorize", p.handle("authorize", p.authorize))
	r.POST("/connect/authorize", p.handle("authorize", p.authorizeByPost))
	r.GET("/connect/authorize/callback", p.handle("authorize", p.authorizeCallback))
	r.GET("/connect/endsession", p.handle("endsession", p.endSession))
	r.POST("/connect/endsession", p.handle("endsession", p.endSession))
	r.GET("/connect/checksession", p.handle("checksession", p.checkSession))

	// The provider's own pages.
	r.GET("/", p.handle("home", p.home))
	if p.base.Path != "" {
		r.GET("", p.handle("home", p.home)) // the issuer as people type it, and as path("/") writes it
	}
	r.GET("/account/login", p.handle("login.form", p.loginForm))
	r.POST("/account/login", p.handle("login", p.login))
	r.GET("/consent", p.handle("consent.form", p.consentForm))
	r.POST("/consent", p.handle("consent", p.consent))
	r.GET("/account/logout", p.handle("logout.form", p.endSession))
	r.POST("/account/logout", p.handle("endsession", p.logout))
	r.GET(devicePath, p.handle("device.form", p.deviceForm))
	r.POST(devicePath, p.handle("device", p.device))

	// Back channel: the client's script or server comes here. RFC 9126, OIDC Core §3.1.3 and §5.3, RFC 7009, RFC 7662, RFC 8628.
	r.POST("/connect/par", p.cors, p.handle("par", p.pushAuthorizationRequest))
	r.POST("/connect/token", p.cors, p.handle("token", p.token))
	r.GET("/connect/userinfo", p.cors, p.handle("userinfo", p.userInfo))
	r.POST("/connect/userinfo", p.cors, p.handle("userinfo", p.userInfo))
	r.POST("/connect/revocation", p.cors, p.handle("revocation", p.revocation))
	r.POST("/connect/introspect", p.handle("introspect", p.introspection))
	r.POST("/connect/deviceauthorization", p.handle("deviceauthorization", p.deviceAuthorization))

	// Registration: OIDC Registration §3, RFC 7591, RFC 7592.
	r.POST(registrationPath, p.openCORS, p.handle("registration", p.register))
	r.GET(registrationPath+"/:client_id", p.openCORS, p.handle("registration.read", p.readRegistration))
	r.PUT(registrationPath+"/:client_id", p.openCORS, p.handle("registration.update", p.updateRegistration))
	r.DELETE(registrationPath+"/:client_id", p.openCORS, p.handle("registration.delete", p.deleteRegistration))
	r.OPTIONS(registrationPath, p.openCORS)
	r.OPTIONS(registrationPath+"/:client_id", p.openCORS)
	for _, endpoint := range corsEndpoints {
		r.OPTIONS(endpoint, p.cors)
	}
	engine.OPTIONS(p.metadataPath(), p.cors)

	r.GET("/healthz", p.healthz)
	r.GET("/static/*file", gin.WrapH(p.static()))
	if p.lab {
		p.labRoutes(r)
	}
	engine.NoRoute(p.handle("notfound", p.notFound))
	engine.NoMethod(p.handle("notfound", p.methodNotAllowed))
	return engine
}

// newEngine returns a gin engine that follows no path but the exact one.
func (p *Provider) newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	_ = engine.SetTrustedProxies(p.trustedProxies) // New has tried it
	return engine
}

// alone returns a handler outside the routes that answers every request the same way.
func (p *Provider) alone(kind string, h handler) http.Handler {
	engine := p.newEngine()
	engine.NoRoute(p.handle(kind, h))
	return engine
}

// path returns a path of this provider as a browser sees it, below the issuer's own path.
func (p *Provider) path(local string) string { return path.Join("/", p.base.Path, local) }

// url returns an absolute URL of this provider.
func (p *Provider) url(local string) string { return p.issuer + local }

// secure reports whether browsers reach the provider by https.
func (p *Provider) secure() bool { return p.base.Scheme == "https" }

// pathCharacters are those of a path that means the same to a browser, a cookie and a router.
const pathCharacters = "/-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func parseIssuer(issuer string) (*url.URL, error) {
	u, err := url.Parse(issuer)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must be an http or https URL")
	case u.Host == "":
		return nil, errors.New("must name a host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must not have a query or a fragment (OIDC Discovery §3)")
	case u.Path == "/" || len(u.Path) > 1 && u.Path[len(u.Path)-1] == '/':
		return nil, errors.New("must not end in a slash: clients compare it byte for byte")
	case u.User != nil:
		return nil, errors.New("must not have a user")
	case strings.ContainsFunc(u.Path, func(r rune) bool { return !strings.ContainsRune(pathCharacters, r) }):
		return nil, errors.New("may have letters, digits, '/', '-', '.', '_' and '~' in its path")
	}
	return u, nil
}

// requestTimeout bounds what one request may cost us, database waits included.
const requestTimeout = 30 * time.Second
