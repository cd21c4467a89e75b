package declaration

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/seal"
)

func apply(t *testing.T, d *db.DB, content string) Applied {
	t.Helper()
	file, problems := read([]byte(content), parseYAML)
	if len(problems) > 0 {
		t.Fatal(describe("app.yaml", problems))
	}
	done, err := file.Apply(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// Point 5 of the issue: the example of the README works on an empty database, and a second start changes nothing.
func TestTheExampleIsAppliedOnce(t *testing.T) {
	file, err := Read(filepath.Join("testdata", "app.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if file.Seed {
		t.Error("seed: false was not read")
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, err := d.Seed(t.Context(), db.SeedURLs{SPA: dbtest.SPA, Declared: true}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"9 added, 0 changed, 0 as they were", "0 added, 0 changed, 8 as they were"} {
			done, err := file.Apply(t.Context(), d, nil)
			if err != nil || done.String() != want || len(done.Warnings) > 0 {
				t.Errorf("got %v %v, %v; want %s", done, done.Warnings, err, want)
			}
		}
		clients, err := d.Clients(t.Context())
		if err != nil || len(clients) != 3 {
			t.Fatalf("%d clients, %v", len(clients), err)
		}
		job, server, spa := clients[0], clients[1], clients[2]
		switch {
		case spa.RequireClientSecret || !spa.RequirePKCE || spa.AccessTokenLifetime != 120 || !slices.Equal(spa.GrantTypes, []string{"authorization_code"}) ||
			!slices.Equal(spa.CORSOrigins, []string{"http://localhost:3000"}) || len(spa.RedirectURIs) != 2:
			t.Errorf("my-spa: %+v", spa)
		case !server.RequireClientSecret || server.Secrets[0].Value != db.HashSecret("a long random text") ||
			!slices.Equal(server.GrantTypes, []string{"authorization_code", "refresh_token"}) || len(server.CORSOrigins) > 0 ||
			server.AbsoluteRefreshTokenLifetime != 30*24*3600 || server.RefreshTokenExpiration != db.RefreshTokenSliding ||
			server.CoordinateLifetimeWithUserSession == nil || !slices.Equal(server.Scopes, []string{"openid", "profile", "roles", "department"}):
			t.Errorf("my-server: %+v", server)
		case job.Secrets[0].Expiration.Year() != 2030 || len(job.Claims) != 2 || job.Claims[1] != (db.ClientClaim{Type: "department", Value: "support"}):
			t.Errorf("my-job: %+v", job)
		}
		users, err := d.Users(t.Context())
		if err != nil || len(users) != 2 || users[0].Username != "alice" || users[0].Claim("email") != "alice@example.com" || len(users[0].Claims) != 5 {
			t.Fatalf("users %+v, %v", users, err)
		}
		if match, err := argon2id.ComparePasswordAndHash("correct horse battery staple", users[0].PasswordHash); !match || err != nil {
			t.Errorf("the password does not match its hash: %v", err)
		}
	})
}

// The README shows this very file, so whoever copies it from there gets what is tested here.
func TestTheReadmeShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join("testdata", "app.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```yaml\n"+string(example)+"```\n") {
		t.Error("the example in README.md is not testdata/app.yaml")
	}
}

func TestWhatTheFileSaysWinsAndTheRestIsLeftAlone(t *testing.T) {
	d := dbtest.Seeded(t)
	apply(t, d, "clients: [{client_id: mine, redirect_uris: 'http://localhost:3000/cb'}]\nusers: [{username: MICK, password: new}]")
	dbtest.Exec(t, d, `UPDATE Clients SET AccessTokenLifetime = 7`)
	mick, err := d.UserByName(t.Context(), "Mick")
	if err != nil || mick.SubjectID != "a9ea0f25-b964-409f-bcce-c923266249b4" {
		t.Errorf("a declared user of the tutorial's name got another subject: %+v, %v", mick, err)
	}
	got := apply(t, d, "clients: [{client_id: mine, redirect_uris: 'http://localhost:3000/cb'}]")
	if len(got.Changed) != 1 || got.Changed[0] != "client mine" {
		t.Errorf("got %+v", got)
	}
	mine, _ := d.Client(t.Context(), "mine")
	spa, _ := d.Client(t.Context(), "spa-client")
	if mine.AccessTokenLifetime != 3600 || spa.AccessTokenLifetime != 7 {
		t.Errorf("mine %d, spa-client %d", mine.AccessTokenLifetime, spa.AccessTokenLifetime)
	}
	if _, err := d.Client(t.Context(), "bff-client"); err != nil {
		t.Errorf("a client the file does not name: %v", err)
	}
	if got := apply(t, d, ""); len(got.Added)+len(got.Changed) > 0 {
		t.Errorf("an empty file did %+v", got)
	}
	if _, err := d.Client(t.Context(), "mine"); err != nil {
		t.Errorf("a client that was taken out of the file: %v", err)
	}
}

// Several processes that start at once on one database all get there.
func TestManyProcessesApplyAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const content = "apis: [a, b]\nclients: [{client_id: c, redirect_uris: 'http://localhost:3000/cb'}]\nusers: [{username: u, password: p}, {username: v, password: p}]"
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				file, _ := read([]byte(content), parseYAML)
				if _, err := file.Apply(t.Context(), d, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if again := apply(t, d, content); len(again.Unchanged) != 5 {
			t.Errorf("afterwards: %+v", again)
		}
	})
}

