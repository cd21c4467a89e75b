package idp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
	"silentrenew/internal/jwkset"
)

// requestObjectTypes are the values of typ a request object may have; none at all is the usual one (RFC 9101 §4, §10.8).
var requestObjectTypes = []any{nil, "JWT", "jwt", "oauth-authz-req+jwt"}

// unsignedAlgorithm is the alg of a JWT without a signature (RFC 7519 §6).
const unsignedAlgorithm = "none"

// clockSkew is how far a client's clock may run ahead of ours (FAPI 2.0 §5.3.2.1: 10 seconds must pass, more than 60 must not).
const clockSkew = time.Minute

// withRequestObject returns the request that counts: the one as sent, with what its request object says in the place of
// the same parameter outside (OIDC Core §6.1). For a client whose row requires request objects they must be signed, and
// nothing outside counts (RFC 9101 §6.3, §10.5).
func (p *Provider) withRequestObject(ctx context.Context, client db.Client, values url.Values) (url.Values, error) {
	sent, err := readParameters(values, "request", "response_type")
	switch {
	case err != nil:
		return values, err
	case sent["request"] == "" && client.RequireRequestObject:
		return values, refuse(InvalidRequest, "client %s must send a signed request object", client.ClientID)
	case sent["request"] == "":
		return values, nil
	}
	claims, err := p.openRequestObject(ctx, client, sent["request"])
	if err != nil {
		return values, err
	}
	inside, err := requestParameters(claims)
	if err != nil {
		return values, err
	}
	if outside := sent["response_type"]; outside != "" && inside.Has("response_type") && inside.Get("response_type") != outside {
		return values, refuse(InvalidRequestObject, "response_type differs inside and outside of the request object (OIDC Core section 6.1)")
	}
	merged := url.Values{"client_id": {client.ClientID}}
	for name, value := range values {
		if name != "request" && name != loginAfterParameter && !client.RequireRequestObject {
			merged[name] = value
		}
	}
	for name, value := range inside {
		merged[name] = value
	}
	return merged, nil
}

// openRequestObject verifies a request object and returns its claims (RFC 9101 §6.2, OIDC Core §6.3.2).
func (p *Provider) openRequestObject(ctx context.Context, client db.Client, object string) (map[string]any, error) {
	claims, err := p.requestObjectClaims(ctx, client, object)
	if err != nil {
		return nil, err
	}
	var registered jwt.Claims
	encoded, _ := json.Marshal(claims) // it came from JSON
	if err := json.Unmarshal(encoded, &registered); err != nil {
		return nil, refuse(InvalidRequestObject, "request: iss, aud, exp, nbf or iat is not of its type (RFC 7519 section 4.1)")
	}
	now := time.Now()
	id, named := claims["client_id"]
	switch {
	case named && id != client.ClientID: // RFC 9101 §5
		return nil, refuse(InvalidRequestObject, "request: client_id is not the one outside")
	case registered.Issuer != "" && registered.Issuer != client.ClientID:
		return nil, refuse(InvalidRequestObject, "request: iss must be the client_id")
	case registered.Subject == client.ClientID: // RFC 9101 §10.8: that would be a client assertion
		return nil, refuse(InvalidRequestObject, "request: sub must not be the client_id")
	case len(registered.Audience) > 0 && !registered.Audience.Contains(p.issuer):
		return nil, refuse(InvalidRequestObject, "request: aud must be %s", p.issuer)
	case registered.Expiry != nil && !now.Before(registered.Expiry.Time()):
		return nil, refuse(InvalidRequestObject, "request: the request object has expired")
	case registered.NotBefore != nil && now.Add(clockSkew).Before(registered.NotBefore.Time()),
		registered.IssuedAt != nil && now.Add(clockSkew).Before(registered.IssuedAt.Time()):
		return nil, refuse(InvalidRequestObject, "request: the request object is not valid yet, by nbf or iat")
	case claims["request"] != nil || claims["request_uri"] != nil: // RFC 9101 §4
		return nil, refuse(InvalidRequestObject, "request: a request object must not hold request or request_uri")
	}
	return claims, nil
}

