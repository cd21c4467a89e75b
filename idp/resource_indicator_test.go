package idp

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

const (
	companiesURI = "http://localhost:5001"
	reportsURI   = "https://reports.example/api"
)

// addReports registers a second API and lets every client ask for it. Both APIs take the scope value shared.
func (s *site) addReports() {
	s.t.Helper()
	for _, statement := range []string{
		`UPDATE "ApiResources" SET "ResourceUri" = '` + companiesURI + `' WHERE "Name" = 'companyApi'`,
		`INSERT INTO "ApiResources" ("Name", "ResourceUri") VALUES ('reports', '` + reportsURI + `')`,
		`INSERT INTO "ApiScopes" ("Name") VALUES ('reports'), ('shared')`,
		`INSERT INTO "ApiResourceScopes" ("ApiResourceId", "Scope") SELECT "Id", 'reports' FROM "ApiResources" WHERE "Name" = 'reports'`,
		`INSERT INTO "ApiResourceScopes" ("ApiResourceId", "Scope") SELECT "Id", 'shared' FROM "ApiResources"`,
		`INSERT INTO "ClientScopes" ("ClientId", "Scope") SELECT "Id", 'reports' FROM "Clients"`,
		`INSERT INTO "ClientScopes" ("ClientId", "Scope") SELECT "Id", 'shared' FROM "Clients"`,
	} {
		s.exec(statement)
	}
}

// named adds resource parameters to a form.
func named(form url.Values, resources ...string) url.Values {
	form[resourceParameter] = resources
	return form
}

func wantAudience(t testing.TB, name, token string, audience any, scope string) {
	t.Helper()
	claims := claimsOf(t, token)
	if !reflect.DeepEqual(claims["aud"], audience) || claims["scope"] != scope {
		t.Errorf("%s: aud %v, scope %v; want %v, %s", name, claims["aud"], claims["scope"], audience, scope)
	}
}

func TestRFC8707WithoutResourceTheScopeDecides(t *testing.T) {
	s := newSite(t)
	s.addReports()
	wantAudience(t, "one API", s.redeem(s.insertCode(nil)).AccessToken, "companyApi", "openid profile companyApi")
	both := s.insertCode(func(c *db.AuthorizationCode) { c.Scopes = []string{"openid", "companyApi", "reports"} })
	wantAudience(t, "two APIs", s.redeem(both).AccessToken, []any{"companyApi", "reports"}, "openid companyApi reports")
}