func TestRecoverableSecretsAreSealedOnce(t *testing.T) {
	d := dbtest.Seeded(t)
	sealer, err := seal.New(strings.Repeat("0123456789abcdef", 4))
	if err != nil {
		t.Fatal(err)
	}
	file, problems := read([]byte("clients: [{client_id: c, grant_types: client_credentials, secrets: [{value: for hmac of 32 characters or more, recoverable: yes}, plain]}]"), parseYAML)
	if len(problems) > 0 {
		t.Fatal(describe("app.yaml", problems))
	}
	for _, want := range []string{"1 added, 0 changed, 0 as they were", "0 added, 0 changed, 1 as they were"} {
		if done, err := file.Apply(t.Context(), d, sealer); err != nil || done.String() != want {
			t.Errorf("got %v, %v; want %s", done, err, want)
		}
	}
	c, err := d.Client(t.Context(), "c")
	if err != nil || len(c.Secrets) != 2 || !seal.Sealed(c.Secrets[0].Value) || c.Secrets[1].Value != db.HashSecret("plain") {
		t.Fatalf("got %+v, %v", c.Secrets, err)
	}
	if value, _, err := sealer.Open("ClientSecrets/c", c.Secrets[0].Value); value != "for hmac of 32 characters or more" || err != nil {
		t.Errorf("got %q, %v", value, err)
	}
}

func TestAScopeNobodyKnowsIsPointedAt(t *testing.T) {
	done := apply(t, dbtest.Seeded(t), "clients: [{client_id: c, redirect_uris: 'http://localhost:3000/cb', scopes: [openid, email, ordersApi]}]")
	if len(done.Warnings) != 1 || !strings.Contains(done.Warnings[0], `"ordersApi"`) {
		t.Errorf("got %q", done.Warnings)
	}
}

// OIDC Core §5.1.1: address is an object; its members are text, whatever YAML makes of them.
func TestAnAddressHasMembers(t *testing.T) {
	d := dbtest.Seeded(t)
	apply(t, d, "users: [{username: u, password: p, claims: {address: {street_address: 'Innovation Drive 112', postal_code: 02134, locality: Berlin}}}]")
	user, err := d.UserByName(t.Context(), "u")
	if want := `{"locality":"Berlin","postal_code":"02134","street_address":"Innovation Drive 112"}`; err != nil || user.Claim("address") != want {
		t.Errorf("address %s, %v; want %s", user.Claim("address"), err, want)
	}
}

