package idp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/go-jose/go-jose/v4"

	"silentrenew/internal/dpop/dpoptest"
	"silentrenew/internal/jwkset"
)

// FuzzClientAssertion: whatever a client signs with its own key, it passes for the client only when it says all that RFC 7523 §3 wants,
// and it is taken once.
func FuzzClientAssertion(f *testing.F) {
	s := newSite(f)
	key := newSigner(f, jose.ES256)
	s.addRobot(key)
	exp := time.Now().Add(30 * time.Minute).Unix()
	good := fmt.Sprintf(`{"iss":"robot","sub":"robot","aud":%q,"jti":"1","exp":%d}`, testIssuer, exp)
	for _, claims := range []string{
		good, `[]`, `null`, ``, strings.Replace(good, `"1"`, `""`, 1), strings.Replace(good, `"1"`, `1`, 1), strings.Replace(good, `"robot"`, `"Robot"`, 1),
		strings.Replace(good, `"exp"`, `"EXP"`, 1), strings.Replace(good, `"sub":"robot"`, `"sub":"spa-client","sub":"robot"`, 1),
		strings.Replace(good, fmt.Sprint(exp), `1e99`, 1), strings.Replace(good, `}`, `,"nbf":9e9}`, 1), strings.Replace(good, `}`, `,"iat":"x"}`, 1),
		strings.Replace(good, testIssuer, testIssuer+"/", 1), good + good,
	} {
		f.Add(`{"alg":"ES256"}`, claims)
	}
	for _, header := range []string{`{"alg":"ES256","typ":"at+jwt"}`, `{"alg":"none"}`, `{"alg":"HS256"}`, `{"alg":"ES256","crit":["exp"]}`, `{"alg":"ES256","kid":5}`, `{"alg":"ES256","b64":false,"crit":["b64"]}`} {
		f.Add(header, good)
	}
	f.Fuzz(func(t *testing.T, header, claims string) {
		here := *s
		here.t = t
		assertion := dpoptest.Key{T: t, Private: key.key}.SignedOctets(header, claims)
		answer := here.token(assertionForm(assertion))
		if answer.StatusCode != http.StatusOK {
			if got := decode[errorBody](t, answer); answer.StatusCode != http.StatusUnauthorized || got.Error != InvalidClient {
				t.Errorf("%s %s: %d %s", header, claims, answer.StatusCode, got.Error)
			}
			return
		}
		var said map[string]any
		if err := json.Unmarshal([]byte(claims), &said); err != nil {
			t.Fatalf("%s passes: %v", claims, err)
		}
		expires, _ := said["exp"].(float64)
		id, _ := said["jti"].(string)
		ahead := time.Until(time.Unix(int64(expires), 0))
		if said["iss"] != "robot" || said["sub"] != "robot" || said["aud"] != testIssuer || id == "" || ahead < -time.Second || ahead > maxAssertionAge+time.Second {
			t.Errorf("%s %s passes", header, claims)
		}
		wantError(t, here.token(assertionForm(assertion)), http.StatusUnauthorized, InvalidClient)
	})
}

// FuzzIDTokenHint: whatever is sent as a hint, what is believed was signed by us as an ID token, and nobody is logged out or led
// anywhere by one that is about another session.
func FuzzIDTokenHint(f *testing.F) {
	s := newSite(f)
	tokens := s.redeem(s.insertCode(nil)) // of another session than the browser's
	payload := func(token string) string { return strings.Split(token, ".")[1] }
	parts := strings.Split(tokens.IDToken, ".")
	for _, hint := range []string{
		tokens.IDToken, tokens.AccessToken, "", "a.b.c", parts[0] + "." + parts[1] + ".", parts[0] + "." + payload(tokens.AccessToken) + "." + parts[2],
		unsigned(f, claimsOf(f, tokens.IDToken)), tokens.IDToken + "=", " " + tokens.IDToken, strings.Repeat("x", 5000),
	} {
		f.Add(hint, testSignedOut, "spa-client")
		f.Add(hint, "https://evil.example/", "")
	}
	b := s.browser()
	s.signIn(b, "Mick")
	provider := s.provider()
	f.Fuzz(func(t *testing.T, hint, address, clientID string) {
		b.t = t
		if claims, err := provider.verifyIDTokenHint(t.Context(), hint); err == nil {
			if sent := strings.Split(hint, "."); len(sent) != 3 || sent[1] != parts[1] {
				t.Errorf("%q is believed: %+v", hint, claims)
			}
		} else {
			wantCode(t, err, InvalidRequest)
		}
		answer := b.get(s.endSessionURL("id_token_hint", hint, "post_logout_redirect_uri", address, "client_id", clientID))
		if answer.Header.Get("Location") != "" || answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%d, Location %q", answer.StatusCode, answer.Header.Get("Location"))
		}
		if b.cookie(s.issuer, sessionCookie) == "" || answer.setCookie(sessionCookie) != nil {
			t.Errorf("%q logged the user out", hint)
		}
		answer.document(t).Find(`input[name="post_logout_redirect_uri"]`).Each(func(_ int, input *goquery.Selection) {
			if value := input.AttrOr("value", ""); value != testSignedOut && value != testSPA+"/bff/signout-callback" {
				t.Errorf("the question leads on to %q", value)
			}
		})
	})
}

// FuzzKeySet: whatever a client publishes, what verifies its signatures is public, for signatures and long enough (RFC 7517 §5, RFC 7518 §3.3).
func FuzzKeySet(f *testing.F) {
	key := newSigner(f, jose.ES256).public
	for _, text := range []string{
		`{"keys":[` + key + `]}`, `{"keys":[` + key + `,` + key + `]}`, `{"keys":null}`, `{}`, `[]`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`,
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}]}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":""}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","x5c":["AA"]}]}`, `{"keys":[{"use":"enc"}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseKeySet(text)
		if (err == nil) != (len(keys) > 0) || len(keys) > maxKeys {
			t.Fatalf("%q: %d keys, %v", text, len(keys), err)
		}
		for _, key := range keys {
			if err := jwkset.Check(key); err != nil {
				t.Errorf("%q: a key that %v", text, err)
			}
			if again, err := json.Marshal(key); err != nil || strings.Contains(string(again), `"d":`) || strings.Contains(string(again), `"k":`) {
				t.Errorf("%q became %s, %v", text, again, err)
			}
		}
	})
}
