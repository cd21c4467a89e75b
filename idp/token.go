package idp

import (
	"context"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/event"
)

// Grant types this provider knows (RFC 6749 §4, §6).
const (
	grantAuthorizationCode = "authorization_code"
	grantClientCredentials = "client_credentials"
	grantRefreshToken      = "refresh_token"
	grantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code" // RFC 8628 §3.4
)

// grantTypes maps each grant type we serve to what answers it.
var grantTypes = map[string]func(*Provider, context.Context, tokenRequest) (tokenResponse, error){
	grantAuthorizationCode: (*Provider).redeemCode,
	grantClientCredentials: (*Provider).actForItself,
	grantRefreshToken:      (*Provider).refresh,
	grantDeviceCode:        (*Provider).redeemDeviceCode,
	grantTokenExchange:     (*Provider).exchangeToken,
}

// tokenRequest is a token request whose client has been authenticated.
type tokenRequest struct {
	Client db.Client
	Form   url.Values
	JKT    string       // thumbprint of the key that the client has proved to hold, "" for none (RFC 9449 §5)
	Event  *event.Event // learns whose tokens these are
}

// tokenResponse is a successful answer of the token endpoint (RFC 6749 §5.1, OIDC Core §3.1.3.3).
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	Scope        string `json:"scope"`
	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`

	IssuedTokenType string `json:"issued_token_type,omitempty"` // of a token exchange (RFC 8693 §2.2.1)
}

// token serves POST /connect/token (RFC 6749 §3.2, OIDC Core §3.1.3): read the form, find out which client is asking
// and which key it holds, then let the grant decide.
func (p *Provider) token(c *gin.Context) error {
	if err := p.demandNonce(c); err != nil {
		return err
	}
	form, client, err := p.clientForm(c)
	if err != nil {
		return err
	}
	e := eventOf(c)
	grantType := form.Get("grant_type")
	grant, known := grantTypes[grantType]
	switch {
	case grantType == "":
		return refuse(InvalidRequest, "grant_type is missing")
	case !known:
		return refuse(UnsupportedGrantType, "grant_type %s is not supported", grantType)
	case !grantAllowed(client, grantType):
		return refuse(UnauthorizedClient, "client %s may not use grant_type %s", client.ClientID, grantType)
	}
	jkt, err := p.provenKey(c, client)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := p.db.TouchClient(ctx, client.ClientID, time.Now()); err != nil { // a note, and no reason to refuse anybody
		slog.WarnContext(ctx, "could not note that a client was here", "client_id", client.ClientID, "error", err)
	}
	response, err := grant(p, ctx, tokenRequest{Client: client, Form: form, JKT: jkt, Event: e})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, response)
	return nil
}

// clientForm reads the form of an endpoint that clients alone post to, and finds out which client it is (RFC 6749 §2.3). A parameter
// without a value is one that was not sent (RFC 6749 §3.2).
func (p *Provider) clientForm(c *gin.Context) (url.Values, db.Client, error) {
	form, err := readForm(c.Request)
	if err != nil {
		return nil, db.Client{}, err
	}
	maps.DeleteFunc(form, func(_ string, sent []string) bool { return len(sent) == 1 && sent[0] == "" })
	credentials, err := readClientCredentials(c.Request.Header, form)
	if err != nil {
		return nil, db.Client{}, err
	}
	client, err := p.authenticateClient(c.Request.Context(), credentials)
	if err != nil {
		return nil, db.Client{}, err
	}
	eventOf(c).ClientID = client.ClientID
	return form, client, nil
}

// secrets are the parameters with which somebody else could do what the client does.
var secrets = []string{
	"client_secret", "client_assertion", "access_token", "refresh_token", "code", "code_verifier", "device_code", "token", "subject_token",
	"actor_token", "password",
}

// readForm returns the parameters of a back-channel request, which handle has parsed: form-urlencoded, none repeated (RFC 6749
// §3.2). Parameters in the query do not count, and a secret there is refused since URLs end up in logs (RFC 6749 §2.3.1).
func readForm(r *http.Request) (url.Values, error) {
	if !isForm(r) {
		return nil, refuse(InvalidRequest, "Content-Type must be application/x-www-form-urlencoded")
	}
	query := r.URL.Query()
	for _, name := range secrets {
		if query.Has(name) {
			return nil, refuse(InvalidRequest, "%s belongs into the body, not into the URL (RFC 6749 section 2.3.1)", name)
		}
	}
	return r.PostForm, checkParameters(r.PostForm)
}

// isForm reports whether the body is form-urlencoded.
func isForm(r *http.Request) bool {
	contentType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && contentType == "application/x-www-form-urlencoded"
}

// repeatable are the parameters that may be sent more than once (RFC 8707 §2, RFC 8693 §2.1).
var repeatable = []string{resourceParameter, audienceParameter}

func notText(value string) bool {
	return !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl)
}

// checkParameters refuses repeated parameters (RFC 6749 §3.1, §3.2) and values that are not text.
func checkParameters(values url.Values) error {
	for name, all := range values {
		switch {
		case len(all) > 1 && !slices.Contains(repeatable, name):
			return refuse(InvalidRequest, "%s was sent more than once", name)
		case slices.ContainsFunc(all, notText):
			return refuse(InvalidRequest, "%s contains characters that are not text", name)
		}
	}
	return nil
}
