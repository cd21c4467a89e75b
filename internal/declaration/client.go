package declaration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"silentrenew/db"
	"silentrenew/internal/attribute"
	"silentrenew/internal/jwkset"
)

// client is a declared client and where its parts stand.
type client struct {
	parts
	row db.Client
}

// client reads one client. What the file leaves out has the default of its column, except for the few things Complete works out.
func (r *reader) client(n node) (client, bool) {
	c := client{parts{n.place, map[string]node{}}, db.NewClient("")}
	c.row.Properties = map[string]string{}
	before := len(r.problems)
	secrets := func(n node) {
		c.nodes["secrets"] = n
		for _, item := range r.list(n) {
			r.secret(item, &c.row)
		}
	}
	r.mapping(n, "a client", map[string]func(node){
		"client_id": func(n node) { c.row.ClientID, _ = r.scalar(n); c.nodes["clientid"] = n },
		"secret":    secrets, "secrets": secrets, "client_secret": secrets, "client_secrets": secrets,
		"jwks":       func(n node) { c.nodes["jwks"] = n; r.keySet(n, &c.row) },
		"claims":     func(n node) { c.nodes["claims"] = n; c.row.Claims = r.clientClaims(n) },
		"properties": func(n node) { c.nodes["properties"] = n; r.properties(n, c.row.Properties) },
	}, func(f field) (bool, string) {
		a, meant, ok := attribute.Clients.Find(f.name)
		if ok {
			c.nodes[attribute.Plain(a.Name)] = f.value
			setAttribute(r, a, f, &c.row)
		}
		return ok, meant
	})
	if n.kind != mapping {
		return c, false
	}
	Complete(&c.row, func(name string) bool { _, ok := c.nodes[attribute.Plain(name)]; return ok })
	r.checkClient(c, len(r.problems) == before)
	return c, len(r.problems) == before
}

func setAttribute[T any](r *reader, a attribute.Attribute[T], f field, row *T) {
	if f.value.kind == list {
		r.check(f.value.place, a.Name, a.SetList(row, r.texts(f.value)))
		return
	}
	if text, ok := r.scalar(f.value); ok {
		r.check(f.value.place, a.Name, a.Set(row, text))
	}
}

// Complete works out what follows from the rest and was not said, by the name of its attribute: a client without a secret or keys is
// public; one with redirect URIs uses codes, with offline access refresh tokens too, and asks who the user is; a public one is a page
// whose own origins may call.
func Complete(row *db.Client, said func(name string) bool) {
	if !said("RequireClientSecret") && len(row.Secrets) == 0 && row.JWKSURI == "" {
		row.RequireClientSecret = false
	}
	if len(row.RedirectURIs) == 0 {
		return
	}
	if !said("GrantTypes") {
		row.GrantTypes = []string{"authorization_code"}
		if row.AllowOfflineAccess {
			row.GrantTypes = append(row.GrantTypes, "refresh_token")
		}
	}
	if !said("Scopes") {
		row.Scopes = []string{"openid", "profile"}
	}
	if said("CorsOrigins") || row.RequireClientSecret {
		return
	}
	for _, origin := range originsOf(row.RedirectURIs) {
		if !slices.Contains(row.CORSOrigins, origin) {
			row.CORSOrigins = append(row.CORSOrigins, origin)
		}
	}
}

// originsOf returns the origins at which these addresses are pages, each once.
func originsOf(uris []string) []string {
	var origins []string
	for _, uri := range uris {
		u, err := url.Parse(uri)
		if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && !slices.Contains(origins, u.Scheme+"://"+u.Host) {
			origins = append(origins, u.Scheme+"://"+u.Host)
		}
	}
	return origins
}

// checkClient asks the rules that hold for every client and finds the place of what breaks one. Of a client that could not be read in full
// only what the file says can be wrong, not what is missing.
func (r *reader) checkClient(c client, whole bool) {
	for _, broken := range c.row.Faults() {
		at, said := c.find(*broken)
		told := slices.ContainsFunc(r.problems, func(p problem) bool { return p.place == at })
		switch {
		case said && told || !said && !whole: // it follows from what was told already
		case broken.Field == "ClientId":
			r.wrong(at, "a client needs a client_id: it %s", broken.Reason)
		case said:
			r.wrong(at, "client %s: %s", c.row.ClientID, broken)
		default:
			r.wrong(at, "client %s: %s%s", c.row.ClientID, broken, advice[broken.Field])
		}
	}
}

// advice says what to do about what is missing.
var advice = map[string]string{
	"GrantType":    "; for a user's sign-in: grant_types: [authorization_code], for a program: [client_credentials]",
	"RedirectUri":  "; such as redirect_uris: [http://localhost:3000/callback]",
	"ClientSecret": "; add secret: …, or leave require_client_secret out for a public client",
}

