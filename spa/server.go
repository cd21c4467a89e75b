package spa

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"silentrenew/internal/event"
	"silentrenew/static"
)

// Config is what the front end is told once, when it starts.
type Config struct {
	URL       string // where browsers reach the front end, "http://localhost:4200"
	Authority string // issuer of the provider, byte for byte
	APIURL    string // root of the API without its /api, "http://localhost:5001"
	ClientID  string // "spa-client" when empty

	// HTTPClient calls the API. Nil means a client with time-outs.
	HTTPClient *http.Client

	// BFF is the front end's other client, whose tokens stay on the server.
	BFF BFFConfig

	// Lab lets a learner change lifetimes from the page and watch the bus. It must be off where strangers can come.
	Lab bool

	// Draining is closed when the server begins to shut down; event streams then end. Nil means never.
	Draining <-chan struct{}
}

// Server is the front end. It is safe for concurrent use.
type Server struct {
	cfg       Config
	url       *url.URL
	provider  *url.URL
	bus       *event.Bus
	files     *static.Files
	assets    assets
	api       *companiesClient
	workshop  *workshop
	settings  clientSettings
	policies  policies
	pageDoor  *pageEventDoor
	bff       *bff          // nil: tokens live in the browser or nowhere
	watchers  chan struct{} // one slot per open event stream
	shellJSON string        // what every page carries for its script
}

// maxWatchers bounds the event streams, each of which holds a connection.
const maxWatchers = 100

// New returns the front end's handler.
func New(cfg Config, bus *event.Bus) (http.Handler, error) {
	if cfg.ClientID == "" {
		cfg.ClientID = "spa-client"
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	}
	origins := make(map[string]*url.URL, 3)
	for name, address := range map[string]string{"URL": cfg.URL, "Authority": cfg.Authority, "APIURL": cfg.APIURL} {
		u, err := parseRoot(address)
		if err != nil {
			return nil, fmt.Errorf("spa: %s %q: %w", name, address, err)
		}
		origins[name] = u
	}
	cfg.URL, cfg.APIURL = strings.TrimSuffix(cfg.URL, "/"), strings.TrimSuffix(cfg.APIURL, "/")
	chapters, err := openWorkshop(strings.NewReplacer(
		"http://localhost:4200", cfg.URL, "http://localhost:5005", cfg.Authority, "http://localhost:5001", cfg.APIURL))
	if err != nil {
		return nil, fmt.Errorf("spa: workshop: %w", err)
	}
	files := static.New("/static")
	s := &Server{
		cfg: cfg, url: origins["URL"], provider: origins["Authority"], bus: bus, files: files, assets: newAssets(files),
		api: newCompaniesClient(cfg.APIURL, cfg.HTTPClient), workshop: chapters,
		settings: newClientSettings(cfg), policies: newPolicies(origins["Authority"], origins["APIURL"]),
		pageDoor: newPageEventDoor(), watchers: make(chan struct{}, maxWatchers),
	}
	if cfg.BFF.Records != nil {
		s.bff = newBFF(cfg, origins["URL"], bus)
	}
	s.shellJSON = s.pageConfig()
	return s.refuseStrangers(s.compress(s.routes())), nil
}

// routes is the table of contents of the front end.
func (s *Server) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.RedirectTrailingSlash, r.HandleMethodNotAllowed = false, true
	r.Use(s.recovery, s.secure)

	// Pages that anybody may see.
	r.GET("/", s.page(s.home))
	r.GET("/unauthorized", s.page(s.unauthorized))
	r.GET("/settings", s.page(s.settingsPage))
	r.GET("/sequence", s.page(s.sequencePage))
	r.GET("/cases", s.page(s.casesPage))
	r.GET("/strategies", s.page(s.strategiesPage))
	r.GET("/stolen-token", s.page(s.stolenTokenPage))
	r.GET(initiateLoginPath, s.page(s.initiateLogin))
	r.POST(initiateLoginPath, s.initiateLoginByPost)
	r.GET("/workshop", s.page(s.workshopList))
	r.GET("/workshop/:slug", s.page(s.workshopChapter))

	// Pages whose content comes from the API, with the bearer token of the request.
	r.GET("/companies", s.withToken(s.companies))
	r.POST("/companies", s.withToken(s.createCompany))
	r.GET("/companies/new", s.withToken(s.newCompany))
	r.GET("/companies/:id", s.withToken(s.company))
	r.POST("/companies/:id", s.withToken(s.replaceCompany))
	r.GET("/companies/:id/edit", s.withToken(s.editCompany))
	r.POST("/companies/:id/delete", s.withToken(s.deleteCompany))
	r.POST("/companies/:id/restore", s.withToken(s.restoreCompany))
	r.GET("/privacy", s.withToken(s.privacy))

	// Where the provider sends the browser back to.
	r.GET("/signin-callback", s.page(s.signinCallback))
	r.GET("/signout-callback", s.page(s.signoutCallback))
	r.GET("/assets/silent-callback.html", s.silentCallback)

	s.bffRoutes(r) // sign-in, renewal and sign-out where the tokens stay here

	r.GET("/settings.json", s.settingsJSON)
	r.POST("/events", s.takePageEvents)
	if s.cfg.Lab {
		r.Match([]string{http.MethodGet, http.MethodHead}, "/events", s.streamEvents)
	}
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/static/*file", gin.WrapH(s.files))
	r.NoRoute(s.page(s.notFound))
	r.NoMethod(func(c *gin.Context) { c.String(http.StatusMethodNotAllowed, "method not allowed\n") })
	return r
}

// compress zips what is worth it. Event streams must leave at once, and static files bring their own compression.
func (s *Server) compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.EnableZstd(false), gzhttp.MinSize(1000))
	if err != nil {
		panic(err) // the options are ours
	}
	zipped := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && r.URL.Path != "/events" { // the routes know GET; net/http drops the body of an answer to HEAD
			r = r.Clone(r.Context())
			r.Method = http.MethodGet
		}
		if r.URL.Path == "/events" || strings.HasPrefix(r.URL.Path, "/static/") {
			next.ServeHTTP(w, r)
			return
		}
		zipped.ServeHTTP(w, r)
	})
}

// parseRoot reads an http or https URL without query and fragment.
func parseRoot(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must be an http or https URL")
	case u.Host == "":
		return nil, errors.New("must name a host")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must not have a query or a fragment")
	}
	return u, nil
}

// origin returns scheme and authority of a URL, as browsers and content security policies write it (RFC 6454 §6.2).
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