func TestRFC8707AuthorizationRequest(t *testing.T) {
	s := newSite(t)
	s.addReports()
	b := s.browser()
	s.signIn(b, "Mick")
	ask := func(scope string, resources ...string) url.Values {
		return named(authorizeParameters("scope", scope), resources...)
	}
	const all = "openid companyApi reports shared"
	for _, row := range []struct {
		name string
		form url.Values
		want Code
	}{
		{"a relative URI (§2)", ask(all, "/api"), InvalidTarget},
		{"a name that is no URI", ask(all, "companyApi"), InvalidTarget},
		{"a fragment (§2)", ask(all, companiesURI+"#top"), InvalidTarget},
		{"an empty fragment", ask(all, companiesURI+"#"), InvalidTarget},
		{"a space", ask(all, companiesURI+" "+reportsURI), InvalidTarget},
		{"a letter beyond ASCII", ask(all, companiesURI+"/é"), InvalidTarget},
		{"no host", ask(all, "http://"), InvalidTarget},
		{"beyond measure", ask(all, companiesURI+"/"+strings.Repeat("x", 3000)), InvalidTarget},
		{"an API that is not there", ask(all, "https://elsewhere.example"), InvalidTarget},
		{"one of two that is not there", ask(all, companiesURI, "https://elsewhere.example"), InvalidTarget},
		{"a slash more", ask(all, companiesURI+"/"), InvalidTarget},
		{"an API that no scope value is for", ask("openid companyApi", reportsURI), InvalidTarget},
		{"a scope value that is for none of them", ask("openid companyApi reports", reportsURI), InvalidScope},
		{"twenty-one", ask(all, strings.Split(strings.Repeat(companiesURI+"/x ", 21), " ")...), InvalidTarget},
	} {
		t.Run(row.name, func(t *testing.T) {
			b.t = t
			wantRedirectError(t, b.get(s.issuer+"/connect/authorize?"+row.form.Encode()), row.want)
			wantError(t, s.call(http.MethodPost, "/connect/par", row.form), http.StatusBadRequest, row.want)
		})
	}
	b.t = t

	request := ask(all, companiesURI, reportsURI, companiesURI)
	pushed := decode[pushedResponse](t, s.call(http.MethodPost, "/connect/par", request))
	for name, answer := range map[string]page{
		"GET":    b.get(s.issuer + "/connect/authorize?" + request.Encode()),
		"POST":   b.get(s.crossSitePost(request).location().String()),
		"pushed": b.get(s.pushedURL(pushed.RequestURI)),
		"object": b.get(s.authorizeURL("scope", all, "request", unsigned(t, map[string]any{"client_id": "spa-client", "resource": []string{companiesURI, reportsURI}}))),
	} {
		wantAudience(t, name, s.redeem(answer.sent("code")).AccessToken, []any{companiesURI, reportsURI}, all)
	}
	wantRedirectError(t, b.get(s.authorizeURL("request", unsigned(t, map[string]any{"client_id": "spa-client", "resource": 5}))), InvalidRequestObject)

	// By the login page and back.
	code := func() string {
		b := s.browser()
		form := b.follow(b.get(s.issuer + "/connect/authorize?" + request.Encode()))
		return b.follow(b.submitLogin(form, "Mick", "MickPassword")).sent("code")
	}
	answer := s.token(named(tokenForm(code()), reportsURI))
	wantAudience(t, "narrowed by the token request (§2.2)", decode[tokenResponse](t, answer).AccessToken, reportsURI, "openid reports shared")
	if got := decode[tokenResponse](t, answer).Scope; got != "openid reports shared" {
		t.Errorf("the response says scope %q", got)
	}
	for name, form := range map[string]url.Values{
		"an API that was not granted": named(tokenForm(b.get(s.issuer+"/connect/authorize?"+ask("openid shared", reportsURI).Encode()).sent("code")), companiesURI),
		"an API that is not there":    named(tokenForm(code()), "https://elsewhere.example"),
		"no URI":                      named(tokenForm(code()), "companyApi"),
		"a fragment":                  named(tokenForm(code()), reportsURI+"#x"),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, s.token(form), http.StatusBadRequest, InvalidTarget) })
	}
}

func TestRFC8707RefreshNarrowsOneTokenOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		s := newSeededSite(t, store)
		s.addReports()
		first := s.offline(func(c *db.AuthorizationCode) {
			c.Scopes = []string{"openid", "companyApi", "reports", "offline_access"}
			c.Resources = []string{companiesURI, reportsURI}
		})
		wantAudience(t, "first", first.AccessToken, []any{companiesURI, reportsURI}, "openid companyApi reports offline_access")
		answer := s.token(named(refreshForm(first.RefreshToken), reportsURI))
		narrow := decode[tokenResponse](t, answer)
		wantAudience(t, "narrow", narrow.AccessToken, reportsURI, "openid reports offline_access")
		wantError(t, s.token(named(refreshForm(narrow.RefreshToken), "https://elsewhere.example")), http.StatusBadRequest, InvalidTarget)
		wantError(t, s.token(named(refreshForm(narrow.RefreshToken, "scope", "openid companyApi"), reportsURI)), http.StatusBadRequest, InvalidTarget)
		wide := s.refresh(narrow.RefreshToken) // a refusal costs nobody their token
		wantAudience(t, "wide again (§2.2)", wide.AccessToken, []any{companiesURI, reportsURI}, "openid companyApi reports offline_access")

		s.exec(`UPDATE "ApiResources" SET "Enabled" = false WHERE "Name" = 'reports'`)
		left := s.refresh(wide.RefreshToken)
		wantAudience(t, "one API is gone", left.AccessToken, companiesURI, "openid companyApi offline_access")
		// A grant for one API never becomes one for another that takes the same scope value.
		only := s.offline(func(c *db.AuthorizationCode) {
			c.Scopes, c.Resources = []string{"openid", "shared", "offline_access"}, []string{companiesURI}
		})
		s.exec(`UPDATE "ApiResources" SET "Enabled" = ("Name" = 'reports')`)
		wantError(t, s.token(refreshForm(only.RefreshToken)), http.StatusBadRequest, InvalidTarget)
	})
}

