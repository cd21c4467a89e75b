package spa

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"

	"silentrenew/internal/event"
)

// BFFConfig makes the front end a client that keeps its tokens to itself: the "backend for frontend" of the draft "OAuth 2.0 for
// Browser-Based Applications" §6.1. The browser gets a cookie and never a token.
type BFFConfig struct {
	ClientID string // "bff-client" when empty
	Secret   string // of that client (RFC 6749 §2.3.1)

	// Records keeps sessions, so that they survive a restart and are the same for all replicas. Nil switches the BFF off.
	Records BFFRecords
}

// bffScope is what the BFF asks for. offline_access brings the refresh token, so that no renewal needs the browser or the
// provider's cookie (OIDC Core §11).
const bffScope = "openid profile roles companyApi offline_access"

// Paths of the BFF. The provider knows the three callbacks by its row bff-client.
const (
	bffLoginPath             = "/bff/login"
	bffCallbackPath          = "/bff/callback"
	bffEndSessionPath        = "/bff/end-session"
	bffSignoutCallbackPath   = "/bff/signout-callback"
	bffBackChannelLogoutPath = "/bff/backchannel-logout"
)

// bff is the confidential client (RFC 6749 §2.1) within the front end. It is safe for concurrent use, and any number of
// replicas may share its records.
type bff struct {
	url      *url.URL // of the front end
	clientID string
	secret   string
	provider *bffProvider
	records  BFFRecords
	renewals singleflight.Group // by session: the requests of this process wait for one renewal
	bus      *event.Bus
}

func newBFF(cfg Config, site *url.URL, bus *event.Bus) *bff {
	b := &bff{url: site, clientID: cfg.BFF.ClientID, secret: cfg.BFF.Secret, records: cfg.BFF.Records, bus: bus}
	if b.clientID == "" {
		b.clientID = "bff-client"
	}
	b.provider = newBFFProvider(cfg.Authority, cfg.HTTPClient)
	return b
}

// bffRoutes are there when records are kept.
func (s *Server) bffRoutes(r gin.IRoutes) {
	if s.bff == nil {
		return
	}
	r.GET(bffLoginPath, s.bffLogin)
	r.GET(bffCallbackPath, s.bffCallback)
	r.GET("/bff/session", s.bffSession)
	r.GET("/bff/api/*path", s.demandHeader, s.bffAPI)
	r.POST("/bff/renew", s.demandHeader, s.bffRenew)
	r.POST("/bff/logout", s.demandHeader, s.bffLogout)
	r.GET(bffEndSessionPath, s.bffEndSession)
	r.GET(bffSignoutCallbackPath, s.bffSignoutCallback)
	r.POST(bffBackChannelLogoutPath, s.bffBackChannelLogout) // from the provider's server, which has no cookie and no page
}

// root is the address of the front end without a slash at its end.
func (b *bff) root() string { return origin(b.url) }

// secure reports whether browsers reach us by https, and cookies can be held to that.
func (b *bff) secure() bool { return b.url.Scheme == "https" }

// emit tells the bus what the BFF did. Err becomes outcome and reason.
func (b *bff) emit(e event.Event, err error) {
	e.Role, e.ClientID = event.RoleSPA, b.clientID
	if err != nil {
		e.Outcome, e.Reason = codeOf(err), event.Printable(err.Error(), 300)
	}
	b.bus.Emit(e)
}

// sessionOver is the answer to who asks for something that takes a session.
func sessionOver(c *gin.Context) {
	c.JSON(http.StatusUnauthorized, gin.H{"error": "login_required", "error_description": "the session is over: sign in again"})
}
