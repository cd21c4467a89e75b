package declaration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"silentrenew/db"
	"silentrenew/internal/attribute"
)

// client is a declared client and where its parts stand.
type client struct {
	at    place
	row   db.Client
	nodes map[string]node // by the plain name of the attribute
}

// client reads one client. What the file leaves out has the default of its column, except for the few things Complete works out.
func (r *reader) client(n node) (client, bool) {
	c := client{at: n.place, row: db.NewClient(""), nodes: map[string]node{}}
	c.row.Properties = map[string]string{}
	before := len(r.problems)
	secrets := func(n node) {
		c.nodes["secrets"] = n
		for _, item := range r.list(n) {
			r.secret(item, &c.row)
		}
	}
	r.mapping(n, "a client", map[string]func(node){
		"clientid": func(n node) { c.row.ClientID, _ = r.scalar(n); c.nodes["clientid"] = n },
		"secret":   secrets, "secrets": secrets, "clientsecret": secrets, "clientsecrets": secrets,
		"claims":     func(n node) { c.row.Claims = r.clientClaims(n) },
		"properties": func(n node) { r.properties(n, c.row.Properties) },
	}, func(f field) (bool, string) {
		a, meant, ok := attribute.Find(f.name)
		if ok {
			c.nodes[attribute.Plain(a.Name)] = f.value
			r.attribute(a, f, &c.row)
		}
		return ok, meant
	})
	if len(r.problems) > before || n.kind != mapping {
		return c, false
	}
	Complete(&c.row, func(name string) bool { _, ok := c.nodes[attribute.Plain(name)]; return ok })
	r.checkClient(c)
	return c, len(r.problems) == before
}

func (r *reader) attribute(a attribute.Attribute, f field, row *db.Client) {
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
	for _, uri := range row.RedirectURIs {
		u, err := url.Parse(uri)
		if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && !slices.Contains(row.CORSOrigins, u.Scheme+"://"+u.Host) {
			row.CORSOrigins = append(row.CORSOrigins, u.Scheme+"://"+u.Host)
		}
	}
}

// checkClient asks the rules that hold for every client and finds the place of what breaks one.
func (r *reader) checkClient(c client) {
	err := c.row.ValidateForSaving()
	if err == nil {
		return
	}
	var broken *db.ValidationError
	if !errors.As(err, &broken) {
		r.wrong(c.at, "%v", err)
		return
	}
	at, name := c.at, c.row.ClientID
	for _, key := range []string{broken.Field, broken.Field + "s", "Cors" + broken.Field + "s", strings.TrimPrefix(broken.Field, "Client") + "s"} {
		if n, ok := c.nodes[attribute.Plain(key)]; ok {
			at = n.place
			for _, item := range n.items { // the one the reason quotes
				if strings.Contains(broken.Reason, fmt.Sprintf("%q", item.text)) {
					at = item.place
				}
			}
			break
		}
	}
	if broken.Field == "ClientId" {
		r.wrong(at, "a client needs a client_id: it %s", broken.Reason)
		return
	}
	r.wrong(at, "client %s: %s %s%s", name, broken.Field, broken.Reason, advice[broken.Field])
}

// advice says what to do about the rules that people meet first.
var advice = map[string]string{
	"GrantType":    "; for a user's sign-in: grant_types: [authorization_code], for a program: [client_credentials]",
	"RedirectUri":  "; such as redirect_uris: [http://localhost:3000/callback]",
	"ClientSecret": "; add secret: …, or leave require_client_secret out for a public client",
}

// secret reads a secret: in clear, which is hashed here, or a mapping.
func (r *reader) secret(n node, row *db.Client) {
	secret := db.ClientSecret{Type: "SharedSecret"}
	if n.kind != mapping {
		if text, ok := r.scalar(n); ok && r.check(n.place, "secret", usableSecret(text)) {
			secret.Value = db.HashSecret(text)
			row.Secrets = append(row.Secrets, secret)
		}
		return
	}
	forms, recoverable, inClear := 0, false, ""
	r.mapping(n, "a secret", map[string]func(node){
		"value": func(n node) {
			forms++
			if text, ok := r.scalar(n); ok && r.check(n.place, "value", usableSecret(text)) {
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
			text, _ := r.scalar(n)
			r.check(n.place, "jwk", publicKey(text))
			secret.Value, secret.Type = text, "JsonWebKey"
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
		if len(inClear) < leastRecoverable {
			r.wrong(n.place, "a recoverable secret needs its value, of %d characters or more (RFC 7518 §3.2)", leastRecoverable)
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

// usableSecret wants what a client can send and the provider reads (RFC 6749 appendix A).
func usableSecret(text string) error {
	switch {
	case text == "":
		return errors.New("must not be empty")
	case len(text) > 200 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("must be printable ASCII, 200 characters at most")
	}
	return nil
}

// leastRecoverable is how long a secret has to be that signs with HMAC and SHA-256 (RFC 7518 §3.2).
const leastRecoverable = 32

// publicKey wants a key the client's server proves itself by (RFC 7523), never one we could sign with.
func publicKey(text string) error {
	var key jose.JSONWebKey
	if err := json.Unmarshal([]byte(text), &key); err != nil || !key.IsPublic() {
		return errors.New("must be a public key as JSON, in quotes (RFC 7517)")
	}
	return nil
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