func TestRFC8707ClientCredentialsAndDevice(t *testing.T) {
	s := newSite(t)
	s.addReports()
	for _, row := range []struct {
		name, scope string
		resources   []string
		audience    any
		granted     string
	}{
		{"all the row allows", "", nil, []any{"companyApi", "reports"}, "companyApi reports shared"},
		{"one API, its scope values follow", "", []string{reportsURI}, reportsURI, "reports shared"},
		{"both", "", []string{reportsURI, companiesURI}, []any{reportsURI, companiesURI}, "companyApi reports shared"},
		{"a scope value of it", "shared", []string{reportsURI}, reportsURI, "shared"},
	} {
		answer := s.token(named(employeeForm("scope", row.scope), row.resources...))
		wantAudience(t, row.name, decode[tokenResponse](t, answer).AccessToken, row.audience, row.granted)
	}
	wantError(t, s.token(named(employeeForm("scope", "companyApi"), reportsURI)), http.StatusBadRequest, InvalidTarget)
	wantError(t, s.token(named(employeeForm("scope", "companyApi shared"), reportsURI)), http.StatusBadRequest, InvalidScope)
	wantError(t, s.token(named(employeeForm(), "urn:unknown")), http.StatusBadRequest, InvalidTarget)

	s.addTelevision(func(c *db.Client) { c.Scopes = append(c.Scopes, "reports", "shared") })
	start := named(deviceForm("scope", "openid companyApi reports"), companiesURI, reportsURI)
	device := decode[deviceAuthorizationResponse](t, s.call(http.MethodPost, "/connect/deviceauthorization", start))
	b := s.browser()
	b.submit(s.connect(b, "Mick", device.VerificationURIComplete), "allow")
	poll := url.Values{"grant_type": {grantDeviceCode}, "client_id": {"television"}, "device_code": {device.DeviceCode}}
	tokens := decode[tokenResponse](t, s.token(named(poll, reportsURI)))
	wantAudience(t, "device", tokens.AccessToken, reportsURI, "openid reports")
	wantError(t, s.call(http.MethodPost, "/connect/deviceauthorization", named(deviceForm(), "urn:unknown")), http.StatusBadRequest, InvalidTarget)
}

// What the user does not allow is not there any more, and an API of which nothing is left does not stand in the way.
func TestRFC8707ConsentLimitsTheAPIs(t *testing.T) {
	s := newSite(t)
	s.addReports()
	s.exec(`UPDATE "Clients" SET "RequireConsent" = true`)
	b := s.browser()
	request := named(authorizeParameters("scope", "openid companyApi reports"), companiesURI, reportsURI)
	form := b.follow(b.get(s.issuer + "/connect/authorize?" + request.Encode()))
	consent := b.follow(b.submitLogin(form, "Mick", "MickPassword"))
	answer := b.follow(b.submit(consent, "allow", "ScopesConsented", "reports"))
	wantAudience(t, "consent", s.redeem(answer.sent("code")).AccessToken, reportsURI, "openid reports")
}

func TestResourcesAmongRepeatedParameters(t *testing.T) {
	s := newSite(t)
	wantError(t, s.token(named(tokenForm(s.insertCode(nil)), "https://a.example", "https://a.example\x00")), http.StatusBadRequest, InvalidRequest)
	form := tokenForm(s.insertCode(nil))
	form["code"] = append(form["code"], "another")
	wantError(t, s.token(form), http.StatusBadRequest, InvalidRequest)
}
