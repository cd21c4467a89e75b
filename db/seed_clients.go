package db

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"gorm.io/gorm"
)

// HashSecret is what ClientSecrets.Value keeps of a client's secret: base64 of its SHA-256, as in IdentityServer4.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (urls SeedURLs) seedClients(tx *gorm.DB, now time.Time) (int, error) {
	spa := strings.TrimSuffix(urls.SPA, "/")
	bff := spa
	if urls.BFF != "" {
		bff = strings.TrimSuffix(urls.BFF, "/")
	}
	clients := []Client{spaClient(spa), bffClient(bff), companyEmployee()}
	for _, c := range clients {
		if err := c.Validate(); err != nil {
			return 0, err
		}
		if err := insertClient(tx, c, now); err != nil {
			return 0, err
		}
	}
	return len(clients), nil
}

// spaClient is the page whose token is renewed: the tutorial's angular-client (A5).
func spaClient(spa string) Client {
	c := NewClient("spa-client")
	c.ClientName = "CompanyEmployees SPA"
	c.ClientURI = spa
	c.RequireClientSecret = false // code that runs in a browser keeps no secret (RFC 6749 §2.1)
	c.AllowOfflineAccess = true   // for the strategy "refresh"; the article never asks for offline_access
	c.AccessTokenLifetime = 600   // before the article starts; A18 shortens it to 60
	c.GrantTypes = []string{"authorization_code"}
	c.RedirectURIs = []string{spa + "/signin-callback", spa + "/assets/silent-callback.html"}
	c.PostLogoutRedirectURIs = []string{spa + "/signout-callback"}
	c.CORSOrigins = []string{origin(spa)}
	c.InitiateLoginURI = spa + "/initiate-login"
	c.Scopes = []string{"openid", "profile", "companyApi"}
	return c
}

// bffClient keeps its tokens on the server: the tutorial's mvc-client.
func bffClient(bff string) Client {
	c := NewClient("bff-client")
	c.ClientName = "CompanyEmployees BFF"
	c.ClientURI = bff
	c.AccessTokenLifetime = 600
	c.AllowOfflineAccess = true
	c.GrantTypes = []string{"authorization_code", "refresh_token"}
	c.RedirectURIs = []string{bff + "/bff/callback"}
	c.PostLogoutRedirectURIs = []string{bff + "/bff/signout-callback"}
	c.BackChannelLogoutURI = bff + "/bff/backchannel-logout"
	c.RefreshTokenReuseGraceSeconds = 60 // an answer lost on the way, or a crash before it was stored, ends no session
	c.Scopes = []string{"openid", "profile", "roles", "companyApi"}
	c.Secrets = []ClientSecret{{Value: HashSecret("bff-secret"), Type: "SharedSecret"}}
	return c
}

// companyEmployee is a program without a user (RFC 6749 §4.4).
func companyEmployee() Client {
	c := NewClient("company-employee")
	c.ClientName = "Company Employee"
	c.GrantTypes = []string{"client_credentials"}
	c.Scopes = []string{"companyApi"}
	c.Secrets = []ClientSecret{{Value: HashSecret("codemazesecret"), Type: "SharedSecret"}}
	return c
}

// origin is the part of a URL that a browser sends as Origin (RFC 6454 §6.2).
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // Validate refuses it
	}
	return u.Scheme + "://" + u.Host
}
