package idp

import (
	"context"
	"net/url"
	"slices"

	"silentrenew/db"
)

// InvalidTarget is the one code resource indicators add, at the authorization endpoint and at the token endpoint (RFC 8707 §2).
const InvalidTarget Code = "invalid_target"

// resourceParameter names the API a token is for. Unlike other parameters it may be sent several times (RFC 8707 §2).
const resourceParameter = "resource"

// maxResources is how many APIs one request may name.
const maxResources = 20

// readResources returns the URIs of the APIs a request names: absolute, without a fragment, none twice (RFC 8707 §2).
func readResources(values url.Values) ([]string, error) {
	var resources []string
	for _, sent := range values[resourceParameter] {
		switch {
		case sent == "": // counts as not sent (RFC 6749 §3.1)
		case !db.AbsoluteURI(sent):
			return nil, refuse(InvalidTarget, "resource must be an absolute URI without a fragment")
		case len(resources) == maxResources:
			return nil, refuse(InvalidTarget, "resource may be sent %d times", maxResources)
		case !slices.Contains(resources, sent):
			resources = append(resources, sent)
		}
	}
	return resources, nil
}

// claimedResources returns what a request object says in the place of the parameter: one URI, or several in an array.
func claimedResources(claims map[string]any) ([]string, error) {
	values, several := claims[resourceParameter].([]any)
	if !several && claims[resourceParameter] != nil {
		values = []any{claims[resourceParameter]}
	}
	var resources []string
	for _, value := range values {
		text, ok := value.(string)
		if !ok {
			return nil, refuse(InvalidRequestObject, "request: resource has the wrong JSON type")
		}
		resources = append(resources, text)
	}
	return resources, nil
}

// limitedTo narrows what was granted to the named APIs: they are the audience of the token, and its scope keeps of the
// values that stand for access to an API those that one of them accepts (RFC 8707 §2.2). Naming none leaves it as it is.
// An API that the granted scope does not reach is invalid_target, as is one that is not there.
func (g grantedScope) limitedTo(resources []string) (grantedScope, error) {
	if len(resources) == 0 {
		return g, nil
	}
	limited := grantedScope{Identity: g.Identity, Audience: resources}
	for _, resource := range resources {
		i := g.reaches(resource)
		if i < 0 {
			return grantedScope{}, refuse(InvalidTarget, "resource %s is not registered here, or no scope value is for it", resource)
		}
		limited.APIs = append(limited.APIs, g.APIs[i])
	}
	for _, scope := range g.APIScopes {
		if limited.accepts(scope.Name) {
			limited.APIScopes = append(limited.APIScopes, scope)
		}
	}
	for _, value := range g.Scope {
		isAPI := slices.ContainsFunc(g.APIScopes, func(s db.APIScope) bool { return s.Name == value })
		if !isAPI || limited.accepts(value) {
			limited.Scope = append(limited.Scope, value)
		}
	}
	return limited, nil
}

// limitedExactlyTo is limitedTo for a scope that is asked for in the same request: a value that none of the APIs accepts is
// a contradiction rather than something to leave out.
func (g grantedScope) limitedExactlyTo(resources []string) (grantedScope, error) {
	limited, err := g.limitedTo(resources)
	if err != nil {
		return limited, err
	}
	for _, value := range g.Scope {
		if !limited.Scope.Contains(value) {
			return grantedScope{}, refuse(InvalidScope, "scope %q is for none of the resources that are asked for", value)
		}
	}
	return limited, nil
}

// grantedEarlier returns what a scope that was granted earlier stands for now, with the APIs the grant was limited to, and
// what is left of it for this token request, which may name some of them (RFC 8707 §2.2). An API whose scope values the
// user did not allow is left out of the grant.
func (p *Provider) grantedEarlier(ctx context.Context, request tokenRequest, scope Scope, resources []string) (all, now grantedScope, err error) {
	asked, err := readResources(request.Form)
	if err != nil {
		return all, now, err
	}
	if all, err = p.grantedBy(ctx, scope); err != nil {
		return all, now, err
	}
	left := slices.DeleteFunc(slices.Clone(resources), func(resource string) bool { return all.reaches(resource) < 0 })
	if len(left) == 0 && len(resources) > 0 && len(all.APIs) > 0 {
		return all, now, refuse(InvalidTarget, "resource: what was granted is for an API that is not registered any more")
	}
	if all, err = all.limitedTo(left); err != nil {
		return all, now, err
	}
	now, err = all.limitedTo(asked)
	return all, now, err
}

// reaches returns the place of the API with this URI among those the scope is for, below 0 when it is not.
func (g grantedScope) reaches(resource string) int {
	return slices.IndexFunc(g.APIs, func(api db.APIResource) bool { return answersTo(api, resource) })
}

// accepts reports whether one of the APIs takes the scope value.
func (g grantedScope) accepts(value string) bool {
	return slices.ContainsFunc(g.APIs, func(api db.APIResource) bool { return slices.Contains(api.Scopes, value) })
}

// answersTo reports whether a URI names the API: its ResourceUri, or its name where that is one.
func answersTo(api db.APIResource, resource string) bool {
	return resource == api.ResourceURI || resource == api.Name
}
