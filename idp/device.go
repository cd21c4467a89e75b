package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/views"
)

// deviceForm serves GET /device (RFC 8628 §3.3): the user signs in and types the code that the device shows. A code in the
// address is filled in, not taken: whoever sent the link may have begun the request (§5.4).
func (p *Provider) deviceForm(c *gin.Context) error {
	typed := c.Request.URL.Query().Get(userCodeParameter)
	session, err := p.signedInUser(c)
	if err != nil {
		return err
	}
	if session == nil {
		return p.loginForDevice(c, typed)
	}
	if canonicalUserCode(typed) == "" {
		typed = ""
	}
	return p.render(c, http.StatusOK, views.IDPDevice(p.deviceEntry(*session, typed)), policy{forms: formsStay})
}

// device serves POST /device: first the code, then the answer to what stands behind it.
func (p *Provider) device(c *gin.Context) error {
	form := c.Request.PostForm
	sent, err := readParameters(form, userCodeParameter, consentSessionParameter, "button")
	if err != nil {
		return err
	}
	session, err := p.signedInUser(c)
	if err != nil {
		return err
	}
	if session == nil {
		return p.loginForDevice(c, sent[userCodeParameter])
	}
	code, client, err := p.waitingDevice(c, *session, sent[userCodeParameter])
	if refused, ok := errors.AsType[*deviceRefused](err); ok {
		return p.refuseUserCode(c, *session, sent[userCodeParameter], refused)
	}
	if err != nil {
		return err
	}
	eventOf(c).ClientID = client.ClientID
	if code.Answer != db.DevicePending { // a second click on the same button
		return p.deviceDone(c, client, code.Answer)
	}
	if lifetime, limited := client.UserSSOTTL(); limited && time.Since(session.AuthTime) > max(lifetime, time.Minute) {
		return p.loginForDevice(c, sent[userCodeParameter]) // this client wants a younger login
	}
	granted, err := p.grantedBy(c.Request.Context(), code.Scopes)
	if err != nil {
		return err
	}
	asked := sent[consentSessionParameter] == session.SessionID // what Mick reads, Jane must not allow
	switch {
	case asked && sent["button"] == "deny":
		return p.answerDevice(c, *session, client, sent[userCodeParameter], nil)
	case asked && sent["button"] == "allow":
		if allowed := allowedScope(granted, form["ScopesConsented"]); len(allowed) > 0 {
			return p.answerDevice(c, *session, client, sent[userCodeParameter], allowed)
		}
	}
	return p.confirmDevice(c, *session, client, sent[userCodeParameter], granted)
}

// loginForDevice asks the user to sign in first, so that guessing codes takes an account.
func (p *Provider) loginForDevice(c *gin.Context, typed string) error {
	back := returnURL{device: p.devicePage(typed)}
	redirect(c, p.path("/account/login")+"?"+url.Values{"returnUrl": {p.local(back)}}.Encode())
	return nil
}

// deviceRefused is a user code that leads nowhere. retryAfter is above zero when it was not even looked at.
type deviceRefused struct{ retryAfter time.Duration }

func (e *deviceRefused) Error() string { return "there is no device with this user code" }

// deviceLimits slow the guessing of user codes down (RFC 8628 §5.1).
func deviceLimits(c *gin.Context, session db.Session) []loginLimit {
	return []loginLimit{
		{"device-user:" + sessionKey(session.Subject), perPair, longestBlock},
		{"device-address:" + sessionKey(network(c.ClientIP())), perAddress, longestBlock},
	}
}

// waitingDevice returns the request behind a user code that waits for an answer, or has it from this very session, and its client; or a
// *deviceRefused.
func (p *Provider) waitingDevice(c *gin.Context, session db.Session, typed string) (db.DeviceCode, db.Client, error) {
	ctx, limits := c.Request.Context(), deviceLimits(c, session)
	err := p.checkLimits(ctx, limits)
	if blocked, ok := errors.AsType[*loginRefused](err); ok {
		return db.DeviceCode{}, db.Client{}, &deviceRefused{blocked.retryAfter}
	}
	if err != nil {
		return db.DeviceCode{}, db.Client{}, err
	}
	code, client, err := p.deviceBehind(ctx, session, typed)
	if errors.Is(err, db.ErrNotFound) {
		if err := p.countFailure(ctx, limits); err != nil {
			return db.DeviceCode{}, db.Client{}, err
		}
		return db.DeviceCode{}, db.Client{}, &deviceRefused{}
	}
	return code, client, err
}

