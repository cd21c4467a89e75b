package idp

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db"
)

// basic is an Authorization header as RFC 6749 §2.3.1 wants it: both parts form-urlencoded.
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

// A request whose client is authenticated gets as far as its code, which does not exist: invalid_grant.
func TestI22ClientAuthentication(t *testing.T) {
	const awkward = "a:b+c %d/é=&"
	s := newSite(t)
	expired := time.Now().Add(-time.Second)
	s.addClient("awkward", func(c *db.Client) {
		c.RequireClientSecret = true
		c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("a:b+c %d/=&")}, {Type: sharedSecret, Value: db.HashSecret("old"), Expiration: &expired}, {Type: "X509Thumbprint", Value: db.HashSecret("thumb")}}
	})
	s.addClient("public-with-secret", func(c *db.Client) {
		c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("pr00f")}}
	})
	s.addClient("switched-off", func(c *db.Client) { c.Enabled = false })
	s.addClient("broken", func(*db.Client) {})
	s.exec(`UPDATE "Clients" SET "AccessTokenLifetime" = 0 WHERE "ClientId" = 'broken'`)

	for _, row := range []struct {
		name          string
		id, secret    string // in the form
		authorization []string
		status        int
		want          Code
	}{
		{"none: a public client names itself", "spa-client", "", nil, 400, InvalidGrant},
		{"client_secret_basic", "", "", []string{basic("bff-client", "bff-secret")}, 400, InvalidGrant},
		{"client_secret_basic with the same client_id in the form", "bff-client", "", []string{basic("bff-client", "bff-secret")}, 400, InvalidGrant},
		{"client_secret_post", "bff-client", "bff-secret", nil, 400, InvalidGrant},
		{"the scheme is case-insensitive (RFC 9110 §11.1)", "", "", []string{strings.Replace(basic("bff-client", "bff-secret"), "Basic", "bAsIc", 1)}, 400, InvalidGrant},
		{"a secret of every awkward character, encoded (RFC 6749 §2.3.1)", "", "", []string{basic("awkward", "a:b+c %d/=&")}, 400, InvalidGrant},
		{"a public client may prove itself all the same", "public-with-secret", "pr00f", nil, 400, InvalidGrant},

		{"no client at all", "", "", nil, 401, InvalidClient},
		{"unknown client", "nobody", "", nil, 401, InvalidClient},
		{"client_id is compared by case", "SPA-client", "", nil, 401, InvalidClient},
		{"confidential client without its secret", "bff-client", "", nil, 401, InvalidClient},
		{"wrong secret in the form", "bff-client", "wrong", nil, 401, InvalidClient},
		{"wrong secret in the header", "", "", []string{basic("bff-client", "wrong")}, 401, InvalidClient},
		{"the stored hash is not the secret", "bff-client", db.HashSecret("bff-secret"), nil, 401, InvalidClient},
		{"public client with a wrong secret", "public-with-secret", "wrong", nil, 401, InvalidClient},
		{"public client with a secret it does not have", "spa-client", "any", nil, 401, InvalidClient},
		{"expired secret", "awkward", "old", nil, 401, InvalidClient},
		{"a secret of another type", "awkward", "thumb", nil, 401, InvalidClient},
		{"a secret that is not ASCII", "awkward", awkward, nil, 401, InvalidClient},
		{"disabled client", "switched-off", "", nil, 401, InvalidClient},
		{"a row that cannot work", "broken", "", nil, 401, InvalidClient},
		{"longer than any client_id", strings.Repeat("a", 201), "", nil, 401, InvalidClient},
		{"not base64", "", "", []string{"Basic %%%"}, 401, InvalidClient},
		{"no colon", "", "", []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("bff-client"))}, 401, InvalidClient},
		{"not form-urlencoded", "", "", []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("bff-client:%zz"))}, 401, InvalidClient},
		{"another scheme", "bff-client", "", []string{"Bearer bff-secret"}, 401, InvalidClient},

		{"two methods at once (RFC 6749 §2.3)", "bff-client", "bff-secret", []string{basic("bff-client", "bff-secret")}, 400, InvalidRequest},
		{"two headers", "", "", []string{basic("bff-client", "bff-secret"), basic("bff-client", "bff-secret")}, 400, InvalidRequest},
		{"two clients in one request", "spa-client", "", []string{basic("bff-client", "bff-secret")}, 400, InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			var headers []string
			for _, value := range row.authorization {
				headers = append(headers, "Authorization", value)
			}
			answer := s.token(tokenForm("no-such-code", "client_id", row.id, "client_secret", row.secret), headers...)
			wantError(t, answer, row.status, row.want)
			challenge := answer.Header.Get("WWW-Authenticate")
			if challenged := strings.HasPrefix(challenge, "Basic "); challenged != (row.want == InvalidClient && row.authorization != nil) {
				t.Errorf("WWW-Authenticate: %q (RFC 6749 §5.2)", challenge)
			}
			if row.secret != "" && strings.Contains(answer.Body, row.secret) {
				t.Errorf("the answer repeats the secret: %s", answer.Body)
			}
		})
	}
}

