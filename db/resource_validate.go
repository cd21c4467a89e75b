package db

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The kinds of [ResourceFault], in the words of the protocol.
const (
	KindIdentityResource = "identity resource" // a scope value that stands for claims about the user
	KindAPIScope         = "scope"
	KindAPI              = "API"
)

// ResourceFault is something that is wrong with a resource: it could be stored, and would lead nowhere.
type ResourceFault struct {
	Kind, Name string // of the resource
	ValidationError
}

func (f *ResourceFault) Error() string {
	return fmt.Sprintf("%s %q: %s", f.Kind, f.Name, f.ValidationError.Error())
}

// ResourceFaults is at least one of them.
type ResourceFaults []*ResourceFault

func (all ResourceFaults) Error() string {
	texts := make([]string, len(all))
	for i, fault := range all {
		texts[i] = fault.Error()
	}
	return strings.Join(texts, "; ")
}

// Faults says all that is wrong, with each of the resources and between them. A row edited by hand is served all the same; whoever declares
// or edits one through this program hears of it before.
func (r Resources) Faults() ResourceFaults {
	var faults ResourceFaults
	report := func(kind, name string) func(field, format string, args ...any) {
		return func(field, format string, args ...any) {
			faults = append(faults, &ResourceFault{kind, name, ValidationError{field, fmt.Sprintf(format, args...)}})
		}
	}
	scopes := append(r.identityNames(), r.scopeNames()...)
	for _, identity := range r.Identity {
		wrong := report(KindIdentityResource, identity.Name)
		scopeFaults(scopes, identity.Name, wrong)
		textFaults(identity.DisplayName, identity.Description, wrong)
		claimFaults(identity.Claims, wrong)
		if len(identity.Claims) == 0 {
			wrong("Claims", "must name at least one claim about the user: without, the scope value stands for nothing")
		}
	}
	if !slices.ContainsFunc(r.Identity, func(i IdentityResource) bool { return i.Name == "openid" && i.Enabled }) {
		report(KindIdentityResource, "openid")("Enabled", "must be there and switched on: without it no request is one of OpenID Connect (OIDC Core §3.1.2.1)")
	}
	for _, scope := range r.APIScopes {
		wrong := report(KindAPIScope, scope.Name)
		scopeFaults(scopes, scope.Name, wrong)
		textFaults(scope.DisplayName, scope.Description, wrong)
		claimFaults(scope.Claims, wrong)
	}
	for _, api := range r.APIs {
		wrong := report(KindAPI, api.Name)
		r.apiFaults(api, wrong)
		textFaults(api.DisplayName, api.Description, wrong)
		claimFaults(api.Claims, wrong)
	}
	return faults
}

// scopeFaults looks at the name of a scope value among those of all.
func scopeFaults(all []string, name string, wrong func(field, format string, args ...any)) {
	switch {
	case name == "" || len(name) > 200:
		wrong("Name", "must have 1 to 200 characters")
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }):
		wrong("Name", "must be printable ASCII without space, quotation mark and backslash (RFC 6749 §3.3)")
	case name == "offline_access":
		wrong("Name", "is the protocol's own (OIDC Core §11): AllowOfflineAccess of a client allows it")
	}
	if count(all, name) > 1 {
		wrong("Name", "is registered twice: a scope value is an identity resource or stands for access to an API, and only once")
	}
}

func count(names []string, name string) (n int) {
	for _, one := range names {
		if one == name {
			n++
		}
	}
	return n
}

func textFaults(displayName, description string, wrong func(field, format string, args ...any)) {
	if len(displayName) > 200 || !storable(displayName) {
		wrong("DisplayName", "must be text of at most 200 characters")
	}
	if len(description) > 1000 || !storable(description) {
		wrong("Description", "must be text of at most 1000 characters")
	}
}

func claimFaults(claims []string, wrong func(field, format string, args ...any)) {
	for i, claim := range claims {
		switch {
		case claim == "" || len(claim) > 200 || !storable(claim):
			wrong("Claims", "%q must have 1 to 200 characters", claim)
		case slices.Contains(claims[:i], claim):
			wrong("Claims", "%q is listed twice", claim)
		}
	}
}

// apiFaults looks at how an API is named (RFC 8707 §2, RFC 9068 §3) and which scope values it accepts.
func (r Resources) apiFaults(api APIResource, wrong func(field, format string, args ...any)) {
	switch {
	case api.Name == "" || len(api.Name) > 200:
		wrong("Name", "must have 1 to 200 characters")
	case strings.ContainsFunc(api.Name, func(r rune) bool { return r <= ' ' || r > '~' }):
		wrong("Name", "is the audience of tokens: it must be printable ASCII without spaces")
	case strings.Contains(api.Name, ":") && !AbsoluteURI(api.Name):
		wrong("Name", "is the audience of tokens: with a colon it must be a URI (RFC 7519 §2)")
	case count(r.apiNames(), api.Name) > 1:
		wrong("Name", "is registered twice")
	}
	switch u, err := url.Parse(api.ResourceURI); {
	case api.ResourceURI == "":
	case err == nil && hostForScheme(u):
		wrong("ResourceUri", "%q has no scheme: write http://%s", api.ResourceURI, api.ResourceURI)
	case !AbsoluteURI(api.ResourceURI):
		wrong("ResourceUri", "%q must be an absolute URI without a fragment (RFC 8707 §2)", api.ResourceURI)
	}
	for _, other := range r.APIs {
		if api.ResourceURI != "" && other.Name != api.Name && (other.ResourceURI == api.ResourceURI || other.Name == api.ResourceURI) {
			wrong("ResourceUri", "%q names API %q already", api.ResourceURI, other.Name)
		}
	}
	if len(api.Scopes) == 0 {
		wrong("Scopes", "must list at least one scope value: a token is for an API because of its scope")
	}
	for i, scope := range api.Scopes {
		switch {
		case slices.Contains(api.Scopes[:i], scope):
			wrong("Scopes", "%q is listed twice", scope)
		case slices.Contains(r.identityNames(), scope):
			wrong("Scopes", "%q stands for claims about the user, not for access to an API", scope)
		case !slices.Contains(r.scopeNames(), scope):
			wrong("Scopes", "%q is not a scope value for APIs here; there are: %s", scope, strings.Join(r.scopeNames(), " "))
		}
	}
}

// AbsoluteURI reports whether s is an absolute URI (RFC 3986 §4.3), which has no fragment, of a length that requests can carry: so an
// API may be named (RFC 8707 §2).
func AbsoluteURI(s string) bool {
	u, err := url.Parse(s)
	text := !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
	return err == nil && len(s) <= 2000 && text && u.IsAbs() && (u.Host != "" || u.Opaque != "") && !strings.Contains(s, "#")
}

func (r Resources) identityNames() []string {
	names := make([]string, len(r.Identity))
	for i, identity := range r.Identity {
		names[i] = identity.Name
	}
	return names
}

func (r Resources) scopeNames() []string {
	names := make([]string, len(r.APIScopes))
	for i, scope := range r.APIScopes {
		names[i] = scope.Name
	}
	return names
}

func (r Resources) apiNames() []string {
	names := make([]string, len(r.APIs))
	for i, api := range r.APIs {
		names[i] = api.Name
	}
	return names
}