// requestObjectClaims checks the signature with the client's registered keys. An unsigned object is a request like any
// other, which is why a row that requires request objects does not take one; nor does a row that names an algorithm (OIDC
// Registration §2).
func (p *Provider) requestObjectClaims(ctx context.Context, client db.Client, object string) (map[string]any, error) {
	only := client.RequestObjectSigningAlg
	if claims, unsigned, err := unsignedClaims(object); unsigned {
		switch {
		case client.RequireRequestObject || only != "" && only != unsignedAlgorithm:
			return nil, refuse(InvalidRequestObject, "request: client %s must sign its request objects", client.ClientID)
		case err != nil:
			return nil, refuseObject(err, "request: typ, crit or payload is not that of a request object")
		}
		return claims, nil
	}
	signed, err := jwt.ParseSigned(object, assertionAlgorithms)
	if err != nil {
		return nil, refuseObject(err, "request is not a JWT signed with one of %v", assertionAlgorithms)
	}
	header := signed.Headers[0]
	switch {
	case only != "" && !jwkset.SameAlgorithm(only, header.Algorithm):
		return nil, refuse(InvalidRequestObject, "request: it is signed with %s, and client %s has registered %s", header.Algorithm, client.ClientID, only)
	case !slices.Contains(requestObjectTypes, header.ExtraHeaders[jose.HeaderType]):
		return nil, refuse(InvalidRequestObject, "request: typ is not that of a request object")
	}
	keys, err := p.clientKeys(ctx, client, header.KeyID)
	for _, key := range keys {
		var claims map[string]any
		if fits(key, header) && signed.Claims(jwkset.Verifier(key), &claims) == nil && claims != nil {
			return claims, nil
		}
	}
	return nil, refuseObject(err, "request: no registered key of client %s made the signature", client.ClientID)
}

// refuseObject is refuse with a cause for our log, nil when there is no more to say.
func refuseObject(cause error, format string, args ...any) *Error {
	refused := refuse(InvalidRequestObject, format, args...)
	refused.cause = cause
	return refused
}

// unsignedClaims reads a JWT with alg none and no signature (RFC 7519 §6), and reports whether it is one.
func unsignedClaims(object string) (claims map[string]any, unsigned bool, err error) {
	parts := strings.Split(object, ".")
	if len(parts) != 3 || parts[2] != "" {
		return nil, false, nil
	}
	var header struct {
		Alg  string
		Typ  any
		Crit any
	}
	encoded, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || json.Unmarshal(encoded, &header) != nil || header.Alg != unsignedAlgorithm {
		return nil, false, nil
	}
	switch {
	case header.Crit != nil: // there is no extension that we know (RFC 7515 §4.1.11)
		return nil, true, errors.New("crit names an extension")
	case !slices.Contains(requestObjectTypes, header.Typ):
		return nil, true, errors.New("typ is not that of a request object")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, true, err
	}
	err = json.Unmarshal(payload, &claims)
	if err == nil && claims == nil {
		err = errors.New("no JSON object")
	}
	return claims, true, err
}

// requestParameters turns claims into the parameters they stand for: texts as they are, max_age from a number, claims from
// an object (OIDC Core §6.1). Whatever we do not read is left out.
func requestParameters(claims map[string]any) (url.Values, error) {
	values := url.Values{}
	for _, name := range authorizationParameterNames {
		claim, has := claims[name]
		if !has || name == loginAfterParameter {
			continue
		}
		text, isText := claim.(string)
		_, isNumber := claim.(float64)
		_, isObject := claim.(map[string]any)
		if !isText && (isNumber && name == "max_age" || isObject && name == "claims") {
			encoded, _ := json.Marshal(claim) // it came from JSON
			text, isText = string(encoded), true
		}
		if !isText {
			return nil, refuse(InvalidRequestObject, "request: %s has the wrong JSON type", name)
		}
		values.Set(name, text)
	}
	resources, err := claimedResources(claims)
	if len(resources) > 0 {
		values[resourceParameter] = resources
	}
	return values, err
}

// keepRequest stores a request that came in a request object, for the way by our pages: what they carry could be changed
// by hand, and the object may expire meanwhile. It has arrived already, so it counts as brought.
func (p *Provider) keepRequest(ctx context.Context, request authorizationRequest) (handle string, err error) {
	handle, now := newHandle(), time.Now()
	err = p.db.InsertPushedRequest(ctx, handle, db.PushedRequest{
		ClientID: request.client.ClientID, Parameters: request.values(), Created: now, Expires: now.Add(pushedRequestLifetime),
	})
	if err == nil {
		err = p.db.BringPushedRequest(ctx, handle, request.client.ClientID, now, pushedRequestLifetime, pushedRequestDetour)
	}
	return handle, err
}