// RFC 7591 §2: a registration that names no method means client_secret_basic. A client that knows its secret and sends it the other way is told
// what to do; to anybody else every refusal looks the same.
func TestI22AnotherMethodThanRegistered(t *testing.T) {
	s := newSite(t)
	for id, method := range map[string]string{"by-header": authClientSecretBasic, "by-form": authClientSecretPost, "any": "", "plus": authClientSecretBasic} {
		s.addClient(id, func(c *db.Client) {
			c.RequireClientSecret, c.TokenEndpointAuthMethod = true, method
			c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("pr00f")}}
			if id == "plus" {
				c.Secrets[0].Value = db.HashSecret("pr+00f")
			}
		})
	}
	for _, row := range []struct {
		name, id, secret, authorization, want string
	}{
		{"client_secret_basic, posted", "by-header", "pr00f", "", "send it in the Authorization header, or register token_endpoint_auth_method client_secret_post"},
		{"client_secret_post, in the header", "", "", basic("by-form", "pr00f"), "send it as client_secret in the form, or register token_endpoint_auth_method client_secret_basic"},
		{"a wrong secret", "by-header", "wrong", "", `"client authentication failed"`},
		{"no secret", "by-header", "", "", "nothing but a client_id was sent"},
		{"no secret, any method", "any", "", "", "nothing but a client_id was sent"},
		{"an unknown client without a secret", "nobody", "", "", "nothing but a client_id was sent"},
		{"not encoded (RFC 6749 §2.3.1)", "", "", basicRaw("plus:pr+00f"), "sent its secret as it is: form-urlencode it"},
		{"neither encoded nor right", "", "", basicRaw("plus:pr+00e"), `"client authentication failed"`},
		{"an unknown client", "nobody", "pr00f", "", `"client authentication failed"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var headers []string
			if row.authorization != "" {
				headers = []string{"Authorization", row.authorization}
			}
			answer := s.token(tokenForm("no-such-code", "client_id", row.id, "client_secret", row.secret), headers...)
			wantError(t, answer, http.StatusUnauthorized, InvalidClient)
			if !strings.Contains(answer.Body, row.want) {
				t.Errorf("got %s, want %s", answer.Body, row.want)
			}
		})
	}
}

func TestSecretExpiresAtItsSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		expiration := time.Now().Add(time.Minute)
		s.addClient("short", func(c *db.Client) {
			c.RequireClientSecret = true
			c.Secrets = []db.ClientSecret{{Type: sharedSecret, Value: db.HashSecret("pr00f"), Expiration: &expiration}}
		})
		form := tokenForm("no-such-code", "client_id", "short", "client_secret", "pr00f")
		time.Sleep(time.Minute - time.Second)
		wantError(t, s.token(form), http.StatusBadRequest, InvalidGrant)
		time.Sleep(time.Second)
		wantError(t, s.token(form), http.StatusUnauthorized, InvalidClient)
	})
}

// Whatever stands in the header: no panic, an Error with a registered code, and credentials only of printable ASCII.
func FuzzBasicCredentials(f *testing.F) {
	for _, seed := range []string{"", "Basic", "Basic ", basic("bff-client", "bff-secret"), "Basic ::::", "basic OjpAOg==", "Basic YX06Og==", "Basic JXp6Og==", "Bearer x", "Basic \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		credentials, err := readClientCredentials(http.Header{"Authorization": {authorization}}, url.Values{})
		if err != nil {
			wantCode(t, err, InvalidClient)
			return
		}
		if credentials.ClientID == "" || !isVSCHAR(credentials.ClientID+credentials.Secret) || credentials.Method != authClientSecretBasic {
			t.Errorf("%q gave %+v", authorization, credentials)
		}
		again, err := parseBasicCredentials(basic(credentials.ClientID, credentials.Secret))
		credentials.asSent, again.asSent = "", "" // we may encode more than others do
		if err != nil || again != credentials {
			t.Errorf("%+v does not survive encoding: %+v %v", credentials, again, err)
		}
	})
}
