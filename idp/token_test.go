package idp

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

func TestI22TokenRequest(t *testing.T) {
	s := newSite(t)
	s.addClient("other-grants", func(c *db.Client) { c.GrantTypes = []string{"urn:example:other"} })
	const form = "application/x-www-form-urlencoded"
	good := tokenForm("no-such-code").Encode()
	for _, row := range []struct {
		name, contentType, query, body string
		status                         int
		want                           Code
	}{
		{"the form is read (RFC 6749 §4.1.3)", form, "", good, 400, InvalidGrant},
		{"with a charset", form + "; charset=UTF-8", "", good, 400, InvalidGrant},
		{"unknown parameters are ignored (§3.2)", form, "", good + "&tea=earl+grey", 400, InvalidGrant},
		{"JSON is no form", "application/json", "", `{"grant_type":"authorization_code"}`, 400, InvalidRequest},
		{"no Content-Type", "", "", good, 400, InvalidRequest},
		{"nothing at all", form, "", "", 401, InvalidClient},
		{"parameters in the query do not count", form, "?" + good, "client_id=spa-client", 400, InvalidRequest},
		{"a secret in the query (§2.3.1)", form, "?client_secret=bff-secret", good, 400, InvalidRequest},
		{"a repeated parameter (§3.2)", form, "", good + "&code=another", 400, InvalidRequest},
		{"a repeated parameter with the same value", form, "", good + "&grant_type=authorization_code", 400, InvalidRequest},
		{"a repeated unknown parameter", form, "", good + "&x=1&x=2", 400, InvalidRequest},
		{"a broken percent-encoding", form, "", good + "&x=%zz", 400, InvalidRequest},
		{"a NUL", form, "", good + "&x=%00", 400, InvalidRequest},
		{"bytes that are no UTF-8", form, "", good + "&x=%ff", 400, InvalidRequest},
		{"no grant_type (§5.2)", form, "", "client_id=spa-client", 400, InvalidRequest},
		{"an empty grant_type counts as absent (§3.2)", form, "", "client_id=spa-client&grant_type=", 400, InvalidRequest},
		{"an unknown grant_type (§5.2)", form, "", "client_id=spa-client&grant_type=password", 400, UnsupportedGrantType},
		{"a grant_type the client's row does not list (§5.2)", form, "", "client_id=other-grants&grant_type=authorization_code", 400, UnauthorizedClient},
		{"no code", form, "", tokenForm("").Encode(), 400, InvalidRequest},
		{"a very long code", form, "", tokenForm(strings.Repeat("c", 5000)).Encode(), 400, InvalidGrant},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, s.issuer+"/connect/token"+row.query, strings.NewReader(row.body))
			if row.contentType != "" {
				r.Header.Set("Content-Type", row.contentType)
			}
			wantError(t, s.serve(r), row.status, row.want)
		})
	}
	t.Run("a body beyond measure", func(t *testing.T) {
		answer := s.token(tokenForm("c", "x", strings.Repeat("x", 1<<20)))
		if answer.StatusCode < 400 || answer.StatusCode >= 500 {
			t.Errorf("got %d", answer.StatusCode)
		}
	})
	t.Run("GET", func(t *testing.T) {
		if answer := s.call(http.MethodGet, "/connect/token?"+good, nil); answer.StatusCode != http.StatusMethodNotAllowed && answer.StatusCode != http.StatusNotFound {
			t.Errorf("got %d", answer.StatusCode)
		}
	})
}

// error_description may hold %x20-21 / %x23-5B / %x5D-7E only (RFC 6749 §5.2), whatever the client sent.
func TestDescriptionsKeepToTheirCharacters(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"quote\"", "back\\slash", "new\r\nSet-Cookie: a=b", "é", "\x00"} {
		answer := s.token(tokenForm("c", "grant_type", "authorization_code"+name))
		wantCodeIn(t, answer, name)
		form := tokenForm("c")
		form[name] = []string{"1", "2"}
		wantCodeIn(t, s.token(form), name)
	}
}

func wantCodeIn(t *testing.T, answer page, name string) {
	t.Helper()
	description := decode[errorBody](t, answer).Description
	if description == "" || descriptionText(description) != description {
		t.Errorf("%q: description %q", name, description)
	}
}

