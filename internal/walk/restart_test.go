package walk

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// TestA1OneCommandStartsThree: each role answers on its own origin, and the program says where.
func TestA1OneCommandStartsThree(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	for url, want := range map[string]string{
		p.idp + "/.well-known/openid-configuration": `"issuer":"` + p.idp + `"`,
		p.api + "/healthz":                          "",
		p.spa + "/":                                 "CompanyEmployees",
	} {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK || !strings.Contains(strings.ReplaceAll(string(body), ": ", ":"), want) {
			t.Errorf("%s: %d, want 200 and %q", url, response.StatusCode, want)
		}
	}
	said := p.log.tail(1000)
	for _, want := range []string{p.idp, p.api, p.spa, "Mick", "MickPassword", p.database} {
		if !strings.Contains(said, want) {
			t.Errorf("the program does not print %s:\n%s", want, said)
		}
	}
}

// TestA2SecondStartChangesNothing: the seed fills empty tables only.
func TestA2SecondStartChangesNothing(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	count := func() string {
		var out strings.Builder
		for _, table := range []string{"Clients", "IdentityResources", "ApiScopes", "ApiResources", "Users", "Companies", "ClientRedirectUris"} {
			fmt.Fprintln(&out, table, ask[int](t, p, "SELECT count(*) FROM "+table))
		}
		return out.String()
	}
	first := count()
	for _, want := range []string{"Clients 3", "IdentityResources 6", "ApiScopes 1", "ApiResources 1", "Users 2"} {
		if !strings.Contains(first, want+"\n") {
			t.Errorf("the seed holds\n%swant %s", first, want)
		}
	}
	p.setAccessTokenLifetime(61)
	p.sql("DELETE FROM Companies WHERE Name = 'IT_Solutions Ltd'")
	edited := count()
	if code := p.stop(); code != 0 {
		t.Errorf("exit code after an interrupt: %d, want 0", code)
	}
	p.start()
	if again := count(); again != edited {
		t.Errorf("the second start changed rows:\n%swant\n%s", again, edited)
	}
	if got := ask[int](t, p, "SELECT AccessTokenLifetime FROM Clients WHERE ClientId = 'spa-client'"); got != 61 {
		t.Errorf("AccessTokenLifetime = %d after the second start, want 61", got)
	}
}

// TestA1SingleOrigin: provider, API and front end below one URL; sign-in and renewal work there too.
func TestA1SingleOrigin(t *testing.T) {
	t.Parallel()
	chromium.start(t)
	p := startSingleOrigin(t)
	b := openBrowser(t, p)
	b.signIn("Mick", "MickPassword")
	b.click(`nav a[href="/companies"]`)
	b.waitText("main", "IT_Solutions Ltd")
	first := b.claims()
	b.renewNow()
	if b.claims() == first {
		t.Error("the token was not replaced")
	}
	b.click("#logout")
	b.waitSignedOut(patience)
	b.waitLocation("/")
}

// TestA52TokensOutliveAKill: killed and started again, the program accepts the tokens it issued before and renews for the
// session it knew before, because keys and sessions are rows.
func TestA52TokensOutliveAKill(t *testing.T) {
	p, b := walk(t)
	b.signIn("Mick", "MickPassword")
	before := b.claims()
	p.restart()
	if status := b.callAPI("/api/companies"); status != http.StatusOK {
		t.Errorf("API with the token from before the kill: %d, want 200", status)
	}
	if b.claims() != before {
		t.Error("the page holds another token already")
	}
	b.renewNow()
	after := b.claims()
	if after.ID == before.ID || after.SessionID != before.SessionID || after.AuthTime != before.AuthTime {
		t.Errorf("renewal after the kill: %+v, want another token of session %s", after, before.SessionID)
	}
	b.click(`nav a[href="/companies"]`)
	b.waitText("main", "IT_Solutions Ltd")
}

// TestTakenPort: the program says in one line which port is taken and by which flag to choose another, and exits 1.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	second := exec.Command(buildBinary(t), "--db", p.database+"2", "--spa-addr", strings.TrimPrefix(p.spa, "http://"),
		"--idp-addr", "localhost:0", "--api-addr", "localhost:0")
	out, err := second.CombinedOutput()
	if second.ProcessState == nil || second.ProcessState.ExitCode() != 1 {
		t.Fatalf("exit: %v, want 1\n%s", err, out)
	}
	if !strings.Contains(string(out), "--spa-addr") || strings.Contains(string(out), "goroutine ") {
		t.Errorf("the message does not name the flag:\n%s", out)
	}
}
