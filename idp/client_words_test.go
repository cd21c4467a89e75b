package idp

import (
	"slices"
	"testing"

	"silentrenew/db"
)

// The words that a client's row may have, by file, command line or registration, are those that discovery lists.
func TestWordsOfAClientAreThoseOfDiscovery(t *testing.T) {
	document := newSite(t, openRegistration).discovery()
	for name, set := range map[string]func(c *db.Client, word string){
		"id_token_signing_alg_values_supported":            func(c *db.Client, word string) { c.AllowedIdentityTokenSigningAlgorithms = word },
		"userinfo_signing_alg_values_supported":            func(c *db.Client, word string) { c.UserinfoSignedResponseAlg = word },
		"request_object_signing_alg_values_supported":      func(c *db.Client, word string) { c.RequestObjectSigningAlg = word },
		"token_endpoint_auth_methods_supported":            func(c *db.Client, word string) { c.TokenEndpointAuthMethod = word },
		"token_endpoint_auth_signing_alg_values_supported": func(c *db.Client, word string) { c.TokenEndpointAuthSigningAlg = word },
	} {
		var listed []string
		for _, word := range document[name].([]any) {
			listed = append(listed, word.(string))
		}
		if len(listed) == 0 {
			t.Fatalf("%s lists nothing", name)
		}
		for _, word := range []string{"none", "RS256", "PS256", "ES256", "EdDSA", "ES384", "Ed25519", "HS256", "HS384", "HS512",
			authClientSecretBasic, authClientSecretPost, authClientSecretJWT, authPrivateKeyJWT, "tls_client_auth"} {
			c := db.NewClient("c")
			c.GrantTypes, c.RequireClientSecret = []string{grantClientCredentials}, false
			set(&c, word)
			if taken := c.ValidateForSaving() == nil; taken != slices.Contains(listed, word) {
				t.Errorf("%s %s: taken %t, listed %t", name, word, taken, !taken)
			}
		}
	}
	c := db.NewClient("c")
	for _, grantType := range document["grant_types_supported"].([]any) {
		c.GrantTypes = append(c.GrantTypes, grantType.(string))
	}
	if got := c.UnknownGrantTypes(); len(got) > 0 || len(c.GrantTypes) == 0 {
		t.Errorf("discovery lists %v, of which unknown: %v", c.GrantTypes, got)
	}
	for grantType := range grantTypes {
		if !slices.Contains(c.GrantTypes, grantType) {
			t.Errorf("%s is known and not listed", grantType)
		}
	}
}
