package idp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"silentrenew/db"
)

// Client authentication methods (OIDC Core §9).
const (
	authNone              = "none"
	authClientSecretBasic = "client_secret_basic"
	authClientSecretPost  = "client_secret_post"
)

// maxCredentialLength is the longest client_id or client_secret we read, in bytes.
const maxCredentialLength = 200

// sharedSecret is the only value of ClientSecrets.Type that authenticates by comparison.
const sharedSecret = "SharedSecret"

// clientCredentials are what a request presents to show which client it comes from.
type clientCredentials struct {
	ClientID, Secret string
	asSent           string // the secret of a Basic header before it was decoded
	Assertion        string // with authPrivateKeyJWT and authClientSecretJWT
	Method           string // authNone, authClientSecretBasic, authClientSecretPost, authPrivateKeyJWT or authClientSecretJWT
}

// readClientCredentials finds the credentials in the Authorization header or in the form. More than one method in a request
// is invalid_request (RFC 6749 §2.3).
func readClientCredentials(header http.Header, form url.Values) (clientCredentials, error) {
	posted := clientCredentials{ClientID: form.Get("client_id"), Secret: form.Get("client_secret"), Method: authNone}
	if posted.Secret != "" {
		posted.Method = authClientSecretPost
	}
	authorization := header.Values("Authorization")
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		if posted.Secret != "" || len(authorization) > 0 {
			return clientCredentials{}, refuse(InvalidRequest, "client_assertion was sent next to another credential: use one of them (RFC 6749 section 2.3)")
		}
		asserted, err := readAssertion(form.Get("client_assertion_type"), form.Get("client_assertion"), posted.ClientID)
		if err != nil {
			return clientCredentials{}, err
		}
		return asserted, asserted.check()
	}
	if len(authorization) == 0 {
		return posted, posted.check()
	}
	if len(authorization) > 1 {
		return clientCredentials{}, refuse(InvalidRequest, "Authorization was sent more than once")
	}
	basic, err := parseBasicCredentials(authorization[0])
	switch {
	case err != nil:
		return clientCredentials{}, err
	case posted.Secret != "":
		return clientCredentials{}, refuse(InvalidRequest, "client_secret was sent next to an Authorization header: use one of them (RFC 6749 section 2.3)")
	case posted.ClientID != "" && posted.ClientID != basic.ClientID:
		return clientCredentials{}, refuse(InvalidRequest, "client_id differs from the one in the Authorization header")
	}
	return basic, basic.check()
}

// parseBasicCredentials reads HTTP Basic credentials. Both parts are form-urlencoded before they are joined by the colon
// and base64-encoded (RFC 6749 §2.3.1), which plain HTTP libraries do not do.
func parseBasicCredentials(authorization string) (clientCredentials, error) {
	scheme, encoded, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return clientCredentials{}, refuse(InvalidClient, "Authorization: only the Basic scheme authenticates a client here")
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return clientCredentials{}, refuse(InvalidClient, "Authorization: the Basic credentials are not base64")
	}
	id, secret, colon := strings.Cut(string(decoded), ":")
	if !colon {
		return clientCredentials{}, refuse(InvalidClient, "Authorization: the Basic credentials lack a colon")
	}
	credentials := clientCredentials{Method: authClientSecretBasic, asSent: secret}
	var idErr, secretErr error
	credentials.ClientID, idErr = url.QueryUnescape(id)
	credentials.Secret, secretErr = url.QueryUnescape(secret)
	if idErr != nil || secretErr != nil {
		return clientCredentials{}, refuse(InvalidClient, "Authorization: client_id and client_secret must be form-urlencoded (RFC 6749 section 2.3.1)")
	}
	return credentials, nil
}

// check reports what is wrong with the form of the credentials.
func (c clientCredentials) check() error {
	switch {
	case c.ClientID == "":
		return refuse(InvalidClient, "client_id is missing")
	case len(c.ClientID) > maxCredentialLength || len(c.Secret) > maxCredentialLength:
		return refuse(InvalidClient, "client_id and client_secret may have %d characters each", maxCredentialLength)
	case !isVSCHAR(c.ClientID) || !isVSCHAR(c.Secret):
		return refuse(InvalidClient, "client_id and client_secret must be printable ASCII (RFC 6749 appendix A)")
	}
	return nil
}

