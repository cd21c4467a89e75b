//go:build unix

package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// The seeded front end's address, and the documents everybody reads.
const (
	callback      = "http://localhost:4200/signin-callback"
	discoveryPath = "/.well-known/openid-configuration"
	jwksPath      = discoveryPath + "/jwks"
)

// checkEvery is how many operations share one full check of the tokens they gave.
const checkEvery = 32

// relyingParty is one client with the browser of one user: a connection, a cookie jar, the tokens it holds.
type relyingParty struct {
	http     *http.Client
	issuer   string
	clientID string
	keys     *jose.JSONWebKeySet
	ops      int

	accessToken, refreshToken string
	steps                     map[string][]time.Duration // what each step took
}

func newRelyingParty(issuer, clientID string) *relyingParty {
	jar, _ := cookiejar.New(nil) // fails with options only
	return &relyingParty{
		http: &http.Client{
			Jar:           jar,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       time.Minute,
		},
		issuer: issuer, clientID: clientID, steps: map[string][]time.Duration{},
	}
}

// answer is a response whose body has been read.
type answer struct {
	status   int
	location string
	body     []byte
}

// send sends one request and notes how long the step took. Form nil means GET.
func (rp *relyingParty) send(step, address string, form url.Values, header ...string) (answer, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(context.Background(), method, address, body)
	if err != nil {
		return answer{}, err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	began := time.Now()
	response, err := rp.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if step != "" {
		rp.steps[step] = append(rp.steps[step], time.Since(began))
	}
	return answer{response.StatusCode, response.Header.Get("Location"), read}, err
}

// authorizationRequest is what the hidden iframe opens.
func (rp *relyingParty) authorizationRequest(verifier, nonce string, more ...string) string {
	challenge := sha256.Sum256([]byte(verifier))
	values := url.Values{
		"client_id": {rp.clientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile companyApi"},
		"state": {rand.Text()}, "nonce": {nonce}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	return rp.issuer + "/connect/authorize?" + values.Encode()
}

// signIn walks through the login form as Mick.
func (rp *relyingParty) signIn() error {
	toLogin, err := rp.send("", rp.authorizationRequest(newVerifier(), "n"), nil)
	if err != nil {
		return err
	}
	form, err := rp.send("", rp.issuer+toLogin.location, nil)
	if err != nil {
		return err
	}
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(form.body))
	if err != nil {
		return err
	}
	values := url.Values{"Username": {"Mick"}, "Password": {"MickPassword"}}
	page.Find("form input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
		values.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	done, err := rp.send("", rp.issuer+"/account/login", values, "Origin", rp.issuer)
	if err == nil && done.status != http.StatusSeeOther {
		err = fmt.Errorf("login answered %d: %s", done.status, done.body)
	}
	return err
}

// renew is one renew cycle.
func (rp *relyingParty) renew() error {
	nonce := rand.Text()
	if err := rp.authorizeAndRedeem(nonce, "openid profile companyApi"); err != nil {
		return err
	}
	return rp.userinfo()
}

// authorizeAndRedeem gets tokens with the cookie alone.
func (rp *relyingParty) authorizeAndRedeem(nonce, scope string) error {
	verifier := newVerifier()
	redirected, err := rp.send("authorize", rp.authorizationRequest(verifier, nonce, "prompt", "none", "scope", scope), nil)
	if err != nil {
		return err
	}
	landed, err := url.Parse(redirected.location)
	if err != nil {
		return err
	}
	code := landed.Query().Get("code")
	if code == "" || redirected.status != http.StatusFound {
		return fmt.Errorf("authorize answered %d %s", redirected.status, redirected.location)
	}
	return rp.tokens(nonce, url.Values{"grant_type": {"authorization_code"}, "client_id": {rp.clientID}, "code": {code},
		"redirect_uri": {callback}, "code_verifier": {verifier}})
}

// refresh exchanges the refresh token.
func (rp *relyingParty) refresh() error {
	return rp.tokens("", url.Values{"grant_type": {"refresh_token"}, "client_id": {rp.clientID}, "refresh_token": {rp.refreshToken}})
}

// clientCredentials gets a token for the program itself.
func (rp *relyingParty) clientCredentials() error {
	return rp.tokens("", url.Values{"grant_type": {"client_credentials"}, "client_id": {"company-employee"},
		"client_secret": {"codemazesecret"}, "scope": {"companyApi"}})
}

// tokens posts to the token endpoint and keeps what it gives.
func (rp *relyingParty) tokens(nonce string, form url.Values) error {
	given, err := rp.send("token", rp.issuer+"/connect/token", form, "Origin", "http://localhost:4200")
	if err != nil {
		return err
	}
	var tokens struct {
		AccessToken  string `json:"access_token"`
		IDToken      string `json:"id_token"`
		RefreshToken string `json:"refresh_token"`
	}
	if given.status != http.StatusOK {
		return fmt.Errorf("token answered %d: %s", given.status, given.body)
	}
	if err := json.Unmarshal(given.body, &tokens); err != nil {
		return err
	}
	rp.accessToken, rp.refreshToken = tokens.AccessToken, tokens.RefreshToken
	if rp.ops++; rp.ops%checkEvery != 1 {
		return nil
	}
	return rp.check(tokens.AccessToken, tokens.IDToken, nonce)
}

// check verifies the tokens as a client and an API do: signatures, issuer, audience, nonce.
func (rp *relyingParty) check(accessToken, idToken, nonce string) error {
	if rp.keys == nil {
		rp.keys = &jose.JSONWebKeySet{}
		if err := json.Unmarshal(fetch(rp.issuer+jwksPath), rp.keys); err != nil {
			return err
		}
	}
	for name, token := range map[string]string{"access": accessToken, "ID": idToken} {
		if token == "" && name == "ID" {
			continue // nobody is signed in
		}
		parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
		if err != nil {
			return fmt.Errorf("%s token: %w", name, err)
		}
		key := rp.keys.Key(parsed.Headers[0].KeyID)
		if len(key) != 1 {
			return fmt.Errorf("%s token: kid %s is not in the key set", name, parsed.Headers[0].KeyID)
		}
		var claims struct {
			jwt.Claims
			Nonce string `json:"nonce"`
		}
		if err := parsed.Claims(key[0], &claims); err != nil {
			return fmt.Errorf("%s token: %w", name, err)
		}
		audience := map[string]string{"access": "companyApi", "ID": rp.clientID}[name]
		if err := claims.ValidateWithLeeway(jwt.Expected{Issuer: rp.issuer, AnyAudience: jwt.Audience{audience}, Time: time.Now()}, time.Second); err != nil {
			return fmt.Errorf("%s token: %w", name, err)
		}
		if name == "ID" && claims.Nonce != nonce {
			return fmt.Errorf("ID token: nonce %q, want %q", claims.Nonce, nonce)
		}
	}
	return nil
}

var namesMick = regexp.MustCompile(`"sub":"[^"]+"`)

// userinfo asks who the user is.
func (rp *relyingParty) userinfo() error {
	told, err := rp.send("userinfo", rp.issuer+"/connect/userinfo", nil, "Authorization", "Bearer "+rp.accessToken, "Origin", "http://localhost:4200")
	if err == nil && (told.status != http.StatusOK || !namesMick.Match(told.body)) {
		err = fmt.Errorf("userinfo answered %d: %s", told.status, told.body)
	}
	return err
}

// introspect asks as a confidential client about a token of its own.
func (rp *relyingParty) introspect() error {
	told, err := rp.send("introspect", rp.issuer+"/connect/introspect", url.Values{"client_id": {"company-employee"},
		"client_secret": {"codemazesecret"}, "token": {rp.accessToken}})
	if err == nil && (told.status != http.StatusOK || !bytes.Contains(told.body, []byte(`"active":true`))) {
		err = fmt.Errorf("introspection answered %d: %s", told.status, told.body)
	}
	return err
}

// read fetches one of the documents.
func (rp *relyingParty) read(base, path string) error {
	told, err := rp.send("document", base+path, nil)
	if err == nil && (told.status != http.StatusOK || len(told.body) < 100) {
		err = fmt.Errorf("%s answered %d: %s", path, told.status, told.body)
	}
	return err
}

// trips sends the requests of an operation to the bare handler, in their usual lengths.
func (rp *relyingParty) trips(bare string, authorize, token, userinfo bool) error {
	if authorize {
		verifier := newVerifier()
		address := strings.Replace(rp.authorizationRequest(verifier, rand.Text(), "prompt", "none"), rp.issuer, bare, 1)
		if _, err := rp.send("", address, nil); err != nil {
			return err
		}
	}
	if token {
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {rp.clientID}, "code": {newVerifier()},
			"redirect_uri": {callback}, "code_verifier": {newVerifier()}}
		if _, err := rp.send("", bare+"/connect/token", form, "Origin", "http://localhost:4200"); err != nil {
			return err
		}
	}
	if userinfo {
		if _, err := rp.send("", bare+"/connect/userinfo", nil, "Authorization", "Bearer "+bearerLength, "Origin", "http://localhost:4200"); err != nil {
			return err
		}
	}
	return nil
}

// bearerLength is as long as an access token.
var bearerLength = strings.Repeat("b", 800)

func newVerifier() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// fetch reads a document once.
func fetch(address string) []byte {
	response, err := http.Get(address) //nolint:noctx // before the clock starts
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	return body
}
