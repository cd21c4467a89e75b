package idp

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/tools/txtar"

	"silentrenew/internal/event"
)

// conversation writes down what client, browser and provider say to one another. Values that are random get a name at
// their first appearance and keep it.
type conversation struct {
	t       *testing.T
	site    *site
	browser *browser
	archive txtar.Archive
	names   []string // value, name, value, name, …
	counts  map[string]int
}

// shownHeaders are those the protocol is about.
var shownHeaders = []string{
	"Authorization", "Origin", "X-Correlation-Id", "Cookie", "Content-Type", // of requests
	"Location", "Set-Cookie", "Cache-Control", "Www-Authenticate", "Access-Control-Allow-Origin", // of responses
}

// name calls a random value by a name from here on.
func (c *conversation) name(kind, value string) {
	if value == "" || slices.Contains(c.names, value) {
		return
	}
	c.counts[kind]++
	c.names = append(c.names, value, fmt.Sprintf("{%s %d}", kind, c.counts[kind]))
}

// masked replaces random values by their names, also where they are percent-encoded.
func (c *conversation) masked(text string) string {
	pairs := slices.Clone(c.names)
	for i := 0; i < len(c.names); i += 2 {
		if escaped := url.QueryEscape(c.names[i]); escaped != c.names[i] {
			pairs = append(pairs, escaped, c.names[i+1])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// send sends one request and writes down what was said. The form is what the request's body holds. A script's request
// carries no cookies, the browser's own do.
func (c *conversation) send(what string, r *http.Request, form url.Values) page {
	c.t.Helper()
	ask := c.browser.do
	if r.Header.Get("Origin") == testSPA {
		ask = c.site.serve
	}
	answer := ask(r)
	said := append([]string{r.Method + " " + target(r.URL)}, headerLines(r.Header)...)
	said = append(said, parameterLines(form)...)
	c.learn(answer)
	said = append(said, "", answer.Status)
	said = append(said, headerLines(answer.Header)...)
	said = append(said, c.body(answer)...)
	text := c.masked(strings.Join(said, "\n")) + "\n"
	name := fmt.Sprintf("%02d %s", len(c.archive.Files)+1, what)
	c.archive.Files = append(c.archive.Files, txtar.File{Name: name, Data: []byte(text)})
	return answer
}

// learn names the random values of an answer.
func (c *conversation) learn(answer page) {
	for _, cookie := range answer.Cookies() {
		c.name(cookie.Name+" cookie", cookie.Value)
	}
	for _, parameter := range []string{"code", "session_state"} {
		c.name(parameter, answer.sent(parameter))
	}
	var tokens tokenResponse
	if json.Unmarshal([]byte(answer.Body), &tokens) != nil || tokens.AccessToken == "" {
		return
	}
	for kind, token := range map[string]string{"access token": tokens.AccessToken, "ID token": tokens.IDToken} {
		c.name(kind, token)
	}
	for _, claim := range []string{"sid", "jti", "at_hash"} {
		for _, token := range []string{tokens.AccessToken, tokens.IDToken} {
			value, _ := claimsOf(c.t, token)[claim].(string)
			c.name(claim, value)
		}
	}
	c.name("RS256 key", headerOf(c.t, tokens.IDToken)["kid"].(string))
	c.name("ES256 key", headerOf(c.t, tokens.AccessToken)["kid"].(string))
}

// body tells what is in an answer: JSON with its tokens opened, or the forms of a page.
func (c *conversation) body(answer page) []string {
	c.t.Helper()
	var lines []string
	var values map[string]any
	if json.Unmarshal([]byte(answer.Body), &values) == nil {
		lines = append(lines, "", indented(c.t, values))
		for _, name := range []string{"access_token", "id_token"} {
			if token, ok := values[name].(string); ok {
				lines = append(lines, "", name+" says "+indented(c.t, headerOf(c.t, token))+" "+indented(c.t, claimsOf(c.t, token)))
			}
		}
		return lines
	}
	answer.document(c.t).Find("form").Each(func(_ int, form *goquery.Selection) {
		lines = append(lines, "", "a form to "+form.AttrOr("action", "?"))
		form.Find("input, button").Each(func(_ int, field *goquery.Selection) {
			lines = append(lines, "  "+field.AttrOr("name", "?"))
		})
	})
	return lines
}

func indented(t *testing.T, values map[string]any) string {
	t.Helper()
	text, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// target is a URL with one parameter per line.
func target(u *url.URL) string {
	lines := append([]string{u.Path}, parameterLines(u.Query())...)
	return strings.Join(lines, "\n")
}

func parameterLines(values url.Values) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			lines = append(lines, "  "+name+" = "+value)
		}
	}
	return lines
}

func headerLines(header http.Header) []string {
	var lines []string
	for _, name := range shownHeaders {
		for _, value := range header.Values(name) {
			if u, err := url.Parse(value); name == "Location" && err == nil {
				value = strings.TrimPrefix(u.Scheme+"://"+u.Host, "://") + target(u)
			}
			lines = append(lines, name+": "+value)
		}
	}
	return lines
}

// get is a navigation.
func (c *conversation) get(what, address string) page {
	c.t.Helper()
	return c.send(what, httptest.NewRequest(http.MethodGet, address, nil), nil)
}

// post is a form, or a script's request, from a page of the origin. The shown form may hide what is secret.
func (c *conversation) post(what, path, origin string, form, shown url.Values) page {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, testIssuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	return c.send(what, r, shown)
}

// redeem is what the page does with a code: token, then userinfo. The code knows the correlation id, userinfo is told.
func (c *conversation) redeem(code, redirectURI, verifier, correlationID string) tokenResponse {
	c.t.Helper()
	form := tokenForm(code, "redirect_uri", redirectURI, "code_verifier", verifier)
	tokens := decode[tokenResponse](c.t, c.post("the page redeems the code", "/connect/token", testSPA, form, form))
	r := httptest.NewRequest(http.MethodGet, testIssuer+"/connect/userinfo", nil)
	r.Header.Set("Origin", testSPA)
	r.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
	r.Header.Set(event.CorrelationHeader, correlationID)
	c.send("the page asks who that is", r, nil)
	return tokens
}

const conversationHead = `One sign-in and one silent renewal, as they go over the wire. Random values have names in braces.
go test ./idp -run Conversation -update rewrites this file.

`

// The whole conversation of a sign-in and one silent renewal (A8, A11, A36 to A39), kept in testdata/silent_renew.txtar.
func TestA36A39ConversationOfASilentRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.exec(`UPDATE "Clients" SET "AccessTokenLifetime" = 120 WHERE "ClientId" = 'spa-client'`)
		c := &conversation{t: t, site: s, browser: s.browser(), counts: map[string]int{}}

		answer := c.get("the page sends the browser to the provider", s.authorizeURL("correlation_id", "sign-in"))
		form := c.get("nobody is signed in, so there is a form", answer.location().String())
		back := form.document(t).Find("input[name=ReturnUrl]").AttrOr("value", "")
		login := url.Values{"Username": {"Mick"}, "Password": {testPasswords["Mick"]}, "button": {"login"}, "ReturnUrl": {back}}
		shown := maps.Clone(login)
		shown.Set("Password", "{password}")
		answer = c.post("the user signs in", "/account/login", testIssuer, login, shown)
		answer = c.get("the authorization request goes on, with a session", answer.location().String())
		before := c.redeem(answer.sent("code"), testCallback, testVerifier, "sign-in")

		time.Sleep(time.Minute) // a minute before expiry the page renews, in a hidden iframe
		silent, verifier := testSPA+"/assets/silent-callback.html", strings.Repeat("renewal-", 8)
		answer = c.get("a minute later a hidden iframe asks again, and nobody may be disturbed", s.authorizeURL("prompt", "none",
			"redirect_uri", silent, "state", "state-2", "nonce", "nonce-2", "code_challenge", CodeChallenge(verifier),
			"id_token_hint", before.IDToken, "correlation_id", "renewal"))
		after := c.redeem(answer.sent("code"), silent, verifier, "renewal")

		c.archive.Comment = []byte(conversationHead)
		golden(t, "silent_renew.txtar", string(txtar.Format(&c.archive)))
		was, is := claimsOf(t, before.AccessToken), claimsOf(t, after.AccessToken)
		for _, same := range []string{"sub", "sid", "auth_time"} { // A39
			if was[same] != is[same] {
				t.Errorf("%s changed from %v to %v", same, was[same], is[same])
			}
		}
		if was["iat"] == is["iat"] || was["exp"] == is["exp"] || was["jti"] == is["jti"] {
			t.Errorf("the token was not renewed: %v, then %v", was, is)
		}
		var told []string
		for _, e := range s.events("authorize", "token", "userinfo") { // A11, A36
			told = append(told, e.CorrelationID+" "+e.Kind+" "+e.Outcome)
		}
		want := []string{"sign-in authorize ok", "sign-in authorize ok", "sign-in token ok", "sign-in userinfo ok", "renewal authorize ok", "renewal token ok", "renewal userinfo ok"}
		if !slices.Equal(told, want) {
			t.Errorf("events: %q", told)
		}
	})
}
