package idp

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// The two cookies of a session (A12), under IdentityServer's names.
const (
	// sessionCookie carries the handle. No script can read it.
	sessionCookie = "idsrv"

	// sessionIDCookie carries the sid for the check-session page, which must read it (Session Management §3.2). It proves
	// nothing and never expires by itself: it is there exactly as long as the browser believes in its session.
	sessionIDCookie = "idsrv.session"
)

// cookie returns a cookie that reaches us from a hidden iframe of a client. Over https the client may live on another
// site, which takes SameSite=None and therefore Secure. Over http browsers refuse that pair, and Lax is enough as long as
// both live on the same site, such as two ports of localhost (I18).
func (p *Provider) cookie(name, value string) *http.Cookie {
	cookie := &http.Cookie{Name: name, Value: value, Path: p.path("/"), HttpOnly: name == sessionCookie, SameSite: http.SameSiteLaxMode}
	if p.secure() {
		cookie.Secure, cookie.SameSite = true, http.SameSiteNoneMode
	}
	return cookie
}

// setSessionCookie sends the handle. Without Remember My Login the browser forgets it when it closes; the session's own
// expiry is in the database either way, where no user can change it.
func (p *Provider) setSessionCookie(c *gin.Context, handle string, session db.Session) {
	cookie := p.cookie(sessionCookie, handle)
	if session.Persistent {
		cookie.MaxAge = int(session.Expires.Sub(session.Renewed) / time.Second)
	}
	setCookie(c, cookie)
}

func (p *Provider) setSessionIDCookie(c *gin.Context, sid string) {
	setCookie(c, p.cookie(sessionIDCookie, sid))
}

// forgetCookie takes a cookie back.
func (p *Provider) forgetCookie(c *gin.Context, name string) {
	cookie := p.cookie(name, "")
	cookie.MaxAge = -1
	setCookie(c, cookie)
}

// setCookie sends a cookie in place of one of the same name that this response would have set before.
func setCookie(c *gin.Context, cookie *http.Cookie) {
	h := c.Writer.Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(earlier string) bool {
		return strings.HasPrefix(earlier, cookie.Name+"=")
	})
	http.SetCookie(c.Writer, cookie)
}

// cookieValue returns a cookie of the request as it was written, "" when there is none.
func cookieValue(c *gin.Context, name string) string {
	cookie, err := c.Request.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}
