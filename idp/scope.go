package idp

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"silentrenew/db"
)

// Scope values with a meaning of their own (OIDC Core §3.1.2.1, §11).
const (
	scopeOpenID        = "openid"
	scopeOfflineAccess = "offline_access"
)

// maxScopeLength is the longest scope parameter we read, in bytes.
const maxScopeLength = 300

// Scope is what a client asks for or was granted: scope values in the order they were asked for, none twice (RFC 6749 §3.3).
type Scope []string

// parseScope splits a scope parameter at its spaces. It does not judge the values: resolveScope does.
func parseScope(s string) Scope {
	var scope Scope
	for value := range strings.SplitSeq(s, " ") {
		if value != "" && !scope.Contains(value) {
			scope = append(scope, value)
		}
	}
	return scope
}

// askedScope reads the scope parameter of a back-channel request. That of an authorization request readParameters measures.
func askedScope(form url.Values) (Scope, error) {
	if len(form.Get("scope")) > maxScopeLength {
		return nil, refuse(InvalidScope, "scope is longer than %d characters", maxScopeLength)
	}
	return parseScope(form.Get("scope")), nil
}

// Contains reports whether value is one of the scope values.
func (s Scope) Contains(value string) bool { return slices.Contains(s, value) }

// String returns the scope as it travels: values separated by one space.
func (s Scope) String() string { return strings.Join(s, " ") }

// grantedScope is a scope a client may have, with the resources its values stand for.
type grantedScope struct {
	Scope     Scope
	Identity  []db.IdentityResource
	APIScopes []db.APIScope
	APIs      []db.APIResource // those that accept one of the values
	Audience  []string         // the APIs as the client named them (RFC 8707 §2); nil when it named none
}

// resolveScope returns what the client may have of the scope it asks for. A value that nobody registered, or that this
// client's row does not list, is invalid_scope rather than ignored: a learner would look for the misspelling for a long
// time. offline_access is left out where no refresh token can be given: the request is to be served without it (OIDC Core §11).
func (p *Provider) resolveScope(ctx context.Context, client db.Client, asked Scope) (grantedScope, error) {
	if len(asked) == 0 {
		return grantedScope{}, refuse(InvalidScope, "scope is missing")
	}
	if strings.ContainsFunc(asked.String(), notScopeCharacter) { // RFC 6749 §3.3, appendix A.4
		return grantedScope{}, refuse(InvalidScope, "scope may have printable ASCII but no quotation mark and no backslash")
	}
	resources, err := p.db.Resources(ctx)
	if err != nil {
		return grantedScope{}, fmt.Errorf("read resources: %w", err)
	}
	granted := resourcesOf(asked, resources)
	offline := asked.Contains(scopeOfflineAccess) && offlineAccessAllowed(client)
	known := Scope{scopeOfflineAccess}
	for _, r := range granted.Identity {
		known = append(known, r.Name)
	}
	for _, s := range granted.APIScopes {
		known = append(known, s.Name)
	}
	for _, value := range asked {
		switch {
		case !known.Contains(value):
			return grantedScope{}, refuse(InvalidScope, "scope %q is not known here", value)
		case value == scopeOfflineAccess && !offline:
			continue
		case value == scopeOfflineAccess:
		case !slices.Contains(client.Scopes, value):
			return grantedScope{}, refuse(InvalidScope, "scope %q is not registered for client %s", value, client.ClientID)
		}
		granted.Scope = append(granted.Scope, value)
	}
	switch {
	case len(granted.Identity)+len(granted.APIScopes) == 0:
		return grantedScope{}, refuse(InvalidScope, "scope names nothing that can be granted")
	case len(granted.Identity) > 0 && !granted.Scope.Contains(scopeOpenID):
		return grantedScope{}, refuse(InvalidScope, "scope asks for claims about the user but not for %s (OIDC Core section 3.1.2.1)", scopeOpenID)
	}
	return granted, nil
}

func notScopeCharacter(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

// resourcesOf picks the resources behind the scope values.
func resourcesOf(scope Scope, all db.Resources) grantedScope {
	var granted grantedScope
	for _, r := range all.Identity {
		if scope.Contains(r.Name) {
			granted.Identity = append(granted.Identity, r)
		}
	}
	for _, s := range all.APIScopes {
		if scope.Contains(s.Name) {
			granted.APIScopes = append(granted.APIScopes, s)
		}
	}
	for _, api := range all.APIs {
		if slices.ContainsFunc(api.Scopes, scope.Contains) {
			granted.APIs = append(granted.APIs, api)
		}
	}
	return granted
}
