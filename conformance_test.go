package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"silentrenew/internal/config"
)

// suiteClient is a client in the configuration of the Foundation's suite.
type suiteClient struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// suiteConfiguration is what docs/conformance.json tells the suite.
type suiteConfiguration struct {
	Alias      string      `json:"alias"`
	Client     suiteClient `json:"client"`
	ClientPost suiteClient `json:"client_secret_post"`
	Client2    suiteClient `json:"client2"`
	suiteBrowser
	Override map[string]suiteBrowser `json:"override"`
}

type suiteBrowser struct {
	Browser []struct {
		Match string      `json:"match"`
		Tasks []suiteTask `json:"tasks"`
	} `json:"browser"`
}

// suiteTask is what the suite's browser does on one page, whose address matches.
type suiteTask struct {
	Task     string  `json:"task"`
	Match    string  `json:"match"`
	Commands [][]any `json:"commands"`
}

// tasks returns those for the first entry that matches an address with that ending.
func (b suiteBrowser) tasks(ending string) []suiteTask {
	for _, entry := range b.Browser {
		if strings.HasSuffix(entry.Match, ending) {
			return entry.Tasks
		}
	}
	return nil
}

// commands returns those of the first task of that name.
func (b suiteBrowser) commands(task string) [][]any {
	for _, entry := range b.Browser {
		for _, t := range entry.Tasks {
			if t.Task == task {
				return t.Commands
			}
		}
	}
	return nil
}

