package idp

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// errNoToken says that a request to a protected resource carries no token at all (RFC 6750 §3.1).
var errNoToken = refuse(InvalidToken, "no access token was sent")

// userInfo serves GET and POST /connect/userinfo (OIDC Core §5.3): claims about the user who granted the access token.
func (p *Provider) userInfo(c *gin.Context) error {
	bearer, err := readBearerToken(c.Request)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	token, err := p.verifyAccessToken(ctx, bearer)
	if err != nil {
		return err
	}
	e := eventOf(c)
	e.ClientID, e.Subject, e.SessionID = token.ClientID, token.Subject, token.SessionID
	e.Parameters["scope"] = token.Scope
	scope := parseScope(token.Scope)
	if !scope.Contains(scopeOpenID) {
		return refuse(InsufficientScope, "the access token lacks the scope %s", scopeOpenID)
	}
	claims, err := p.userInfoClaims(ctx, token.Subject, scope, token.Named)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, claims)
	return nil
}

// userInfoClaims returns what userinfo tells about the user: sub always, and every claim we have unless the option
// Userinfo.StrictScopes keeps it to what the scope values stand for (decision 0012) and what was asked for by name.
func (p *Provider) userInfoClaims(ctx context.Context, subject string, scope Scope, named []string) (map[string]any, error) {
	user, active, err := p.activeUser(ctx, subject)
	if err != nil {
		return nil, err
	}
	if !active {
		return nil, refuse(InvalidToken, "the user of this token cannot sign in any more")
	}
	strict, err := p.strictUserinfo(ctx)
	if err != nil {
		return nil, err
	}
	wanted := everyClaim
	if strict {
		granted, err := p.grantedBy(ctx, scope)
		if err != nil {
			return nil, err
		}
		wanted = oneOf(append(granted.identityClaims(), named...))
	}
	claims := userClaims(user.Claims, wanted)
	claims["sub"] = user.SubjectID // no row of the user can say otherwise
	return claims, nil
}

// readBearerToken finds the token in the Authorization header (RFC 6750 §2.1) or in the form (§2.2). In the query it is
// refused, because URLs end up in logs and histories (RFC 9700 §4.3.2), and two ways at once are invalid_request (§3.1).
func readBearerToken(r *http.Request) (string, error) {
	if r.URL.Query().Has("access_token") {
		return "", refuse(InvalidRequest, "access_token must not be sent in the URL")
	}
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", refuse(InvalidRequest, "Authorization was sent more than once")
	}
	var tokens []string
	if len(headers) == 1 {
		scheme, token, _ := strings.Cut(headers[0], " ")
		if strings.EqualFold(scheme, "Bearer") {
			tokens = append(tokens, strings.Trim(token, " "))
		}
	}
	if r.Method == http.MethodPost && isForm(r) {
		form, err := readForm(r)
		if err != nil {
			return "", err
		}
		if form.Has("access_token") {
			tokens = append(tokens, form.Get("access_token"))
		}
	}
	switch {
	case len(tokens) == 0:
		return "", errNoToken
	case len(tokens) > 1:
		return "", refuse(InvalidRequest, "access_token was sent in the header and in the body: use one of them")
	case tokens[0] == "":
		return "", refuse(InvalidRequest, "access_token is empty")
	}
	return tokens[0], nil
}
