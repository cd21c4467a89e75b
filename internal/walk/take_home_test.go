package walk

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestRenewTakenHome builds the application of the last chapter, word by word, on an origin of its own, and uses it: sign-in,
// renewals by themselves, a call of the API, sign-out.
func TestRenewTakenHome(t *testing.T) {
	p, b := walk(t)
	b.open("/workshop/renewal-to-take-home")
	files := map[string]string{}
	for i, name := range []string{"index.html", "app.js", "silent.html"} {
		files["/"+name] = eval[string](b, `document.querySelectorAll("main pre > code:not(.language-sh)")[`+string(rune('0'+i))+`].textContent`)
	}
	for name, path := range map[string]string{
		"/renew.js": "/static/js/renew.js", "/oidc-client-ts.js": "/static/third_party/oidc-client-ts/oidc-client-ts.js",
		"/jwt-decode.js": "/static/third_party/jwt-decode/jwt-decode.js",
	} {
		answer, err := http.Get(p.spa + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		files[name] = string(body)
	}
	if head := files["/renew.js"]; !strings.HasPrefix(head, "/*!\n * renew.js 1.") || !strings.Contains(head[:400], "MIT License") {
		t.Errorf("renew.js does not begin with its version and its licence:\n%.200s", head)
	}
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", map[bool]string{true: "text/html", false: "text/javascript"}[strings.HasSuffix(r.URL.Path, ".html")])
		io.WriteString(w, files[r.URL.Path])
	}))
	t.Cleanup(home.Close)
	origin := strings.Replace(home.URL, "127.0.0.1", "localhost", 1)

	register := exec.Command(buildBinary(t), "clients", "add", "my-app", "AccessTokenLifetime=6", "Scopes=openid,profile,companyApi",
		"RedirectUris="+origin+"/index.html,"+origin+"/silent.html", "PostLogoutRedirectUris="+origin+"/index.html", "--db", p.database)
	if out, err := register.CombinedOutput(); err != nil {
		t.Fatalf("clients add: %v\n%s", err, out)
	}

	b.openURL(origin + "/index.html")
	b.waitText("#status", "signed out")
	b.click("#in")
	b.submitLogin("Mick", "MickPassword")
	b.waitText("#status", "ready")
	mark := p.log.mark()
	renewed := p.waitEvents(mark, 2, patience, with(is("token"), "client_id", "my-app"))
	if gap := renewed[1].Time.Sub(renewed[0].Time); gap < 3*time.Second || gap > 8*time.Second {
		t.Errorf("renewed after %s, want about 4 s (T=6, a third is left)", gap)
	}
	b.waitText("#answer", "a new token")
	b.click("#ask")
	b.waitText("#answer", "200 {")
	b.waitText("#answer", "Mick")
	b.click("#out")
	b.waitText("#status", "signed out")
	if left := eval[int](b, `Object.keys(sessionStorage).filter(key => key.startsWith("oidc.user:")).length`); left != 0 {
		t.Error("the user is still in the store")
	}
}
