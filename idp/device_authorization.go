package idp

import (
	"crypto/rand"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// devicePath is the page where a user types the code a device shows (UserInteraction.DeviceVerificationUrl).
const devicePath = "/device"

// userCodeParameter carries a user code in the address of that page (RFC 8628 §3.3.1).
const userCodeParameter = "user_code"

// pollInterval is how long a device waits between two token requests (DeviceFlow.Interval).
const pollInterval = 5 * time.Second

// User codes: characters that are not mistaken for others or form words (RFC 8628 §6.1), 34 bits; or digits, 29 bits, for
// a client whose row says UserCodeType = Numeric. Guessing is slowed down (device.go), and a code lives minutes.
const (
	userCodeLetters  = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeDigits   = "0123456789"
	lettersOfCode    = 8
	digitsOfCode     = 9
	numericUserCode  = "Numeric"
	userCodeAttempts = 5 // until we give up finding one that is free
)

// deviceAuthorizationResponse tells a device what to show its user and where to ask (RFC 8628 §3.2).
type deviceAuthorizationResponse struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int    `json:"expires_in"` // seconds
	Interval                int    `json:"interval"`   // seconds
}

// deviceAuthorization serves POST /connect/deviceauthorization (RFC 8628 §3.1): a device without a keyboard or browser
// begins, its user goes on with another one.
func (p *Provider) deviceAuthorization(c *gin.Context) error {
	form, client, err := p.clientForm(c)
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains(client.GrantTypes, grantDeviceCode):
		return refuse(UnauthorizedClient, "client %s may not use grant_type %s", client.ClientID, grantDeviceCode)
	case !client.EnableLocalLogin:
		return refuseLocalLogin(client)
	}
	asked, err := askedScope(form)
	if err != nil {
		return err
	}
	if len(asked) == 0 { // everything the row allows (RFC 6749 §3.3)
		asked = client.Scopes
	}
	granted, err := p.resolveScope(c.Request.Context(), client, asked)
	if err != nil {
		return err
	}
	resources, err := readResources(form)
	if err != nil {
		return err
	}
	if granted, err = granted.limitedTo(resources); err != nil {
		return err
	}
	deviceCode, userCode, err := p.newDeviceCode(c, client, granted)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, deviceAuthorizationResponse{
		DeviceCode:              deviceCode,
		UserCode:                userCode,
		VerificationURI:         p.url(devicePath),
		VerificationURIComplete: p.url(devicePath) + "?" + url.Values{userCodeParameter: {userCode}}.Encode(),
		ExpiresIn:               client.DeviceCodeLifetime,
		Interval:                int(pollInterval / time.Second),
	})
	return nil
}

// newDeviceCode stores what the device asks for under two new codes.
func (p *Provider) newDeviceCode(c *gin.Context, client db.Client, asked grantedScope) (deviceCode, userCode string, err error) {
	now := time.Now()
	deviceCode = newHandle()
	for range userCodeAttempts {
		userCode = newUserCode(client)
		err = p.db.InsertDeviceCode(c.Request.Context(), deviceCode, canonicalUserCode(userCode), db.DeviceCode{
			ClientID: client.ClientID, Scopes: asked.Scope, Resources: asked.Audience, CorrelationID: eventOf(c).CorrelationID,
			Created: now, Expires: now.Add(client.DeviceCodeTTL()), Interval: pollInterval,
		})
		if !errors.Is(err, db.ErrUserCodeTaken) {
			break
		}
	}
	return deviceCode, userCode, err
}

// newUserCode returns a code in groups that are easy to read out: WDJB-MJHT, or 019-450-730.
func newUserCode(client db.Client) string {
	alphabet, length, group := userCodeLetters, lettersOfCode, 4
	if client.UserCodeType == numericUserCode {
		alphabet, length, group = userCodeDigits, digitsOfCode, 3
	}
	var code strings.Builder
	for i := range length {
		if i > 0 && i%group == 0 {
			code.WriteByte('-')
		}
		code.WriteByte(alphabet[randomBelow(len(alphabet))])
	}
	return code.String()
}

func randomBelow(n int) int {
	i, _ := rand.Int(rand.Reader, big.NewInt(int64(n))) // never fails (crypto/rand)
	return int(i.Int64())
}

// canonicalUserCode takes a code as people type it: in either case, with or without the hyphens (RFC 8628 §6.1). It
// returns "" for what cannot be one.
func canonicalUserCode(typed string) string {
	var code strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch {
		case strings.ContainsRune(userCodeLetters+userCodeDigits, r):
			code.WriteRune(r)
		case r != '-' && r != ' ':
			return ""
		}
	}
	if n := code.Len(); n != lettersOfCode && n != digitsOfCode {
		return ""
	}
	return code.String()
}

// devicePage is the address of the page where a code is typed, with the code when there is one.
func (p *Provider) devicePage(userCode string) string {
	if canonicalUserCode(userCode) == "" {
		return p.path(devicePath)
	}
	return p.path(devicePath) + "?" + url.Values{userCodeParameter: {userCode}}.Encode()
}
