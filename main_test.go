package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	_ "modernc.org/sqlite" // the driver, for edits by hand

	"silentrenew/db/dbtest"
	"silentrenew/internal/dpop/dpoptest"
)

// TestMain lets the test binary be the program, for what only a process can show: signals and exit codes.
func TestMain(m *testing.M) {
	if os.Getenv("SILENTRENEW_TEST_BE_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

// console is what a person sees. It is safe for concurrent use.
type console struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newConsole() *console { return &console{more: make(chan struct{}, 1)} }

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
	return c.text.Write(p)
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// program is a running program.
type program struct {
	t             *testing.T
	out, err      *console
	stop          context.CancelFunc
	result        chan error
	idp, api, spa string // printed URLs
}

var printed = map[string]*regexp.Regexp{
	"Provider": regexp.MustCompile(`(?m)^  Provider +(\S+)`), "API": regexp.MustCompile(`(?m)^  API +(\S+)`), "Front end": regexp.MustCompile(`(?m)^  Front end +(\S+)`),
}

// anyPorts lets the system choose.
var anyPorts = []string{"--idp-addr", "localhost:0", "--api-addr", "localhost:0", "--spa-addr", "localhost:0"}

// start runs the program on a database in folder until the test ends, and waits until it has greeted.
func start(t *testing.T, folder string, args ...string) *program {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	p := &program{t: t, out: newConsole(), err: newConsole(), stop: stop, result: make(chan error, 1)}
	args = append([]string{"--db", filepath.Join(folder, "silentrenew.db"), "--log-format", "text"}, args...)
	ended := make(chan struct{})
	go func() {
		p.result <- run(ctx, args, func(string) string { return "" }, p.out, p.err)
		close(ended)
	}()
	t.Cleanup(func() { stop(); <-ended })
	deadline := time.After(patience)
	for !strings.Contains(p.out.String(), "Ctrl-C stops.") {
		select {
		case <-p.out.more:
		case err := <-p.result:
			t.Fatalf("run %q: %v\n%s", args, err, p.err)
		case <-deadline:
			t.Fatalf("no greeting after %v:\n%s%s", patience, p.out, p.err)
		}
	}
	p.idp, p.api, p.spa = p.printedURL("Provider"), p.printedURL("API"), p.printedURL("Front end")
	return p
}

func (p *program) printedURL(name string) string {
	if found := printed[name].FindStringSubmatch(p.out.String()); found != nil {
		return found[1]
	}
	return ""
}

// end stops the program as a signal does and returns what run returned.
func (p *program) end() error {
	p.t.Helper()
	p.stop()
	select {
	case err := <-p.result:
		return err
	case <-time.After(patience):
		p.t.Fatalf("the program did not stop within %v", patience)
		return nil
	}
}

// get returns status and body.
func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// issuerOf fetches the discovery document below url and returns its issuer.
func issuerOf(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	status, body := get(t, client, url+"/.well-known/openid-configuration")
	var document struct{ Issuer string }
	if err := json.Unmarshal([]byte(body), &document); status != http.StatusOK || err != nil {
		t.Fatalf("discovery at %s: status %d, %v", url, status, err)
	}
	return document.Issuer
}

// wantThreeRoles checks that each role answers at its printed address as that role.
func (p *program) wantThreeRoles(client *http.Client) {
	p.t.Helper()
	if got := issuerOf(p.t, client, p.idp); got != p.idp {
		p.t.Errorf("issuer %q, printed %q: they must be equal byte for byte (OIDC Discovery §4.3)", got, p.idp)
	}
	if status, body := get(p.t, client, p.api+"/api/companies"); status != http.StatusUnauthorized || !strings.Contains(body, `"error":"invalid_token"`) {
		p.t.Errorf("API without a token: status %d: %s", status, body)
	}
	if status, body := get(p.t, client, p.spa+"/"); status != http.StatusOK || !strings.Contains(body, "<html") {
		p.t.Errorf("front end: status %d: %.200s", status, body)
	}
}

func TestA1OneCommandStartsAllThree(t *testing.T) {
	p := start(t, t.TempDir(), anyPorts...)
	p.wantThreeRoles(http.DefaultClient)
	for _, want := range []string{"Mick / MickPassword", "Jane / JanePassword", "silentrenew.db", "/workshop", "SameSite=Lax", "Lab"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("the greeting does not mention %q:\n%s", want, p.out)
		}
	}
	if err := p.end(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

func TestA1SingleOrigin(t *testing.T) {
	p := start(t, t.TempDir(), "--single-origin", "auto", "--addr", "localhost:0")
	if p.idp != p.spa+"/idp" || p.api != p.spa {
		t.Fatalf("provider %s, API %s, front end %s", p.idp, p.api, p.spa)
	}
	p.wantThreeRoles(http.DefaultClient)
	for _, path := range []string{"/idp/healthz", "/api/healthz", "/healthz", "/idp/"} {
		if status, _ := get(t, http.DefaultClient, p.spa+path); status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

func TestTLSIsTrustedThroughTheLocalAuthority(t *testing.T) {
	folder := t.TempDir()
	p := start(t, folder, append(anyPorts, "--tls")...)
	text, err := os.ReadFile(filepath.Join(folder, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	p.wantThreeRoles(client)
	if !strings.HasPrefix(p.idp, "https://localhost:") || !strings.Contains(p.out.String(), "SameSite=None; Secure") {
		t.Errorf("I18: greeting\n%s", p.out)
	}
	// The API reaches the provider over https as well: a token that is none is 401 and not 503.
	request, _ := http.NewRequest(http.MethodGet, p.api+"/api/companies", nil)
	request.Header.Set("Authorization", "Bearer "+someoneElsesToken)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger's token over https: status %d, want 401", response.StatusCode)
	}
}

// someoneElsesToken is {"alg":"ES256","kid":"x","typ":"at+jwt"}.{} with a signature of zeros.
var someoneElsesToken = "eyJhbGciOiJFUzI1NiIsImtpZCI6IngiLCJ0eXAiOiJhdCtqd3QifQ.e30." + strings.Repeat("A", 86)

func TestI19BehindAProxyWhoseNameOnlyBrowsersResolve(t *testing.T) {
	p := start(t, t.TempDir(), append(anyPorts, "--idp-url", "https://login.example.test/tenant")...)
	request, _ := http.NewRequest(http.MethodGet, p.api+"/api/companies", nil)
	request.Header.Set("Authorization", "Bearer "+someoneElsesToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d, want 401: the API must reach the provider through its own door", response.StatusCode)
	}
	if strings.Contains(p.out.String(), "on: pages may change") {
		t.Error("lab mode is on although strangers can reach the provider")
	}
}

func TestStreamsDoNotHoldTheDrain(t *testing.T) {
	p := start(t, t.TempDir(), anyPorts...)
	request, _ := http.NewRequest(http.MethodGet, p.spa+"/events", nil)
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		t.Fatalf("Content-Type %q", got)
	}
	if err := p.end(); err != nil {
		t.Error(err)
	}
	if strings.Contains(p.err.String(), "did not finish in time") {
		t.Errorf("the drain waited for a stream that never ends:\n%s", p.err)
	}
}

func TestA2SecondStartChangesNoRow(t *testing.T) {
	folder := t.TempDir()
	if err := start(t, folder, anyPorts...).end(); err != nil {
		t.Fatal(err)
	}
	before := rows(t, folder)
	second := start(t, folder, anyPorts...)
	if err := second.end(); err != nil {
		t.Fatal(err)
	}
	if after := rows(t, folder); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if !strings.Contains(second.err.String(), "logging in will fail") {
		t.Errorf("a front end that moved to another port must be warned about:\n%s", second.err)
	}
}

func TestPostgreSQLFromTheFirstMigrationOn(t *testing.T) {
	url := dbtest.Postgres(t)
	for range 2 { // the second start finds everything in place
		p := start(t, t.TempDir(), append(anyPorts, "--db", url)...)
		p.wantThreeRoles(http.DefaultClient)
		if err := p.end(); err != nil {
			t.Fatal(err)
		}
	}
}

// rows prints what a start may have written.
func rows(t *testing.T, folder string) string {
	t.Helper()
	var text strings.Builder
	for _, query := range []string{
		`SELECT ClientId || AccessTokenLifetime || Created || coalesce(Updated, '') FROM Clients ORDER BY Id`,
		`SELECT RedirectUri FROM ClientRedirectUris ORDER BY Id`, `SELECT Name FROM IdentityResources ORDER BY Id`,
		`SELECT Name FROM ApiResources ORDER BY Id`, `SELECT Username || PasswordHash FROM Users ORDER BY Id`,
		`SELECT count(*) FROM Companies`, `SELECT Id FROM Keys ORDER BY Id`, `SELECT Name || Value FROM ServerOptions ORDER BY Name`,
	} {
		result, err := edit(t, folder).Query(query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for result.Next() {
			var value string
			if err := result.Scan(&value); err != nil {
				t.Fatal(err)
			}
			text.WriteString(value + "\n")
		}
		if err := result.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// edit opens the database as a person with a shell would.
func edit(t *testing.T, folder string) *sql.DB {
	t.Helper()
	shell, err := sql.Open("sqlite", filepath.Join(folder, "silentrenew.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shell.Close() })
	return shell
}

func TestA42LifetimesOfTheCommandLineAreWritten(t *testing.T) {
	folder := t.TempDir()
	p := start(t, folder, append(anyPorts, "--cookie-lifetime", "240s", "--cookie-sliding", "--api-leeway", "300s")...)
	if err := p.end(); err != nil {
		t.Fatal(err)
	}
	got := rows(t, folder)
	for _, want := range []string{"Authentication.CookieLifetime4m0s", "Authentication.CookieSlidingExpirationtrue", "Api.Leeway5m0s"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
}

// fails runs the program, which must refuse with one line that contains all of want.
func fails(t *testing.T, args []string, want ...string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	err := run(ctx, args, func(string) string { return "" }, io.Discard, io.Discard)
	if err == nil {
		t.Fatalf("run %q did not refuse", args)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not mention %q", err, part)
		}
	}
}

func TestConfigDeclaresClientsAndUsers(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "app.yaml")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("seed: false\nclients: [{client_id: my-app, redirect_uris: 'http://localhost:3000/cb'}]\nusers: [{username: alice, password: secret}]\n")
	p := start(t, folder, append(anyPorts, "--config", file)...)
	if !strings.Contains(p.err.String(), "2 added") || strings.Contains(p.err.String(), "Mick") || strings.Contains(p.out.String(), "Mick") {
		t.Errorf("first start:\n%s%s", p.out, p.err)
	}
	if err := p.end(); err != nil {
		t.Fatal(err)
	}
	p = start(t, folder, append(anyPorts, "--config", file)...)
	if strings.Contains(p.err.String(), "declared:") {
		t.Errorf("the second start changed something:\n%s", p.err)
	}
	if err := p.end(); err != nil {
		t.Fatal(err)
	}

	write("clients:\n  - client_id: my-app\n    redirect_url: http://localhost:3000/cb\n    colour: red\n")
	program := exec.Command(os.Args[0], "--config", file, "--db", filepath.Join(folder, "untouched.db"))
	program.Env = append(os.Environ(), "SILENTRENEW_TEST_BE_MAIN=1")
	said, err := program.CombinedOutput()
	for _, want := range []string{":3:5: redirect_url is not a key of a client: did you mean RedirectUris?\n", ":4:5: colour is not"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("got %v\n%s\nwant %q", err, said, want)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "untouched.db")); !os.IsNotExist(err) {
		t.Errorf("a database was made all the same: %v", err)
	}
}

// The commands work beside the running program, whose next token obeys.
func TestCommandsBesideTheRunningProgram(t *testing.T) {
	folder := t.TempDir()
	p := start(t, folder, anyPorts...)
	command := func(line string) string {
		t.Helper()
		var out, warned bytes.Buffer
		args := append(strings.Fields(line), "--database", filepath.Join(folder, "silentrenew.db"))
		if err := run(t.Context(), args, func(string) string { return "" }, &out, &warned); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return out.String()
	}
	token := func(secret string) (expiresIn int) {
		t.Helper()
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"job"}, "client_secret": {secret}}
		answer, err := http.PostForm(p.idp+"/connect/token", form)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var body struct {
			ExpiresIn int `json:"expires_in"`
		}
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		return body.ExpiresIn
	}
	var added struct{ ClientSecret string }
	if err := json.Unmarshal([]byte(command("clients add job GrantTypes=client_credentials Scopes=companyApi --json")), &added); err != nil {
		t.Fatal(err)
	}
	if got := token(added.ClientSecret); got != 3600 {
		t.Errorf("expires_in %d, want 3600", got)
	}
	command("clients set job AccessTokenLifetime=2m")
	if got := token(added.ClientSecret); got != 120 {
		t.Errorf("expires_in %d, want 120", got)
	}
	command("clients remove job --yes")
	if got := token(added.ClientSecret); got != 0 {
		t.Error("a client that was removed gets tokens")
	}
}

func TestTakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	database := filepath.Join(t.TempDir(), "silentrenew.db")
	fails(t, append([]string{"--db", database}, "--idp-addr", "localhost:0", "--spa-addr", "localhost:0", "--api-addr", "localhost:"+port), port, "--api-addr")
	if _, err := os.Stat(database); err == nil {
		t.Error("a database was created although nothing could start")
	}
}

func TestUnwritableFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "missing", "folder")
	if err := os.WriteFile(filepath.Dir(folder), nil, 0o600); err != nil { // a file where a folder should be: root may write anywhere else
		t.Fatal(err)
	}
	fails(t, append(anyPorts, "--db", filepath.Join(folder, "silentrenew.db")), "silentrenew.db", "--db")
}

func TestCorruptDatabaseIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "silentrenew.db")
	precious := []byte(strings.Repeat("not a database, but precious to somebody\n", 200))
	if err := os.WriteFile(path, precious, 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, append(anyPorts, "--db", path), path)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, precious) {
		t.Error("the file was changed")
	}
}

func TestNewerDatabaseIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	if err := start(t, folder, anyPorts...).end(); err != nil {
		t.Fatal(err)
	}
	if _, err := edit(t, folder).Exec(`INSERT INTO silentrenew_schema (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	before := rows(t, folder)
	fails(t, append(anyPorts, "--db", filepath.Join(folder, "silentrenew.db")), "newer")
	if rows(t, folder) != before {
		t.Error("a row was changed")
	}
}

func TestHelpAndVersionNeedNothing(t *testing.T) {
	for _, flag := range []string{"--help", "--version"} {
		out := newConsole()
		if err := run(t.Context(), []string{flag}, func(string) string { return "" }, out, io.Discard); err != nil || out.String() == "" {
			t.Errorf("%s: %v, printed %q", flag, err, out)
		}
	}
}

// What the configuration names is read before anything is created.
func TestNothingIsCreatedForAConfigurationThatIsWrong(t *testing.T) {
	folder := t.TempDir()
	for name, row := range map[string]struct {
		variable, value string
		flags           []string
		want            string
	}{
		"a short encryption key":  {"SILENTRENEW_KEY_ENCRYPTION_KEY", "short", nil, "must be 32 random bytes"},
		"an old one and no other": {"SILENTRENEW_KEY_ENCRYPTION_KEY_OLD", strings.Repeat("0123456789abcdef", 4), nil, "set SILENTRENEW_KEY_ENCRYPTION_KEY too"},
		"authorities not there":   {"", "", []string{"--outgoing-ca", filepath.Join(folder, "nowhere.pem")}, "--outgoing-ca: open "},
		"a declaration not there": {"", "", []string{"--config", filepath.Join(folder, "nowhere.yaml")}, "--config: open "},
	} {
		database := filepath.Join(folder, "untouched.db")
		args := append([]string{"--db", database}, append(anyPorts, row.flags...)...)
		getenv := func(variable string) string {
			if variable == row.variable {
				return row.value
			}
			return ""
		}
		err := run(t.Context(), args, getenv, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
		if _, err := os.Stat(database); !os.IsNotExist(err) {
			t.Errorf("%s: a database was made all the same: %v", name, err)
		}
	}
}

func TestOneRoleAlone(t *testing.T) {
	folder := t.TempDir()
	p := start(t, folder, "--roles", "spa", "--spa-addr", "localhost:0")
	if p.idp != "" || p.api != "" || p.spa == "" {
		t.Errorf("printed %q, %q, %q", p.idp, p.api, p.spa)
	}
	if status, body := get(t, http.DefaultClient, p.spa+"/bff/session"); status != http.StatusOK {
		t.Errorf("its sessions: status %d: %s", status, body)
	}
	api := start(t, folder, "--roles", "api", "--api-addr", "localhost:0", "--idp-url", "http://localhost:1")
	request, _ := http.NewRequest(http.MethodGet, api.api+"/api/companies", nil)
	request.Header.Set("Authorization", "Bearer "+someoneElsesToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("without a provider: status %d, Retry-After %q", response.StatusCode, response.Header.Get("Retry-After"))
	}
}

// process starts the program as a process of its own.
func process(t *testing.T, args ...string) (*exec.Cmd, *console, *console) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	out, err := newConsole(), newConsole()
	cmd.Stdout, cmd.Stderr = out, err
	cmd.Env = append(os.Environ(), "SILENTRENEW_TEST_BE_MAIN=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, out, err
}

func TestSignalsDrainAndExitWithZero(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such signals here")
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd, out, stderr := process(t, append(anyPorts, "--db", filepath.Join(t.TempDir(), "silentrenew.db"))...)
		deadline := time.After(patience)
		for !strings.Contains(out.String(), "Ctrl-C stops.") {
			select {
			case <-out.more:
			case <-deadline:
				t.Fatalf("no greeting:\n%s%s", out, stderr)
			}
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v\n%s", signal, err, stderr)
		}
	}
}

// A start that is interrupted says nothing, exits as shells expect, and leaves a database that the next start completes.
func TestAnInterruptedStartIsCompletedByTheNext(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such signals here")
	}
	whole := filepath.Join(t.TempDir(), "silentrenew.db")
	completed := func(database string) (rows int) {
		t.Helper()
		cmd, out, stderr := process(t, append(anyPorts, "--db", database)...)
		deadline := time.After(patience)
		for !strings.Contains(out.String(), "Ctrl-C stops.") {
			select {
			case <-out.more:
			case <-deadline:
				t.Fatalf("no greeting:\n%s%s", out, stderr)
			}
		}
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, stderr)
		}
		shell, err := sql.Open("sqlite", database)
		if err != nil {
			t.Fatal(err)
		}
		defer shell.Close()
		if err := shell.QueryRow(`SELECT (SELECT count(*) FROM "Companies") + (SELECT count(*) FROM "Clients") + (SELECT count(*) FROM "Users")`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	want := completed(whole)
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		database := filepath.Join(t.TempDir(), "silentrenew.db")
		cmd, out, stderr := process(t, append(anyPorts, "--db", database)...)
		for begun := time.Now(); time.Since(begun) < patience; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(database); err == nil {
				break // it has begun to make its tables
			}
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != code || out.String()+stderr.String() != "" {
			t.Errorf("%v: exit code %d, want %d; it says %q", signal, got, code, out.String()+stderr.String())
		}
		if rows := completed(database); rows != want {
			t.Errorf("%v: the next start has %d rows, want %d", signal, rows, want)
		}
	}
}

// A command may stand behind its flags, and one that there is not is answered with the one that was probably meant.
func TestWhereACommandStands(t *testing.T) {
	for line, want := range map[string]string{
		"--db nowhere.db --json clients list": "there is no database nowhere.db",
		"--db=nowhere.db users list":          "there is no database nowhere.db",
		"--db nowhere.db users frobnicate":    "(silentrenew users --help explains)",
		"--db clients":                        "", // the name of a database: the program serves
		"client list":                         `there is no command "client": did you mean clients?`,
		"help":                                `there is no command "help": without one the program serves`,
	} {
		var out, warned bytes.Buffer
		args := append(strings.Fields(line), "--idp-addr=nonsense")
		if want != "" {
			args = args[:len(args)-1]
		} else {
			want = "--idp-addr"
		}
		err := run(t.Context(), args, func(string) string { return "" }, &out, &warned)
		if err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("%s: printed %q, refused with %v, want %q", line, out.String(), err, want)
		}
	}
}

func TestRefusalIsOneLineAndExitCodeOne(t *testing.T) {
	cmd, out, stderr := process(t, "--idp-addr", "nonsense")
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 || strings.Count(stderr.String(), "\n") != 1 || out.String() != "" {
		t.Errorf("exit code %d, printed %q, error %q", code, out, stderr)
	}
}

// A token that is bound to a key works at every role with a proof and at none without (RFC 9449 §7): the program's roles agree
// on addresses, thumbprints and on who forwards what.
func TestRFC9449AllRolesKnowABoundToken(t *testing.T) {
	p, key := start(t, t.TempDir(), anyPorts...), dpoptest.NewKey(t, jose.ES256)
	send := func(method, address string, form url.Values, headers ...string) (status int, body string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	status, body := send("POST", p.idp+"/connect/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"company-employee"}, "client_secret": {"codemazesecret"},
	}, "DPoP", key.Proof("POST", p.idp+"/connect/token"))
	var tokens struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
	}
	if err := json.Unmarshal([]byte(body), &tokens); err != nil || status != http.StatusOK || tokens.TokenType != "DPoP" {
		t.Fatalf("token: %d %s", status, body)
	}
	bound := "DPoP " + tokens.AccessToken
	proof := func(path string) string { return key.ProofWith(tokens.AccessToken, "GET", p.api+path) }
	for _, row := range []struct {
		name, address string
		headers       []string
		want          int
	}{
		{"the API, with a proof", p.api + "/api/companies", []string{"Authorization", bound, "DPoP", proof("/api/companies")}, 200},
		{"the API, as Bearer", p.api + "/api/companies", []string{"Authorization", "Bearer " + tokens.AccessToken}, 401},
		{"the API, without a proof", p.api + "/api/companies", []string{"Authorization", bound}, 401},
		{"a page, with proofs for the API", p.spa + "/companies", []string{"HX-Request", "true", "Authorization", bound, "X-DPoP-Forward", proof("/api/companies") + ", " + proof("/api/countries")}, 200},
		{"a page, without", p.spa + "/companies", []string{"HX-Request", "true", "Authorization", bound}, 401},
		{"a page, as Bearer", p.spa + "/companies", []string{"HX-Request", "true", "Authorization", "Bearer " + tokens.AccessToken}, 401},
	} {
		if status, body := send("GET", row.address, nil, row.headers...); status != row.want {
			t.Errorf("%s: %d, want %d: %.300s", row.name, status, row.want, body)
		}
	}
}
