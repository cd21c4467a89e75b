package idp

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/views"
)

// loginForm serves GET /account/login: username, password, Remember My Login (A9).
func (p *Provider) loginForm(c *gin.Context) error {
	back, err := p.parseReturnURL(c.Request.URL.Query().Get("returnUrl"))
	if err != nil {
		return err
	}
	page, err := p.loginPage(c, back)
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, views.IDPLogin(page), policy{forms: formsLeave, images: imageOrigins(page.About)})
}

// login serves POST /account/login.
func (p *Provider) login(c *gin.Context) error {
	sent, err := readParameters(c.Request.PostForm, "Username", "Password", "RememberLogin", "ReturnUrl", "button")
	if err != nil {
		return err
	}
	back, err := p.parseReturnURL(sent["ReturnUrl"])
	if err != nil {
		return err
	}
	if sent["button"] == "cancel" {
		return p.cancelLogin(c, back)
	}
	page, err := p.loginPage(c, back) // looks at the request behind, too
	if err != nil {
		return err
	}
	user, err := p.authenticate(c, sent["Username"], sent["Password"])
	if refused, ok := errors.AsType[*loginRefused](err); ok {
		page.Username, page.RememberLogin = sent["Username"], sent["RememberLogin"] == "true"
		return p.refuseLogin(c, page, refused)
	}
	if err != nil {
		return err
	}
	if err := p.startSession(c, user, sent["RememberLogin"] == "true"); err != nil {
		return err
	}
	redirect(c, p.local(back))
	return nil
}

// cancelLogin tells the client that the user would not (RFC 6749 §4.1.2.1). The request behind is looked at again: what
// comes back from a form is not what we wrote there.
func (p *Provider) cancelLogin(c *gin.Context, back returnURL) error {
	eventOf(c).Kind = "login.cancelled"
	if len(back.request) == 0 {
		redirect(c, p.path("/"))
		return nil
	}
	target, err := p.responseTarget(c.Request.Context(), back.request)
	if err != nil {
		return err
	}
	eventOf(c).ClientID = target.client.ClientID
	return &redirectError{to: target, cause: refuse(AccessDenied, "the user cancelled the login")}
}

// loginPage fills in the form. A request behind it that cannot be answered is an error here already, so that nobody types
// a password for nothing.
func (p *Provider) loginPage(c *gin.Context, back returnURL) (views.IDPLoginPage, error) {
	lifetime, err := p.cookieLifetime(c.Request.Context())
	if err != nil {
		return views.IDPLoginPage{}, err
	}
	page := views.IDPLoginPage{
		Site:        p.site(),
		Action:      p.path("/account/login"),
		ReturnURL:   p.hidden(back),
		RememberFor: rememberMe,
		SessionFor:  lifetime,
	}
	if p.lab {
		page.DemoUsers = demoUsers
	}
	if len(back.request) == 0 {
		return page, nil
	}
	target, err := p.responseTarget(c.Request.Context(), back.request)
	if err != nil {
		return views.IDPLoginPage{}, err
	}
	eventOf(c).ClientID = target.client.ClientID
	request, err := p.authorizationRequest(c.Request.Context(), target)
	if err == nil && !target.client.EnableLocalLogin {
		err = refuseLocalLogin(target.client)
	}
	if err != nil {
		return views.IDPLoginPage{}, &redirectError{to: target, cause: err}
	}
	page.Client, page.Username, page.About = clientName(target.client), request.loginHint, clientLinks(target.client)
	return page, nil
}

// demoUsers are the seeded users, whose passwords the README prints as well.
var demoUsers = []views.IDPDemoUser{
	{Username: "Mick", Password: "MickPassword", Role: "Admin"},
	{Username: "Jane", Password: "JanePassword", Role: "Visitor"},
}

func refuseLocalLogin(client db.Client) error {
	return refuse(UnauthorizedClient, "client %s may not use the local login, and there is no other", client.ClientID)
}

// loginRefused is an attempt that did not sign anybody in. retryAfter is above zero when the password was not even
// looked at (login_throttle.go).
type loginRefused struct{ retryAfter time.Duration }

func (e *loginRefused) Error() string {
	if e.retryAfter > 0 {
		return "too many attempts"
	}
	return "invalid username or password"
}

// refuseLogin shows the form again. It says the same for a wrong password, an unknown user and a disabled one.
func (p *Provider) refuseLogin(c *gin.Context, page views.IDPLoginPage, refused *loginRefused) error {
	e := eventOf(c)
	e.Outcome, e.Reason = string(AccessDenied), refused.Error()
	status := http.StatusOK
	if refused.retryAfter > 0 {
		status, page.RetryAfter = http.StatusTooManyRequests, refused.retryAfter
		c.Header("Retry-After", strconv.Itoa(int(refused.retryAfter/time.Second)))
	} else {
		page.Message = "Invalid username or password"
	}
	return p.render(c, status, views.IDPLogin(page), policy{forms: formsLeave, images: imageOrigins(page.About)})
}

// authenticate returns the user whose password this is, or a *loginRefused.
func (p *Provider) authenticate(c *gin.Context, username, password string) (db.User, error) {
	ctx := c.Request.Context()
	user, err := p.db.UserByName(ctx, username)
	known := err == nil
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return db.User{}, err
	}
	hash := decoyHash
	if known {
		hash = user.PasswordHash
	}
	match, err := p.attemptLogin(c, username, user.SubjectID, func() (bool, error) {
		match, err := argon2id.ComparePasswordAndHash(password, hash)
		return match && known && user.Enabled, err
	})
	if err != nil {
		return db.User{}, err
	}
	if !match {
		return db.User{}, &loginRefused{}
	}
	return user, p.rememberBrowser(c, user.SubjectID)
}

// decoyHash is the hash of a password that nobody knows, as costly as those db.HashPassword makes. Comparing with it makes
// an unknown user take as long as a known one, so that the clock does not tell which names exist.
const decoyHash = "$argon2id$v=19$m=19456,t=2,p=1$bDJc4gL+INoNzm4oO6ZDwA$hqX4xm1gbCk+SbJgokk6aRGgnjery+SlltV9tVlVl7Q"