// A cause never reaches the wire: the database is gone, and all anybody hears is server_error.
func TestServerErrorsTellNothing(t *testing.T) {
	s := newSite(t)
	s.exec(`DROP TABLE "PersistedGrants"`)
	answer := s.token(tokenForm("some-code"))
	wantError(t, answer, http.StatusInternalServerError, ServerError)
	if strings.Contains(answer.Body, "PersistedGrants") || strings.Contains(answer.Body, "description") {
		t.Errorf("internals leak: %s", answer.Body)
	}
}

// RFC 6749 §3.2: a parameter without a value is one that was not sent, whichever it is.
func TestRFC6749Section32AParameterWithoutAValueWasNotSent(t *testing.T) {
	s := newSite(t)
	none := []string{"client_secret", "client_assertion", "client_assertion_type", "request", "request_uri", "token_type_hint",
		"resource", "scope", "dpop_jkt", "prompt", "max_age", "unknown"}
	empty := func(form url.Values) url.Values {
		for _, name := range none {
			if !form.Has(name) {
				form.Set(name, "")
			}
		}
		return form
	}
	for name, answer := range map[string]page{
		"a code":        s.token(empty(tokenForm(s.insertCode(nil)))),
		"a secret":      s.token(empty(employeeForm())),
		"Basic":         s.token(empty(url.Values{"grant_type": {grantClientCredentials}}), "Authorization", basic("company-employee", "codemazesecret")),
		"revocation":    s.revoke(empty(url.Values{"client_id": {"spa-client"}, "token": {"unknown"}})),
		"a pushed one":  s.call(http.MethodPost, "/connect/par", empty(authorizeParameters())),
		"authorization": s.browser().get(s.issuer + "/connect/authorize?" + empty(authorizeParameters()).Encode()),
	} {
		if answer.StatusCode >= 400 || answer.sent("error") != "" {
			t.Errorf("%s: %d %s %s", name, answer.StatusCode, answer.Header.Get("Location"), answer.Body)
		}
	}
}

// Whatever is sent, the answer is a registered error and never a fault of ours. PostgreSQL, unlike SQLite, takes no NUL
// and no broken UTF-8.
func TestHostileValuesAreNoServerError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		if _, err := store.Seed(t.Context(), db.SeedURLs{SPA: testSPA}); err != nil {
			t.Fatal(err)
		}
		withTestKeys(t, store)
		s := newSiteOn(t, store, func(c *Config) { c.Lab = true })
		good := s.redeem(s.insertCode(nil))
		for _, hostile := range []string{"\x00", "\xff\xfe", "é漢字", strings.Repeat("x", 10_000), "' OR 1=1 --", "%00", "\r\nX: y", "{}", "\u202e"} {
			for name, answer := range map[string]page{
				"client_id":        s.token(tokenForm("c", "client_id", hostile)),
				"client_secret":    s.token(tokenForm("c", "client_secret", hostile)),
				"code":             s.token(tokenForm(hostile)),
				"code_verifier":    s.token(tokenForm(s.insertCode(nil), "code_verifier", hostile)),
				"redirect_uri":     s.token(tokenForm(s.insertCode(nil), "redirect_uri", hostile)),
				"grant_type":       s.token(tokenForm("c", "grant_type", hostile)),
				"scope":            s.token(employeeForm("scope", hostile)),
				"a name":           s.token(tokenForm("c", hostile, "x")),
				"Basic":            s.token(tokenForm("c"), "Authorization", basic(hostile, hostile)),
				"Bearer":           s.userinfo(hostile),
				"Bearer's kid":     s.userinfo(jwtWithKid(hostile)),
				"token":            s.revoke(url.Values{"client_id": {"spa-client"}, "token": {hostile}}),
				"Origin":           s.call(http.MethodGet, "/connect/userinfo", nil, "Origin", hostile, "Authorization", "Bearer "+good.AccessToken),
				"the lab's client": s.patch("/lab/clients/"+url.PathEscape(hostile), `{"AccessTokenLifetime":60}`),
				"the lab's option": s.patch("/lab/options", `{"Authentication.CookieLifetime":"`+url.QueryEscape(hostile)+`"}`),
			} {
				if answer.StatusCode >= 500 {
					t.Errorf("%s = %.20q: %d %s", name, hostile, answer.StatusCode, answer.Body)
				}
			}
		}
	})
}

func jwtWithKid(kid string) string {
	header, _ := json.Marshal(map[string]string{"alg": "ES256", "typ": "at+jwt", "kid": kid})
	return base64.RawURLEncoding.EncodeToString(header) + ".e30." + strings.Repeat("A", 86)
}
