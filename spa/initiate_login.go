package spa

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// initiateLoginPath is where a login begun elsewhere starts: at the provider's home page, or at any other site's (OIDC Core §4).
const initiateLoginPath = "/initiate-login"

// maxLoginHint is the longest login_hint we pass on, in bytes. The provider reads no more.
const maxLoginHint = 100

// initiateLogin serves GET /initiate-login?iss=&login_hint=&target_link_uri= (OIDC Core §4). The sender is trusted in nothing: it
// must name our own provider, and may name a page of ours to come to. The page's script then signs in like any other time.
func (s *Server) initiateLogin(c *gin.Context) page {
	wanted, why := s.readInitiation(c.Request.URL.Query())
	if why != "" {
		return page{status: http.StatusBadRequest, name: "initiate-login", title: "Signing in", content: views.InitiateLoginRefused(why)}
	}
	return page{name: "initiate-login", title: "Signing in", content: views.InitiateLogin(wanted)}
}

// initiateLoginByPost serves POST /initiate-login: the same by GET, which a reload does not repeat.
func (s *Server) initiateLoginByPost(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 16<<10)
	if err := c.Request.ParseForm(); err != nil {
		s.write(c, page{status: http.StatusBadRequest, name: "initiate-login", title: "Signing in", content: views.InitiateLoginRefused("The form could not be read.")})
		return
	}
	again := url.Values{}
	for _, name := range []string{"iss", "login_hint", "target_link_uri"} {
		if sent, ok := c.Request.PostForm[name]; ok {
			again[name] = sent
		}
	}
	c.Redirect(http.StatusSeeOther, initiateLoginPath+"?"+again.Encode())
}

// readInitiation returns what a login begun elsewhere is about, or why it is none.
func (s *Server) readInitiation(sent url.Values) (wanted views.InitiateLoginPage, why string) {
	for _, name := range []string{"iss", "login_hint", "target_link_uri"} {
		if len(sent[name]) > 1 {
			return wanted, name + " was sent more than once."
		}
	}
	target := sent.Get("target_link_uri")
	local, ours := strings.CutPrefix(target, s.cfg.URL)
	switch {
	case sent.Get("iss") == "":
		return wanted, "iss is missing: who is to sign you in?"
	case sent.Get("iss") != s.cfg.Authority: // byte for byte (OIDC Discovery §4.3)
		return wanted, "iss is not the provider of this application, which is " + s.cfg.Authority + "."
	case len(sent.Get("login_hint")) > maxLoginHint:
		return wanted, "login_hint is too long."
	case target == "", ours && local == "":
		local = "/"
	case !ours || localReturn(local) != local: // or this would be an open redirector
		return wanted, "target_link_uri is not a page of this application."
	}
	return views.InitiateLoginPage{Target: local, LoginHint: sent.Get("login_hint")}, ""
}
