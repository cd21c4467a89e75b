package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/dpop"
)

// accessToken is a verified access token (RFC 9068 §2.2).
type accessToken struct {
	Subject  string
	ClientID string
	Scope    []string
	Roles    []string
	Key      string                     // thumbprint of the DPoP key it is bound to, "" for a bearer token
	Claims   map[string]json.RawMessage // all of them, as they came
}

// protectedHandler serves a route that needs a token.
type protectedHandler func(c *gin.Context, token *accessToken) error

// protected lets a request through whose access token is valid, is held by who presents it, and carries our scope value.
func (a *API) protected(h protectedHandler) handler {
	return func(c *gin.Context) error {
		presented, err := readAccessToken(c.Request)
		if err != nil {
			return err
		}
		token, err := a.verify(c, presented.token)
		if err != nil {
			return err
		}
		if err := a.checkBinding(c, presented, token); err != nil {
			return err
		}
		e := eventOf(c)
		e.Subject, e.ClientID = token.Subject, token.ClientID
		if !slices.Contains(token.Scope, a.cfg.Scope) {
			return &Error{
				Status: http.StatusForbidden, Code: InsufficientScope, Challenge: true, Scope: a.cfg.Scope,
				Detail: fmt.Sprintf("the access token lacks the scope value %s", a.cfg.Scope),
			}
		}
		if err := a.limiter.take(token); err != nil {
			return err
		}
		return h(c, token)
	}
}

// administrators lets through whose token carries the role Admin.
func (a *API) administrators(h protectedHandler) protectedHandler {
	return func(c *gin.Context, token *accessToken) error {
		if !slices.Contains(token.Roles, "Admin") {
			// RFC 6750 §3.1 gives this code to "higher privileges than provided by the access token"; no scope value would help.
			return &Error{Status: http.StatusForbidden, Code: InsufficientScope, Challenge: true, Detail: "this needs the role Admin"}
		}
		return h(c, token)
	}
}

// maxToken bounds what we try to verify, in bytes. Our own tokens have about 800.
const maxToken = 8 << 10

// b64token is the syntax of a bearer token (RFC 6750 §2.1).
var b64token = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// presentedToken is an access token and the scheme it came in: Bearer (RFC 6750 §2.1) or DPoP (RFC 9449 §7.1).
type presentedToken struct{ scheme, token string }

// readAccessToken takes the token from the Authorization header, the only place we accept it in: the other two of RFC 6750 §2
// put it into logs and histories.
func readAccessToken(r *http.Request) (presentedToken, error) {
	none := presentedToken{}
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return none, &Error{Status: http.StatusBadRequest, Code: InvalidRequest, Challenge: true, Detail: "the Authorization header was sent more than once"}
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.Trim(token, " ")
	bearer := strings.EqualFold(scheme, "Bearer") // schemes know no case (RFC 9110 §11.1)
	switch {
	case !bearer && !dpop.Presented(r.Header):
		return none, &Error{Status: http.StatusUnauthorized, Code: InvalidToken, Detail: "log in first: this needs an access token", Challenge: true, NoToken: true}
	case len(token) > maxToken:
		return none, refuseToken("the access token is longer than %d bytes", maxToken)
	case !b64token.MatchString(token):
		return none, refuseToken("the access token is malformed")
	case bearer:
		return presentedToken{"Bearer", token}, nil
	}
	return presentedToken{dpop.Scheme, token}, nil
}

// verify checks a token as RFC 9068 §4 says: typ, signature, iss, aud and the times. It does not check the scope.
func (a *API) verify(c *gin.Context, raw string) (*accessToken, error) {
	if err := verifyType(raw); err != nil {
		return nil, err
	}
	leeway, err := a.leeway(c.Request.Context())
	if err != nil {
		return nil, err
	}
	now := time.Now()
	verified, err := a.provider.verify(c.Request.Context(), raw, []string{a.cfg.Audience, a.cfg.URL}, now.Add(-leeway))
	if err != nil {
		return nil, a.explain(err, leeway)
	}
	var claims struct {
		ClientID     string       `json:"client_id"`
		Scope        spaceList    `json:"scope"`
		Role         oneOrMany    `json:"role"`
		NotBefore    *numberDate  `json:"nbf"`
		Confirmation confirmation `json:"cnf"`
	}
	all := map[string]json.RawMessage{}
	if err := errors.Join(verified.Claims(&claims), verified.Claims(&all)); err != nil {
		return nil, refuseToken("the claims of the access token are malformed")
	}
	switch {
	case !now.Before(verified.Expiry.Add(leeway)): // not "on or after" exp (RFC 7519 §4.1.4)
		return nil, a.explain(&oidc.TokenExpiredError{Expiry: verified.Expiry}, leeway)
	case claims.NotBefore != nil && now.Add(leeway).Before(time.Time(*claims.NotBefore)): // RFC 7519 §4.1.5
		return nil, refuseToken("the access token is not valid yet")
	}
	return &accessToken{
		Subject: verified.Subject, ClientID: claims.ClientID, Scope: claims.Scope, Roles: claims.Role, Key: claims.Confirmation.JKT, Claims: all,
	}, nil
}

// verifyType wants an access token by its typ, so that nobody passes an ID token off as one (RFC 9068 §4).
func verifyType(raw string) error {
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		return refuseToken("the access token is not a JWT signed with ES256 or RS256")
	}
	typ, _ := token.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	if typ = strings.ToLower(typ); typ != "at+jwt" && typ != "application/at+jwt" {
		return refuseToken("the token is not an access token: its typ is not at+jwt")
	}
	return nil
}

// explain says what is wrong with a token, or that we cannot tell because the provider is away.
func (a *API) explain(err error, leeway time.Duration) error {
	if away, ok := errors.AsType[*unreachableError](err); ok {
		return &Error{
			Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, RetryAfter: pauseAfterFailure, cause: away,
			Detail: fmt.Sprintf("the provider %s cannot be reached, so no token can be checked; try again soon", a.cfg.Issuer),
		}
	}
	if expired, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		text := "the access token expired at " + expired.Expiry.UTC().Format(time.RFC3339)
		if leeway > 0 {
			text += fmt.Sprintf(", more than the leeway of %v ago", leeway)
		}
		return refuseToken("%s", text)
	}
	// go-oidc was written for ID tokens and calls every token one.
	return refuseToken("%s", strings.ReplaceAll(strings.TrimPrefix(err.Error(), "oidc: "), "id token", "access token"))
}