// seed: false counts for a new database only; who starts with it later hears what is still there.
func TestWhatAnEarlierStartLeftIsPointedAt(t *testing.T) {
	done := apply(t, dbtest.Seeded(t), "seed: false\nclients: [{client_id: bff-client, grant_types: client_credentials}]\nusers: [{username: jane, password: p}]")
	if len(done.Warnings) != 1 || !strings.Contains(done.Warnings[0], "this one has spa-client, company-employee, Mick from an earlier start") {
		t.Errorf("seeded: %q", done.Warnings)
	}
	if done := apply(t, dbtest.New(t), "seed: false"); len(done.Warnings) > 0 {
		t.Errorf("new: %q", done.Warnings)
	}
}

func TestAGrantTypeNobodyHasIsPointedAt(t *testing.T) {
	done := apply(t, dbtest.Seeded(t), "clients: [{client_id: c, grant_types: [client_credentials, password]}]")
	if len(done.Warnings) != 1 || !strings.Contains(done.Warnings[0], `grant type "password"`) || !strings.Contains(done.Warnings[0], "urn:ietf:params:oauth:grant-type:device_code") {
		t.Errorf("got %q", done.Warnings)
	}
}

// A way of authentication wants its credential.
func TestAClientThatCannotProveItselfIsPointedAt(t *testing.T) {
	const header = "clients: [{client_id: c, grant_types: client_credentials, token_endpoint_auth_method: "
	for rest, want := range map[string]string{
		"private_key_jwt}]": "give it a public key",
		"client_secret_jwt, secret: a hash is not enough}]": "give it a recoverable secret",
		"none, secret: s}]": "set RequireClientSecret to no",
		"client_secret_post, jwks_uri: 'https://a.example/jwks'}]":                                 "give it a secret",
		"private_key_jwt, jwks_uri: 'https://a.example/jwks'}]":                                    "",
		"client_secret_basic, secret: s}]":                                                         "",
		"client_secret_jwt, secret: {value: 0123456789abcdef0123456789abcdef, recoverable: yes}}]": "",
	} {
		done := apply(t, dbtest.New(t), header+rest)
		if want == "" && len(done.Warnings) > 0 || want != "" && (len(done.Warnings) != 1 || !strings.Contains(done.Warnings[0], want)) {
			t.Errorf("%s: warned %q, want %q", rest, done.Warnings, want)
		}
	}
}

// What counts no more, and a file that says nothing, is pointed at: somebody expects more of it.
func TestWhatHasNoEffectIsPointedAt(t *testing.T) {
	for content, want := range map[string]string{
		"# clients: []\n": " declares nothing",
		"clients: [{client_id: c, grant_types: client_credentials, secret: {value: s, expires: 2020-01-01}}]": ":1:68: client c has a secret that counts no more: it expired at 2020-01-01T00:00:00Z",
		"seed: true":                   "",
		"%YAML 1.2\n---\nseed: true\n": "",
		"clients: [{client_id: c, redirect_uris: 'http://a.example/', scopes: openid offline_access}]":                            `:1:70: client c lists "offline_access" and gets no refresh token, because AllowOfflineAccess is off`,
		"clients: [{client_id: c, redirect_uris: 'http://a.example/', grant_types: [authorization_code, refresh_token]}]":         `:1:96: client c lists "refresh_token" and gets no refresh token, because AllowOfflineAccess is off`,
		"clients: [{client_id: c, redirect_uris: 'http://a.example/', scopes: openid offline_access, allow_offline_access: yes}]": "",
		"clients: [{client_id: c, redirect_uris: 'http://a.example/', secret: s, require_client_secret: no}]":                     ":1:96: client c has a secret that nobody has to show, because RequireClientSecret is off",
		"clients: [{client_id: c, redirect_uris: 'http://a.example/', back_channel_logout_uri: 'http://a.example/'}]":             ":1:87: client c is told of a logout without TLS: it is called with --outgoing-private only",
		"clients: [{client_id: c, redirect_uris: 'http://a.example/', back_channel_logout_uri: 'http://localhost/'}]":             "",
		"clients: [{client_id: c, grant_types: client_credentials, secret: {value: s, expires: 2120-01-01}}]":                     "",
	} {
		done := apply(t, dbtest.Seeded(t), content)
		if got := strings.Join(done.Warnings, "\n"); got != want {
			t.Errorf("%s: warned %q, want %q", content, got, want)
		}
	}
}

