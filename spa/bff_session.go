package spa

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// How long a session of the BFF lasts.
const (
	bffIdleLifetime     = 10 * time.Hour      // without a renewal, as long as the provider's cookie at first
	bffAbsoluteLifetime = 30 * 24 * time.Hour // whatever happens, as long as a refresh token at most
)

// bffSession is one sign-in as the BFF keeps it. The tokens never leave the server.
type bffSession struct {
	Subject   string   `json:"sub"`
	SessionID string   `json:"sid"` // the provider's
	Name      string   `json:"name"`
	Roles     []string `json:"roles"`
	AuthTime  int64    `json:"auth_time"` // seconds since the epoch, 0 when the provider did not say

	IDToken      string `json:"id_token"` // the hint for the end session endpoint
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`

	Started  time.Time     `json:"started"`
	Issued   time.Time     `json:"issued"`  // when the access token came
	Expires  time.Time     `json:"expires"` // when it ends
	Renewals int           `json:"renewals"`
	Took     time.Duration `json:"took"`     // the last renewal
	Trouble  string        `json:"trouble"`  // why the last attempt failed, "" when it did not
	RetryAt  time.Time     `json:"retry_at"` // no attempt before this

	handle  string // the cookie's value
	version int64  // of the record
}

// alive reports whether the API can still take the access token.
func (s bffSession) alive() bool { return time.Now().Before(s.Expires) }

// lead is how long before its end the access token is renewed: a minute, or a third of a shorter life (R1).
func (s bffSession) lead() time.Duration { return min(time.Minute, s.Expires.Sub(s.Issued)/3) }

// due reports whether it is time to renew.
func (s bffSession) due() bool {
	return s.RefreshToken != "" && time.Until(s.Expires) <= s.lead() && !time.Now().Before(s.RetryAt)
}

// recordExpires is when the record may be forgotten. Without a refresh token the session ends with the access token.
func (s bffSession) recordExpires() time.Time {
	expires := s.Issued.Add(bffIdleLifetime)
	if s.RefreshToken == "" {
		expires = s.Expires
	}
	if last := s.Started.Add(bffAbsoluteLifetime); expires.After(last) {
		return last
	}
	return expires
}

// session returns the session behind a handle; [errSessionOver] when there is none.
func (b *bff) session(ctx context.Context, handle string) (bffSession, error) {
	session, _, err := b.leasedSession(ctx, handle)
	return session, err
}

func (b *bff) leasedSession(ctx context.Context, handle string) (bffSession, time.Time, error) {
	session := bffSession{handle: handle}
	if handle == "" {
		return session, time.Time{}, errSessionOver
	}
	data, version, lease, err := b.records.BFFRecord(ctx, recordKey(recordSession, handle), time.Now())
	if err != nil {
		return session, lease, err
	}
	session.version = version
	if version == 0 || !openRecord(recordSession, handle, data, &session) {
		return session, lease, errSessionOver
	}
	return session, lease, nil
}

// bffStatus is what the page may know of its session: everything but a token.
type bffStatus struct {
	SignedIn bool     `json:"signed_in"`
	Subject  string   `json:"sub,omitempty"`
	Session  string   `json:"sid,omitempty"`
	Name     string   `json:"name,omitempty"`
	Roles    []string `json:"roles,omitempty"`
	Issued   int64    `json:"iat,omitempty"`        // of the access token, seconds since the epoch
	Expires  int64    `json:"exp,omitempty"`        // of the access token, seconds since the epoch
	Now      int64    `json:"now"`                  // the server's clock, seconds since the epoch
	Renewals int      `json:"renewals"`             // since the sign-in
	Took     int64    `json:"renewal_ms,omitempty"` // how long the last one took
	Trouble  string   `json:"trouble,omitempty"`    // why the last attempt to renew failed
}

func (s bffSession) status() bffStatus {
	return bffStatus{SignedIn: true, Subject: s.Subject, Session: s.SessionID, Name: s.Name, Roles: s.Roles, Issued: s.Issued.Unix(),
		Expires: s.Expires.Unix(), Now: time.Now().Unix(), Renewals: s.Renewals, Took: s.Took.Milliseconds(), Trouble: s.Trouble}
}

// bffSession serves GET /bff/session: who is signed in and until when. Asking prolongs nothing.
func (s *Server) bffSession(c *gin.Context) {
	session, err := s.bff.session(c.Request.Context(), s.bff.sessionHandle(c.Request))
	switch {
	case err == nil:
		c.JSON(http.StatusOK, session.status())
	case codeOf(err) == "login_required":
		c.JSON(http.StatusOK, bffStatus{Now: time.Now().Unix()})
	default:
		s.bffUnavailable(c, err)
	}
}
