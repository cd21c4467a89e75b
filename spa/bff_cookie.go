package spa

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// bffCookieName returns the name of a cookie of the BFF. Over https the prefix __Host- makes browsers refuse one that another
// host of the domain or plain http has set (RFC 6265bis §4.1.3.2): nobody can toss us theirs. Over http, which is for this
// machine, there is no such thing.
func (b *bff) cookieName(name string) string {
	if b.secure() {
		return "__Host-" + name
	}
	return name
}

// setCookie sends a cookie that no script can read. maxAge 0 keeps it until the browser closes, below 0 takes it back.
func (b *bff) setCookie(c *gin.Context, name, value string, site http.SameSite, maxAge time.Duration) {
	http.SetCookie(c.Writer, &http.Cookie{Name: b.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: b.secure(),
		SameSite: site, MaxAge: int(maxAge / time.Second)})
}

// sessionCookieName holds the handle of the session. It is SameSite=Strict: only our own pages make requests that carry it. A link on
// another site still works, because a navigation brings the frame of a page and the page's script asks for the rest.
const sessionCookieName = "bff"

func (b *bff) setSessionCookie(c *gin.Context, handle string) {
	b.setCookie(c, sessionCookieName, handle, http.SameSiteStrictMode, 0)
}

func (b *bff) forgetSessionCookie(c *gin.Context) {
	b.setCookie(c, sessionCookieName, "", http.SameSiteStrictMode, -time.Second)
}

// sessionHandle returns the handle that the request shows, "" when it shows none.
func (b *bff) sessionHandle(r *http.Request) string { return b.cookie(r, sessionCookieName) }

func (b *bff) cookie(r *http.Request, name string) string {
	cookie, err := r.Cookie(b.cookieName(name))
	if err != nil || len(cookie.Value) > 100 {
		return ""
	}
	return cookie.Value
}

// maxLogins is how many sign-ins one browser may have under way, each with a cookie of its own.
const maxLogins = 5

// loginCookieName ties a sign-in to the browser that began it: each has a cookie of its own, so that two tabs do not disturb each
// other. It is Lax, because the answer comes by a navigation that begins at the provider, which may be another site.
func loginCookieName(state string) string { return "bff-login-" + state[:min(len(state), 8)] }

func (b *bff) setLoginCookie(c *gin.Context, state, handle string) {
	under := 0
	for _, cookie := range c.Request.Cookies() {
		if name, ok := strings.CutPrefix(cookie.Name, b.cookieName("bff-login-")); ok {
			if under++; under >= maxLogins {
				b.forgetLoginCookie(c, name)
			}
		}
	}
	b.setCookie(c, loginCookieName(state), handle, http.SameSiteLaxMode, loginTimeout)
}

func (b *bff) forgetLoginCookie(c *gin.Context, state string) {
	b.setCookie(c, loginCookieName(state), "", http.SameSiteLaxMode, -time.Second)
}
