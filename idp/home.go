package idp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/static"
	"silentrenew/views"
)

// home serves GET /: whose site this is, and the session the browser has here.
func (p *Provider) home(c *gin.Context) error {
	session, err := p.currentSession(c)
	if err != nil {
		return err
	}
	page := views.IDPHomePage{
		Site:         p.site(),
		Issuer:       p.issuer,
		DiscoveryURL: p.url("/.well-known/openid-configuration"),
		LoginURL:     p.path("/account/login"),
		LogoutURL:    p.path("/account/logout"),
		Now:          time.Now().UTC(),
	}
	if p.lab {
		// The front end's address, for a learner who has lost it. One that was registered over the network could lead our users
		// wherever it likes.
		if page.ApplicationURL, err = p.db.OwnCORSOrigin(c.Request.Context()); err != nil {
			return err
		}
	}
	if page.Clients, err = p.initiableLogins(c.Request.Context()); err != nil {
		return err
	}
	if session != nil {
		sliding, err := p.cookieSliding(c.Request.Context())
		if err != nil {
			return err
		}
		page.Session = homeSession(*session, sliding)
	}
	return p.render(c, http.StatusOK, views.IDPHome(page), policy{forms: formsStay})
}

// maxListedClients is how many clients the home page leads to.
const maxListedClients = 50

// initiableLogins are the clients a user can sign in to from here (OIDC Core §4): the link tells the client who sends the user,
// and which of its pages they want. Who registered over the network is listed too, with the host that the link leads to, but
// after those that somebody here knows: strangers cannot push them off the list, whatever they call themselves.
func (p *Provider) initiableLogins(ctx context.Context) ([]views.IDPInitiableLogin, error) {
	clients, err := p.db.InitiableClients(ctx, vouchedProperty, maxListedClients)
	var listed []views.IDPInitiableLogin
	for _, client := range clients {
		if frameOrigin(client.InitiateLoginURI) == "" {
			continue
		}
		initiation := url.Values{"iss": {p.issuer}}
		if originOf(client.ClientURI) != "" {
			initiation.Set("target_link_uri", client.ClientURI)
		}
		listed = append(listed, views.IDPInitiableLogin{
			Client: clientName(client), Host: hostName(client.InitiateLoginURI), Address: withQuery(client.InitiateLoginURI, initiation),
		})
	}
	return listed, err
}

func homeSession(s db.Session, sliding bool) *views.IDPHomeSession {
	return &views.IDPHomeSession{
		User: s.DisplayName, SessionID: s.SessionID,
		AuthTime: s.AuthTime, Renewed: s.Renewed, Expires: s.Expires,
		Lifetime: s.Lifetime, Persistent: s.Persistent, Sliding: sliding, Clients: s.ClientIDs,
	}
}

// static serves the files below /static/.
func (p *Provider) static() http.Handler { return static.Handler(p.path("/static")) }

// healthz serves GET /healthz: 200 while the database answers. It is for machines and leaves no event.
func (p *Provider) healthz(c *gin.Context) {
	if err := p.db.Ping(c.Request.Context()); err != nil {
		c.String(http.StatusServiceUnavailable, "the database does not answer\n")
		return
	}
	c.String(http.StatusOK, "ok\n")
}

// notFound answers every path that is no route of ours.
func (p *Provider) notFound(*gin.Context) error {
	return refuse(NotFound, "there is no such page here").withStatus(http.StatusNotFound)
}

// methodNotAllowed answers a known path with the wrong method. gin has set Allow (RFC 9110 §15.5.6).
func (p *Provider) methodNotAllowed(c *gin.Context) error {
	allowed := c.Writer.Header().Get("Allow")
	return refuse(MethodNotAllowed, "%s is not allowed here, use %s", c.Request.Method, strings.ReplaceAll(allowed, ", ", " or ")).
		withStatus(http.StatusMethodNotAllowed)
}
