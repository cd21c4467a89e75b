package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"silentrenew/db"
)

// acrPassword is the authentication context class we can vouch for: somebody typed the password of the account.
const acrPassword = "1"

// claimsParameter is the claims parameter, parsed (OIDC Core §5.5). The zero value is a request without one.
type claimsParameter struct {
	UserInfo map[string]*requestedClaim `json:"userinfo"`
	IDToken  map[string]*requestedClaim `json:"id_token"`
}

// requestedClaim is how one claim is asked for (OIDC Core §5.5.1); nil means in the default manner, voluntarily.
type requestedClaim struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// parseClaims reads the claims parameter. Members we do not know are ignored (OIDC Core §5.5, §5.5.1).
func parseClaims(sent string) (claimsParameter, error) {
	var claims claimsParameter
	if sent == "" {
		return claims, nil
	}
	decoder := json.NewDecoder(strings.NewReader(sent))
	if !bytes.HasPrefix(bytes.TrimLeft([]byte(sent), " \t\r\n"), []byte("{")) {
		return claims, refuse(InvalidRequest, "claims must be a JSON object (OIDC Core section 5.5)")
	}
	if err := decoder.Decode(&claims); err != nil {
		return claimsParameter{}, refuse(InvalidRequest, "claims is not the JSON object of OIDC Core section 5.5")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return claimsParameter{}, refuse(InvalidRequest, "claims has something behind its JSON object")
	}
	return claims, nil
}

// accepts lists the values the client would take; nil when any will do.
func (r *requestedClaim) accepts() []any {
	switch {
	case r == nil:
		return nil
	case r.Value != nil:
		return []any{r.Value}
	}
	return r.Values
}

// subject is the user the client insists on (OIDC Core §5.5.1), "" when it takes any. It must be told in one voice with
// the id_token_hint; the caller compares.
func (c claimsParameter) subject() (string, error) {
	var subject string
	for _, wanted := range []*requestedClaim{c.IDToken["sub"], c.UserInfo["sub"]} {
		for _, value := range wanted.accepts() {
			text, ok := value.(string)
			if !ok || text == "" || subject != "" && subject != text {
				return "", refuse(InvalidRequest, "claims must ask for one sub, as text")
			}
			subject = text
		}
	}
	return subject, nil
}

// chooseACR returns the acr claim to hand out. Who asks by acr_values or voluntarily is told what we have, which may be
// less than they hoped for; an essential acr that we cannot give is a failed authentication (OIDC Core §5.5.1.1).
func chooseACR(claims claimsParameter, acrValues string) (string, error) {
	wanted, asked := claims.IDToken["acr"]
	if values := wanted.accepts(); wanted != nil && wanted.Essential && len(values) > 0 && !slices.Contains(values, any(acrPassword)) {
		return "", refuse(UnmetAuthenticationRequirements, "acr: this provider can only vouch for %q", acrPassword)
	}
	if !asked && acrValues == "" {
		return "", nil
	}
	return acrPassword, nil
}

// claimNames are the claims a grant was asked for by name, and the acr claim.
type claimNames struct {
	IDToken, Userinfo []string
	ACR               string
}

// claimsByName returns the claims about the user that are asked for by name and may be given: those of the scope values
// the client's row lists. What is not allowed, or not known, is left out: even essential claims are no reason for an error (OIDC
// Core §5.5.1). Where users are asked for consent, they are asked for these too.
func (p *Provider) claimsByName(ctx context.Context, client db.Client, members map[string]*requestedClaim) ([]string, error) {
	if len(members) == 0 {
		return nil, nil
	}
	registered, err := p.grantedBy(ctx, client.Scopes)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range registered.identityClaims() {
		if _, asked := members[name]; asked && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// claimsBeyond returns those claims that the scope does not stand for, each once.
func (g grantedScope) claimsBeyond(names []string) []string {
	covered := g.identityClaims()
	beyond := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(covered, name) })
	slices.Sort(beyond)
	return slices.Compact(beyond)
}
