package idp

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"silentrenew/db/dbtest"
)

var documents = []string{"/.well-known/openid-configuration", "/.well-known/openid-configuration/jwks"}

// RFC 9110 §13.1.2: who has the document is told so, and sends no stale one for a new one.
func TestDocumentsAreSentOnce(t *testing.T) {
	s := newSite(t)
	for _, path := range documents {
		first := s.browser().get(s.issuer + path)
		tag := first.Header.Get("ETag")
		if tag == "" || first.Header.Get("Cache-Control") != "public, max-age=60" || first.Header.Get("Pragma") != "" {
			t.Errorf("%s: %v", path, first.Header)
		}
		for sent, want := range map[string]int{
			tag: http.StatusNotModified, "W/" + tag: http.StatusNotModified, `"other", ` + tag: http.StatusNotModified, "*": http.StatusNotModified,
			`"other"`: http.StatusOK, "": http.StatusOK, strings.Trim(tag, `"`): http.StatusOK,
		} {
			b := s.browser()
			b.header = http.Header{"If-None-Match": {sent}}
			if again := b.get(s.issuer + path); again.StatusCode != want || want == http.StatusNotModified && again.Body != "" {
				t.Errorf("%s, If-None-Match %s: got %d and %d bytes, want %d", path, sent, again.StatusCode, len(again.Body), want)
			}
		}
	}
}

// Discovery follows the configuration: at once what this process changes, within a second what others do.
func TestDiscoveryFollowsTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		hasRoles := func() bool {
			return strings.Contains(s.browser().get(s.issuer+documents[0]).Body, `"roles"`)
		}
		if !hasRoles() {
			t.Fatal("the scope roles is not there")
		}
		s.exec(`UPDATE IdentityResources SET ShowInDiscoveryDocument = 0 WHERE Name = 'roles'`)
		time.Sleep(time.Second)
		if hasRoles() {
			t.Error("a second after another program took it out it is still there")
		}
	})
}

// A20: the next token obeys, however many came before it, when another program edits the row.
func TestA20EveryEditCountsForTheNextToken(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	code := s.signIn(b, "Mick")
	shell := dbtest.Shell(t, s.db)
	for n := 60; n < 80; n++ {
		if _, err := shell.ExecContext(t.Context(), fmt.Sprintf(`UPDATE Clients SET AccessTokenLifetime = %d WHERE ClientId = 'spa-client'`, n)); err != nil {
			t.Fatal(err)
		}
		if got := s.redeem(code).ExpiresIn; got != n {
			t.Fatalf("the lifetime is %d and the token's %d", n, got)
		}
		code = s.renew(b).sent("code")
	}
}

// The memory of signatures takes the very same characters and the very same type for known, nothing else.
func TestAKnownTokenIsTheVerySame(t *testing.T) {
	s := newSite(t)
	tokens := s.redeem(s.signIn(s.browser(), "Mick"))
	ask := func(token string) int {
		r := httptest.NewRequest(http.MethodGet, s.issuer+"/connect/userinfo", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w.Code
	}
	if got := ask(tokens.AccessToken); got != http.StatusOK {
		t.Fatalf("the token itself: %d", got)
	}
	header, rest, _ := strings.Cut(tokens.AccessToken, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	_, idSignature, _ := strings.Cut(tokens.IDToken[strings.Index(tokens.IDToken, ".")+1:], ".")
	for name, token := range map[string]string{
		"an ID token":           tokens.IDToken,
		"no signature":          header + "." + payload + ".",
		"another's signature":   header + "." + payload + "." + idSignature,
		"a signature cut short": tokens.AccessToken[:len(tokens.AccessToken)-2],
		"a character more":      tokens.AccessToken + "A",
		"another case":          header + "." + payload + "." + strings.ToLower(signature),
		"another payload":       header + "." + payload[:len(payload)-4] + "AAAA." + signature,
	} {
		if got := ask(token); got != http.StatusUnauthorized {
			t.Errorf("%s: got %d", name, got)
		}
	}
	s.exec(`DELETE FROM Keys WHERE Algorithm = 'ES256'`)
	s2 := newSiteOn(t, s.db)
	r := httptest.NewRequest(http.MethodGet, s.issuer+"/connect/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
	w := httptest.NewRecorder()
	if s2.handler.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
		t.Errorf("without its key: got %d", w.Code)
	}
}
