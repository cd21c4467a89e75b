package db_test

import (
	"errors"
	"strings"
	"testing"

	"silentrenew/db"
)

// What a row may hold and leads nowhere is said before it is saved; the row itself, edited by hand, still counts (D1, end).
func TestD1ValidateForSavingSaysWhatLeadsNowhere(t *testing.T) {
	long := strings.Repeat("ü", 201)
	for name, row := range map[string]struct {
		change func(c *db.Client)
		field  string // empty: the client is fine
	}{
		"fine":                        {func(*db.Client) {}, ""},
		"a name no request carries":   {func(c *db.Client) { c.ClientID = "café" }, "ClientId"},
		"a name of 200 letters":       {func(c *db.Client) { c.ClientName = long[:400] }, ""},
		"a name of 201 letters":       {func(c *db.Client) { c.ClientName = long }, "ClientName"},
		"a scope of 201 letters":      {func(c *db.Client) { c.Scopes = []string{"openid", long} }, "Scope"},
		"a redirect URI no one sends": {func(c *db.Client) { c.RedirectURIs = []string{"https://a.example/" + strings.Repeat("x", 400)} }, "RedirectUri"},
		"no host":                     {func(c *db.Client) { c.RedirectURIs = []string{"https:///cb"} }, "RedirectUri"},
		"no scheme":                   {func(c *db.Client) { c.RedirectURIs = []string{"localhost:3000/cb"} }, "RedirectUri"},
		"a wildcard":                  {func(c *db.Client) { c.PostLogoutRedirectURIs = []string{"https://*.a.example/"} }, "PostLogoutRedirectUri"},
		"a wildcard for a port":       {func(c *db.Client) { c.RedirectURIs = []string{"http://localhost:*/cb"} }, "RedirectUri"},
		"a redirect URI twice":        {func(c *db.Client) { c.RedirectURIs = append(c.RedirectURIs, c.RedirectURIs[0]) }, "RedirectUri"},
		"a scope twice":               {func(c *db.Client) { c.Scopes = []string{"openid", "profile", "openid"} }, "Scope"},
		"an origin twice":             {func(c *db.Client) { c.CORSOrigins = []string{"https://a.example", "https://a.example"} }, "Origin"},
		"a private-use scheme":        {func(c *db.Client) { c.RedirectURIs = []string{"com.example.app:/callback"} }, ""},
		"nonsense for a logout":       {func(c *db.Client) { c.BackChannelLogoutURI = "nonsense" }, "BackChannelLogoutUri"},
		"a script for a logout":       {func(c *db.Client) { c.FrontChannelLogoutURI = "javascript:alert(1)" }, "FrontChannelLogoutUri"},
		"keys by ftp":                 {func(c *db.Client) { c.JWKSURI = "ftp://a.example/jwks" }, "JwksUri"},
		"a logo without a host":       {func(c *db.Client) { c.LogoURI = "/logo.png" }, "LogoUri"},
		"a request by name":           {func(c *db.Client) { c.RequestURIs = []string{"request"} }, "RequestUri"},
		"two algorithms":              {func(c *db.Client) { c.AllowedIdentityTokenSigningAlgorithms = "ES256, RS256" }, ""},
		"an unknown algorithm":        {func(c *db.Client) { c.AllowedIdentityTokenSigningAlgorithms = "ES256,HS256" }, "AllowedIdentityTokenSigningAlgorithms"},
		"userinfo unsigned by name":   {func(c *db.Client) { c.UserinfoSignedResponseAlg = "none" }, "UserinfoSignedResponseAlg"},
		"request objects unsigned":    {func(c *db.Client) { c.RequestObjectSigningAlg = "none" }, ""},
		"an unknown method":           {func(c *db.Client) { c.TokenEndpointAuthMethod = "tls_client_auth" }, "TokenEndpointAuthMethod"},
		"a user code of letters":      {func(c *db.Client) { c.UserCodeType = "Letters" }, "UserCodeType"},
		"what Validate refuses":       {func(c *db.Client) { c.AccessTokenLifetime = 0 }, "AccessTokenLifetime"},
		"a grant type that we lack":   {func(c *db.Client) { c.GrantTypes = append(c.GrantTypes, "password") }, ""},
		"a post-logout URI of an app": {func(c *db.Client) { c.PostLogoutRedirectURIs = []string{"com.example.app:/bye"} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := db.NewClient("client")
			c.RequireClientSecret = false
			c.GrantTypes = []string{"authorization_code"}
			c.RedirectURIs = []string{"https://a.example/callback"}
			row.change(&c)
			err := c.ValidateForSaving()
			var invalid *db.ValidationError
			switch {
			case row.field == "" && err != nil:
				t.Errorf("got %v, want none", err)
			case row.field != "" && (!errors.As(err, &invalid) || invalid.Field != row.field):
				t.Errorf("got %v, want a *ValidationError naming %s", err, row.field)
			}
		})
	}
}
