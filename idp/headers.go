package idp

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/views"
)

// maxBody is the largest request body we read, in bytes.
const maxBody = 64 << 10

// strangersMayPost are the endpoints to which the specifications let other origins post: with a credential of their own
// (a code, a token, a client secret), or as a request that a person or a hint still has to confirm. None of them changes
// anything on the word of a cookie alone. lab.go looks at Host and Origin itself.
var strangersMayPost = []string{
	"/connect/authorize",           // OIDC Core §3.1.2.1
	"/connect/endsession",          // RP-Initiated Logout §2
	"/connect/par",                 // RFC 9126 §2
	"/connect/token",               // RFC 6749 §3.2
	"/connect/userinfo",            // OIDC Core §5.3.1
	"/connect/revocation",          // RFC 7009 §2.1
	"/connect/introspect",          // RFC 7662 §2.1
	"/connect/deviceauthorization", // RFC 8628 §3.1
	registrationPath,               // RFC 7591 §3.1
	registrationPath + "/",         // RFC 7592 §2
	"/lab/",
}

// protect stands around all routes: it bounds time and body of a request and refuses form posts from other origins.
func (p *Provider) protect(next http.Handler) http.Handler {
	forgery := http.NewCrossOriginProtection()
	for _, pattern := range strangersMayPost {
		forgery.AddInsecureBypassPattern(p.base.Path + pattern)
	}
	// Behind a proxy the Host header may not be the public one. The error is about the form of an origin, which
	// parseIssuer has checked.
	_ = forgery.AddTrustedOrigin(p.base.Scheme + "://" + p.base.Host)
	forgery.SetDenyHandler(p.alone("forbidden", func(*gin.Context) error {
		return refuse(Forbidden, "this form was posted by a page of another site").withStatus(http.StatusForbidden)
	}))
	guarded := forgery.Handler(next)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(db.ForRequest(r.Context()), requestTimeout)
		defer cancel()
		r = r.WithContext(ctx)
		if r.Method == http.MethodHead { // net/http drops the body (RFC 9110 §9.3.2)
			r.Method = http.MethodGet
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		guarded.ServeHTTP(w, r)
	})
}

// setCommonHeaders sets what every response says. A handler whose document may be kept overrides Cache-Control.
func setCommonHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store") // codes, tokens and forms pass here (RFC 6749 §5.1, RFC 9700 §4.2.4)
	h.Set("Pragma", "no-cache")        // RFC 6749 §5.1 still asks for it
	h.Set("X-Content-Type-Options", "nosniff")

	// Other sites learn nothing from our URLs, which carry state and returnUrl (RFC 9700 §4.2.4). Not no-referrer: it would
	// make browsers say "Origin: null" on our own forms.
	h.Set("Referrer-Policy", "same-origin")
}

// policy is what one page needs beyond "nothing but our own style sheets".
type policy struct {
	scripts bool     // our own script files
	images  []string // origins of images beside our own
	frames  []string // origins of what it frames
	framed  string   // who may frame it: "" nobody, "*" anyone, or one origin
	forms   string   // where its forms may go: "" nowhere, see formsLeave
}

const (
	formsStay = "'self'"

	// formsLeave: the post of the login and consent forms ends at the client's redirect URI. Chromium applies form-action to
	// every redirect after the post, those between the client's own hosts included, which we cannot know. So these pages
	// go without the directive; there is no markup of strangers in them that could open a form of its own.
	formsLeave = "*"
)

// contentSecurityPolicy writes the policy out. There is no inline script or style anywhere, hence no nonce.
func (o policy) contentSecurityPolicy() string {
	directives := []string{
		"default-src 'none'", "style-src 'self'", "font-src 'self'", "base-uri 'none'",
		strings.Join(append([]string{"img-src 'self'"}, o.images...), " "),
	}
	if o.scripts {
		directives = append(directives, "script-src 'self'")
	}
	if len(o.frames) > 0 {
		directives = append(directives, "frame-src "+strings.Join(o.frames, " "))
	}
	switch o.framed {
	case "":
		directives = append(directives, "frame-ancestors 'none'")
	case "*": // no directive
	default:
		directives = append(directives, "frame-ancestors "+o.framed)
	}
	switch o.forms {
	case "":
		directives = append(directives, "form-action 'none'")
	case formsLeave: // no directive
	default:
		directives = append(directives, "form-action "+o.forms)
	}
	return strings.Join(directives, "; ")
}

// render writes a page with its policy.
func (p *Provider) render(c *gin.Context, status int, page templ.Component, allowed policy) error {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", allowed.contentSecurityPolicy())
	if allowed.framed == "" {
		h.Set("X-Frame-Options", "DENY") // the older word for the same
	}
	return views.Render(c.Request.Context(), c.Writer, status, page)
}

// site is what every page of ours says about its own site.
func (p *Provider) site() views.IDPSite {
	return views.IDPSite{Home: p.path("/"), Static: p.path("/static"), Host: p.base.Host + p.base.Path, Lab: p.lab}
}
