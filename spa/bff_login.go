package spa

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	"golang.org/x/oauth2"

	"silentrenew/internal/event"
	"silentrenew/views"
)

// loginTimeout is how long a user may take at the provider.
const loginTimeout = 10 * time.Minute

// bffLogin is a sign-in under way.
type bffLogin struct {
	State         string `json:"state"`
	Nonce         string `json:"nonce"`
	Verifier      string `json:"code_verifier"`
	ReturnTo      string `json:"return_to"`
	CorrelationID string `json:"correlation_id"`
}

// localPath is what returnTo may be: a path of this site. Two slashes, or one and a backslash, would be another host.
var localPath = regexp.MustCompile(`^/([^/\\][^\\]*)?$`)

// localReturn returns the path if it is one of this site, and the home page otherwise.
func localReturn(path string) string {
	if u, err := url.Parse(path); err != nil || len(path) > 2000 || u.Host != "" || u.Scheme != "" || !localPath.MatchString(path) || event.Printable(path, 2000) != path {
		return "/"
	}
	return path
}

// bffLogin serves GET /bff/login?returnTo=/path: it sends the browser to the provider (OIDC Core §3.1.2.1) with PKCE, state and
// nonce, all fresh, all kept here and tied to this browser by a cookie.
func (s *Server) bffLogin(c *gin.Context) {
	if begunElsewhere(c.Request) {
		s.write(c, signinTrouble(http.StatusForbidden, "/", "Another site has sent you here to sign in. If you want to, begin here."))
		return
	}
	returnTo := localReturn(c.Query("returnTo"))
	ctx := withCorrelation(c.Request.Context(), event.CorrelationID(c.Request))
	provider, _, err := s.bff.provider.discover(ctx)
	login := bffLogin{State: newHandle(), Nonce: newHandle(), Verifier: oauth2.GenerateVerifier(), ReturnTo: returnTo, CorrelationID: correlationOf(ctx)}
	handle := newHandle()
	if err == nil {
		_, err = s.bff.insertRecord(ctx, recordLogin, handle, "", "", login, time.Now().Add(loginTimeout))
	}
	if err != nil {
		s.bff.emit(event.Event{Kind: "bff.signin", CorrelationID: login.CorrelationID}, err)
		s.write(c, signinTrouble(http.StatusServiceUnavailable, returnTo, "The provider at "+s.cfg.Authority+" does not answer."))
		return
	}
	s.bff.setLoginCookie(c, login.State, handle)
	client := s.bff.oauth2(provider)
	client.Scopes = []string{bffScope}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(login.Verifier), oidc.Nonce(login.Nonce),
		oauth2.SetAuthURLParam(event.CorrelationParameter, login.CorrelationID)}
	if hint := c.Query("login_hint"); hint != "" && len(hint) <= maxLoginHint { // OIDC Core §4
		options = append(options, oauth2.SetAuthURLParam("login_hint", hint))
	}
	c.Redirect(http.StatusSeeOther, client.AuthCodeURL(login.State, options...))
}

// bffCallback serves GET /bff/callback, the redirect URI (RFC 6749 §4.1.2). A sign-in succeeds in the browser that began it, once.
func (s *Server) bffCallback(c *gin.Context) {
	login, err := s.bff.takeLogin(c)
	if err != nil {
		s.bff.emit(event.Event{Kind: "bff.signin", CorrelationID: event.CorrelationID(c.Request)}, err)
		s.write(c, signinTrouble(http.StatusBadRequest, "/", "This sign-in was not begun in this browser, was finished before, or took longer than ten minutes."))
		return
	}
	ctx := withCorrelation(c.Request.Context(), login.CorrelationID)
	started := time.Now()
	session, err := s.bff.signIn(ctx, login, c.Request.URL.Query())
	if err == nil {
		err = s.bff.startSession(c, &session)
	}
	s.bff.emit(event.Event{Kind: "bff.signin", CorrelationID: login.CorrelationID, Subject: session.Subject, SessionID: session.SessionID,
		Duration: time.Since(started), Parameters: map[string]string{"scope": bffScope}}, err)
	if err != nil {
		s.write(c, signinTrouble(http.StatusBadGateway, login.ReturnTo, "Signing in did not work: "+reasonOf(err)))
		return
	}
	c.Redirect(http.StatusSeeOther, login.ReturnTo)
}