// authenticateClient returns the client the credentials belong to. Unknown client, wrong secret and disabled client look
// the same from outside; only our log knows which it was.
func (p *Provider) authenticateClient(ctx context.Context, credentials clientCredentials) (db.Client, error) {
	refused := unauthenticated(credentials)
	client, err := p.db.Client(ctx, credentials.ClientID)
	switch {
	case errors.Is(err, db.ErrNotFound):
		refused.cause = errors.New("unknown client")
		return db.Client{}, refused
	case err != nil:
		return db.Client{}, fmt.Errorf("read client: %w", err)
	case !client.Enabled:
		refused.cause = errors.New("client is disabled")
		return db.Client{}, refused
	case client.Validate() != nil:
		return db.Client{}, refuse(InvalidClient, "the registration of client %s cannot be used: %v", client.ClientID, client.Validate())
	case client.TokenEndpointAuthMethod != "" && client.TokenEndpointAuthMethod != credentials.Method: // OIDC Registration §2
		return db.Client{}, otherMethod(client, credentials)
	case credentials.Assertion != "":
		return client, p.checkAssertion(ctx, client, credentials.Assertion)
	case credentials.Secret == "" && !client.RequireClientSecret:
		return client, nil // a public client: its PKCE verifier speaks for it (RFC 6749 §2.1)
	case credentials.Secret == "":
		refused.cause = errors.New("client_secret is missing")
		return db.Client{}, refused
	case secretMatches(client.Secrets, credentials.Secret, time.Now()):
		return client, nil
	case credentials.asSent != "" && secretMatches(client.Secrets, credentials.asSent, time.Now()): // goes well until a secret has a plus
		return db.Client{}, refuse(InvalidClient, "client %s sent its secret as it is: form-urlencode it in the Authorization header (RFC 6749 section 2.3.1), or send it as client_secret in the form",
			client.ClientID)
	}
	refused.cause = errors.New("no live secret matches")
	return db.Client{}, refused
}

// unauthenticated refuses a client without saying why, as far as that is not to be seen in the request itself: libraries leave the secret out
// where their authors thought of public clients only.
func unauthenticated(credentials clientCredentials) *Error {
	if credentials.Method == authNone {
		return refuse(InvalidClient, "client authentication failed: nothing but a client_id was sent, and that is unknown or has to be proved by client_secret or client_assertion (RFC 6749 section 2.3)")
	}
	return refuse(InvalidClient, "client authentication failed")
}

// otherMethod refuses a client that does not authenticate the way it is registered for. Who has shown that it knows the secret is told which way
// that is, and what to do; it often is client_secret_basic because that is what a registration means that names none (RFC 7591 §2).
func otherMethod(client db.Client, credentials clientCredentials) *Error {
	refused := unauthenticated(credentials)
	if secretMatches(client.Secrets, credentials.Secret, time.Now()) {
		refused = refuse(InvalidClient, "client %s sent its secret by %s and is registered for %s: %s, or register token_endpoint_auth_method %s",
			client.ClientID, credentials.Method, client.TokenEndpointAuthMethod, howTo[client.TokenEndpointAuthMethod], credentials.Method)
	}
	refused.cause = fmt.Errorf("authenticates by %s, is registered for %s", credentials.Method, client.TokenEndpointAuthMethod)
	return refused
}

// howTo says what each method sends (OIDC Core §9, RFC 6749 §2.3.1).
var howTo = map[string]string{
	authNone:              "send client_id alone",
	authClientSecretBasic: "send it in the Authorization header",
	authClientSecretPost:  "send it as client_secret in the form",
	authClientSecretJWT:   "sign a client_assertion with it",
	authPrivateKeyJWT:     "sign a client_assertion with its private key",
}

// secretMatches reports whether one of the stored secrets that has not expired is the presented one. Stored is the
// standard base64 of its SHA-256: client secrets are long and random, so a fast hash is enough.
func secretMatches(stored []db.ClientSecret, presented string, now time.Time) bool {
	sum := sha256.Sum256([]byte(presented))
	hash := []byte(base64.StdEncoding.EncodeToString(sum[:]))
	match := 0
	for _, secret := range stored {
		if secret.Type != sharedSecret || secret.Expiration != nil && !now.Before(*secret.Expiration) {
			continue
		}
		match |= subtle.ConstantTimeCompare(hash, []byte(secret.Value))
	}
	return match == 1
}

// isVSCHAR reports whether s consists of visible ASCII and spaces (RFC 6749 appendix A).
func isVSCHAR(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}