// A file without end is not read to its end.
func TestAFileTooLongIsNotReadToItsEnd(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("needs a file without end, and there is no /dev/zero")
	}
	if _, err := Read("/dev/zero"); err == nil || !strings.Contains(err.Error(), "/dev/zero:1:1: the file is longer than 1048576 bytes") {
		t.Errorf("got %v", err)
	}
}

// Editors on Windows begin a file with a byte order mark.
func TestAByteOrderMarkIsNoPartOfTheFirstKey(t *testing.T) {
	file, problems := read([]byte("\ufeffseed: false\r\n"), parseYAML)
	if len(problems) > 0 || file.Seed {
		t.Errorf("got %+v, %v", file, problems)
	}
}

func TestWhatIsWrongIsSaidWithItsPlace(t *testing.T) {
	const header = "clients:\n  - client_id: c\n    redirect_uris: [http://localhost:3000/cb]\n"
	for name, row := range map[string]struct{ content, want string }{
		"a misspelt key":            {header + "    acces_token_lifetime: 60\n", "app.yaml:4:5: acces_token_lifetime is not a key of a client: did you mean AccessTokenLifetime?"},
		"a misspelt name":           {header + "    client_nam: x\n", "app.yaml:4:5: client_nam is not a key of a client: did you mean ClientName?"},
		"a key of the file":         {header + "    seed: false\n", "app.yaml:4:5: seed is not a key of a client but of the file"},
		"a redirect URI twice":      {"clients:\n  - client_id: c\n    redirect_uris: [http://localhost:3000/cb, http://localhost:3000/cb]\n", `app.yaml:3:47: client c: RedirectUri "http://localhost:3000/cb" is listed twice`},
		"a scope twice":             {header + "    scopes: openid profile openid\n", `app.yaml:4:13: client c: Scope "openid" is listed twice`},
		"a port of any number":      {"clients:\n  - client_id: c\n    redirect_uris: http://localhost:*/cb\n", `app.yaml:3:20: client c: RedirectUri "http://localhost:*/cb" has a wildcard`},
		"an empty client":           {"clients:\n  -\n", "app.yaml:2:5: nothing stands here: write a value, or leave the dash out"},
		"a variable for a secret":   {header + "    secret: ${WEB_SECRET}\n", `app.yaml:4:13: secret "${WEB_SECRET}" is a variable, and nothing fills it in here`},
		"a variable for a password": {"users:\n  - username: u\n    password: $PASSWORD\n", `app.yaml:3:15: password "$PASSWORD" is a variable`},
		"a colon in a text":         {header + "    client_name: My: application\n", "app.yaml:4:18: mapping value is not allowed in this context: is the line indented like its neighbours, and a text with a colon in quotes?"},
		"clients by their names":    {"clients:\n  my-spa:\n    scopes: openid\n", "app.yaml:2:3: my-spa is not a key of a client: these are a list, so write - client_id: my-spa"},
		"users by their names":      {"users:\n  alice: {password: p}\n", "app.yaml:2:3: alice is not a key of a user: these are a list, so write - username: alice"},
		"a claim beside the name":   {"users:\n  - username: u\n    password: p\n    email: u@a.example\n", "app.yaml:4:5: email is not a key of a user: what is told about users stands below claims"},
		"a key from nowhere":        {header + "    colour: red\n", "app.yaml:4:5: colour is not a key of a client"},
		"a misspelt section":        {"client:\n  - client_id: c\n", "app.yaml:1:1: client is not a key of the file: did you mean clients?"},
		"a lifetime in words":       {header + "    access_token_lifetime: a minute\n", `app.yaml:4:28: AccessTokenLifetime must be whole seconds, or a duration such as`},
		"a lifetime of 0":           {header + "    access_token_lifetime: 0\n", "app.yaml:4:28: client c: AccessTokenLifetime must be between 1 and"},
		"an enumeration":            {header + "    refresh_token_usage: Sometimes\n", "app.yaml:4:26: RefreshTokenUsage must be ReUse (0) or OneTimeOnly (1)"},
		"a list where none fits":    {header + "    client_name: [a, b]\n", "app.yaml:4:18: ClientName takes one value, not a list"},
		"a mapping in a list":       {header + "    scopes: [{a: b}]\n", "app.yaml:4:15: expected a single value here, not a mapping"},
		"one redirect URI of two":   {"clients:\n  - client_id: c\n    redirect_uris:\n      - http://localhost:3000/cb\n      - /callback\n", "app.yaml:5:9: client c: RedirectUri \"/callback\" must be an absolute URI"},
		"an origin with a slash":    {header + "    cors_origins: http://localhost:3000/\n", "app.yaml:4:19: client c: Origin"},
		"no redirect URI":           {"clients:\n  - client_id: c\n    grant_types: authorization_code\n", "app.yaml:2:5: client c: RedirectUri must be registered for a grant that redirects (RFC 6749 §3.1.2.2); such as redirect_uris"},
		"no grant type":             {"clients:\n  - client_id: c\n", "app.yaml:2:5: client c: GrantType must be registered at least once; for a user's sign-in"},
		"no name":                   {"clients:\n  - redirect_uris: http://localhost:3000/cb\n", "app.yaml:2:5: a client needs a client_id"},
		"no secret":                 {header + "    require_client_secret: true\n", "app.yaml:2:5: client c: ClientSecret is required but none is registered; add secret"},
		"a secret nobody can send":  {header + "    secret: gehéim\n", "app.yaml:4:13: secret must be printable ASCII, 200 characters at most"},
		"a secret too short":        {header + "    secret: {value: short, recoverable: yes}\n", "a recoverable secret needs its value, of 32 characters or more (RFC 7518 §3.2)"},
		"a password too long":       {"users:\n  - username: u\n    password: " + strings.Repeat("x", 201) + "\n", "app.yaml:3:15: password must be one line of 200 characters at most"},
		"an empty secret":           {header + "    secret: ''\n", "app.yaml:4:13: secret must not be empty"},
		"two forms of a secret":     {header + "    secret: {value: a, sha256: b}\n", "a secret has exactly one of value"},
		"a private key":             {header + `    secret: {jwk: '{"kty":"oct","k":"c2VjcmV0"}'}` + "\n", "app.yaml:4:19: jwk is not a public key"},
		"a date that is none":       {header + "    secret: {value: a, expires: soon}\n", "expires must be a date such as 2027-01-31"},
		"a key twice, spelt twice":  {header + "    scopes: openid\n    Scopes: profile\n", "app.yaml:5:5: Scopes is given twice"},
		"a client twice":            {header + "  - client_id: c\n    redirect_uris: http://localhost:3000/cb\n", "app.yaml:4:5: client c is declared in line 2 already"},
		"no password":               {"users:\n  - username: u\n", "app.yaml:2:5: user u needs either a password or a password_hash"},
		"a hash that is none":       {"users:\n  - username: u\n    password_hash: x\n", "app.yaml:3:20: password_hash is not one of argon2id"},
		"a member of an address":    {"users:\n  - username: u\n    password: p\n    claims: {address: {street: x}}\n", "app.yaml:4:24: street is not a key of an address"},
		"a mapping for a claim":     {"users:\n  - username: u\n    password: p\n    claims: {name: {first: x}}\n", "app.yaml:4:21: expected a single value here, not a mapping"},
		"a user twice":              {"users:\n  - {username: u, password: p}\n  - {username: U, password: p, sub: s}\n", "user u is declared in line 2 already"},
		"text instead of a list":    {"clients: none\n", "app.yaml:1:10: expected keys and values for a client here, not a single value"},
		"Latin-1":                   {"clients:\n  - client_id: caf\xe9\n", "app.yaml:2:1: this line is not text in UTF-8"},
		"a NUL":                     {"clients:\n  - client_id: \"a\x00\"\n", "app.yaml:2:1: this line is not text in UTF-8"},
		"brackets without end":      {strings.Repeat("[", 1000), "app.yaml:1:"},
		"no YAML":                   {"clients: [\n", "app.yaml:1:10: "},
		"a tab":                     {"clients:\n\t- client_id: c\n", "app.yaml:2:1: a tab cannot indent here: use spaces"},
		"a crooked line":            {"clients:\n  - client_id: c\n   redirect_uris: x\n", "app.yaml:3:4: value is not allowed in this context: is the line indented like its neighbours?"},
		"a section from nowhere":    {"colour: red\n", "app.yaml:1:1: colour is not a key of the file: there are apis, clients, identity_resources, scopes, seed, users"},
		"a forgotten scheme":        {"clients:\n  - client_id: c\n    redirect_uris: [localhost:3000/cb]\n", `app.yaml:3:21: client c: RedirectUri "localhost:3000/cb" has no scheme: write http://localhost:3000/cb`},
		"a forgotten host":          {"clients:\n  - client_id: c\n    redirect_uris: ['http:///cb']\n", `app.yaml:3:21: client c: RedirectUri "http:///cb" names no host`},
		"an unknown algorithm":      {header + "    id_token_signed_response_alg: HS256\n", `app.yaml:4:35: client c: AllowedIdentityTokenSigningAlgorithms "HS256" is not one of RS256`},
		"a script for an address":   {header + "    client_uri: 'javascript:alert(1)'\n", `app.yaml:4:17: client c: ClientUri "javascript:alert(1)" must be an http or https URL`},
		"a name too long":           {header + "    client_name: " + strings.Repeat("x", 201) + "\n", "app.yaml:4:18: client c: ClientName must be text of at most 200 characters"},
		"a name on the terminal":    {"clients:\n  - client_id: \"a\\0\\e[31m\"\n    redirect_uris: http://localhost:3000/cb\n", "app.yaml:2:16: a client needs a client_id: it must have 1 to 200 characters"},
		"an alias":                  {"clients:\n  - &a {client_id: c}\n  - *a\n", "anchors, aliases, tags and merges are not understood here"},
		"two documents":             {"seed: true\n---\nseed: false\n", "app.yaml:3:5: a second document begins here"},
		"a scope with a space":      {"apis:\n  - name: a\n    scopes: [a, b c]\n", `app.yaml:3:17: scope "b c": Name must be printable ASCII without space`},
		"a scope of the protocol":   {"scopes: [offline_access]\n", `app.yaml:1:10: scope "offline_access": Name is the protocol's own`},
		"a key of an API":           {"apis:\n  - name: a\n    scoeps: [a]\n", "app.yaml:3:5: scoeps is not a key of an API: did you mean Scopes?"},
		"a lifetime of an API":      {"apis:\n  - name: a\n    lifetime: 3\n", "app.yaml:3:5: lifetime is not a key of an API (silentrenew apis set --help lists them)"},
		"an API without a name":     {"apis:\n  - scopes: a\n", "app.yaml:2:5: API \"\": Name must have 1 to 200 characters"},
		"an API twice":              {"apis: [a, a]\n", "app.yaml:1:11: API a is declared in line 1 already"},
		"a resource without scheme": {"apis:\n  - name: a\n    resource_uri: localhost:3001\n", `app.yaml:3:19: API "a": ResourceUri "localhost:3001" has no scheme: write http://localhost:3001`},
		"a part of a name":          {"users:\n  - name: bob\n    password: x\n", "app.yaml:2:5: name is not a key of a user: did you mean username?"},
		"a relative resource":       {"apis:\n  - name: a\n    resource_uri: /orders\n", `app.yaml:3:19: API "a": ResourceUri "/orders" must be an absolute URI without a fragment (RFC 8707 §2)`},
		"two of one resource":       {"apis:\n  - {name: a, resource_uri: 'http://a.example'}\n  - {name: b, resource_uri: 'http://a.example'}\n", `ResourceUri "http://a.example" names API`},
		"a name with a colon":       {"apis: ['a b:c']\n", `app.yaml:1:8: API "a b:c": Name is the audience of tokens`},
		"no OpenID Connect":         {"identity_resources: [{name: openid, enabled: no, claims: sub}]\n", `app.yaml:1:46: identity resource "openid": Enabled must be there and switched on`},
		"claims of nothing":         {"identity_resources: [department]\n", `app.yaml:1:22: identity resource "department": Claims must name at least one claim`},
		"one name for two things":   {"identity_resources: [{name: a, claims: b}]\nscopes: [a]\n", `app.yaml:2:10: scope "a": Name is registered twice`},
		"a private key in a set":    {header + `    jwks: {"keys":[{"kty":"oct","k":"c2VjcmV0"}]}` + "\n", "jwks key 1 is not a public key"},
		"keys in two places":        {header + "    jwks_uri: https://a.example\n    jwks: {keys: [" + publicKey + "]}\n", "app.yaml:4:15: client c: JwksUri must not be given together with Jwks"},
		"no keys at all":            {header + "    jwks: {}\n", "jwks must have 1 to 20 keys for signatures"},
		"a claim too long":          {header + "    claims: {a: " + strings.Repeat("x", 251) + "}\n", "app.yaml:4:14: client c: Claims must be text of at most 250 characters"},
		"a subject too long":        {"users:\n  - {username: u, password: p, sub: " + strings.Repeat("x", 201) + "}\n", "app.yaml:2:37: user u: SubjectId must be printable ASCII without spaces, 200 characters at most (OIDC Core §2)"},
		"two things at once":        {header + "    colour: red\nusers:\n  - username: u\n", "app.yaml:6:5: user u needs"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := read([]byte(row.content), parseYAML)
			if len(problems) == 0 {
				t.Fatal("it was taken")
			}
			if got := describe("app.yaml", problems).Error(); !strings.Contains(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}

const publicKey = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`

// Whatever the file, reading it ends, without a panic, in a declaration that can be stored or in problems with a place.
func FuzzRead(f *testing.F) {
	f.Add([]byte("clients:\n  - client_id: c\n    redirect_uris: [http://localhost:3000/cb]\nusers: [{username: u, password: p}]"))
	f.Add([]byte("apis: [{name: a, scopes: [b, c], resource_uri: 'http://a'}, d]\nscopes: [{name: b, claims: e}]\nidentity_resources: [{name: f, claims: [g]}]"))
	f.Add([]byte("clients: [{client_id: c, grant_types: client_credentials, jwks: {keys: [{kty: EC}]}}]"))
	f.Add([]byte("? a\n: b"))
	f.Add([]byte("a: &x [*x]"))
	f.Add([]byte("{[]: {}}"))
	f.Add([]byte("<<: {a: b}"))
	f.Add([]byte("a: !!binary |\n  x"))
	f.Fuzz(func(t *testing.T, content []byte) { keepsItsPromises(t, content, parseYAML) })
}

// keepsItsPromises reads any content: a problem has a place, and a client without one can be saved.
func keepsItsPromises(t *testing.T, content []byte, language func([]byte) (node, []problem)) {
	t.Helper()
	file, problems := read(content, language)
	for _, p := range problems {
		if p.line < 1 || p.text == "" {
			t.Errorf("a problem without a place: %+v", p)
		}
	}
	if len(problems) > 0 {
		return
	}
	for _, c := range file.clients {
		if err := c.row.ValidateForSaving(); err != nil {
			t.Errorf("a client that breaks a rule passed: %v", err)
		}
	}
}
