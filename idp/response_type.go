package idp

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"silentrenew/db"
)

// responseType is the response_type parameter, parsed: what the answer of the authorization endpoint carries (RFC 6749 §3.1.1,
// OAuth 2.0 Multiple Response Types §3, §5). The zero value is one that is not supported here.
type responseType struct{ Code, IDToken, Token bool }

// The response types we know. The first is for every provider and client (RFC 9700 §2.1.2: no tokens in the front channel). The others
// are those that a Dynamic OpenID Provider must know (OIDC Core §15.2, OIDC Discovery §3) and the hybrid one that RFC 9700 §2.1.2 names
// beside code. They exist where clients register themselves, for those that register them (decision 0041).
var (
	responseTypeCode     = responseType{Code: true}
	responseTypeIDToken  = responseType{IDToken: true}
	responseTypeImplicit = responseType{IDToken: true, Token: true}
	responseTypeHybrid   = responseType{Code: true, IDToken: true}

	everyResponseType = []responseType{responseTypeCode, responseTypeIDToken, responseTypeImplicit, responseTypeHybrid}
)

// Grant types of a client's row that never reach the token endpoint. Implicit is a value of grant_types (RFC 7591 §2); hybrid is how
// the row says authorization_code and implicit at once, as IdentityServer4's does: code with an ID token beside it.
const (
	grantImplicit = "implicit"
	grantHybrid   = "hybrid"
)

// String returns the registered name (OAuth 2.0 Multiple Response Types §6.1).
func (t responseType) String() string {
	var values []string
	for _, value := range []struct {
		name string
		has  bool
	}{{"code", t.Code}, {"id_token", t.IDToken}, {"token", t.Token}} {
		if value.has {
			values = append(values, value.name)
		}
	}
	return strings.Join(values, " ")
}

// parseResponseType reads a response type, whose values may come in any order (RFC 6749 §3.1.1). The zero value is none of those.
func parseResponseType(sent string, supported []responseType) responseType {
	values := strings.Split(sent, " ")
	has := func(value string) bool { return slices.Contains(values, value) }
	parsed := responseType{Code: has("code"), IDToken: has("id_token"), Token: has("token")}
	if !slices.Contains(supported, parsed) || len(values) != strings.Count(parsed.String(), " ")+1 {
		return responseType{}
	}
	return parsed
}

// responseTypes are those this provider supports.
func (p *Provider) responseTypes() []responseType {
	if p.registration.open() {
		return everyResponseType
	}
	return everyResponseType[:1]
}

// frontChannel reports whether a token goes through the browser's address, where code alone may not.
func (t responseType) frontChannel() bool { return t.IDToken || t.Token }

// allowedTo reports whether the client's row lets it ask for the response type: one kind of grant, and access tokens in the browser
// only where the row says so.
func (t responseType) allowedTo(client db.Client) bool {
	grant := grantAuthorizationCode
	switch t {
	case responseTypeHybrid:
		grant = grantHybrid
	case responseTypeIDToken, responseTypeImplicit:
		grant = grantImplicit
	}
	return slices.Contains(client.GrantTypes, grant) && (!t.Token || client.AllowAccessTokensViaBrowser)
}

// responseTypesOf are those the client's row lets it ask for.
func responseTypesOf(client db.Client) (names []string) {
	for _, t := range everyResponseType {
		if t.allowedTo(client) {
			names = append(names, t.String())
		}
	}
	return names
}

// redirects reports whether a grant of the row begins at the authorization endpoint.
func redirects(client db.Client) bool {
	return slices.ContainsFunc(client.GrantTypes, func(grant string) bool {
		return grant == grantAuthorizationCode || grant == grantImplicit || grant == grantHybrid
	})
}

// checkResponseType enforces what goes with a token in the front channel.
func checkResponseType(t responseType, client db.Client, sent parameters) error {
	switch {
	case !t.allowedTo(client):
		return refuse(UnauthorizedClient, "client %s may not use response_type %s", client.ClientID, t)
	case t.IDToken && sent["nonce"] == "": // OIDC Core §3.2.2.1, §3.3.2.1
		return refuse(InvalidRequest, "nonce is missing: response_type %s needs one", t)
	case t.frontChannel() && sent["response_mode"] == responseModeQuery: // OAuth 2.0 Multiple Response Types §5
		return refuse(InvalidRequest, "response_mode query must not carry tokens")
	case t.Token && (client.RequireDPoP || sent["dpop_jkt"] != ""): // RFC 9449 §5: only the token endpoint sees a proof
		return refuse(InvalidRequest, "response_type %s gives no tokens that are bound to a key", t)
	}
	return nil
}

// limited is the scope an answer of this type can grant: a refresh token comes from a code only (OIDC Core §11), and without openid
// there is no ID token.
func (t responseType) limited(scope grantedScope) (grantedScope, error) {
	if t.IDToken && !scope.Scope.Contains(scopeOpenID) {
		return scope, refuse(InvalidScope, "scope lacks %s: response_type %s asks for an ID token", scopeOpenID, t)
	}
	if !t.Code {
		scope.Scope = slices.DeleteFunc(slices.Clone(scope.Scope), func(value string) bool { return value == scopeOfflineAccess })
	}
	return scope, nil
}

// addTokens puts the tokens of the front channel into a response (OIDC Core §3.2.2.5, §3.3.2.5). The ID token vouches for what is
// beside it by at_hash and c_hash.
func (p *Provider) addTokens(ctx context.Context, request authorizationRequest, session db.Session, scope Scope, response url.Values) error {
	user, active, err := p.activeUser(ctx, session.Subject)
	if err == nil && !active {
		err = refuse(AccessDenied, "the user cannot sign in any more")
	}
	if err != nil {
		return err
	}
	granted, err := p.grantedBy(ctx, scope)
	if err != nil {
		return err
	}
	if granted, err = granted.limitedTo(request.resources); err != nil {
		return err
	}
	named := claimNames{request.idTokenClaims, request.userinfoClaims, request.acr}
	in := idTokenInput{Granted: granted, User: user, SessionID: session.SessionID, AuthTime: session.AuthTime, AMR: session.AMR,
		Nonce: request.nonce, Named: named, Code: response.Get("code"), NothingElse: request.responseType == responseTypeIDToken}
	if request.responseType.Token {
		in.AccessToken, err = p.mintAccessToken(ctx, request.client, accessTokenInput{
			JTI: newJTI(db.FamilyOf(newHandle())), Granted: granted, User: user, Claims: user.Claims,
			SessionID: session.SessionID, AuthTime: session.AuthTime, AMR: session.AMR, Named: named,
		})
		if err != nil {
			return err
		}
		response.Set("access_token", in.AccessToken)
		response.Set("token_type", tokenTypeOf(""))
		response.Set("expires_in", strconv.Itoa(request.client.AccessTokenLifetime))
		response.Set("scope", granted.Scope.String())
	}
	idToken, err := p.mintIDToken(ctx, request.client, in)
	response.Set("id_token", idToken)
	return err
}
