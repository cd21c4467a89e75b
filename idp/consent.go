package idp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/views"
)

// consentSessionParameter ties the consent page to the session it was shown in: what Mick reads, Jane must not allow.
const consentSessionParameter = "consent_sid"

// allowance is what a user allows a client: scope values, and claims it asks for by name that these do not stand for (OIDC Core §5.5).
type allowance struct {
	Scope  Scope
	Claims []string
}

// consentForm serves GET /consent: what the client asks for, for the user to allow or not (OIDC Core §3.1.2.4).
func (p *Provider) consentForm(c *gin.Context) error {
	back, err := p.parseReturnURL(c.Request.URL.Query().Get("returnUrl"))
	if err != nil {
		return err
	}
	return p.showConsent(c, back, "")
}

// consent serves POST /consent. The request behind the form is checked from the start, as if it came from outside; only
// then does the user's answer count.
func (p *Provider) consent(c *gin.Context) error {
	form := c.Request.PostForm
	sent, err := readParameters(form, "ReturnUrl", "RememberConsent", "button")
	if err != nil {
		return err
	}
	back, err := p.parseReturnURL(sent["ReturnUrl"])
	if err != nil {
		return err
	}
	shownIn := back.request.Get(consentSessionParameter)
	back.request.Del(consentSessionParameter)
	request, session, err := p.requestBehind(c, back)
	switch {
	case err != nil:
		return err
	case sent["button"] == "deny":
		return &redirectError{to: request.responseTarget, cause: refuse(AccessDenied, "the user did not consent")}
	case session == nil || session.SessionID != shownIn:
		redirect(c, p.local(back)) // somebody else by now, or nobody: begin again
		return nil
	case sent["button"] != "allow": // silence is no consent
		return p.showConsent(c, back, "")
	}
	allowed := allowance{Scope: allowedScope(request.scope, form["ScopesConsented"])}
	for _, claim := range request.claimsBeyond {
		if slices.Contains(form["ClaimsConsented"], claim) {
			allowed.Claims = append(allowed.Claims, claim)
		}
	}
	if len(allowed.Scope) == 0 {
		return p.showConsent(c, back, "Choose at least one, or do not allow")
	}
	if err := p.keepConsent(c.Request.Context(), request, session.Subject, allowed, sent["RememberConsent"] == "true"); err != nil {
		return err
	}
	return p.answerAuthorization(c, back.request, &allowed)
}

// requestBehind reads the request that the consent page is about, and who is signed in. Its errors go where those of the
// authorization endpoint go.
func (p *Provider) requestBehind(c *gin.Context, back returnURL) (authorizationRequest, *db.Session, error) {
	none := authorizationRequest{}
	target, err := p.responseTarget(c.Request.Context(), back.request)
	if err != nil {
		return none, nil, err
	}
	eventOf(c).ClientID = target.client.ClientID
	request, err := p.authorizationRequest(c.Request.Context(), target)
	if err != nil {
		return none, nil, &redirectError{to: target, cause: err}
	}
	session, err := p.signedInUser(c)
	if err != nil {
		return none, nil, &redirectError{to: target, cause: err}
	}
	return request, session, nil
}

func (p *Provider) showConsent(c *gin.Context, back returnURL, message string) error {
	request, session, err := p.requestBehind(c, back)
	if err != nil {
		return err
	}
	if session == nil {
		redirect(c, p.local(back))
		return nil
	}
	back.request.Set(consentSessionParameter, session.SessionID)
	client := request.client
	page := views.IDPConsentPage{
		Site:          p.site(),
		Action:        p.path("/consent"),
		ReturnURL:     p.local(back),
		Client:        clientName(client),
		User:          session.DisplayName,
		Claims:        request.claimsBeyond,
		OfflineAccess: request.scope.Scope.Contains(scopeOfflineAccess),
		AllowRemember: client.AllowRememberConsent,
		Message:       message,
	}
	page.About = clientLinks(client)
	page.Identity, page.API = scopeChoices(request.scope)
	return p.render(c, http.StatusOK, views.IDPConsent(page), policy{forms: formsLeave, images: imageOrigins(page.About)})
}

