package walk

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// arrival is what a browser brings to a client's redirect URI.
type arrival struct {
	method, contentType, origin, query string
	form                               url.Values
}

// formClient is a client on another site than the provider, whose page can send its request as a form.
type formClient struct {
	*httptest.Server
	request  url.Values // what the form on /start sends
	provider string
	arrivals chan arrival
}

var startPage = template.Must(template.New("start").Parse(`<!doctype html><title>start</title><form method="post" action="{{.Action}}">` +
	`{{range $name, $values := .Fields}}<input type="hidden" name="{{$name}}" value="{{index $values 0}}">{{end}}<button id="go">Go</button></form>`))

func newFormClient(t *testing.T, p *program) *formClient {
	t.Helper()
	c := &formClient{provider: p.idp, arrivals: make(chan arrival, 10)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/start":
			_ = startPage.Execute(w, map[string]any{"Action": c.provider + "/connect/authorize", "Fields": c.request})
		case "/callback":
			_ = r.ParseForm()
			c.arrivals <- arrival{r.Method, r.Header.Get("Content-Type"), r.Header.Get("Origin"), r.URL.RawQuery, r.PostForm}
			_, _ = w.Write([]byte("<!doctype html><title>arrived</title><h1>arrived</h1>"))
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// register makes the client known and returns a request of its own.
func (c *formClient) register(t *testing.T, response string, grants ...string) url.Values {
	t.Helper()
	metadata, _ := json.Marshal(map[string]any{"redirect_uris": []string{c.URL + "/callback"}, "response_types": []string{response}, "grant_types": grants}) // made of text
	answer, err := http.Post(c.provider+"/connect/register", "application/json", strings.NewReader(string(metadata)))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var registered struct {
		ClientID string `json:"client_id"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&registered); err != nil || registered.ClientID == "" {
		t.Fatalf("register: %d, %v", answer.StatusCode, err)
	}
	return url.Values{"client_id": {registered.ClientID}, "redirect_uri": {c.URL + "/callback"}, "response_type": {response}, "response_mode": {"form_post"},
		"scope": {"openid profile"}, "state": {"s"}, "nonce": {"n"}}
}

// TestFormPostResponseMode2InABrowser: the page posts itself to another site under its policy, with a code and with tokens, and a request
// that came by POST from there finds the cookie, which is SameSite=Lax on plain http (OIDC Core §3.1.2.1).
func TestFormPostResponseMode2InABrowser(t *testing.T) {
	p, b := walk(t, "--registration", "open")
	client := newFormClient(t, p)
	expect := func(want ...string) {
		t.Helper()
		select {
		case got := <-client.arrivals:
			if got.method != http.MethodPost || got.contentType != "application/x-www-form-urlencoded" || got.query != "" || got.origin != p.idp {
				t.Errorf("arrived by %s with %s from %q, query %q", got.method, got.contentType, got.origin, got.query)
			}
			for _, name := range append(want, "state", "iss") {
				if got.form.Get(name) == "" {
					t.Errorf("%s is missing in %v", name, got.form)
				}
			}
		case <-time.After(patience):
			t.Fatalf("nothing arrived; the browser is at %s", b.location())
		}
		b.waitText("h1", "arrived")
	}

	client.request = client.register(t, "code", "authorization_code")
	b.openURL(client.URL + "/start")
	b.click("#go")
	b.submitLogin("Mick", "MickPassword")
	b.waitVisible("#allow")
	b.click("#allow")
	expect("code")

	b.openURL(client.URL + "/start") // signed in, and what was allowed is remembered: nobody is asked
	b.click("#go")
	expect("code")

	client.request = client.register(t, "id_token token", "implicit")
	b.openURL(client.URL + "/start")
	b.click("#go")
	b.waitVisible("#allow")
	b.click("#allow")
	expect("id_token", "access_token")
}
