package idp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/dpop"
	"silentrenew/views"
)

// status is the HTTP status of an error that is not a redirect (RFC 6749 §5.2, RFC 6750 §3.1).
func (e *Error) status() int {
	if e.Status != 0 {
		return e.Status
	}
	switch e.Code {
	case InvalidClient, InvalidToken:
		return http.StatusUnauthorized
	case InsufficientScope:
		return http.StatusForbidden
	case ServerError:
		return http.StatusInternalServerError
	case TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// errorBody is an error as JSON (RFC 6749 §5.2).
type errorBody struct {
	Error       Code   `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// writeTokenError answers a back-channel request in JSON (RFC 6749 §5.2). The challenge that a browser would turn into a
// password prompt is sent only to who tried the Authorization header.
func writeTokenError(c *gin.Context, e *Error) {
	if e.Code == InvalidClient && c.GetHeader("Authorization") != "" {
		c.Header("WWW-Authenticate", `Basic realm="client", charset="UTF-8"`)
	}
	writeNonce(c, e)
	c.JSON(e.status(), errorBody{e.Code, descriptionText(e.Description)})
}

// writeBearerError answers a request to a protected resource (RFC 6750 §3). A request without any token gets the bare
// challenge: there is nothing wrong with it yet (§3.1). The challenge speaks of the scheme that was tried, and beside it stands
// that the DPoP scheme would do as well (RFC 9449 §7.1, §7.2).
func writeBearerError(c *gin.Context, e *Error) {
	tried, algorithms := "Bearer", fmt.Sprintf(`algs="%s"`, dpop.AlgorithmNames())
	var problem []string
	if e != errNoToken {
		problem = append(problem, fmt.Sprintf(`error="%s"`, e.Code), fmt.Sprintf(`error_description="%s"`, descriptionText(e.Description)))
	}
	if e.Code == InsufficientScope {
		problem = append(problem, fmt.Sprintf(`scope="%s"`, scopeOpenID))
	}
	if dpop.Presented(c.Request.Header) {
		tried, problem = dpop.Scheme, append(problem, algorithms)
	}
	if e.status() < http.StatusInternalServerError { // a fault of ours is no challenge
		h := c.Writer.Header()
		h.Set("WWW-Authenticate", strings.TrimSpace(tried+" "+strings.Join(problem, ", ")))
		if tried != dpop.Scheme {
			h.Add("WWW-Authenticate", dpop.Scheme+" "+algorithms)
		}
	}
	writeNonce(c, e)
	c.JSON(e.status(), errorBody{e.Code, descriptionText(e.Description)})
}

// writeRegistrationError answers at the registration endpoint in JSON (RFC 7591 §3.2.2), and as a protected resource when the
// token is at fault (RFC 7592 §2).
func writeRegistrationError(c *gin.Context, e *Error) {
	switch {
	case e == errNoToken:
		c.Header("WWW-Authenticate", "Bearer")
	case e.Code == InvalidToken:
		c.Header("WWW-Authenticate", fmt.Sprintf(`Bearer error="%s", error_description="%s"`, e.Code, descriptionText(e.Description)))
	}
	c.JSON(e.status(), errorBody{e.Code, descriptionText(e.Description)})
}

// maxDescription bounds an error_description, which may repeat what was sent, in bytes.
const maxDescription = 500

// descriptionText keeps a description to the characters error_description may have (RFC 6749 §5.2), which also makes it
// safe inside the quotes of a header.
func descriptionText(s string) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\' || r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
	return text[:min(len(text), maxDescription)] // bytes are characters by now
}

// redirectError is an error that goes back to the client: there is a responseTarget, so the redirect URI is known to be
// the client's own (RFC 6749 §4.1.2.1).
type redirectError struct {
	to    responseTarget
	cause error
}

func (e *redirectError) Error() string { return e.cause.Error() }
func (e *redirectError) Unwrap() error { return e.cause }

// redirectURIError is the one error about which the user's browser must not be sent to the client: redirect_uri is not
// registered. The page says so, and in Lab mode it says what is registered (A31, I2).
type redirectURIError struct {
	client db.Client
	sent   string
}

func (e *redirectURIError) Error() string { return e.Unwrap().Error() }

func (e *redirectURIError) Unwrap() error {
	return refuse(InvalidRequest, "redirect_uri is not registered for client %s: it must be the same in every character", e.client.ClientID)
}

// writeError decides where an error goes: by how far the request got, and then by what kind of endpoint it came to.
func (p *Provider) writeError(c *gin.Context, kind string, err error) {
	failure := asError(err)
	if back, ok := errors.AsType[*redirectError](err); ok {
		p.writeRedirectError(c, back.to, failure)
		return
	}
	switch kind {
	case "discovery", "jwks", "token", "revocation", "introspect", "deviceauthorization", "par":
		writeTokenError(c, failure)
	case "userinfo":
		writeBearerError(c, failure)
	case "registration", "registration.read", "registration.update", "registration.delete":
		writeRegistrationError(c, failure)
	case "client.changed", "option.changed":
		writeProblem(c, err)
	case "notfound":
		if !strings.Contains(c.GetHeader("Accept"), "text/html") {
			writeTokenError(c, failure)
			return
		}
		p.writePageError(c, err)
	default:
		p.writePageError(c, err)
	}
}

// writeRedirectError answers with error, error_description, state, iss and session_state at the client's redirect URI, in
// the response mode the client asked for (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6, RFC 9207 §2).
func (p *Provider) writeRedirectError(c *gin.Context, to responseTarget, failure *Error) {
	response := url.Values{"error": {string(failure.Code)}}
	if failure.Description != "" {
		response.Set("error_description", descriptionText(failure.Description))
	}
	if err := p.sendResponse(c, to, response); err != nil && !c.Writer.Written() { // of a pushed request, for one, that was answered
		p.writePageError(c, err)
	}
}

// writePageError shows an error to the user. Anybody may frame the page: it holds no form and sets no cookie, and in the
// hidden iframe of a silent renewal it is all there is to see (I2).
func (p *Provider) writePageError(c *gin.Context, err error) {
	failure := asError(err)
	page := views.IDPErrorPage{
		Site:          p.site(),
		Status:        failure.status(),
		Code:          string(failure.Code),
		Description:   failure.Description,
		CorrelationID: eventOf(c).CorrelationID,
	}
	allowed := policy{framed: "*"}
	if mismatch, ok := errors.AsType[*redirectURIError](err); ok {
		page.Client = clientName(mismatch.client)
		page.Redirect = &views.IDPRedirectMismatch{Parameter: "redirect_uri", Sent: mismatch.sent}
		if p.lab {
			page.Redirect.Registered, page.Redirect.Origins = mismatch.client.RedirectURIs, mismatch.client.CORSOrigins
			allowed.scripts = true // posts the reason to the client's own origins
		}
	}
	if err := p.render(c, page.Status, views.IDPError(page), allowed); err != nil && !c.Writer.Written() {
		c.String(page.Status, "%s\n", failure.Code)
	}
}

// clientName is what we call a client on our pages.
func clientName(client db.Client) string {
	if client.ClientName != "" {
		return client.ClientName
	}
	return client.ClientID
}
