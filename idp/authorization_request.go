package idp

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"silentrenew/db"
)

// authorizationParameterNames are the parameters we read. We ignore any other, as RFC 6749 §3.1 demands.
var authorizationParameterNames = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge",
	"code_challenge_method", "prompt", "max_age", "id_token_hint", "login_hint", "request", "request_uri", "registration",
	"acr_values", "claims", "display", "ui_locales", "claims_locales", "dpop_jkt", loginAfterParameter,
}

// authorizationRequest is a request whose every parameter has been checked. What it asks for is allowed; whether the
// user agrees is another question (prompt.go).
type authorizationRequest struct {
	responseTarget
	responseType        responseType
	scope               grantedScope
	resources           []string // the APIs that are asked for by URI (RFC 8707 §2)
	nonce               string
	codeChallenge       string
	codeChallengeMethod string
	dpopKey             string // thumbprint of the key the code will be bound to, "" for none
	prompt              Prompt
	maxAge              *time.Duration // nil when not sent
	idTokenHint         string
	loginHint           string
	subject             string // whom the claims parameter insists on, "" for anybody
	acr                 string // the acr claim to hand out, "" when nobody asked
	idTokenClaims       []string
	userinfoClaims      []string
	claimsBeyond        []string   // of these two, those that the scope does not stand for
	loginAfter          time.Time  // from when on a login counts as asked for by this request; zero for none
	parameters          parameters // as sent, for the way to our pages and back
}

// authorizationRequest checks what a client asks for. Every error may be redirected.
func (p *Provider) authorizationRequest(ctx context.Context, to responseTarget) (authorizationRequest, error) {
	none := authorizationRequest{}
	if err := checkClient(to.client); err != nil {
		return none, err
	}
	if to.objectError != nil {
		return none, to.objectError
	}
	sent, err := readParameters(to.values, authorizationParameterNames...)
	if err != nil {
		return none, err
	}
	if notText(sent["nonce"]) { // it comes back in the ID token, in which it could not be the same (OIDC Core §3.1.2.1)
		return none, refuse(InvalidRequest, "nonce contains characters that are not text")
	}
	if to.client.RequirePushedAuthorization && to.pushed == "" { // RFC 9126 §6
		return none, refuse(InvalidRequest, "client %s must push its authorization requests", to.client.ClientID)
	}
	request := authorizationRequest{
		responseTarget:      to,
		nonce:               sent["nonce"],
		codeChallenge:       sent["code_challenge"],
		codeChallengeMethod: codeChallengeMethod(sent),
		idTokenHint:         sent["id_token_hint"],
		loginHint:           sent["login_hint"],
		loginAfter:          loginAfter(to, sent),
		parameters:          sent,
	}
	for _, read := range []func(context.Context, *authorizationRequest) error{p.readResponse, readPrompt, p.readScope, p.readClaims} {
		if err := read(ctx, &request); err != nil {
			return none, err
		}
	}
	return request, nil
}

// readResponse reads what answer is wanted, and what its code will be bound to (RFC 7636 §4.3, RFC 9449 §10).
func (p *Provider) readResponse(_ context.Context, r *authorizationRequest) (err error) {
	if r.responseType, err = p.checkResponse(r.client, r.parameters); err != nil {
		return err
	}
	if err := checkCodeChallenge(r.client, r.responseType, r.parameters); err != nil {
		return err
	}
	r.dpopKey, err = parseDPoPKey(r.parameters["dpop_jkt"])
	return err
}

// readPrompt reads what the user may be shown, and how old their login may be (OIDC Core §3.1.2.1).
func readPrompt(_ context.Context, r *authorizationRequest) (err error) {
	if r.prompt, err = parsePrompt(r.parameters["prompt"]); err != nil {
		return err
	}
	if r.maxAge, err = parseMaxAge(r.parameters["max_age"]); err != nil {
		return err
	}
	if r.maxAge == nil && r.client.DefaultMaxAge != nil { // OIDC Registration §2
		registered := time.Duration(*r.client.DefaultMaxAge) * time.Second
		r.maxAge = &registered
	}
	return nil
}

// readScope reads what the client asks for, and for which APIs (RFC 6749 §3.3, RFC 8707 §2).
func (p *Provider) readScope(ctx context.Context, r *authorizationRequest) error {
	scope, err := p.resolveScope(ctx, r.client, parseScope(r.parameters["scope"]))
	if err != nil {
		return err
	}
	if r.resources, err = readResources(r.responseTarget.values); err != nil {
		return err
	}
	if scope, err = scope.limitedExactlyTo(r.resources); err != nil {
		return err
	}
	r.scope, err = r.responseType.limited(scope)
	return err
}

