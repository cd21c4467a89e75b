package idp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/event"
)

// rememberMe is how long a sign-in with Remember My Login lasts, whatever Authentication.CookieLifetime says (A46).
const rememberMe = 30 * 24 * time.Hour

// amrPassword is the authentication method of the login form (RFC 8176 §2).
const amrPassword = "pwd"

// currentSessionKey keeps the session of this request, so that it is looked up once.
const currentSessionKey = "idp.session"

// currentSession turns the cookie into a live session; nil when signed out. When the session is gone the readable cookie is
// taken back, or the check-session page would see a change for ever (I12, R28). The other one stays: it opens nothing, and
// taking it back could hit the cookie of a login that another tab has just finished.
func (p *Provider) currentSession(c *gin.Context) (*db.Session, error) {
	if known, looked := c.Get(currentSessionKey); looked {
		return known.(*db.Session), nil
	}
	handle, sid := cookieValue(c, sessionCookie), cookieValue(c, sessionIDCookie)
	session, err := p.db.Session(c.Request.Context(), sessionKey(handle), time.Now())
	switch {
	case handle == "" || errors.Is(err, db.ErrNotFound):
		if sid != "" {
			p.forgetCookie(c, sessionIDCookie)
		}
		return noteSession(c, nil), nil
	case err != nil:
		return nil, err
	}
	if sid != session.SessionID {
		p.setSessionIDCookie(c, session.SessionID)
	}
	return noteSession(c, &session), nil
}

func noteSession(c *gin.Context, session *db.Session) *db.Session {
	c.Set(currentSessionKey, session)
	if session != nil {
		e := eventOf(c)
		e.Subject, e.SessionID = session.Subject, session.SessionID
	}
	return session
}

// startSession signs a user in who has just given the right password.
//
// The handle in the cookie is always a new one, so nobody can make a victim use a session they know (session fixation).
// The session id stays when the same user logs in again: sid names the session of a user agent at the provider (OIDC
// Back-Channel Logout §2.1), that session goes on, and clients that joined it before must still be told when it ends. For
// another user it is another session.
func (p *Provider) startSession(c *gin.Context, user db.User, remember bool) error {
	ctx, now := c.Request.Context(), time.Now()
	previous, err := p.currentSession(c)
	if err != nil {
		return err
	}
	lifetime := rememberMe
	if !remember {
		if lifetime, err = p.cookieLifetime(ctx); err != nil {
			return err
		}
	}
	handle := newHandle()
	session := db.Session{
		Key:         sessionKey(handle),
		Subject:     user.SubjectID,
		SessionID:   rand.Text(),
		DisplayName: displayName(user),
		Created:     now,
		Renewed:     now,
		Expires:     now.Add(lifetime),
		AuthTime:    now,
		Lifetime:    lifetime,
		Persistent:  remember,
		AMR:         []string{amrPassword},
	}
	if previous != nil && previous.Subject == session.Subject {
		session.SessionID, session.ClientIDs = previous.SessionID, previous.ClientIDs
	}
	if err := p.db.InsertSession(ctx, session); err != nil {
		return err
	}
	if previous != nil {
		if err := p.db.DeleteSession(ctx, previous.Key); err != nil {
			return err
		}
		if previous.SessionID != session.SessionID {
			if err := p.endRefreshTokens(ctx, *previous); err != nil {
				return err
			}
			p.emitSession(c, "session.ended", *previous)
			p.tellClients(c, *previous)
		}
	}
	p.setSessionCookie(c, handle, session)
	p.setSessionIDCookie(c, session.SessionID)
	noteSession(c, &session)
	p.emitSession(c, "session.started", session)
	return nil
}

// slideSession prolongs the session by its lifetime once more than half of that is over (A45), as ASP.NET's cookie does.
// Without Authentication.CookieSlidingExpiration it does nothing, and the session ends when its time is up (A43). silent says
// that the request has prompt=none, which may be told not to count.
func (p *Provider) slideSession(c *gin.Context, session *db.Session, silent bool) error {
	if session == nil {
		return nil
	}
	ctx, now := c.Request.Context(), time.Now()
	if elapsed, remaining := now.Sub(session.Renewed), session.Expires.Sub(now); elapsed <= remaining {
		return nil
	}
	sliding, err := p.cookieSliding(ctx)
	if err == nil && sliding && silent {
		sliding, err = p.promptNoneSlides(ctx)
	}
	if err != nil || !sliding {
		return err
	}
	expires := now.Add(session.Lifetime)
	alive, err := p.db.RenewSession(ctx, session.Key, now, expires)
	if err != nil || !alive { // not alive: a logout has won (R18)
		return err
	}
	session.Renewed, session.Expires = now, expires
	p.setSessionCookie(c, cookieValue(c, sessionCookie), *session)
	p.emitSession(c, "session.renewed", *session)
	return nil
}

// endSessionNow signs the browser out: the row and both cookies go.
func (p *Provider) endSessionNow(c *gin.Context, session db.Session) error {
	ctx := c.Request.Context()
	if err := p.db.DeleteSession(ctx, session.Key); err != nil {
		return err
	}
	if err := p.endRefreshTokens(ctx, session); err != nil {
		return err
	}
	p.forgetCookie(c, sessionCookie)
	p.forgetCookie(c, sessionIDCookie)
	noteSession(c, nil)
	p.emitSession(c, "session.ended", session)
	p.tellClients(c, session)
	return nil
}

func (p *Provider) emitSession(c *gin.Context, kind string, session db.Session) {
	p.bus.Emit(event.Event{
		Kind: kind, Role: event.RoleIDP, CorrelationID: eventOf(c).CorrelationID, ClientID: eventOf(c).ClientID,
		Subject: session.Subject, SessionID: session.SessionID,
		Parameters: map[string]string{
			"expires":    session.Expires.UTC().Format(time.RFC3339),
			"lifetime":   session.Lifetime.String(),
			"persistent": strconv.FormatBool(session.Persistent),
		},
	})
}

// newHandle returns 256 random bits for a cookie or a code. Only its hash is stored (decision 7).
func newHandle() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// sessionKey is what the database knows of a handle.
func sessionKey(handle string) string {
	sum := sha256.Sum256([]byte(handle))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// displayName is what we call a user on our pages.
func displayName(user db.User) string {
	if name := user.Claim("name"); name != "" {
		return name
	}
	return user.Username
}
