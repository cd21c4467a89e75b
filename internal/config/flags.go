package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// ErrDone says that the command line asked for --help or --version and has its answer.
var ErrDone = errors.New("nothing left to do")

const description = `An OpenID Provider, a companies API and a page that renews its access token silently.

Without flags everything runs on this machine: open the address it prints. Every flag can also be set by an ` +
	`environment variable: --idp-addr is SILENTRENEW_IDP_ADDR.

"silentrenew clients --help", and the same with apis, scopes, users, keys, grants, sessions and registration, explains how to look after a provider ` +
	`from the command line. "silentrenew companies import FILE" reads a newer listing of organisations; "silentrenew companies --help" explains.`

// flags is the command line as kong reads it. Its order is the order of --help.
type flags struct {
	DB    string   `name:"db" group:"what" default:"silentrenew.db" placeholder:"URL" help:"Database: a SQLite file or postgres://… (default ${default})."`
	Roles []string `group:"what" default:"idp,api,spa" enum:"idp,api,spa" placeholder:"ROLE" help:"Roles to serve here: ${enum} (default all)."`
	File  string   `name:"config" group:"what" placeholder:"FILE" help:"YAML or TOML file that declares APIs, clients and users of your own; the README has an example."`
	Lab   string   `group:"what" default:"auto" enum:"auto,on,off" placeholder:"MODE" help:"Let the pages change lifetimes and show every hop: auto, on or off (default auto: on while all public URLs are on this machine)."`

	IDPAddr string `name:"idp-addr" group:"where" default:"localhost:5005" placeholder:"ADDR" help:"Where the provider listens (default ${default})."`
	APIAddr string `name:"api-addr" group:"where" default:"localhost:5001" placeholder:"ADDR" help:"Where the API listens (default ${default})."`
	SPAAddr string `name:"spa-addr" group:"where" default:"localhost:4200" placeholder:"ADDR" help:"Where the front end listens (default ${default})."`
	TLS     bool   `name:"tls" group:"where" help:"Serve https with a certificate of our own local authority, made once."`
	TLSDir  string `name:"tls-dir" group:"where" placeholder:"DIR" help:"Where that authority lives (default: folder tls beside the database)."`

	IDPURL         string   `name:"idp-url" group:"public" placeholder:"URL" help:"The provider as browsers reach it; this is the issuer (default http://localhost:PORT)."`
	APIURL         string   `name:"api-url" group:"public" placeholder:"URL" help:"The API as browsers reach it (default http://localhost:PORT)."`
	SPAURL         string   `name:"spa-url" group:"public" placeholder:"URL" help:"The front end as browsers reach it (default http://localhost:PORT)."`
	IDPInternalURL string   `name:"idp-internal-url" group:"public" placeholder:"URL" help:"The provider as this server reaches it, where that differs."`
	APIInternalURL string   `name:"api-internal-url" group:"public" placeholder:"URL" help:"The API as this server reaches it, where that differs."`
	TrustedProxies []string `group:"public" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed (default none)."`
	SingleOrigin   string   `group:"public" placeholder:"URL" help:"Serve /idp, /api and / below this one public URL, or \"auto\" for the address listened on."`
	Addr           string   `group:"public" default:"localhost:4200" placeholder:"ADDR" help:"Where --single-origin listens (default ${default})."`

	CookieLifetime *time.Duration `group:"lifetimes" placeholder:"DURATION" help:"Authentication.CookieLifetime: how long a sign-in at the provider lasts, such as 240s (first set to 10h)."`
	CookieSliding  *bool          `group:"lifetimes" negatable:"" help:"Authentication.CookieSlidingExpiration: renew that cookie in use after half its lifetime (first set to no)."`
	APILeeway      *time.Duration `name:"api-leeway" group:"lifetimes" placeholder:"DURATION" help:"Api.Leeway: how long after its expiry the API accepts a token (first set to 0s)."`

	KeyRotation    *time.Duration `group:"keys" placeholder:"DURATION" help:"KeyManagement.RotationInterval: how long a signing key signs (first set to 2160h, 90 days)."`
	KeyPropagation *time.Duration `group:"keys" placeholder:"DURATION" help:"KeyManagement.PropagationTime: how long the next one is published before (first set to 336h, 14 days)."`
	KeyRetention   *time.Duration `group:"keys" placeholder:"DURATION" help:"KeyManagement.RetentionDuration: how long one stays after its last token has expired (first set to 336h)."`

	OutgoingCA      string `name:"outgoing-ca" group:"outgoing" placeholder:"FILE" help:"PEM file of certificate authorities to trust beside the system's."`
	OutgoingPrivate bool   `group:"outgoing" help:"Call private addresses and plain http too: for tests and closed networks only."`

	Registration string `group:"clients" default:"closed" enum:"closed,token,open" placeholder:"WHO" help:"Dynamic registration of clients: closed, token (with an initial access token) or open (default ${default})."`

	LogFormat string `group:"log" default:"auto" enum:"auto,text,json" placeholder:"FORMAT" help:"One of ${enum} (default auto: text on a terminal, else json)."`
	LogLevel  string `group:"log" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"One of ${enum} (default ${default})."`

	Version kong.VersionFlag `group:"log" help:"Print the version and stop."`
}

var groups = kong.Groups{
	"what":      "What runs",
	"where":     "Where it listens",
	"public":    "What others call it",
	"lifetimes": "Lifetimes (kept in the database; a flag writes them at start)",
	"keys":      "Signing keys (kept in the database as well; " + EncryptionKeyVariable + " encrypts them)",
	"outgoing":  "Calls to clients' servers (back-channel logout and the like)",
	"clients":   "Registration of clients (SILENTRENEW_REGISTRATION_TOKEN is an initial access token)",
	"log":       "Log",
}

// Parse reads the command line and the environment. It writes to stdout only for --help and --version and then returns ErrDone.
func Parse(args []string, getenv func(string) string, stdout io.Writer) (Config, error) {
	var f flags
	done := false
	parser, err := kong.New(&f,
		kong.Name("silentrenew"),
		kong.Description(description),
		kong.Writers(stdout, stdout),
		kong.Exit(func(int) { done = true }),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 110}),
		kong.Resolvers(Environment(getenv)),
		kong.Vars{"version": version()},
		groups,
	)
	if err != nil {
		return Config{}, fmt.Errorf("the command line is misdeclared: %w", err)
	}
	_, err = parser.Parse(args)
	switch {
	case done:
		return Config{}, ErrDone
	case err != nil:
		return Config{}, fmt.Errorf("%w (see --help)", err)
	}
	c, err := f.config()
	c.BFFSecret = cmp.Or(getenv(BFFSecretVariable), DemoBFFSecret)
	c.RegistrationToken = getenv(RegistrationTokenVariable)
	if err == nil {
		err = c.checkRegistration()
	}
	if err == nil {
		c.EncryptionKeys, err = EncryptionKeys(getenv)
	}
	return c, err
}

// Environment answers a flag that the command line left open from its SILENTRENEW_ variable: any flag, or where some are named one of these.
func Environment(getenv func(string) string, only ...string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if len(only) > 0 && !slices.Contains(only, flag.Name) {
			return nil, nil
		}
		if value := getenv(variable(flag.Name)); value != "" {
			return value, nil
		}
		return nil, nil
	})
}

// variable returns the name of a flag's environment variable.
func variable(flag string) string {
	return "SILENTRENEW_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "silentrenew (unknown version)"
	}
	text := "silentrenew " + info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			text += " " + s.Value
		}
	}
	return text + " " + info.GoVersion
}
