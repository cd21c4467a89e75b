package idp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/dpop"
)

// errNoToken says that a request to a protected resource carries no token at all (RFC 6750 §3.1).
var errNoToken = refuse(InvalidToken, "no access token was sent")

// userInfo serves GET and POST /connect/userinfo (OIDC Core §5.3): claims about the user who granted the access token.
func (p *Provider) userInfo(c *gin.Context) error {
	presented, err := readAccessToken(c.Request)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	token, err := p.verifyAccessToken(ctx, presented.token)
	if err != nil {
		return err
	}
	if err := p.checkBoundToken(c, presented, token); err != nil {
		return err
	}
	e := eventOf(c)
	e.ClientID, e.Subject, e.SessionID = token.ClientID, token.Subject, token.SessionID
	e.Parameters["scope"] = token.Scope
	scope := parseScope(token.Scope)
	if !scope.Contains(scopeOpenID) {
		return refuse(InsufficientScope, "the access token lacks the scope %s", scopeOpenID)
	}
	claims, err := p.userInfoClaims(ctx, token, scope)
	if err != nil {
		return err
	}
	claims["sub"] = token.Told // as in the ID token; no row of the user can say otherwise
	if token.SignedAlg != "" {
		return p.signedUserInfo(c, token, claims)
	}
	c.JSON(http.StatusOK, claims)
	return nil
}

// userInfoType is the type of signed userinfo, so that it cannot pass for an ID token (RFC 8725 §3.11).
const userInfoType = "userinfo+jwt"

// signedUserInfo answers with a JWT for the client, by the algorithm its row had when the access token was issued (OIDC Core §5.3.2).
func (p *Provider) signedUserInfo(c *gin.Context, token accessToken, claims map[string]any) error {
	claims["iss"], claims["aud"] = p.issuer, token.ClientID
	algorithm := jose.SignatureAlgorithm(token.SignedAlg)
	if !slices.Contains(signatureAlgorithms, algorithm) {
		return fmt.Errorf("userinfo: no key for algorithm %q in the row of client %s", algorithm, token.ClientID)
	}
	signed, err := p.keys.sign(c.Request.Context(), algorithm, userInfoType, claims)
	if err != nil {
		return fmt.Errorf("sign userinfo: %w", err)
	}
	c.Data(http.StatusOK, "application/jwt", []byte(signed))
	return nil
}

// userInfoClaims returns what userinfo tells about the user beside sub: every claim we have, unless the user was asked or the option
// Userinfo.StrictScopes keeps it to what the scope values stand for (decision 0012) and what was asked for by name.
func (p *Provider) userInfoClaims(ctx context.Context, token accessToken, scope Scope) (map[string]any, error) {
	user, active, err := p.activeUser(ctx, token.Subject)
	if err != nil {
		return nil, err
	}
	if !active {
		return nil, refuse(InvalidToken, "the user of this token cannot sign in any more")
	}
	strict, err := p.strictUserinfo(ctx, token.ClientID)
	if err != nil {
		return nil, err
	}
	wanted := everyClaim
	if strict {
		granted, err := p.grantedBy(ctx, scope)
		if err != nil {
			return nil, err
		}
		wanted = oneOf(append(granted.identityClaims(), token.Named...))
	}
	return userClaims(user.Claims, wanted), nil
}

// presentedToken is an access token as it came: in the Bearer scheme or in the form (scheme Bearer), or in the DPoP scheme.
type presentedToken struct{ scheme, token string }

// readAccessToken finds the token in the Authorization header (RFC 6750 §2.1, RFC 9449 §7.1) or in the form (RFC 6750 §2.2). In
// the query it is refused, because URLs end up in logs and histories (RFC 9700 §4.3.2), and two ways at once are
// invalid_request (RFC 6750 §3.1).
func readAccessToken(r *http.Request) (presentedToken, error) {
	none := presentedToken{}
	if r.URL.Query().Has("access_token") {
		return none, refuse(InvalidRequest, "access_token must not be sent in the URL")
	}
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return none, refuse(InvalidRequest, "Authorization was sent more than once")
	}
	var found []presentedToken
	if len(headers) == 1 {
		sent, token, _ := strings.Cut(headers[0], " ")
		for _, scheme := range []string{"Bearer", dpop.Scheme} {
			if strings.EqualFold(sent, scheme) {
				found = append(found, presentedToken{scheme, strings.Trim(token, " ")})
			}
		}
	}
	if r.Method == http.MethodPost && isForm(r) {
		form, err := readForm(r)
		if err != nil {
			return none, err
		}
		if form.Has("access_token") {
			found = append(found, presentedToken{"Bearer", form.Get("access_token")})
		}
	}
	switch {
	case len(found) == 0:
		return none, errNoToken
	case len(found) > 1:
		return none, refuse(InvalidRequest, "access_token was sent in the header and in the body: use one of them")
	case found[0].token == "":
		return none, refuse(InvalidRequest, "access_token is empty")
	}
	return found[0], nil
}
