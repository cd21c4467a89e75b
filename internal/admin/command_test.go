package admin

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/keyring"
	"silentrenew/internal/seal"
)

// shell is somebody at a terminal beside a seeded database.
type shell struct {
	t     *testing.T
	store *db.DB
	env   map[string]string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	store := dbtest.Seeded(t)
	if _, _, err := keyring.New(store, nil).Keep(t.Context(), keyring.DefaultPolicy, time.Now()); err != nil {
		t.Fatal(err)
	}
	return &shell{t, store, map[string]string{}}
}

// run runs a command line whose words are separated by spaces and returns what it printed, and the error as text.
func (s *shell) run(line string, input ...string) (out, warned, refused string) {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	args := append(strings.Fields(line), "--db", s.store.Location())
	err := Command(s.t.Context(), args, func(name string) string { return s.env[name] }, strings.NewReader(strings.Join(input, "")), &stdout, &stderr)
	if err != nil {
		refused = err.Error()
	}
	return stdout.String(), stderr.String(), refused
}

// must runs a command that has to succeed.
func (s *shell) must(line string, input ...string) string {
	s.t.Helper()
	out, _, refused := s.run(line, input...)
	if refused != "" {
		s.t.Fatalf("%s: %s", line, refused)
	}
	return out
}

func (s *shell) json(line string, into any) {
	s.t.Helper()
	out := s.must(line + " --json")
	if err := json.Unmarshal([]byte(out), into); err != nil {
		s.t.Fatalf("%s: %v in %s", line, err, out)
	}
}