// readClaims reads whom and what the request names: a user, an authentication context, single claims (OIDC Core §5.5).
func (p *Provider) readClaims(ctx context.Context, r *authorizationRequest) error {
	claims, err := parseClaims(r.parameters["claims"])
	if err != nil {
		return err
	}
	if r.subject, err = claims.subject(); err != nil {
		return err
	}
	if r.acr, err = chooseACR(claims, cmp.Or(r.parameters["acr_values"], r.client.DefaultACRValues)); err != nil {
		return err
	}
	if r.idTokenClaims, err = p.claimsByName(ctx, r.client, claims.IDToken); err != nil {
		return err
	}
	if r.userinfoClaims, err = p.claimsByName(ctx, r.client, claims.UserInfo); err != nil {
		return err
	}
	r.claimsBeyond = r.scope.claimsBeyond(slices.Concat(r.idTokenClaims, r.userinfoClaims))
	return nil
}

// values are the parameters once more, for the way to our pages and back and for what is kept of a request.
func (r authorizationRequest) values() url.Values {
	values := url.Values{}
	for name, value := range r.parameters {
		values.Set(name, value)
	}
	if len(r.resources) > 0 {
		values[resourceParameter] = r.resources
	}
	return values
}

// checkClient refuses a client that may not ask at all. Its redirect URI is still its own, so it is told there (I1): in a
// hidden iframe a page would be ten seconds of silence.
func checkClient(client db.Client) error {
	if !client.Enabled {
		return refuse(UnauthorizedClient, "client %s is disabled", client.ClientID)
	}
	if err := client.Validate(); err != nil {
		return refuse(UnauthorizedClient, "client %s is switched off, its configuration is not valid: %v", client.ClientID, err)
	}
	if !redirects(client) {
		return refuse(UnauthorizedClient, "client %s may not use the grant type %s", client.ClientID, grantAuthorizationCode)
	}
	return nil
}

// checkResponse looks at what answer is wanted, and how.
func (p *Provider) checkResponse(client db.Client, sent parameters) (responseType, error) {
	asked, supported := parseResponseType(sent["response_type"], p.responseTypes()), p.responseTypes()
	switch {
	case sent["registration"] != "": // OIDC Core §7.2.1
		return asked, refuse(RegistrationNotSupported, "the registration parameter is not supported")
	case sent["response_type"] == "":
		return asked, refuse(InvalidRequest, "response_type is missing")
	case asked == responseType{} && len(supported) == 1: // RFC 9700 §2.1.2: no tokens in the front channel
		return asked, refuse(UnsupportedResponseType, "response_type must be %s", responseTypeCode)
	case asked == responseType{}:
		return asked, refuse(UnsupportedResponseType, "response_type must be one of %q", supported)
	case sent["response_mode"] != "" && !slices.Contains(responseModes, sent["response_mode"]):
		return asked, refuse(InvalidRequest, "response_mode must be one of %s", strings.Join(responseModes, ", "))
	}
	return asked, checkResponseType(asked, client, sent)
}

// checkCodeChallenge enforces PKCE as the client's row demands it (RFC 7636 §4.4.1, RFC 9700 §2.1.1).
func checkCodeChallenge(client db.Client, asked responseType, sent parameters) error {
	challenge, method := sent["code_challenge"], codeChallengeMethod(sent)
	switch {
	case !asked.Code: // nothing to redeem
		return nil
	case challenge == "" && client.RequirePKCE:
		return refuse(InvalidRequest, "code_challenge is missing: client %s has to use PKCE (RFC 7636 section 4.4.1)", client.ClientID)
	case challenge == "" && sent["code_challenge_method"] != "":
		return refuse(InvalidRequest, "code_challenge_method is sent without code_challenge")
	case challenge == "":
		return nil
	case method != challengeS256 && method != challengePlain:
		return refuse(InvalidRequest, "code_challenge_method must be %s", challengeS256)
	case method == challengePlain && !client.AllowPlainTextPKCE:
		return refuse(InvalidRequest, "code_challenge_method must be %s: this client may not use plain", challengeS256)
	case method == challengeS256 && len(challenge) != s256Length:
		return refuse(InvalidRequest, "code_challenge must have %d characters, as every S256 has (RFC 7636 section 4.2)", s256Length)
	case !validCodeVerifier(challenge):
		return refuse(InvalidRequest, "code_challenge must be 43 to 128 letters, digits, '-', '.', '_' or '~'")
	}
	return nil
}

// codeChallengeMethod is plain when a challenge comes without a method (RFC 7636 §4.3).
func codeChallengeMethod(sent parameters) string {
	if sent["code_challenge"] != "" && sent["code_challenge_method"] == "" {
		return challengePlain
	}
	return sent["code_challenge_method"]
}

// parseMaxAge reads seconds since the last login (OIDC Core §3.1.2.1).
func parseMaxAge(sent string) (*time.Duration, error) {
	if sent == "" {
		return nil, nil
	}
	seconds, err := strconv.ParseUint(sent, 10, 31)
	if err != nil {
		return nil, refuse(InvalidRequest, "max_age must be a number of seconds, 0 or more")
	}
	maxAge := time.Duration(seconds) * time.Second
	return &maxAge, nil
}

// loginAfter is the moment from which on a login is one that this request has asked for: when it arrived, or what our own
// parameter says of a request that stands in the URL. Anything that is not a time says nothing.
func loginAfter(to responseTarget, sent parameters) time.Time {
	if to.pushed != "" {
		return to.arrived
	}
	seconds, err := strconv.ParseInt(sent[loginAfterParameter], 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
