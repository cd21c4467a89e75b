package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/dpop"
)

const (
	// pushedRequestURN begins every request_uri of ours (RFC 9126 §2.2).
	pushedRequestURN = "urn:ietf:params:oauth:request_uri:"

	// pushedRequestLifetime is the time from push to authorization request (RFC 9126 §2.2 suggests 5 to 600 seconds).
	pushedRequestLifetime = 90 * time.Second

	// pushedRequestDetour is how long a request that has arrived may spend on our login and consent pages.
	pushedRequestDetour = time.Hour
)

// pushedResponse is the answer to a pushed request (RFC 9126 §2.2).
type pushedResponse struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int    `json:"expires_in"` // seconds
}

// pushAuthorizationRequest serves POST /connect/par (RFC 9126 §2): authenticate the client, check the request as the
// authorization endpoint would, keep it, and give a one-time reference for the user's browser to carry.
func (p *Provider) pushAuthorizationRequest(c *gin.Context) error {
	if err := p.demandNonce(c); err != nil {
		return err
	}
	form, client, err := p.clientForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if form.Has("request_uri") { // RFC 9126 §2.1
		return refuse(InvalidRequest, "request_uri must not be pushed")
	}
	form.Set("client_id", client.ClientID) // it may have come in the Authorization header only
	form.Del(loginAfterParameter)
	target, err := p.responseTarget(ctx, form)
	if err != nil {
		return err
	}
	target.pushed = newHandle()
	request, err := p.authorizationRequest(ctx, target)
	if err != nil {
		return err
	}
	if dpop.Sent(c.Request.Header) { // RFC 9449 §10.1
		proven, err := p.checkProof(c, "")
		if err != nil {
			return err
		}
		if request.parameters["dpop_jkt"], err = checkKeyOfRequest(request.dpopKey, proven); err != nil {
			return err
		}
	}
	now := time.Now()
	err = p.db.InsertPushedRequest(ctx, target.pushed, db.PushedRequest{
		ClientID: client.ClientID, Parameters: request.values(), Created: now, Expires: now.Add(pushedRequestLifetime),
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, pushedResponse{pushedRequestURN + target.pushed, int(pushedRequestLifetime / time.Second)})
	return nil
}

// pushedHandle returns the handle in a request_uri of ours, "" when it is none.
func pushedHandle(requestURI string) string {
	handle, ours := strings.CutPrefix(requestURI, pushedRequestURN)
	if !ours {
		return ""
	}
	return handle
}

// bringPushedRequest lets the browser bring a pushed request, before anything else is looked at. It may come again until it is
// answered (answerPushedRequest): who reloads the login page, or opens the link after a mail program has looked at it, is not
// locked out (FAPI 2.0 §5.3.2.2 note 3).
func (p *Provider) bringPushedRequest(ctx context.Context, values url.Values) error {
	handle := pushedHandle(values.Get("request_uri"))
	if handle == "" {
		return nil
	}
	err := p.db.BringPushedRequest(ctx, handle, values.Get("client_id"), time.Now(), pushedRequestLifetime, pushedRequestDetour)
	return spentReference(err)
}

// answerPushedRequest uses a pushed request up: an answer is sent once (RFC 9126 §7.3).
func (p *Provider) answerPushedRequest(ctx context.Context, to responseTarget) error {
	if to.pushed == "" {
		return nil
	}
	return spentReference(p.db.AnswerPushedRequest(ctx, to.pushed))
}

// spentReference says about a request that is not there what may be the matter with it.
func spentReference(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return refuse(InvalidRequestURI, "request_uri is unknown, has expired, was used before, or belongs to another client")
	}
	return err
}

// pushedParameters returns the request behind a request_uri of ours, and when it arrived. Nothing in the URL counts beside it (RFC
// 9126 §4, RFC 9101 §6.3).
func (p *Provider) pushedParameters(ctx context.Context, values url.Values) (pushed url.Values, handle string, arrived time.Time, err error) {
	if handle = pushedHandle(values.Get("request_uri")); handle == "" || len(values["request_uri"]) > 1 {
		return values, "", time.Time{}, nil // any other request_uri is refused later (checkResponse)
	}
	request, err := p.db.PushedRequest(ctx, handle, time.Now())
	if err == nil && request.ClientID != values.Get("client_id") {
		err = db.ErrNotFound
	}
	if err != nil {
		return nil, "", time.Time{}, spentReference(err)
	}
	return request.Parameters, handle, request.Created, nil
}
