package idp

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"silentrenew/db"
)

func employeeForm(pairs ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"company-employee"}, "client_secret": {"codemazesecret"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func TestClientCredentials(t *testing.T) {
	s := newSite(t)
	for _, form := range []url.Values{employeeForm(), employeeForm("scope", "companyApi")} { // the default is what the row allows
		answer := s.token(form)
		tokens := decode[tokenResponse](t, answer)
		if answer.StatusCode != http.StatusOK || tokens.Scope != "companyApi" || tokens.IDToken != "" {
			t.Fatalf("got %d %s", answer.StatusCode, answer.Body)
		}
		claims := claimsOf(t, tokens.AccessToken)
		if claims["sub"] != "company-employee" || claims["client_id"] != "company-employee" || claims["aud"] != "companyApi" { // RFC 9068 §2.2
			t.Errorf("claims: %v", claims)
		}
		for _, claim := range []string{"sid", "auth_time", "amr", "role", "name"} {
			if _, present := claims[claim]; present {
				t.Errorf("%s is about a user, and no user took part", claim)
			}
		}
		wantError(t, s.userinfo(tokens.AccessToken), http.StatusForbidden, InsufficientScope)
	}
}

// RFC 6749 §3.3: without a scope the client gets all its row allows, however much that is. Only what is sent has a limit.
func TestTheDefaultScopeMayBeLong(t *testing.T) {
	s := newSite(t)
	s.addClient("company-employee-too", func(c *db.Client) {
		c.GrantTypes, c.RequireClientSecret = []string{grantClientCredentials, grantDeviceCode}, true
		c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("codemazesecret")}}
		c.Scopes = nil
		for i := range 30 {
			c.Scopes = append(c.Scopes, fmt.Sprintf("orders.of.region.%02d", i))
		}
	})
	client, err := s.db.Client(t.Context(), "company-employee-too")
	if err != nil {
		t.Fatal(err)
	}
	err = s.db.ChangeResources(t.Context(), func(r *db.Resources) error {
		api := db.NewAPIResource("orders")
		api.Scopes = client.Scopes
		r.APIs = append(r.APIs, api)
		r.AddScopesOf(api)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	machine := []string{"client_id", "company-employee-too"}
	all := Scope(client.Scopes).String()
	if answer := s.token(employeeForm(machine...)); decode[tokenResponse](t, answer).Scope != all {
		t.Errorf("client credentials: %d %s", answer.StatusCode, answer.Body)
	}
	if answer := s.call(http.MethodPost, "/connect/deviceauthorization", employeeForm(machine...)); answer.StatusCode != http.StatusOK {
		t.Errorf("a device: %d %s", answer.StatusCode, answer.Body)
	}
	wantError(t, s.token(employeeForm(append(machine, "scope", all)...)), http.StatusBadRequest, InvalidScope)
	wantError(t, s.call(http.MethodPost, "/connect/deviceauthorization", employeeForm(append(machine, "scope", all)...)), http.StatusBadRequest, InvalidScope)
}

func TestI22ClientCredentialsRefuses(t *testing.T) {
	s := newSite(t)
	s.addClient("public-machine", func(c *db.Client) { c.GrantTypes = []string{grantClientCredentials} })
	s.addClient("curious-machine", func(c *db.Client) {
		c.GrantTypes, c.RequireClientSecret = []string{grantClientCredentials}, true
		c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("codemazesecret")}}
	})
	for _, row := range []struct {
		name   string
		form   url.Values
		status int
		want   Code
	}{
		{"a public client (RFC 6749 §4.4)", employeeForm("client_id", "public-machine", "client_secret", ""), 400, UnauthorizedClient},
		{"a client whose row lists another grant", employeeForm("client_id", "bff-client", "client_secret", "bff-secret"), 400, UnauthorizedClient},
		{"a wrong secret", employeeForm("client_secret", "wrong"), 401, InvalidClient},
		{"a scope of others", employeeForm("scope", "openid"), 400, InvalidScope},
		{"a scope about a user", employeeForm("client_id", "curious-machine", "scope", "openid companyApi"), 400, InvalidScope},
		{"an unknown scope", employeeForm("scope", "everything"), 400, InvalidScope},
	} {
		t.Run(row.name, func(t *testing.T) { wantError(t, s.token(row.form), row.status, row.want) })
	}
}
