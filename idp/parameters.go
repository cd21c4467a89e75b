package idp

import (
	"net/url"
)

// parameters are the parameters of one request, each with one value. An absent one reads as "".
type parameters map[string]string

// maxLength limits what we read of a parameter, in bytes (InputLengthRestrictions of IdentityServer4 where it has one).
var maxLength = map[string]int{
	"acr_values":            300,
	"claims_locales":        100,
	"display":               100,
	"dpop_jkt":              100,
	"client_id":             200, // the column's width
	"code_challenge":        128, // RFC 7636 §4.2
	"code_challenge_method": 10,
	"code_verifier":         128, // RFC 7636 §4.1
	"id_token_hint":         4000,
	"login_hint":            100,
	"max_age":               10,
	"nonce":                 300,
	"redirect_uri":          400,
	"request":               16_000,
	"scope":                 maxScopeLength,
	"ui_locales":            100,

	// Our own forms.
	"Password":  200,
	"ReturnUrl": 20_000, // an authorization request, percent-encoded
	"Username":  200,
}

// maxOtherLength limits the parameters without a limit of their own.
const maxOtherLength = 2000

// readParameters picks the named parameters out of a request. A parameter must not be sent twice, one without a value
// counts as not sent, and all others are ignored (RFC 6749 §3.1, §3.2).
func readParameters(values url.Values, names ...string) (parameters, error) {
	read := make(parameters, len(names))
	for _, name := range names {
		sent := values[name]
		if len(sent) > 1 {
			return nil, refuse(InvalidRequest, "%s is sent %d times, it must be sent once", name, len(sent))
		}
		if len(sent) == 0 || sent[0] == "" {
			continue
		}
		limit, own := maxLength[name]
		if !own {
			limit = maxOtherLength
		}
		if len(sent[0]) > limit {
			return nil, refuse(InvalidRequest, "%s is longer than %d characters", name, limit)
		}
		read[name] = sent[0]
	}
	return read, nil
}