func (p *Provider) deviceBehind(ctx context.Context, session db.Session, typed string) (db.DeviceCode, db.Client, error) {
	canonical := canonicalUserCode(typed)
	if canonical == "" {
		return db.DeviceCode{}, db.Client{}, db.ErrNotFound
	}
	code, err := p.db.DeviceCode(ctx, canonical, time.Now())
	if err != nil {
		return db.DeviceCode{}, db.Client{}, err
	}
	client, err := p.db.Client(ctx, code.ClientID)
	if err == nil && (!client.Enabled || code.Answer != db.DevicePending && code.SessionID != session.SessionID) {
		err = db.ErrNotFound
	}
	return code, client, err
}

// refuseUserCode shows the form again. It says the same of a code that was never there, has expired or was answered.
func (p *Provider) refuseUserCode(c *gin.Context, session db.Session, typed string, refused *deviceRefused) error {
	e := eventOf(c)
	e.Outcome, e.Reason = string(AccessDenied), refused.Error()
	page, status := p.deviceEntry(session, typed), http.StatusOK
	if refused.retryAfter > 0 {
		status, page.RetryAfter = http.StatusTooManyRequests, refused.retryAfter
		c.Header("Retry-After", strconv.Itoa(int(refused.retryAfter/time.Second)))
	} else {
		page.Message = "No device waits with this code. Look at the device again: the code may have expired."
	}
	return p.render(c, status, views.IDPDevice(page), policy{forms: formsStay})
}

// deviceEntry is the form for the code.
func (p *Provider) deviceEntry(session db.Session, typed string) views.IDPDevicePage {
	return views.IDPDevicePage{Site: p.site(), Action: p.path(devicePath), User: session.DisplayName, UserCode: typed}
}

// confirmDevice shows who asks for what, before anything is allowed. The code stands there to be compared with the one on
// the device: a link with somebody else's code is how this flow is abused (RFC 8628 §5.4).
func (p *Provider) confirmDevice(c *gin.Context, session db.Session, client db.Client, typed string, granted grantedScope) error {
	page := views.IDPDeviceConfirmPage{
		Site:          p.site(),
		Action:        p.path(devicePath),
		User:          session.DisplayName,
		Client:        clientName(client),
		UserCode:      typed,
		Hidden:        []views.IDPField{{Name: userCodeParameter, Value: typed}, {Name: consentSessionParameter, Value: session.SessionID}},
		OfflineAccess: granted.Scope.Contains(scopeOfflineAccess),
	}
	page.Identity, page.API = scopeChoices(granted)
	return p.render(c, http.StatusOK, views.IDPDeviceConfirm(page), policy{forms: formsStay})
}

// answerDevice stores the answer for the device to find. Nothing allowed means no.
func (p *Provider) answerDevice(c *gin.Context, session db.Session, client db.Client, typed string, allowed Scope) error {
	ctx := c.Request.Context()
	answer := db.DeviceCode{
		Answer: db.DeviceDenied, Scopes: allowed, Subject: session.Subject, SessionID: session.SessionID, AuthTime: session.AuthTime, AMR: session.AMR,
	}
	if len(allowed) > 0 {
		answer.Answer = db.DeviceAllowed
	}
	err := p.db.AnswerDeviceCode(ctx, canonicalUserCode(typed), answer, time.Now())
	if errors.Is(err, db.ErrNotFound) { // somebody was faster, or it took too long
		return p.answeredDevice(c, session, client, typed)
	}
	if err != nil {
		return err
	}
	if answer.Answer == db.DeviceAllowed {
		if err := p.db.SessionJoined(ctx, session.Key, client.ClientID); err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
	}
	return p.deviceDone(c, client, answer.Answer)
}

// answeredDevice tells who comes second what came of it, where the first was the same user clicking twice: a browser shows the answer to
// the second click.
func (p *Provider) answeredDevice(c *gin.Context, session db.Session, client db.Client, typed string) error {
	code, _, err := p.deviceBehind(c.Request.Context(), session, typed)
	if errors.Is(err, db.ErrNotFound) || err == nil && code.Answer == db.DevicePending {
		return p.refuseUserCode(c, session, typed, &deviceRefused{})
	}
	if err != nil {
		return err
	}
	return p.deviceDone(c, client, code.Answer)
}

// deviceDone says what the user said, for the last time.
func (p *Provider) deviceDone(c *gin.Context, client db.Client, answer db.DeviceAnswer) error {
	if answer == db.DeviceDenied {
		eventOf(c).Outcome = string(AccessDenied)
	}
	page := views.IDPDeviceDonePage{Site: p.site(), Client: clientName(client), Allowed: answer == db.DeviceAllowed}
	return p.render(c, http.StatusOK, views.IDPDeviceDone(page), policy{})
}