// takeLogin finds the sign-in that the callback answers: the cookie says which browser began it, the state must be the one it
// was given, and it is taken out of the records, so that the callback cannot be replayed.
func (b *bff) takeLogin(c *gin.Context) (bffLogin, error) {
	var login bffLogin
	state := c.Query("state")
	if state == "" {
		return login, fmt.Errorf("%w: state is missing", errBadAnswer)
	}
	handle := b.cookie(c.Request, loginCookieName(state))
	b.forgetLoginCookie(c, state)
	found, err := b.takeRecord(c.Request.Context(), recordLogin, handle, &login)
	if err == nil && (!found || subtle.ConstantTimeCompare([]byte(login.State), []byte(state)) != 1) {
		err = fmt.Errorf("%w: state is not one of this browser", errBadAnswer)
	}
	return login, err
}

// signIn turns the authorization response into a session: check who answers, exchange the code, verify the ID token, ask
// userinfo for the name and the roles.
func (b *bff) signIn(ctx context.Context, login bffLogin, response url.Values) (bffSession, error) {
	provider, metadata, err := b.provider.discover(ctx)
	if err != nil {
		return bffSession{}, err
	}
	if err := checkResponse(response, b.provider.issuer, metadata.IssSupported); err != nil {
		return bffSession{}, err
	}
	ctx = b.provider.context(ctx)
	now := time.Now()
	tokens, err := b.oauth2(provider).Exchange(ctx, response.Get("code"), oauth2.VerifierOption(login.Verifier))
	if err != nil {
		return bffSession{}, tokenError(err)
	}
	session := bffSession{Started: now}
	if err := session.take(tokens); err != nil {
		return session, err
	}
	claims, err := b.verifyIDToken(ctx, tokens)
	if err != nil {
		return session, err
	}
	if subtle.ConstantTimeCompare([]byte(claims.nonce), []byte(login.Nonce)) != 1 { // OIDC Core §3.1.3.7 (11)
		return session, fmt.Errorf("%w: the nonce of the ID token is not the one we sent", errBadAnswer)
	}
	session.Subject, session.SessionID, session.AuthTime = claims.subject, claims.sid, claims.authTime
	return session, b.describeUser(ctx, provider, &session, tokens)
}

// checkResponse refuses what another provider sent (mix-up, RFC 9207 §2.4), errors (RFC 6749 §4.1.2.1) and nonsense.
func checkResponse(response url.Values, issuer string, issSupported bool) error {
	for name, values := range response {
		if len(values) > 1 { // RFC 6749 §3.1
			return fmt.Errorf("%w: %s came more than once", errBadAnswer, event.Printable(name, 40))
		}
	}
	switch iss := response.Get("iss"); {
	case iss == "" && !issSupported:
	case iss != issuer:
		return fmt.Errorf("%w: iss %q is not the provider we asked", errBadAnswer, event.Printable(iss, 200))
	}
	if code := response.Get("error"); code != "" {
		return &oauth2.RetrieveError{ErrorCode: event.Printable(code, 64), ErrorDescription: event.Printable(response.Get("error_description"), 300)}
	}
	if response.Get("code") == "" {
		return fmt.Errorf("%w: it has no code", errBadAnswer)
	}
	return nil
}

// startSession stores the session under a handle that nobody has seen before (session fixation) and ends the one that the
// browser had.
func (b *bff) startSession(c *gin.Context, session *bffSession) error {
	ctx := c.Request.Context()
	if previous := b.sessionHandle(c.Request); previous != "" {
		if _, _, err := b.records.TakeBFFRecord(ctx, recordKey(recordSession, previous), time.Now()); err != nil {
			return err
		}
	}
	session.handle, session.version = newHandle(), 1
	if _, err := b.insertRecord(ctx, recordSession, session.handle, session.Subject, session.SessionID, *session, session.recordExpires()); err != nil {
		return err
	}
	// The provider may have ended the session while we were still fetching its tokens (R18).
	if session.SessionID != "" {
		_, version, _, err := b.records.BFFRecord(ctx, recordKey(recordEnded, session.SessionID), time.Now())
		if err != nil || version != 0 {
			_, deleteErr := b.records.DeleteBFFRecord(ctx, recordKey(recordSession, session.handle), session.version)
			return errors.Join(errSessionOver, err, deleteErr)
		}
	}
	b.setSessionCookie(c, session.handle)
	return nil
}

// signinTrouble is a page that says why nobody was signed in, with the way to try again.
func signinTrouble(status int, returnTo, detail string) page {
	return page{status: status, name: "signin-trouble", title: "Not signed in",
		content: views.SigninTrouble(views.SigninTroublePage{Detail: detail, Retry: bffLoginPath + "?" + url.Values{"returnTo": {returnTo}}.Encode()})}
}
