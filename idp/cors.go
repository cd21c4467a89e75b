package idp

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/rs/cors"

	"silentrenew/internal/dpop"
	"silentrenew/internal/event"
)

// corsEndpoints are what a client's script in the browser may call (A51).
var corsEndpoints = []string{
	"/.well-known/openid-configuration",
	"/.well-known/openid-configuration/jwks",
	"/connect/par",
	"/connect/token",
	"/connect/userinfo",
	"/connect/revocation",
}

// preflightSeconds is how long a browser may remember the answer to a preflight, so that a renewal a minute does not ask
// each time.
const preflightSeconds = 600

// corsPolicy lets the origins in that enabled clients have registered. A preflight names no client, so any client's origin
// passes; whose token it is, is decided by client authentication and PKCE. Cookies are neither needed nor accepted.
func (p *Provider) corsPolicy() cors.Options {
	return cors.Options{
		AllowOriginVaryRequestFunc: p.originRegistered,
		AllowedMethods:             []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:             []string{"Accept", "Authorization", "Content-Type", dpop.Header, event.CorrelationHeader},
		ExposedHeaders:             []string{"WWW-Authenticate", "Date", "Retry-After", dpop.NonceHeader}, // Date: the client measures its clock's offset
		MaxAge:                     preflightSeconds,
	}
}

// labPolicy is for the lab's endpoints: the page may also change settings and see its own provider session. A client that was
// registered over the network may not: any page could register its own origin and go on from there, with the user's cookie.
func (p *Provider) labPolicy() cors.Options {
	policy := p.corsPolicy()
	policy.AllowOriginVaryRequestFunc = func(r *http.Request, origin string) (bool, []string) {
		return p.originAllowed(r, origin, p.db.OwnCORSOriginAllowed)
	}
	policy.AllowedMethods = []string{http.MethodGet, http.MethodPatch}
	policy.AllowCredentials = true
	return policy
}

// openPolicy is for the registration endpoint, to which nobody can have registered an origin before. What counts there is a
// bearer token, or nothing.
func (p *Provider) openPolicy() cors.Options {
	policy := p.corsPolicy()
	policy.AllowOriginVaryRequestFunc, policy.AllowedOrigins = nil, []string{"*"}
	policy.AllowedMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}
	return policy
}

// originRegistered reports whether an enabled client registered the origin. Who cannot be asked about is refused.
func (p *Provider) originRegistered(r *http.Request, origin string) (bool, []string) {
	return p.originAllowed(r, origin, p.db.CORSOriginAllowed)
}

func (p *Provider) originAllowed(r *http.Request, origin string, ask func(context.Context, string) (bool, error)) (bool, []string) {
	if origin == "" || len(origin) > maxOriginLength || !isVSCHAR(origin) {
		return false, nil
	}
	allowed, err := ask(r.Context(), origin)
	return allowed && err == nil, nil
}

// maxOriginLength is the width of the column ClientCorsOrigins.Origin.
const maxOriginLength = 150

// cors adds the headers of the Fetch standard to every answer, errors included, and answers preflights.
func (p *Provider) cors(c *gin.Context) { applyCORS(p.origins, c) }

func (p *Provider) openCORS(c *gin.Context) { applyCORS(p.anyOrigin, c) }

func (p *Provider) labCORS(c *gin.Context) { applyCORS(p.labOrigins, c) }

func applyCORS(policy *cors.Cors, c *gin.Context) {
	policy.HandlerFunc(c.Writer, c.Request)
	if c.Request.Method == http.MethodOptions {
		c.AbortWithStatus(http.StatusNoContent)
	}
}
