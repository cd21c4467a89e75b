package db_test

import (
	"errors"
	"testing"

	"silentrenew/db"
)

// The rules of IdentityServer4's DefaultClientConfigurationValidator and Client.ValidateGrantTypes (D1, end).
func TestD1ValidateSaysWhatIsWrong(t *testing.T) {
	for name, row := range map[string]struct {
		change func(c *db.Client)
		field  string // empty: the client is fine
	}{
		"fine":                                  {func(*db.Client) {}, ""},
		"no name":                               {func(c *db.Client) { c.ClientID = "" }, "ClientId"},
		"another protocol":                      {func(c *db.Client) { c.ProtocolType = "saml2p" }, "ProtocolType"},
		"no grant type":                         {func(c *db.Client) { c.GrantTypes = nil }, "GrantType"},
		"a grant type with a space":             {func(c *db.Client) { c.GrantTypes = []string{"authorization code"} }, "GrantType"},
		"an empty grant type":                   {func(c *db.Client) { c.GrantTypes = []string{""} }, "GrantType"},
		"a grant type twice":                    {func(c *db.Client) { c.GrantTypes = []string{"authorization_code", "authorization_code"} }, "GrantType"},
		"implicit with code":                    {func(c *db.Client) { c.GrantTypes = []string{"implicit", "authorization_code"} }, "GrantType"},
		"implicit with hybrid":                  {func(c *db.Client) { c.GrantTypes = []string{"hybrid", "implicit"} }, "GrantType"},
		"code with hybrid":                      {func(c *db.Client) { c.GrantTypes = []string{"authorization_code", "hybrid"} }, "GrantType"},
		"AccessTokenLifetime 0":                 {func(c *db.Client) { c.AccessTokenLifetime = 0 }, "AccessTokenLifetime"},
		"IdentityTokenLifetime 0":               {func(c *db.Client) { c.IdentityTokenLifetime = 0 }, "IdentityTokenLifetime"},
		"AuthorizationCodeLifetime 0":           {func(c *db.Client) { c.AuthorizationCodeLifetime = 0 }, "AuthorizationCodeLifetime"},
		"DeviceCodeLifetime 0":                  {func(c *db.Client) { c.DeviceCodeLifetime = 0 }, "DeviceCodeLifetime"},
		"negative AbsoluteRefreshTokenLifetime": {func(c *db.Client) { c.AbsoluteRefreshTokenLifetime = -1 }, "AbsoluteRefreshTokenLifetime"},
		"AbsoluteRefreshTokenLifetime 0":        {func(c *db.Client) { c.AbsoluteRefreshTokenLifetime = 0 }, ""},
		"negative SlidingRefreshTokenLifetime":  {func(c *db.Client) { c.SlidingRefreshTokenLifetime = -1 }, "SlidingRefreshTokenLifetime"},
		"UserSsoLifetime 0":                     {func(c *db.Client) { c.UserSSOLifetime = ptr(0) }, "UserSsoLifetime"},
		"eleven years":                          {func(c *db.Client) { c.AccessTokenLifetime = 11 * 365 * 86400 }, "AccessTokenLifetime"},
		"no redirect URI":                       {func(c *db.Client) { c.RedirectURIs = nil }, "RedirectUri"},
		"no redirect URI, no need": {func(c *db.Client) {
			c.RedirectURIs, c.GrantTypes = nil, []string{"client_credentials"}
		}, ""},
		"a relative redirect URI":   {func(c *db.Client) { c.RedirectURIs = []string{"/callback"} }, "RedirectUri"},
		"a script":                  {func(c *db.Client) { c.RedirectURIs = []string{"JavaScript:alert(1)"} }, "RedirectUri"},
		"a redirect with fragment":  {func(c *db.Client) { c.RedirectURIs = []string{"https://a.example/#"} }, "RedirectUri"},
		"a private-use scheme":      {func(c *db.Client) { c.RedirectURIs = []string{"com.example.app:/callback"} }, ""},
		"a data URI after sign-out": {func(c *db.Client) { c.PostLogoutRedirectURIs = []string{"data:text/html,x"} }, "PostLogoutRedirectUri"},
		"an origin with a slash":    {func(c *db.Client) { c.CORSOrigins = []string{"https://a.example/"} }, "Origin"},
		"an origin with a path":     {func(c *db.Client) { c.CORSOrigins = []string{"https://a.example/x"} }, "Origin"},
		"an origin with a user":     {func(c *db.Client) { c.CORSOrigins = []string{"https://u@a.example"} }, "Origin"},
		"any origin":                {func(c *db.Client) { c.CORSOrigins = []string{"*"} }, "Origin"},
		"an origin":                 {func(c *db.Client) { c.CORSOrigins = []string{"https://a.example:8443"} }, ""},
		"no secret":                 {func(c *db.Client) { c.RequireClientSecret = true }, "ClientSecret"},
		"a secret": {func(c *db.Client) {
			c.RequireClientSecret, c.Secrets = true, []db.ClientSecret{{Value: db.HashSecret("s"), Type: "SharedSecret"}}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := db.NewClient("client")
			c.RequireClientSecret = false
			c.GrantTypes = []string{"authorization_code"}
			c.RedirectURIs = []string{"https://a.example/callback"}
			row.change(&c)
			err := c.Validate()
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