// obey does on a page what the commands of a task say and returns the form that is sent.
func obey(t *testing.T, page *goquery.Document, commands [][]any) url.Values {
	t.Helper()
	form := url.Values{}
	for _, input := range page.Find("form input[type=hidden]").EachIter() {
		form.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	}
	if len(commands) == 0 {
		t.Error("no commands")
	}
	for _, command := range commands {
		switch element := page.Find("#" + command[2].(string)); {
		case command[0] == "wait": // on the whole page, for a pattern
			if !regexp.MustCompile(command[4].(string)).MatchString(page.Text()) {
				t.Errorf("%q is not on the page", command[4])
			}
		case element.Length() != 1:
			t.Errorf("%v: %d such elements", command, element.Length())
		case command[0] == "text":
			form.Set(element.AttrOr("name", ""), command[3].(string))
		case command[0] == "click":
			form.Set(element.AttrOr("name", ""), element.AttrOr("value", ""))
		}
	}
	return form
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// docs/conformance.md is a recipe for the Foundation's suite. This is the recipe, followed: what it declares is what the suite is told,
// the suite's scripted browser finds its way, and nothing the Basic OP plan asks about the user is missing or of another type.
func TestOIDCCore51TheSuiteFindsWhatItIsTold(t *testing.T) {
	var suite suiteConfiguration
	if err := json.Unmarshal([]byte(readDoc(t, "conformance.json")), &suite); err != nil {
		t.Fatal(err)
	}
	p := start(t, t.TempDir(), "--roles", "idp", "--idp-addr", "localhost:0", "--config", filepath.Join("docs", "conformance.yaml"),
		"--registration", "open", "--lab", "off", "--tls")
	jar, _ := cookiejar.New(nil) // never fails without options
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), p.idp) {
			return http.ErrUseLastResponse
		}
		return nil
	}, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // as the suite does
	read := func(response *http.Response, err error) (*http.Response, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(body)
	}
	page := func(body string) *goquery.Document {
		document, _ := goquery.NewDocumentFromReader(strings.NewReader(body)) // HTML is what a browser makes of it
		return document
	}
	send := func(path string, form url.Values) (*http.Response, error) {
		request, _ := http.NewRequest(http.MethodPost, p.idp+path, strings.NewReader(form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", p.idp)
		return browser.Do(request)
	}
	redeem := func(client suiteClient, posted bool, form url.Values) (*http.Response, string) {
		t.Helper()
		form.Set("grant_type", "authorization_code")
		if posted {
			form.Set("client_id", client.ID)
			form.Set("client_secret", client.Secret)
		}
		request, _ := http.NewRequest(http.MethodPost, p.idp+"/connect/token", strings.NewReader(form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if !posted {
			request.SetBasicAuth(url.QueryEscape(client.ID), url.QueryEscape(client.Secret))
		}
		return read(browser.Do(request))
	}

	for name, client := range map[string]suiteClient{"client": suite.Client, "client2": suite.Client2, "client_secret_post": suite.ClientPost} {
		if _, body := redeem(client, name == "client_secret_post", url.Values{"code": {"x"}}); !strings.Contains(body, `"invalid_grant"`) {
			t.Errorf("%s is not the client of conformance.yaml: %s", name, body)
		}
	}

	redirectURI := "https://localhost.emobix.co.uk:8443/test/a/" + suite.Alias + "/callback"
	ask := url.Values{"client_id": {suite.Client.ID}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "state": {"s"}, "scope": {"openid profile email address phone"}}
	authorize := p.idp + "/connect/authorize?"
	login, body := read(browser.Get(authorize + ask.Encode()))
	for _, module := range []string{"oidcc-prompt-login", "oidcc-max-age-1"} {
		obey(t, page(body), suite.Override[module].commands("Login"))
	}
	for _, member := range []string{"logo", "policy", "tos"} {
		obey(t, page(body), suite.Override["oidcc-registration-"+member+"-uri"].commands("Login page"))
	}
	answer, body := read(send("/account/login", obey(t, page(body), suite.commands("Login"))))
	back, _ := answer.Location()
	if login.Request.URL.Path != "/account/login" || back == nil || !strings.HasPrefix(back.String(), redirectURI) {
		t.Fatalf("login at %s leads to %v: %s", login.Request.URL, back, body)
	}
	_, body = redeem(suite.Client, false, url.Values{"code": {back.Query().Get("code")}, "redirect_uri": {redirectURI}})
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &tokens); err != nil || tokens.AccessToken == "" {
		t.Fatalf("token: %v %s", err, body)
	}
	request, _ := http.NewRequest(http.MethodGet, p.idp+"/connect/userinfo", nil)
	request.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
	_, body = read(browser.Do(request))
	wantStandardClaims(t, body)

	ask.Set("redirect_uri", redirectURI+"x")
	for name, override := range suite.Override {
		if commands := override.commands("Error page"); commands != nil {
			if _, body = read(browser.Get(authorize + ask.Encode())); page(body).Find("#error-code").Text() != "invalid_request" {
				t.Errorf("%s: got %s", name, body)
			}
			obey(t, page(body), commands)
		}
	}

	if suite.tasks("session_verify") == nil { // its frames need the cookies of the browser that signed in
		t.Error("nobody visits the page of the Session Management plan")
	}

	// Every module of the RP-Initiated Logout plan that wants a picture finds the page it waits for.
	signedIn := url.Values{"client_id": {suite.Client.ID}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid"}}
	out := strings.TrimSuffix(redirectURI, "callback") + "post_logout_redirect"
	for name, sent := range map[string]url.Values{
		"bad-post-logout-redirect-uri":            {"id_token_hint": {""}, "post_logout_redirect_uri": {out + "x"}, "state": {"s"}},
		"query-added-to-post-logout-redirect-uri": {"id_token_hint": {""}, "post_logout_redirect_uri": {out + "?foo=bar"}, "state": {"s"}},
		"modified-id-token-hint":                  {"id_token_hint": {"x"}, "post_logout_redirect_uri": {out}, "state": {"s"}},
		"bad-id-token-hint":                       {"id_token_hint": {"x"}, "post_logout_redirect_uri": {out}, "state": {"s"}},
		"no-id-token-hint":                        {"post_logout_redirect_uri": {out}, "state": {"s"}},
		"no-post-logout-redirect-uri":             {"id_token_hint": {""}, "state": {"s"}},
		"no-params":                               {},
		"only-state":                              {"state": {"s"}},
	} {
		module := suite.Override["oidcc-rp-initiated-logout-"+name]
		answer, body := read(browser.Get(authorize + signedIn.Encode()))
		if answer.Request.URL.Path == "/account/login" {
			answer, _ = read(send("/account/login", obey(t, page(body), module.commands("Login"))))
		}
		back, err := answer.Location()
		if err != nil {
			t.Fatalf("%s: %d", name, answer.StatusCode)
		}
		if hint, present := sent["id_token_hint"]; present {
			_, body = redeem(suite.Client, false, url.Values{"code": {back.Query().Get("code")}, "redirect_uri": {redirectURI}})
			var tokens struct {
				IDToken string `json:"id_token"`
			}
			_ = json.Unmarshal([]byte(body), &tokens) // no token is no hint
			sent.Set("id_token_hint", tokens.IDToken+hint[0])
		}
		answer, body = read(browser.Get(p.idp + "/connect/endsession?" + sent.Encode()))
		pictures := 0
		for _, task := range module.tasks("/connect/endsession*") {
			if !strings.HasSuffix(task.Match, answer.Request.URL.Path+"*") {
				t.Errorf("%s: %s is at %s, not at %s", name, task.Task, answer.Request.URL, task.Match)
			}
			form := obey(t, page(body), task.Commands)
			if task.Commands[0][0] == "click" {
				answer, body = read(send("/account/logout", form))
			} else {
				pictures++
			}
		}
		if pictures != 1 {
			t.Errorf("%s: %d pictures", name, pictures)
		}
	}
}

// wantStandardClaims looks for every claim of OIDC Core §5.1 with its JSON type.
func wantStandardClaims(t *testing.T, userinfo string) {
	t.Helper()
	var told map[string]any
	if err := json.Unmarshal([]byte(userinfo), &told); err != nil {
		t.Fatalf("userinfo: %v %s", err, userinfo)
	}
	for kind, names := range map[reflect.Kind][]string{
		reflect.String: {"sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
			"email", "gender", "birthdate", "zoneinfo", "locale", "phone_number"},
		reflect.Bool: {"email_verified", "phone_number_verified"}, reflect.Float64: {"updated_at"}, reflect.Map: {"address"},
	} {
		for _, name := range names {
			if got := reflect.ValueOf(told[name]).Kind(); got != kind {
				t.Errorf("%s is %v, want a %s", name, told[name], kind)
			}
		}
	}
}

// The commands and declarations that conformance.md shows are understood, and its table has every plan of ours.
func TestTheRecipeForTheSuiteIsUnderstood(t *testing.T) {
	recipe := readDoc(t, "conformance.md")
	commands := regexp.MustCompile(`(?m)^go run \. (.*)$`).FindAllStringSubmatch(recipe, -1)
	if len(commands) != 1 {
		t.Fatalf("%d commands", len(commands))
	}
	if _, err := config.Parse(strings.Fields(commands[0][1]), func(string) string { return "" }, io.Discard); err != nil {
		t.Errorf("%s: %v", commands[0][0], err)
	}
	declarations := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(recipe, -1)
	if len(declarations) != 1 {
		t.Fatalf("%d declarations", len(declarations))
	}
	file := filepath.Join(t.TempDir(), "further.yaml")
	if err := os.WriteFile(file, []byte(declarations[0][1]), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, t.TempDir(), "--roles", "idp", "--idp-addr", "localhost:0", "--config", file)
	if said := p.err.String(); !strings.Contains(said, "3 added") || strings.Contains(said, "level=WARN") {
		t.Errorf("got %s", said)
	}
	var suite suiteConfiguration
	_ = json.Unmarshal([]byte(readDoc(t, "conformance.json")), &suite) // TestOIDCCore51TheSuiteFindsWhatItIsTold checks it
	if !slices.ContainsFunc(regexp.MustCompile(`/test/a/([a-z-]+)/`).FindAllStringSubmatch(recipe, -1), func(m []string) bool { return m[1] == suite.Alias }) {
		t.Errorf("the recipe does not use the alias %s", suite.Alias)
	}
}
