package idp

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/event"
)

// authorize serves GET /connect/authorize (RFC 6749 §4.1.1, OIDC Core §3.1.2.1).
func (p *Provider) authorize(c *gin.Context) error {
	values := protocolParameters(c.Request)
	values.Del(loginAfterParameter) // only the way back from our own pages may say it
	if err := p.bringPushedRequest(c.Request.Context(), values); err != nil {
		return err
	}
	return p.answerAuthorization(c, values, nil)
}

// authorizeByPost serves POST /connect/authorize (OIDC Core §3.1.2.1): the same request once more by GET. A browser does
// not send a SameSite=Lax cookie with a form of another site, so here nobody would ever be signed in; with the GET that
// follows it does. A request too long for a URL has a parameter beyond its limit, and is answered here with its error.
func (p *Provider) authorizeByPost(c *gin.Context) error {
	again := url.Values{event.CorrelationParameter: {eventOf(c).CorrelationID}}
	for _, name := range append(slices.Clone(authorizationParameterNames), resourceParameter) {
		if sent, ok := c.Request.PostForm[name]; ok && name != loginAfterParameter {
			again[name] = sent
		}
	}
	query := again.Encode()
	if len(query) > maxQuery {
		return p.authorize(c)
	}
	eventOf(c).Reason = "came by POST, goes on by GET"
	redirect(c, p.path("/connect/authorize")+"?"+query)
	return nil
}

// authorizeCallback serves GET /connect/authorize/callback: the same request again, after our login page. Whoever writes the
// URL by hand can pretend that a login was asked for earlier; they could as well leave prompt=login out of a request that
// stands in the URL. Of one that was pushed or came in a request object only its arrival counts (loginAfter). In any case a
// client can rely on auth_time (OIDC Core §2).
func (p *Provider) authorizeCallback(c *gin.Context) error {
	return p.answerAuthorization(c, protocolParameters(c.Request), nil)
}

// answerAuthorization draws the line of RFC 6749 §4.1.2.1: an error on this side of responseTarget is a page, because
// there is nowhere safe to send it; an error beyond it goes back to the client. consented is what the user has just
// allowed on the consent page, nil anywhere else.
func (p *Provider) answerAuthorization(c *gin.Context, values url.Values, consented *allowance) error {
	target, err := p.responseTarget(c.Request.Context(), values)
	if err != nil {
		return err
	}
	eventOf(c).ClientID = target.client.ClientID
	if err := p.respond(c, target, consented); err != nil {
		return &redirectError{to: target, cause: err}
	}
	return nil
}

func (p *Provider) respond(c *gin.Context, to responseTarget, consented *allowance) error {
	request, err := p.authorizationRequest(c.Request.Context(), to)
	if err != nil {
		return err
	}
	session, err := p.signedInUser(c)
	if err != nil {
		return err
	}
	if err := p.slideSession(c, session, request.prompt.None); err != nil {
		return err
	}
	facts, err := p.situation(c, request, session, consented)
	if err != nil {
		return err
	}
	next, why, err := decide(facts)
	if err != nil {
		return err
	}
	eventOf(c).Reason = why
	switch next {
	case askForLogin:
		return p.askForLogin(c, request)
	case askForConsent:
		return p.askForConsent(c, request)
	}
	return p.sendGrant(c, request, session, consented)
}

// signedInUser returns the session of a user who may still sign in; nil when there is none. A user who was disabled is
// signed out from the next request on (I5).
func (p *Provider) signedInUser(c *gin.Context) (*db.Session, error) {
	session, err := p.currentSession(c)
	if session == nil || err != nil {
		return nil, err
	}
	user, err := p.db.UserBySubject(c.Request.Context(), session.Subject)
	if errors.Is(err, db.ErrNotFound) || err == nil && !user.Enabled {
		return nil, nil
	}
	return session, err
}

// situation gathers what the decision depends on.
func (p *Provider) situation(c *gin.Context, request authorizationRequest, session *db.Session, consented *allowance) (situation, error) {
	ctx := c.Request.Context()
	s := situation{
		prompt:       request.prompt,
		maxAge:       request.maxAge,
		loginAfter:   request.loginAfter,
		consentGiven: consented != nil,
		now:          time.Now(),
	}
	if lifetime, limited := request.client.UserSSOTTL(); limited {
		s.ssoLifetime = max(lifetime, time.Second) // the way back from the login page takes its time, too
	}
	if err := p.wantedUser(ctx, request, &s); err != nil {
		return s, err
	}
	if session == nil {
		return s, nil
	}
	s.signedIn, s.subject, s.authTime = true, session.Subject, session.AuthTime
	missing, err := p.consentMissing(ctx, request, session.Subject)
	s.consentMissing = missing
	return s, err
}

// nobody is no subject identifier: whoever is signed in is somebody else.
const nobody = "\x00"

// wantedUser notes whom the request is about: by id_token_hint, by the claims parameter, or by both in one voice.
func (p *Provider) wantedUser(ctx context.Context, request authorizationRequest, s *situation) error {
	subject, err := p.ownSubject(ctx, request.client, request.subject)
	if err != nil {
		return err
	}
	if s.hint = subject; subject == "" && request.subject != "" {
		s.hint = nobody
	}
	if request.idTokenHint == "" {
		return nil
	}
	claims, err := p.verifyIDTokenHint(ctx, request.idTokenHint)
	if err != nil {
		s.hint, s.hintUnknown = "", true
		return nil
	}
	hinted, err := p.hintedSubject(ctx, claims, request.client)
	if err != nil {
		return err
	}
	if request.subject != "" && s.hint != hinted {
		return refuse(InvalidRequest, "claims and id_token_hint name different users")
	}
	s.hint, s.hintUnknown = hinted, hinted == ""
	return nil
}

// askForLogin sends the browser to the login page, which leads back to the callback.
func (p *Provider) askForLogin(c *gin.Context, request authorizationRequest) error {
	if !request.client.EnableLocalLogin {
		return refuseLocalLogin(request.client)
	}
	back, err := p.wayBack(c, request)
	if err != nil {
		return err
	}
	if !back.request.Has("request_uri") { // of what we keep we know when it arrived
		back.request.Set(loginAfterParameter, strconv.FormatInt(time.Now().Unix(), 10))
	}
	redirect(c, p.path("/account/login")+"?"+url.Values{"returnUrl": {p.local(back)}}.Encode())
	return nil
}

// askForConsent sends the browser to the consent page.
func (p *Provider) askForConsent(c *gin.Context, request authorizationRequest) error {
	back, err := p.wayBack(c, request)
	if err != nil {
		return err
	}
	redirect(c, p.path("/consent")+"?"+url.Values{"returnUrl": {p.local(back)}}.Encode())
	return nil
}

// wayBack is the request once more: what we read of it, and the correlation id it has by now, so that the detour is logged
// under it (E19).
func (p *Provider) wayBack(c *gin.Context, request authorizationRequest) (returnURL, error) {
	back := returnURL{request: url.Values{event.CorrelationParameter: {eventOf(c).CorrelationID}}}
	if request.object && request.pushed == "" {
		handle, err := p.keepRequest(c.Request.Context(), request)
		if err != nil {
			return back, err
		}
		request.pushed = handle
	}
	if request.pushed != "" {
		back.request.Set("client_id", request.client.ClientID)
		back.request.Set("request_uri", pushedRequestURN+request.pushed)
		return back, nil
	}
	maps.Copy(back.request, request.values())
	return back, nil
}
