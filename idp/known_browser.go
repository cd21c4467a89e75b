package idp

import (
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"
)

// knownBrowserCookie marks a browser in which a user has signed in before. It signs nobody in: it only keeps wrong
// passwords that others type elsewhere from locking this browser out (OWASP, "Slow Down Online Guessing Attacks with
// Device Cookies"). It travels to the login page alone and outlives the logout.
const knownBrowserCookie = "idsrv.known"

const (
	knownBrowserType = "known-browser+jwt"
	knownBrowserTTL  = 180 * 24 * time.Hour
)

// knownBrowserClaims are what we sign into the cookie.
type knownBrowserClaims struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
	ID      string `json:"jti"` // the browser, for a limit of its own
	Expires int64  `json:"exp"` // seconds since the epoch (RFC 7519 §2)
}

// knownBrowser returns the id of a browser in which this user has signed in before, "" for any other.
func (p *Provider) knownBrowser(c *gin.Context, subject string) string {
	token := cookieValue(c, knownBrowserCookie)
	if token == "" || subject == "" {
		return ""
	}
	var claims knownBrowserClaims
	signed, err := p.keys.verify(c.Request.Context(), token, knownBrowserType)
	if err != nil || json.Unmarshal(signed, &claims) != nil {
		return ""
	}
	if claims.Issuer != p.issuer || claims.Subject != subject || time.Now().Unix() >= claims.Expires {
		return ""
	}
	return claims.ID
}

// rememberBrowser marks the browser of a user who has just given the right password.
func (p *Provider) rememberBrowser(c *gin.Context, subject string) error {
	token, err := p.keys.sign(c.Request.Context(), jose.ES256, knownBrowserType, map[string]any{
		"iss": p.issuer, "sub": subject, "jti": rand.Text(), "exp": time.Now().Add(knownBrowserTTL).Unix(),
	})
	if err != nil {
		return err
	}
	cookie := p.cookie(knownBrowserCookie, token)
	cookie.Path, cookie.HttpOnly, cookie.MaxAge = p.path("/account/login"), true, int(knownBrowserTTL/time.Second)
	setCookie(c, cookie)
	return nil
}
