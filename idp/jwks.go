package idp

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// documentMaxAge is how long a client may keep discovery and the key set without asking again.
const documentMaxAge = time.Minute

// jwks serves GET /.well-known/openid-configuration/jwks (RFC 7517 §5, OIDC Core §10.1): the public part of every key that
// signs, will sign soon, or has signed a token that may still be alive.
func (p *Provider) jwks(c *gin.Context) error {
	set, err := p.keys.fresh(c.Request.Context(), keysReload)
	if err != nil {
		return err
	}
	cacheDocument(c)
	c.Data(http.StatusOK, "application/json", set.jwks)
	return nil
}

// cacheDocument lets clients keep the answer for documentMaxAge. It is the same for everybody.
func cacheDocument(c *gin.Context) {
	c.Writer.Header().Del("Pragma") // every other answer has it
	c.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", int(documentMaxAge.Seconds())))
}