// What is refused is said in one line that names what to do.
func TestRefusals(t *testing.T) {
	s := newShell(t)
	for line, want := range map[string]string{
		"clients show spa-cleint":                       `there is no client "spa-cleint": did you mean spa-client?`,
		"clients show nobody":                           `there is no client "nobody" (silentrenew clients list)`,
		"clients set spa-client AccesTokenLifetime=1":   `a client has no "AccesTokenLifetime": did you mean AccessTokenLifetime?`,
		"clients set spa-client AccessTokenLifetime=0":  "AccessTokenLifetime must be between 1 and 315360000 seconds",
		"clients set spa-client AccessTokenLifetime=x":  "AccessTokenLifetime must be whole seconds, or a duration",
		"clients set spa-client RefreshTokenUsage=Once": "RefreshTokenUsage must be ReUse (0) or OneTimeOnly (1)",
		"clients set spa-client RequirePkce+=yes":       "RequirePkce is no list",
		"clients set spa-client RedirectUris=":          "RedirectUri must be registered for a grant that redirects",
		"clients set spa-client LogoUri=/logo.png":      `LogoUri "/logo.png" must be an http or https URL`,
		"clients add new RedirectUris=localhost:3/cb":   `RedirectUri "localhost:3/cb" has no scheme: write http://localhost:3/cb`,
		"clients set spa-client Scopes=a Scopes=b":      "Scopes is given twice",
		"clients set spa-client Enabled":                `"Enabled" is no assignment`,
		"clients set spa-client ClientId=other":         `a client has no "ClientId"`,
		"clients set spa-client":                        "silentrenew clients --help explains",
		"clients add spa-client":                        "client spa-client is there already",
		"clients add new":                               "GrantType must be registered at least once",
		"clients remove bff-client":                     "say --yes to do it",
		"clients secret bff-client --replace":           "say --yes to do it",
		"clients secret bff-client --lifetime soon":     "--lifetime must be a duration",
		"clients frobnicate":                            "silentrenew clients --help explains",
		"clients set spa-client Scopes=a,b,a":           `Scope "a" is listed twice`,
		"users add mick":                                "user mick is there already",
		"users add new --password-stdin":                "standard input has no password",
		"users add new -c role":                         `"role" is no claim`,
		"users add new Claims=x":                        "Claims: write Claims.type=value",
		"users add new --subject=ü":                     "SubjectId must be printable ASCII",
		"users password nobody":                         `there is no user "nobody"`,
		"users show mik":                                `there is no user "mik": did you mean Mick?`,
		"users set Mick Enabeld=no":                     `a user has no "Enabeld": did you mean Enabled?`,
		"users set Mick Enabled=perhaps":                `Enabled must be true or false, not "perhaps"`,
		"users set Mick Username=":                      "Username must have 1 to 200 characters",
		"users set Mick Username=jane":                  "user Jane is there already",
		"users set Mick PasswordHash=x":                 `a user has no "PasswordHash"`,
		"users set Mick Password=x":                     `a user has no "Password"`,
		"users set Mick Claims.role=a Claims.role=b":    "Claims.role is given twice",
		"users set nobody Enabled=no":                   `there is no user "nobody"`,
		"users remove Mick":                             "say --yes to do it",
		"users remove nobody --yes":                     `there is no user "nobody"`,
		"keys rotate --alg none":                        "--alg",
		"keys rotate --revoke-old":                      "say --yes to do it",
		"grants revoke":                                 "say which",
		"grants revoke --user nobody":                   `there is no user "nobody"`,
		"grants revoke --client spa-client":             "there is no such grant",
		"sessions kill":                                 "say which",
		"sessions kill unknown":                         "there is no such session",
		"registration token --lifetime=-1":              "--lifetime must be a duration",
	} {
		t.Run(line, func(t *testing.T) {
			out, _, refused := s.run(line)
			if !strings.Contains(refused, want) || strings.Contains(refused, "\n") || out != "" {
				t.Errorf("printed %q, refused with %q, want %q", out, refused, want)
			}
		})
	}
	for line, want := range map[string]string{
		"clients list --db nowhere.db": "there is no database nowhere.db",
	} {
		var out bytes.Buffer
		err := Command(t.Context(), strings.Fields(line), func(string) string { return "" }, nil, &out, &out)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

// A command makes no database, nor tables in one of another program, and waits only so long for a lock.
func TestACommandMakesNoDatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := db.OpenExisting(t.Context(), file); !errors.Is(err, db.ErrAbsent) {
		t.Errorf("an empty file: %v, want %v", err, db.ErrAbsent)
	}

	database := dbtest.Postgres(t)
	var out bytes.Buffer
	err := Command(t.Context(), []string{"clients", "list", "--db", database}, func(string) string { return "" }, nil, &out, &out)
	if err == nil || !strings.HasPrefix(err.Error(), "there is no database postgres://") || strings.Contains(err.Error(), "\n") {
		t.Errorf("an empty database: %v", err)
	}
	if _, err := db.OpenExisting(t.Context(), database); !errors.Is(err, db.ErrAbsent) {
		t.Errorf("once more: %v, want %v", err, db.ErrAbsent)
	}
}

func TestALockIsSaidInOneLine(t *testing.T) {
	s := newShell(t)
	tool := dbtest.Shell(t, s.store)
	if _, err := tool.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	_, _, refused := s.run("clients set spa-client AccessTokenLifetime=120")
	if want := "is locked by another program: finish its transaction there and try again"; !strings.HasSuffix(refused, want) {
		t.Errorf("refused with %q, want %q", refused, want)
	}
}

// What can be stored and leads nowhere is said beside the answer.
func TestClientsWarnOfScopesAndGrantTypesThatNobodyHas(t *testing.T) {
	s := newShell(t)
	for _, line := range []string{
		"clients set spa-client Scopes+=ordersApi GrantTypes+=password",
		"clients add new RedirectUris=http://localhost:3/cb Scopes=openid,ordersApi GrantTypes=authorization_code,password",
	} {
		if _, warned, refused := s.run(line); refused != "" || !strings.Contains(warned, `scope "ordersApi"`) || !strings.Contains(warned, `grant type "password"`) {
			t.Errorf("%s: warned %q, refused %q", line, warned, refused)
		}
	}
}

// A page at an origin that may not call hears from its browser only that the fetch failed (I15); whoever adds its address hears more.
func TestI15ClientsSetWarnsOfAnOriginThatMayNotCall(t *testing.T) {
	s := newShell(t)
	s.must("clients add page RedirectUris=http://localhost:3/cb,app.example:/cb")
	const other = "http://127.0.0.1:3"
	for _, row := range []struct {
		line  string
		warns bool
	}{
		{"clients set page RedirectUris+=http://localhost:3/silent", false},
		{"clients set page RedirectUris+=" + other + "/cb", true},
		{"clients set page CorsOrigins+=" + other, false},
		{"clients add native RedirectUris=" + other + "/cb CorsOrigins=", false},
		{"clients add server --secret RedirectUris=" + other + "/cb CorsOrigins=http://localhost:3", false},
		{"clients add half RedirectUris=" + other + "/cb CorsOrigins=http://localhost:3", true},
	} {
		_, warned, refused := s.run(row.line)
		if got := strings.Contains(warned, "returns to "+other); refused != "" || got != row.warns {
			t.Errorf("%s: warned %q, refused %q", row.line, warned, refused)
		}
	}
}

// I21 and I24: every lifetime with its unit and in words, and a warning before the loop.
func TestI21I24ClientsSetShowsLifetimesAndWarnsOfTheLoop(t *testing.T) {
	s := newShell(t)
	for _, step := range []struct {
		line string
		loop bool
	}{
		{"clients set spa-client AccessTokenLifetime=120", false},
		{"clients set spa-client access_token_lifetime=1m", true},
		{"clients set spa-client AccessTokenLifetime=61", false},
		{"clients set spa-client RenewLeadHint=90", true},
		{"clients set spa-client RenewLeadHint=10 AccessTokenLifetime=60s", false},
		{"clients set company-employee AccessTokenLifetime=10", false}, // no page renews it
	} {
		_, warned, refused := s.run(step.line)
		if refused != "" || strings.Contains(warned, "renew every second") != step.loop {
			t.Errorf("%s: warned %q, refused %q", step.line, warned, refused)
		}
	}
	shown := s.must("clients show spa-client")
	for _, want := range []string{`AccessTokenLifetime +60 s = 1 minute\n`, `AbsoluteRefreshTokenLifetime +2592000 s = 30 days\n`, `ConsentLifetime +not set\n`, `RefreshTokenUsage +OneTimeOnly \(1\)\n`} {
		if !regexp.MustCompile(want).MatchString(shown) {
			t.Errorf("clients show lacks %s:\n%s", want, shown)
		}
	}
	if changed := s.must("clients set spa-client AccessTokenLifetime=2m"); !strings.HasPrefix(changed, "AccessTokenLifetime: 120 s = 2 minutes (was 60 s = 1 minute)\n") {
		t.Errorf("got %q", changed)
	}
}

func TestClientsAddSecretRemove(t *testing.T) {
	s := newShell(t)
	var added struct {
		ClientSecret        string
		RequireClientSecret bool
		CORSOrigins, Scopes []string
		Created             time.Time
	}
	s.json("clients add page RedirectUris=http://localhost:3000/cb,http://localhost:3000/silent", &added)
	if added.ClientSecret != "" || added.RequireClientSecret || len(added.CORSOrigins) != 1 || len(added.Scopes) != 2 {
		t.Errorf("a page: %+v", added)
	}
	s.json("clients add job GrantTypes=client_credentials Scopes=companyApi", &added)
	if time.Since(added.Created) > time.Hour {
		t.Errorf("created at %v", added.Created)
	}
	job, err := s.store.Client(t.Context(), "job")
	if err != nil || !job.RequireClientSecret || job.Secrets[0].Value != db.HashSecret(added.ClientSecret) {
		t.Errorf("a program: %+v, %v, secret %q", job, err, added.ClientSecret)
	}
	if shown := s.must("clients show job --json"); strings.Contains(shown, added.ClientSecret) || strings.Contains(shown, job.Secrets[0].Value) {
		t.Errorf("a secret is shown again:\n%s", shown)
	}
	var made struct{ ClientSecret string }
	s.json("clients secret job --lifetime 90d --replace --yes", &made)
	if job, err = s.store.Client(t.Context(), "job"); err != nil || len(job.Secrets) != 1 || job.Secrets[0].Value != db.HashSecret(made.ClientSecret) || job.Secrets[0].Expiration == nil {
		t.Errorf("after --replace: %+v, %v", job.Secrets, err)
	}
	s.env["SILENTRENEW_KEY_ENCRYPTION_KEY"] = strings.Repeat("0123456789abcdef", 4)
	s.json("clients secret job --recoverable", &made)
	job, _ = s.store.Client(t.Context(), "job")
	if last := job.Secrets[len(job.Secrets)-1]; last.Type != "RecoverableSecret" || !seal.Sealed(last.Value) || len(made.ClientSecret) < 32 {
		t.Errorf("a recoverable one: %+v", last)
	}
	s.must("clients set page redirect_uris+=http://localhost:3000/more RedirectUris-=http://localhost:3000/cb")
	if page, _ := s.store.Client(t.Context(), "page"); strings.Join(page.RedirectURIs, " ") != "http://localhost:3000/silent http://localhost:3000/more" {
		t.Errorf("redirect URIs %v", page.RedirectURIs)
	}
	if changed := s.must("clients set page PairWiseSubjectSalt=pepper"); strings.Contains(changed, "pepper") {
		t.Errorf("the salt is shown: %q", changed)
	}
	s.must("clients set page NonEditable=yes")
	if _, _, refused := s.run("clients set page ClientName=x"); !strings.Contains(refused, "NonEditable") {
		t.Errorf("a protected row was changed: %q", refused)
	}
	for _, line := range []string{"clients remove page --yes", "clients secret page"} {
		if _, _, refused := s.run(line); !strings.Contains(refused, "NonEditable") {
			t.Errorf("%s: refused with %q", line, refused)
		}
	}
	s.json("clients add signer GrantTypes=client_credentials TokenEndpointAuthMethod=client_secret_jwt", &added)
	if signer, err := s.store.Client(t.Context(), "signer"); err != nil || signer.Secrets[0].Type != "RecoverableSecret" || !signer.RequireClientSecret {
		t.Errorf("a program that signs: %+v, %v", signer, err)
	}
	s.must("clients remove job --yes")
	if listed := s.must("clients list"); strings.Contains(listed, "job") || !strings.Contains(listed, "page") {
		t.Errorf("got\n%s", listed)
	}
}

func TestGrantsRevokeAndSessionsKill(t *testing.T) {
	s := newShell(t)
	now := time.Now()
	mick, err := s.store.UserByName(t.Context(), "Mick")
	if err != nil {
		t.Fatal(err)
	}
	session := db.Session{Key: rand.Text(), Subject: mick.SubjectID, SessionID: "sid-1", DisplayName: "\x1b[31mMick", Created: now, Renewed: now, AuthTime: now,
		Expires: now.Add(time.Hour), Lifetime: time.Hour, ClientIDs: []string{"spa-client"}}
	handle := rand.Text()
	token := db.RefreshToken{ClientID: "bff-client", Subject: mick.SubjectID, SessionID: "sid-1", Scopes: []string{"openid"}, AuthTime: now, Started: now,
		Created: now, Expires: now.Add(time.Hour), FamilyID: "family"}
	if err := s.store.InsertSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if err := s.store.InsertRefreshToken(t.Context(), handle, token); err != nil {
		t.Fatal(err)
	}

	listed := s.must("sessions list --user Mick")
	if !strings.Contains(listed, "3600 s = 1 hour") || strings.Contains(listed, "\x1b") || strings.Contains(listed, session.Key) {
		t.Errorf("got %q", listed)
	}
	if listed := s.must("sessions list --user Jane"); listed != "Nobody is signed in.\n" {
		t.Errorf("Jane: %q", listed)
	}
	s.must("sessions kill sid-1 --yes")
	if _, err := s.store.Session(t.Context(), session.Key, time.Now()); err == nil {
		t.Error("the session still counts")
	}
	taken, err := s.store.TakeExpiredSessions(t.Context(), time.Now(), 10)
	if err != nil || len(taken) != 1 || !taken[0].Ended {
		t.Errorf("a running provider would take %+v, %v; want the ended one", taken, err)
	}

	if listed := s.must("grants list --user " + mick.SubjectID); !strings.Contains(listed, "refresh_token  live") || strings.Contains(listed, handle) {
		t.Errorf("got %q", listed)
	}
	if done := s.must("grants revoke --session sid-1 --yes"); !strings.HasPrefix(done, "1 grant taken back") {
		t.Errorf("got %q", done)
	}
	if _, _, refused := s.run("grants revoke --session sid-1"); refused != "there is no such grant, or it has been taken back already" {
		t.Errorf("once more: refused with %q", refused)
	}
	if found, err := s.store.RefreshToken(t.Context(), handle, time.Now()); err != nil || found.Revoked == nil {
		t.Errorf("got %+v, %v", found, err)
	}
	if revoked, err := s.store.TokenRevoked(t.Context(), "family.access-token"); !revoked || err != nil {
		t.Errorf("the access tokens of the family still count: %v", err)
	}
}

func TestRegistrationToken(t *testing.T) {
	s := newShell(t)
	var made struct{ InitialAccessToken string }
	s.json("registration token --description ci --lifetime 7d", &made)
	found, err := s.store.InitialAccessToken(t.Context(), made.InitialAccessToken, time.Now().Add(6*24*time.Hour))
	if err != nil || found.Description != "ci" {
		t.Errorf("got %+v, %v", found, err)
	}
	s.must("grants revoke --type initial_access_token --yes")
	if _, err := s.store.InitialAccessToken(t.Context(), made.InitialAccessToken, time.Now()); err == nil {
		t.Error("a revoked token still counts")
	}
}

// Help answers without a database, for every command.
func TestHelpExplainsEveryCommand(t *testing.T) {
	for _, line := range []string{"apis", "apis list", "apis show", "apis set", "apis add", "apis remove", "scopes", "scopes list", "scopes show", "scopes set", "scopes add",
		"scopes remove", "clients", "clients list", "clients show", "clients set", "clients add", "clients secret", "clients remove", "users", "users list", "users show",
		"users set", "users add", "users password", "users remove", "keys", "keys list", "keys rotate", "keys new-encryption-key", "grants", "grants list", "grants revoke", "sessions", "sessions list", "sessions kill",
		"registration", "registration token"} {
		var out bytes.Buffer
		err := Command(t.Context(), append(strings.Fields(line), "--help"), func(string) string { return "" }, nil, &out, &out)
		if err != nil || !strings.HasPrefix(out.String(), "Usage: silentrenew "+line) || !strings.Contains(out.String(), "--json") {
			t.Errorf("%s --help: %v\n%s", line, err, out.String())
		}
	}
}
