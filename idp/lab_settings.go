package idp

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// clientSettings is what the page shows of a client, under the names of the columns. Lifetimes are in seconds.
type clientSettings struct {
	ClientID                  string     `json:"ClientId"`
	ClientName                string     `json:"ClientName"`
	AccessTokenLifetime       int        `json:"AccessTokenLifetime"`
	IdentityTokenLifetime     int        `json:"IdentityTokenLifetime"`
	AuthorizationCodeLifetime int        `json:"AuthorizationCodeLifetime"`
	UserSSOLifetime           *int       `json:"UserSsoLifetime"`
	RenewLeadHint             *int       `json:"RenewLeadHint"`
	RedirectURIs              []string   `json:"RedirectUris"`
	CORSOrigins               []string   `json:"CorsOrigins"`
	Updated                   *time.Time `json:"Updated"`
}

func settingsOf(client db.Client) clientSettings {
	return clientSettings{
		ClientID: client.ClientID, ClientName: client.ClientName, AccessTokenLifetime: client.AccessTokenLifetime,
		IdentityTokenLifetime: client.IdentityTokenLifetime, AuthorizationCodeLifetime: client.AuthorizationCodeLifetime,
		UserSSOLifetime: client.UserSSOLifetime, RenewLeadHint: client.RenewLeadHint,
		RedirectURIs: client.RedirectURIs, CORSOrigins: client.CORSOrigins, Updated: client.Updated,
	}
}

// labClient serves GET /lab/clients/{client_id}.
func (p *Provider) labClient(c *gin.Context) error {
	client, err := p.db.Client(c.Request.Context(), c.Param("client_id"))
	if err != nil {
		return labError(err)
	}
	c.JSON(http.StatusOK, settingsOf(client))
	return nil
}

// labChangeClient serves PATCH /lab/clients/{client_id}. The next token obeys (A20).
func (p *Provider) labChangeClient(c *gin.Context) error {
	var change db.ClientChange
	fields, err := readChange(c, &change)
	if err != nil {
		return err
	}
	client, err := p.db.UpdateClientSettings(c.Request.Context(), c.Param("client_id"), change)
	if err != nil {
		return labError(err)
	}
	e := eventOf(c)
	e.ClientID, e.Parameters = client.ClientID, fields
	c.JSON(http.StatusOK, settingsOf(client))
	return nil
}

// labOptions serves GET /lab/options: the values that count now.
func (p *Provider) labOptions(c *gin.Context) error {
	values := make(map[string]string, len(options))
	for _, o := range options {
		value, err := p.option(c.Request.Context(), o)
		if err != nil {
			return err
		}
		values[o.name] = value
	}
	c.JSON(http.StatusOK, values)
	return nil
}

// labChangeOptions serves PATCH /lab/options. All values are checked before the first one is stored.
func (p *Provider) labChangeOptions(c *gin.Context) error {
	fields, err := readChange(c, nil)
	if err != nil {
		return err
	}
	for name, value := range fields {
		o, known := optionNamed(name)
		if !known {
			return refuseField(name, "%s is not an option of this provider", name)
		}
		if err := o.check(value); err != nil {
			return refuseField(name, "%s: %v", name, err)
		}
	}
	for name, value := range fields {
		if err := p.db.SetOption(c.Request.Context(), name, value); err != nil {
			return fmt.Errorf("store option %s: %w", name, err)
		}
	}
	eventOf(c).Parameters = fields
	return p.labOptions(c)
}

// labSessionView is the caller's own session at the provider, as its cookie shows it (I25). Lifetime is in seconds.
type labSessionView struct {
	SignedIn bool       `json:"signed_in"`
	Subject  string     `json:"sub,omitempty"`
	Name     string     `json:"name,omitempty"`
	SID      string     `json:"sid,omitempty"`
	AuthTime *time.Time `json:"auth_time,omitempty"`
	Created  *time.Time `json:"created,omitempty"`
	Renewed  *time.Time `json:"renewed,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
	Lifetime int        `json:"lifetime,omitempty"`
	Remember bool       `json:"remember"`
	Sliding  bool       `json:"sliding"`
	Clients  []string   `json:"clients,omitempty"`
}

// labSession serves GET /lab/session. Pages poll it, so it must not change what it shows: it does not slide the session, and
// it does not take the readable cookie of a dead one back, as currentSession does.
func (p *Provider) labSession(c *gin.Context) error {
	ctx := c.Request.Context()
	sliding, err := p.cookieSliding(ctx)
	if err != nil {
		return err
	}
	view := labSessionView{Sliding: sliding}
	session, err := p.db.Session(ctx, sessionKey(cookieValue(c, sessionCookie)), time.Now())
	switch {
	case errors.Is(err, db.ErrNotFound):
	case err != nil:
		return fmt.Errorf("read session: %w", err)
	default:
		view.SignedIn, view.Subject, view.Name, view.SID = true, session.Subject, session.DisplayName, session.SessionID
		view.AuthTime, view.Created, view.Renewed, view.Expires = &session.AuthTime, &session.Created, &session.Renewed, &session.Expires
		view.Lifetime, view.Remember, view.Clients = int(session.Lifetime.Seconds()), session.Persistent, session.ClientIDs
	}
	c.JSON(http.StatusOK, view)
	return nil
}