// secret reads a secret: in clear, which is hashed here, or a mapping.
func (r *reader) secret(n node, row *db.Client) {
	secret := db.ClientSecret{Type: "SharedSecret"}
	if n.kind != mapping {
		if text, ok := r.scalar(n); ok && r.check(n.place, "secret", CheckSecret(text)) {
			secret.Value = db.HashSecret(text)
			row.Secrets = append(row.Secrets, secret)
		}
		return
	}
	forms, recoverable, inClear := 0, false, ""
	r.mapping(n, "a secret", map[string]func(node){
		"value": func(n node) {
			forms++
			if text, ok := r.scalar(n); ok && r.check(n.place, "value", CheckSecret(text)) {
				secret.Value, inClear = db.HashSecret(text), text
			}
		},
		"recoverable": func(n node) {
			text, _ := r.scalar(n)
			on, err := attribute.ParseSwitch(text)
			r.check(n.place, "recoverable", err)
			recoverable = on
		},
		"sha256": func(n node) {
			forms++
			if secret.Value, _ = r.scalar(n); len(secret.Value) != len(db.HashSecret("")) {
				r.wrong(n.place, "sha256 must be the base64 of a SHA-256, as ClientSecrets.Value holds it")
			}
		},
		"jwk": func(n node) {
			forms++
			if text, ok := r.json(n); ok {
				key, err := jwkset.ParseKey([]byte(text))
				r.check(n.place, "jwk", err)
				secret.Value, secret.Type = key, db.JSONWebKey
			}
		},
		"description": func(n node) { secret.Description, _ = r.scalar(n) },
		"expires": func(n node) {
			text, _ := r.scalar(n)
			expires, err := parseTime(text)
			r.check(n.place, "expires", err)
			secret.Expiration = &expires
		},
	}, nil)
	if recoverable { // for client_secret_jwt; sealed when it is applied
		if len(inClear) < LeastRecoverable {
			r.wrong(n.place, "a recoverable secret needs its value, of %d characters or more (RFC 7518 §3.2)", LeastRecoverable)
		}
		secret.Type, secret.Value = recoverableSecret, inClear
	}
	if forms != 1 {
		r.wrong(n.place, "a secret has exactly one of value (in clear), sha256 and jwk (a public key)")
	}
	row.Secrets = append(row.Secrets, secret)
}

// recoverableSecret is the value of ClientSecrets.Type for a secret the provider has to read again, because an HMAC is checked with
// the secret itself.
const recoverableSecret = "RecoverableSecret"

// variable is how shells and container tools write one that they fill in.
var variable = regexp.MustCompile(`^\$(\{\w+\}|[A-Z_]+)$`)

// notFilledIn refuses a secret that is the name of a variable: it would be taken as it stands.
func notFilledIn(text string) error {
	if variable.MatchString(text) {
		return fmt.Errorf("%q is a variable, and nothing fills it in here: write the value, or pass the file through a program that does (envsubst) to --config /dev/stdin", text)
	}
	return nil
}

// CheckSecret wants what a client can send and the provider reads (RFC 6749 appendix A). The error does not name the secret.
func CheckSecret(text string) error {
	switch {
	case text == "":
		return errors.New("must not be empty")
	case len(text) > 200 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("must be printable ASCII, 200 characters at most")
	}
	return notFilledIn(text)
}

// LeastRecoverable is how long, in characters, a secret has to be that signs with HMAC and SHA-256 (RFC 7518 §3.2).
const LeastRecoverable = 32

// keySet reads the public keys a client signs with, as it would register them (RFC 7591 §2).
func (r *reader) keySet(n node, row *db.Client) {
	text, ok := r.json(n)
	if !ok {
		return
	}
	keys, err := jwkset.Parse([]byte(text))
	if r.check(n.place, "jwks", err) {
		row.SetPublicKeys(keys)
	}
}

// json returns what stands there as JSON, or the text that is JSON itself. Numbers and switches become text: a public key has none that counts.
func (r *reader) json(n node) (string, bool) {
	if n.kind != mapping {
		return r.scalar(n)
	}
	encoded, _ := json.Marshal(n.value()) // made of text
	return string(encoded), true
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z, not %q", text)
}

// clientClaims reads type: value or type: [value, value].
func (r *reader) clientClaims(n node) []db.ClientClaim {
	var claims []db.ClientClaim
	r.pairs(n, "claims", func(f field) {
		for _, text := range r.texts(f.value) {
			claims = append(claims, db.ClientClaim{Type: f.name, Value: text})
		}
	})
	return claims
}

// quoted is a value as the rules quote it.
func quoted(text string) string { return fmt.Sprintf("%q", text) }

func (r *reader) properties(n node, into map[string]string) {
	r.pairs(n, "properties", func(f field) { into[f.name], _ = r.scalar(f.value) })
}

// pairs reads a mapping whose keys are free.
func (r *reader) pairs(n node, what string, each func(field)) {
	if n.kind != mapping && n.kind != null {
		r.wrong(n.place, "expected keys and values for %s here, not %s", what, n.kind)
		return
	}
	for _, f := range n.fields {
		each(f)
	}
}
