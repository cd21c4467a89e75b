package idp

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// registrationPath is the registration endpoint; a client's own configuration endpoint lies below it (RFC 7592 §3).
const registrationPath = "/connect/register"

// register serves POST /connect/register (OIDC Registration §3.1, RFC 7591 §3.1).
func (p *Provider) register(c *gin.Context) error {
	ctx := c.Request.Context()
	vouched, err := p.mayRegister(c)
	if err != nil {
		return err
	}
	metadata, _, err := readClientMetadata(c.Request)
	if err != nil {
		return err
	}
	client := db.NewClient(rand.Text())
	client.Created, client.RequireConsent = time.Now(), !vouched // nobody here knows a client that nobody vouches for
	if vouched {
		client.Properties = map[string]string{vouchedProperty: "initial_access_token"}
	}
	if client, err = p.clientFrom(ctx, metadata, client, vouched); err != nil {
		return err
	}
	secret, err := p.renewSecret(ctx, &client)
	if err != nil {
		return err
	}
	token := newHandle()
	client.RegistrationAccessToken = db.HashRegistrationToken(token)
	if err := p.db.InsertClient(ctx, client); err != nil {
		return registrationError(err)
	}
	eventOf(c).ClientID = client.ClientID
	c.JSON(http.StatusCreated, p.clientInformation(client, token, secret))
	return nil
}

// readRegistration serves GET /connect/register/{client_id} (OIDC Registration §4.2, RFC 7592 §2.1). The secret is not told again: only its hash is here.
func (p *Provider) readRegistration(c *gin.Context) error {
	client, token, err := p.ownRegistration(c)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, p.clientInformation(client, token, ""))
	return nil
}

// updateRegistration serves PUT /connect/register/{client_id} (RFC 7592 §2.2): the metadata sent replace all that was
// registered. The registration access token stays, so that a lost answer locks nobody out. There is a new secret where none
// counts any more.
func (p *Provider) updateRegistration(c *gin.Context) error {
	before, token, err := p.ownRegistration(c)
	if err != nil {
		return err
	}
	metadata, members, err := readClientMetadata(c.Request)
	if err != nil {
		return err
	}
	if err := p.updatesItself(metadata, members, before); err != nil {
		return err
	}
	ctx := c.Request.Context()
	client, err := p.clientFrom(ctx, metadata, before, before.Properties[vouchedProperty] != "")
	if err != nil {
		return err
	}
	secret, err := p.renewSecret(ctx, &client)
	if err != nil {
		return err
	}
	if err := p.db.ReplaceClient(ctx, client); err != nil {
		return registrationError(err)
	}
	c.JSON(http.StatusOK, p.clientInformation(client, token, secret))
	return nil
}

// deleteRegistration serves DELETE /connect/register/{client_id} (RFC 7592 §2.3).
func (p *Provider) deleteRegistration(c *gin.Context) error {
	client, _, err := p.ownRegistration(c)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := p.db.DeleteClient(c.Request.Context(), client.ClientID, now, now.Add(maxTokenLifetime)); err != nil {
		return registrationError(err)
	}
	c.Status(http.StatusNoContent)
	return nil
}

// ownRegistration returns the client that the address names and the registration access token belongs to. Another client's
// token, and one of a client that is gone, are as good as none (RFC 7592 §2).
func (p *Provider) ownRegistration(c *gin.Context) (db.Client, string, error) {
	token, err := readBearerToken(c.Request)
	if err != nil {
		return db.Client{}, "", err
	}
	refused := refuse(InvalidToken, "the registration access token is not that of this client")
	client, err := p.db.Client(c.Request.Context(), c.Param("client_id"))
	if errors.Is(err, db.ErrNotFound) {
		return db.Client{}, "", refused
	}
	if err != nil {
		return db.Client{}, "", err
	}
	hash := db.HashRegistrationToken(token)
	if client.RegistrationAccessToken == "" || subtle.ConstantTimeCompare([]byte(hash), []byte(client.RegistrationAccessToken)) != 1 {
		return db.Client{}, "", refused
	}
	eventOf(c).ClientID = client.ClientID
	if !client.Enabled { // RFC 7592 §2: the client may not do this
		return db.Client{}, "", refuse(AccessDenied, "client %s is disabled", client.ClientID).withStatus(http.StatusForbidden)
	}
	return client, token, nil
}

// updatesItself checks what ties an update to the client it is about (RFC 7592 §2.2).
func (p *Provider) updatesItself(metadata clientMetadata, members map[string]json.RawMessage, before db.Client) error {
	if name := sentByMistake(members); name != "" {
		return refuseMetadata(name, "must not be sent (RFC 7592 section 2.2)")
	}
	switch {
	case metadata.ClientID != before.ClientID:
		return refuseMetadata("client_id", "must be that of this client")
	case metadata.ClientSecret != "" && !p.knowsSecret(before, metadata.ClientSecret):
		return refuseMetadata("client_secret", "must be the one that was issued, or left out")
	}
	return nil
}

// renewSecret gives the client a secret where it needs one and has none that counts, and takes all away where it needs none.
func (p *Provider) renewSecret(ctx context.Context, client *db.Client) (secret string, err error) {
	now, kind := time.Now(), secretKind(client.TokenEndpointAuthMethod)
	client.Secrets = slices.DeleteFunc(slices.Clone(client.Secrets), func(s db.ClientSecret) bool {
		return s.Type != db.JSONWebKey && (s.Type != kind || s.Expiration != nil && !now.Before(*s.Expiration))
	})
	if kind == "" || slices.ContainsFunc(client.Secrets, func(s db.ClientSecret) bool { return s.Type == kind }) {
		return "", nil
	}
	lifetime, err := p.clientSecretLifetime(ctx)
	if err != nil {
		return "", err
	}
	secret = newHandle() + newHandle() // long enough for HS512 (RFC 7518 §3.2)
	stored := db.HashSecret(secret)
	if kind == recoverableSecret {
		if stored, err = p.sealer.Seal(secretPurpose(client.ClientID), secret); err != nil {
			return "", err
		}
	}
	expires := now.Add(lifetime).Truncate(time.Second)
	client.Secrets = append(client.Secrets, db.ClientSecret{Description: "registered", Value: stored, Type: kind, Expiration: &expires, Created: now})
	return secret, nil
}

// secretKind is how the secret of a client of this method is stored, "" for a method without one.
func secretKind(method string) string {
	switch method {
	case authClientSecretBasic, authClientSecretPost:
		return sharedSecret
	case authClientSecretJWT:
		return recoverableSecret
	}
	return ""
}

// knowsSecret reports whether a secret is one the client was issued.
func (p *Provider) knowsSecret(client db.Client, presented string) bool {
	for _, row := range client.Secrets {
		if row.Type != recoverableSecret {
			continue
		}
		if secret, _, err := p.openSecret(client, row); err == nil && subtle.ConstantTimeCompare([]byte(secret), []byte(presented)) == 1 {
			return true
		}
	}
	return secretMatches(client.Secrets, presented, time.Now())
}

// registrationError translates what the database says of a client.
func registrationError(err error) error {
	if invalid, ok := errors.AsType[*db.ValidationError](err); ok {
		return refuse(InvalidClientMetadata, "%s %s", invalid.Field, invalid.Reason)
	}
	if errors.Is(err, db.ErrNotFound) { // deleted meanwhile
		return refuse(InvalidToken, "the registration access token is not that of this client")
	}
	return err
}
