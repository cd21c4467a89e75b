package spa

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"silentrenew/internal/event"
	"silentrenew/views"
)

// page is what a handler answers with.
type page struct {
	status  int // 200 when 0
	name    string
	title   string
	content templ.Component
	headers map[string]string

	needsToken  bool   // the frame of a page whose content the script fetches with the token
	returnAfter string // path to come back to after a login that starts here
}

// page adapts a handler that needs no token.
func (s *Server) page(h func(c *gin.Context) page) gin.HandlerFunc {
	return func(c *gin.Context) { s.write(c, h(c)) }
}

// caller is on whose behalf the API is called.
type caller struct {
	token         string            // access token of the request or of its session, empty when it has none
	dpop          bool              // it came in the DPoP scheme: every call of the API takes a proof (RFC 9449 §7.1)
	proofs        map[string]string // by the call they are for, see readProofs
	answer        http.Header       // of our own answer, where the API's word about the proofs goes
	clientID      string            // whose token it is
	correlationID string

	renew func(context.Context) (token string, err error) // another token when the API refuses this one; nil: there is none
	alive func(context.Context) error                     // whether the session is still there; nil: there is none
}

// withToken adapts a handler whose content comes from the API. A navigation carries no token, so it gets the frame of the
// page and the script comes back for the content; every other request is answered as the API answers, 401 and 403
// included. The token is the one of the request or, for a page that has none, the one of its session here (bff_caller.go).
// Each such answer is one event.
func (s *Server) withToken(h func(c *gin.Context, who caller) (page, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.Method == http.MethodGet && !isPartial(c.Request) && c.GetHeader("Authorization") == "" {
			s.write(c, frame(c.Request.URL.Path))
			return
		}
		started := time.Now()
		var answer page
		who, err := s.callerOf(c)
		if err == nil {
			answer, err = h(c, who)
		}
		if err == nil && who.alive != nil {
			err = who.alive(c.Request.Context())
		}
		outcome, reason := event.OutcomeOK, ""
		if err != nil {
			answer, outcome = s.refusal(c, err)
			reason = err.Error()
		}
		s.write(c, answer)
		s.bus.Emit(event.Event{
			Kind: "fragment", Role: event.RoleSPA, CorrelationID: who.correlationID, ClientID: who.clientID,
			Parameters: map[string]string{"method": c.Request.Method, "path": event.Printable(c.Request.URL.Path, 200)},
			Status:     max(answer.status, http.StatusOK), Duration: time.Since(started), Outcome: outcome,
			Reason: event.Printable(reason, 300),
		})
	}
}

// refusal turns an error of the API into a page: 401 and 403 lead to /unauthorized (A15), anything else to a page, or the
// part of one, that says what happened and what to do.
func (s *Server) refusal(c *gin.Context, err error) (page, string) {
	refused, _ := errors.AsType[*apiError](err)
	switch {
	case refused != nil && refused.status == http.StatusUnauthorized:
		return unauthorizedPage(c, refused.status, views.LoginFirst), "invalid_token"
	case refused != nil && refused.status == http.StatusForbidden:
		return unauthorizedPage(c, refused.status, views.OtherUser), "insufficient_scope"
	case refused != nil && refused.status == http.StatusNotFound && companyID.MatchString(c.Param("id")):
		return page{status: http.StatusNotFound, name: "company", title: "No such company", content: views.CompanyGone(c.Param("id"))}, "not_found"
	case refused != nil && refused.status == http.StatusNotFound:
		return s.notFound(c), "not_found"
	}
	if errors.Is(err, errSessionOver) {
		s.bff.forgetSessionCookie(c)
		if form, ok := loginFirst(c); ok {
			return form, "login_required"
		}
		return unauthorizedPage(c, http.StatusUnauthorized, views.LoginFirst), "login_required"
	}
	trouble := s.troubleOf(c, err)
	if trouble.log {
		slog.Error("spa: call the API", "path", c.Request.URL.Path, "error", err)
	}
	return trouble.page(c, err), trouble.outcome
}

// write renders the page: for htmx only title and <main>, for a navigation the whole document.
func (s *Server) write(c *gin.Context, p page) {
	h := c.Writer.Header()
	h.Set("Vary", "HX-Request, HX-History-Restore-Request, Authorization, Cookie, "+csrfHeader)
	for name, value := range p.headers {
		h.Set(name, value)
	}
	shell := views.Shell{
		Title: p.title, Name: p.name, NeedsToken: p.needsToken, ReturnAfterLogin: p.returnAfter, Lab: s.cfg.Lab,
		Nonce: nonce(c), Config: s.shellJSON, ImportMap: s.assets.importMap, Style: s.assets.style, Icon: s.assets.icon,
		Preloads: s.assets.preloads, Script: s.assets.app, Provider: s.cfg.Authority, API: s.cfg.APIURL,
	}
	if p.status == http.StatusNoContent {
		c.Status(p.status)
		c.Writer.WriteHeaderNow()
		return
	}
	component := views.Page(shell, p.content)
	if isPartial(c.Request) {
		component = views.Fragment(shell, p.content)
	}
	status := p.status
	if status == 0 {
		status = http.StatusOK
	}
	if err := views.Render(c.Request.Context(), c.Writer, status, component); err != nil && !c.Writer.Written() {
		slog.Error("spa: render", "page", p.name, "error", err)
		c.String(http.StatusInternalServerError, "internal error\n")
	}
}

// isPartial reports whether htmx asked: it wants <main> only, also when it restores a page for Back.
func isPartial(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" || r.Header.Get("HX-History-Restore-Request") == "true"
}

// accessToken returns the token of the Authorization header (RFC 6750 §2.1, RFC 9449 §7.1), whatever it is worth: the API
// decides. It reports whether it came in the DPoP scheme.
func accessToken(r *http.Request) (token string, dpop bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	dpop = strings.EqualFold(scheme, "DPoP")
	if !dpop && !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), dpop
}

// frame is a page without its content: as tall, so that nothing jumps when the content comes.
func frame(path string) page {
	name := strings.TrimPrefix(path, "/")
	name, _, _ = strings.Cut(name, "/")
	content := views.Waiting()
	if path == "/companies" {
		content = views.CompaniesWaiting()
	}
	return page{name: name, title: strings.ToUpper(name[:1]) + name[1:], needsToken: true, content: content}
}
