package idp

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// Registration says who may register clients over the network (RFC 7591 §3).
type Registration string

// Who may register clients. The zero value is nobody.
const (
	RegistrationClosed Registration = "closed"
	RegistrationToken  Registration = "token" // who has an initial access token
	RegistrationOpen   Registration = "open"  // everybody
)

const (
	// registrationsPerAddress is how many clients one address may register in registrationWindow without a token.
	registrationsPerAddress = 300
	registrationWindow      = time.Hour

	// maxRegisteredClients is how many registered clients there may be at a time.
	maxRegisteredClients = 10_000
)

func (r Registration) check() error {
	switch r {
	case "", RegistrationClosed, RegistrationToken, RegistrationOpen:
		return nil
	}
	return fmt.Errorf("registration must be %s, %s or %s, not %q", RegistrationClosed, RegistrationToken, RegistrationOpen, r)
}

// open reports whether anybody at all may register, which is when discovery lists the endpoint.
func (r Registration) open() bool { return r == RegistrationToken || r == RegistrationOpen }

// mayRegister reports whether the request brings an initial access token, which vouches for the client, or returns why it may not
// register one at all. A token that does not count is refused even where none is needed.
func (p *Provider) mayRegister(c *gin.Context) (vouched bool, err error) {
	if !p.registration.open() {
		return false, refuse(AccessDenied, "registration is closed at this provider").withStatus(http.StatusForbidden)
	}
	token, err := readBearerToken(c.Request)
	switch {
	case errors.Is(err, errNoToken) && p.registration == RegistrationOpen:
		err = p.throttleRegistration(c)
	case err != nil:
		return false, err
	default:
		vouched, err = true, p.checkInitialAccessToken(c, token)
	}
	if err != nil {
		return false, err
	}
	count, err := p.db.CountRegisteredClients(c.Request.Context())
	if err == nil && count >= maxRegisteredClients {
		err = refuse(TemporarilyUnavailable, "there are %d registered clients, no more fit", count)
	}
	return vouched, err
}

func (p *Provider) checkInitialAccessToken(c *gin.Context, token string) error {
	if p.initialAccessToken != "" && subtle.ConstantTimeCompare([]byte(sessionKey(token)), []byte(p.initialAccessToken)) == 1 {
		return nil
	}
	known, err := p.db.InitialAccessToken(c.Request.Context(), token, time.Now())
	if errors.Is(err, db.ErrNotFound) {
		return refuse(InvalidToken, "the initial access token is unknown or has expired")
	}
	eventOf(c).Reason = known.Description
	return err
}

// throttleRegistration counts the registrations of one address that come without a token.
func (p *Provider) throttleRegistration(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	count, err := p.db.CountLoginFailure(ctx, "register:"+sessionKey(network(c.ClientIP())), now, registrationWindow)
	if err == nil && count > registrationsPerAddress {
		c.Header("Retry-After", strconv.Itoa(int(registrationWindow/time.Second)))
		err = refuse(TemporarilyUnavailable, "too many clients were registered from this address, come back in an hour").
			withStatus(http.StatusTooManyRequests)
	}
	return err
}

// readBearerToken finds an initial or registration access token (RFC 7591 §3, RFC 7592 §2), which is bound to nothing.
func readBearerToken(r *http.Request) (string, error) {
	presented, err := readAccessToken(r)
	if err != nil {
		return "", err
	}
	if presented.scheme != "Bearer" {
		return "", refuse(InvalidToken, "Authorization: this token goes with the Bearer scheme")
	}
	return presented.token, nil
}
