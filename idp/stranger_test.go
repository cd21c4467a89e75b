package idp

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A client somebody else wrote signs in, knowing the issuer and nothing else: go-oidc and x/oauth2 over a real listener.
func TestStrangersClientSignsIn(t *testing.T) {
	for _, row := range []struct {
		name, id, secret, redirectURI string
		style                         oauth2.AuthStyle
	}{
		{"public client with PKCE", "spa-client", "", testCallback, oauth2.AuthStyleInParams},
		{"client_secret_basic", "bff-client", "bff-secret", testSPA + "/bff/callback", oauth2.AuthStyleInHeader},
		{"client_secret_post", "bff-client", "bff-secret", testSPA + "/bff/callback", oauth2.AuthStyleInParams},
		{"trying one method after the other", "bff-client", "bff-secret", testSPA + "/bff/callback", oauth2.AuthStyleAutoDetect},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(nil)
			issuer := "http://" + server.Listener.Addr().String()
			server.Config.Handler = newSite(t, func(c *Config) { c.Issuer = issuer }).handler
			server.Start()
			defer server.Close()
			ctx := oidc.ClientContext(t.Context(), server.Client())

			provider, err := oidc.NewProvider(ctx, issuer)
			if err != nil {
				t.Fatal(err)
			}
			client := oauth2.Config{
				ClientID: row.id, ClientSecret: row.secret, RedirectURL: row.redirectURI,
				Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "profile", "companyApi"},
			}
			client.Endpoint.AuthStyle = row.style
			verifier := oauth2.GenerateVerifier()
			response := signInAsPerson(t, client.AuthCodeURL("some-state", oidc.Nonce("some-nonce"), oauth2.S256ChallengeOption(verifier)))
			if response.Get("state") != "some-state" || response.Get("iss") != issuer { // RFC 9207 §2.4
				t.Fatalf("authorization response: %v", response)
			}
			tokens, err := client.Exchange(ctx, response.Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			verifyAsStranger(ctx, t, provider, row.id, tokens)
		})
	}
}

// verifyAsStranger checks what came back as the specifications tell a client and an API to (OIDC Core §3.1.3.7, RFC 9068 §4).
func verifyAsStranger(ctx context.Context, t *testing.T, provider *oidc.Provider, clientID string, tokens *oauth2.Token) {
	t.Helper()
	raw, _ := tokens.Extra("id_token").(string)
	idToken, err := provider.Verifier(&oidc.Config{ClientID: clientID}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := idToken.VerifyAccessToken(tokens.AccessToken); err != nil || idToken.Nonce != "some-nonce" {
		t.Errorf("at_hash: %v, nonce %q", err, idToken.Nonce)
	}
	user, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil || user.Subject != idToken.Subject {
		t.Errorf("userinfo: %+v %v", user, err)
	}
	access, err := provider.Verifier(&oidc.Config{ClientID: "companyApi", SupportedSigningAlgs: []string{oidc.ES256}}).Verify(ctx, tokens.AccessToken)
	if err != nil || !slices.Equal(access.Audience, []string{"companyApi"}) || access.Subject != idToken.Subject {
		t.Errorf("access token at the API: %+v %v", access, err)
	}
}

// signInAsPerson opens the URL, fills in the form as Mick and returns what the provider sends to the redirect URI.
func signInAsPerson(t *testing.T, address string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var response url.Values
	browser := http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if "http://"+r.URL.Host == testSPA {
			response = r.URL.Query()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	form, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer form.Body.Close()
	document, err := goquery.NewDocumentFromReader(form.Body)
	if err != nil {
		t.Fatal(err)
	}
	action, err := form.Request.URL.Parse(document.Find("form").AttrOr("action", ""))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := browser.PostForm(action.String(), url.Values{
		"Username": {"Mick"}, "Password": {testPasswords["Mick"]}, "button": {"login"},
		"ReturnUrl": {document.Find("input[name=ReturnUrl]").AttrOr("value", "")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if response == nil {
		t.Fatalf("never sent back to the client: %s", answer.Status)
	}
	return response
}