// clientLinks are the web pages a client has registered for people to read.
func clientLinks(client db.Client) views.IDPClientLinks {
	web := func(address string) string {
		if frameOrigin(address) == "" {
			return ""
		}
		return address
	}
	return views.IDPClientLinks{
		Logo: web(client.LogoURI), Home: web(client.ClientURI), Policy: web(client.PolicyURI), Terms: web(client.TermsOfServiceURI),
	}
}

// imageOrigins are the origins a page with a client's logo loads images from.
func imageOrigins(links views.IDPClientLinks) []string {
	if links.Logo == "" {
		return nil
	}
	return []string{originOf(links.Logo)}
}

// scopeChoices are what the user may tick of what was asked for.
func scopeChoices(asked grantedScope) (identity, api []views.IDPScope) {
	for _, r := range asked.Identity {
		identity = append(identity, views.IDPScope{Name: r.Name, DisplayName: r.DisplayName, Description: r.Description,
			Required: r.Required, Emphasize: r.Emphasize, Checked: true})
	}
	for _, s := range asked.APIScopes {
		api = append(api, views.IDPScope{Name: s.Name, DisplayName: s.DisplayName, Description: s.Description,
			Required: s.Required, Emphasize: s.Emphasize, Checked: true})
	}
	return identity, api
}

// allowedScope is what the user ticked of what was asked for, in the order it was asked for. What a resource requires
// cannot be unticked, whatever the form says.
func allowedScope(asked grantedScope, ticked []string) Scope {
	var required Scope
	for _, r := range asked.Identity {
		if r.Required {
			required = append(required, r.Name)
		}
	}
	for _, s := range asked.APIScopes {
		if s.Required {
			required = append(required, s.Name)
		}
	}
	var allowed Scope
	for _, value := range asked.Scope {
		if required.Contains(value) || slices.Contains(ticked, value) {
			allowed = append(allowed, value)
		}
	}
	return allowed
}

// consentMissing reports whether the client's row wants a consent that the user has not given, or not for all of this scope and
// these claims.
func (p *Provider) consentMissing(ctx context.Context, request authorizationRequest, subject string) (bool, error) {
	if !request.client.RequireConsent {
		return false, nil
	}
	if !request.client.AllowRememberConsent {
		return true, nil
	}
	given, err := p.db.Consent(ctx, subject, request.client.ClientID, time.Now())
	if errors.Is(err, db.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	missing := func(asked, given []string) bool {
		return slices.ContainsFunc(asked, func(value string) bool { return !slices.Contains(given, value) })
	}
	return missing(request.scope.Scope, given.Scopes) || missing(request.claimsBeyond, given.Claims), nil
}

// keepConsent stores the consent for ConsentLifetime when the user wants it remembered, and forgets an earlier one when
// not: the newest answer counts.
func (p *Provider) keepConsent(ctx context.Context, request authorizationRequest, subject string, allowed allowance, remember bool) error {
	client := request.client
	if !remember || !client.AllowRememberConsent {
		return p.db.DeleteConsent(ctx, subject, client.ClientID)
	}
	consent := db.Consent{Subject: subject, ClientID: client.ClientID, Scopes: allowed.Scope, Claims: allowed.Claims, Created: time.Now()}
	if lifetime, limited := client.ConsentTTL(); limited {
		expires := consent.Created.Add(lifetime)
		consent.Expires = &expires
	}
	return p.db.SaveConsent(ctx, consent)
}

// keepToConsent leaves of the claims asked for by name those that the user allows: of a scope value, or by name.
func (p *Provider) keepToConsent(ctx context.Context, request *authorizationRequest, allowed allowance) error {
	granted, err := p.grantedBy(ctx, allowed.Scope)
	if err != nil {
		return err
	}
	shown := append(granted.identityClaims(), allowed.Claims...)
	for _, names := range []*[]string{&request.idTokenClaims, &request.userinfoClaims} {
		*names = slices.DeleteFunc(slices.Clone(*names), func(name string) bool { return !slices.Contains(shown, name) })
	}
	return nil
}
