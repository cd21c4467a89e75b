package dpop_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/errgroup"

	"silentrenew/db"
	"silentrenew/db/dbtest"
	"silentrenew/internal/dpop"
	"silentrenew/internal/dpop/dpoptest"
	"silentrenew/internal/jwkset"
)

const endpoint = "http://localhost:5005/connect/token"

func request(proofs ...string) dpop.Request {
	return dpop.Request{Header: http.Header{http.CanonicalHeaderKey(dpop.Header): proofs}, Method: http.MethodPost, URL: endpoint}
}

// Each row is a sentence of RFC 9449 §4.2, §4.3 or §11.
func TestI22RFC9449Section43(t *testing.T) {
	ec, stranger := dpoptest.NewKey(t, jose.ES256), dpoptest.NewKey(t, jose.ES256)
	hmac := dpoptest.Key{T: t, Private: []byte(strings.Repeat("k", 32)), Alg: jose.HS256}
	header := map[string]any{"typ": "dpop+jwt", "jwk": ec.Public}
	with := func(name string, value any) map[string]any {
		changed := maps.Clone(header)
		changed[name] = value
		if value == nil {
			delete(changed, name)
		}
		return changed
	}
	private := jose.JSONWebKey{Key: ec.Private}
	good := func(changes ...any) map[string]any { return dpoptest.Claims("POST", endpoint, changes...) }
	now := time.Now()
	right := ec.Proof("POST", endpoint)
	for _, row := range []struct {
		name   string
		proofs []string
		want   string // part of the description, "" = accepted
	}{
		{"ES256", []string{ec.Proof("POST", endpoint)}, ""},
		{"PS256", []string{dpoptest.NewKey(t, jose.PS256).Proof("POST", endpoint)}, ""},
		{"EdDSA", []string{dpoptest.NewKey(t, jose.EdDSA).Proof("POST", endpoint)}, ""},
		{"Ed25519 (RFC 9864 §2.2)", []string{dpoptest.NewKey(t, jwkset.Ed25519).Proof("POST", endpoint)}, ""},
		{"1 no header", nil, "sent 0 times"},
		{"1 two headers", []string{right, right}, "sent 2 times"},
		{"1 two proofs in one header", []string{right + ", " + right}, "must be a JWT"},
		{"2 empty", []string{""}, "must be a JWT"},
		{"2 not a JWT", []string{"a.b.c"}, "must be a JWT"},
		{"2 a megabyte", []string{right + strings.Repeat("a", 1<<20)}, "longer than"},
		{"3 no jti", []string{ec.Proof("POST", endpoint, "jti", nil)}, "jti"},
		{"3 empty jti", []string{ec.Proof("POST", endpoint, "jti", "")}, "jti"},
		{"3 jti is a number", []string{ec.Proof("POST", endpoint, "jti", 1)}, "a claim is wrong"},
		{"3 a long jti (§11.1)", []string{ec.Proof("POST", endpoint, "jti", strings.Repeat("x", 301))}, "jti"},
		{"3 no htm", []string{ec.Proof("POST", endpoint, "htm", nil)}, "htm is missing"},
		{"3 no htu", []string{ec.Proof("POST", endpoint, "htu", nil)}, "htu is missing"},
		{"3 htu is a list", []string{ec.Proof("POST", endpoint, "htu", []string{endpoint})}, "a claim is wrong"},
		{"3 no iat", []string{ec.Proof("POST", endpoint, "iat", nil)}, "iat is missing"},
		{"3 iat is text", []string{ec.Proof("POST", endpoint, "iat", "now")}, "a claim is wrong"},
		{"4 no typ", []string{ec.Signed(with("typ", nil), good())}, "typ must be dpop+jwt"},
		{"4 typ JWT", []string{ec.Signed(with("typ", "JWT"), good())}, "typ must be dpop+jwt"},
		{"4 an access token", []string{ec.Signed(with("typ", "at+jwt"), good())}, "typ must be dpop+jwt"},
		{"5 alg none", []string{ec.Unsigned(good())}, "must be a JWT"},
		{"5 HS256", []string{hmac.Signed(header, good())}, "must be a JWT"},
		{"5 HS256 with its key", []string{hmac.Signed(with("jwk", jose.JSONWebKey{Key: hmac.Private}), good())}, "must be a JWT"},
		{"5 RS256 (FAPI 2.0 §5.4.1)", []string{dpoptest.NewKey(t, jose.RS256).Proof("POST", endpoint)}, "must be a JWT"},
		{"6 another key's signature", []string{stranger.Signed(header, good())}, "signature"},
		{"6 a changed claim", []string{tampered(right)}, "signature"},
		{"6 no jwk", []string{ec.Signed(with("jwk", nil), good())}, "must hold the public key"},
		{"7 a private jwk", []string{ec.Signed(with("jwk", private), good())}, "must be a JWT"},
		{"7 an RSA key of 1024 bits", []string{dpoptest.NewKey(t, jose.PS256, 1024).Proof("POST", endpoint)}, "2048 to 4096"},
		{"8 another method", []string{ec.Proof("GET", endpoint)}, "htm"},
		{"8 the method in small letters", []string{ec.Proof("post", endpoint)}, "htm"},
		{"9 query and fragment do not count", []string{ec.Proof("POST", endpoint+"?a=b#c")}, ""},
		{"9 host in capitals and %6B for k (RFC 3986 §6.2.2)", []string{ec.Proof("POST", "HTTP://LocalHost:5005/connect/to%6Ben")}, ""},
		{"9 another path", []string{ec.Proof("POST", endpoint+"/")}, "htu"},
		{"9 another port", []string{ec.Proof("POST", "http://localhost/connect/token")}, "htu"},
		{"9 another scheme", []string{ec.Proof("POST", "https://localhost:5005/connect/token")}, "htu"},
		{"9 a user in it", []string{ec.Proof("POST", "http://a@localhost:5005/connect/token")}, "htu"},
		{"9 a path alone", []string{ec.Proof("POST", "/connect/token")}, "htu"},
		{"9 no URL", []string{ec.Proof("POST", "http://[")}, "htu"},
		{"11 made 10 seconds from now", []string{ec.Proof("POST", endpoint, "iat", now.Add(10*time.Second).Unix())}, ""},
		{"11 made in two minutes", []string{ec.Proof("POST", endpoint, "iat", now.Add(2*time.Minute).Unix())}, "future"},
		{"11 made two minutes ago", []string{ec.Proof("POST", endpoint, "iat", now.Add(-2*time.Minute).Unix())}, "ago"},
		{"11 made in 1970", []string{ec.Proof("POST", endpoint, "iat", 0)}, "ago"},
		{"11 made at the end of time", []string{ec.Proof("POST", endpoint, "iat", 9.2e18)}, "claim is wrong"},
		{"exp is over", []string{ec.Proof("POST", endpoint, "exp", now.Add(-time.Second).Unix())}, "exp"},
		{"nbf is in the future", []string{ec.Proof("POST", endpoint, "nbf", now.Add(time.Hour).Unix())}, "nbf"},
		{"an unknown claim", []string{ec.Proof("POST", endpoint, "hello", "world")}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			checker := dpop.NewChecker(dbtest.New(t), "test")
			_, err := checker.Check(t.Context(), request(row.proofs...))
			refusal, refused := dpop.AsRefusal(err)
			switch {
			case row.want == "" && err != nil:
				t.Errorf("got %v", err)
			case row.want != "" && (!refused || !strings.Contains(refusal.Description, row.want) || refusal.Nonce != ""):
				t.Errorf("got %v, want a refusal about %q", err, row.want)
			}
		})
	}
}

// tampered changes the claims and leaves the signature.
func tampered(proof string) string {
	parts := strings.Split(proof, ".")
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), "POST", "PUT ", 1)))
	return strings.Join(parts, ".")
}

func TestRFC9449Section43Ath(t *testing.T) {
	key, checker := dpoptest.NewKey(t, jose.ES256), dpop.NewChecker(dbtest.New(t), "test")
	for _, row := range []struct {
		name, proof string
		accepted    bool
	}{
		{"the token's hash", key.ProofWith("token", "POST", endpoint), true},
		{"another token's", key.ProofWith("other", "POST", endpoint), false},
		{"the token itself", key.Proof("POST", endpoint, "ath", "token"), false},
		{"none", key.Proof("POST", endpoint), false},
	} {
		r := request(row.proof)
		r.AccessToken = "token"
		thumbprint, err := checker.Check(t.Context(), r)
		if (err == nil) != row.accepted || row.accepted && thumbprint != key.Thumbprint() {
			t.Errorf("%s: %q, %v", row.name, thumbprint, err)
		}
	}
}

// Two checkers are two replicas: each knows what the other has seen.
func TestRFC9449Section111AProofIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		key := dpoptest.NewKey(t, jose.ES256)
		replicas := []*dpop.Checker{dpop.NewChecker(store, "test"), dpop.NewChecker(store, "test")}
		proof := key.Proof("POST", endpoint)
		results := make(chan error, 100)
		var all errgroup.Group
		for i := range cap(results) {
			all.Go(func() error {
				_, err := replicas[i%2].Check(t.Context(), request(proof))
				results <- err
				return nil
			})
		}
		_ = all.Wait()
		close(results)
		accepted := 0
		for err := range results {
			if _, refused := dpop.AsRefusal(err); err == nil {
				accepted++
			} else if !refused {
				t.Error(err)
			}
		}
		if accepted != 1 {
			t.Errorf("%d of 100 parallel uses were accepted, want 1", accepted)
		}

		jti := "the same"
		if _, err := replicas[0].Check(t.Context(), request(key.Proof("POST", endpoint, "jti", jti))); err != nil {
			t.Fatal(err)
		}
		if _, err := replicas[1].Check(t.Context(), request(key.Proof("POST", endpoint, "jti", jti, "iat", time.Now().Unix()-1))); err == nil {
			t.Error("another proof with the same jti was accepted")
		}
		if _, err := replicas[1].Check(t.Context(), request(dpoptest.NewKey(t, jose.ES256).Proof("POST", endpoint, "jti", jti))); err != nil {
			t.Errorf("another client's proof with the same jti: %v", err)
		}
	})
}

func TestRFC9449Section8Nonces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, key := dbtest.New(t), dpoptest.NewKey(t, jose.ES256)
		one, two, api := dpop.NewChecker(store, "idp"), dpop.NewChecker(store, "idp"), dpop.NewChecker(store, "api")
		check := func(c *dpop.Checker, nonce any) (again string, err error) {
			r := request(key.Proof("POST", endpoint, "nonce", nonce))
			r.Nonce = true
			_, err = c.Check(t.Context(), r)
			if refusal, ok := dpop.AsRefusal(err); ok {
				return refusal.Nonce, err
			}
			return "", err
		}
		nonce, err := check(one, nil)
		if err == nil || nonce == "" {
			t.Fatalf("without a nonce: %q, %v", nonce, err)
		}
		if again, err := check(two, "made up"); err == nil || again != nonce {
			t.Errorf("the replica says %q, not %q: %v", again, nonce, err)
		}
		if _, err := check(two, nonce); err != nil {
			t.Errorf("at the replica: %v", err)
		}
		if _, err := check(api, nonce); err == nil {
			t.Error("a nonce of the provider is good at the API (RFC 9449 §9)")
		}
		time.Sleep(5 * time.Minute)
		if _, err := check(one, nonce); err != nil {
			t.Errorf("after one period: %v", err)
		}
		r := request(key.Proof("POST", endpoint, "nonce", nonce, "iat", time.Now().Add(-time.Hour).Unix()))
		r.Nonce = true // which says when the proof was made (§4.3 item 11)
		if _, err := one.Check(t.Context(), r); err != nil {
			t.Errorf("with a clock that is an hour late: %v", err)
		}
		if _, err := two.Check(t.Context(), r); err == nil {
			t.Error("with a clock that is an hour late: accepted twice")
		}
		if next, err := one.Nonce(t.Context()); err != nil || next == nonce {
			t.Errorf("the next nonce is %q, %v", next, err)
		}
		time.Sleep(5 * time.Minute)
		if next, err := check(one, nonce); err == nil || next == nonce {
			t.Errorf("after two periods: %q, %v", next, err)
		}
	})
}

// Whatever is sent, nothing panics, a changed signature is no proof, and what was accepted is not accepted again.
func FuzzCheck(f *testing.F) {
	key := dpoptest.NewKey(f, jose.ES256)
	checker := dpop.NewChecker(dbtest.New(f), "test")
	f.Add(key.Proof("POST", endpoint), endpoint)
	f.Add(key.Unsigned(dpoptest.Claims("POST", endpoint)), "http://[::1]:80/%zz")
	f.Add("a.b.c", "HTTPS://EXAMPLE.com:443")
	f.Fuzz(func(t *testing.T, proof, url string) {
		r := request(proof)
		r.URL = url
		if _, err := checker.Check(t.Context(), r); err != nil {
			return
		}
		if _, err := checker.Check(t.Context(), r); err == nil {
			t.Errorf("accepted twice: %q", proof)
		}
		if _, err := checker.Check(t.Context(), dpop.Request{Header: request(tampered(proof)).Header, Method: "PUT ", URL: url}); err == nil {
			t.Errorf("accepted although it was changed: %q", proof)
		}
	})
}

// FuzzSignedProof: whatever a client signs with its own key, it is a proof only when it says all that RFC 9449 §4.3 wants, about this request.
func FuzzSignedProof(f *testing.F) {
	key := dpoptest.NewKey(f, jose.ES256)
	checker := dpop.NewChecker(dbtest.New(f), "test")
	own, jwk := key.Thumbprint(), string(encoded(f, key.Public))
	iat := time.Now().Unix()
	header := `{"alg":"ES256","typ":"dpop+jwt","jwk":` + jwk + `}`
	good := fmt.Sprintf(`{"jti":"1","htm":"POST","htu":%q,"iat":%d}`, endpoint, iat)
	for _, claims := range []string{
		good, `[]`, `null`, strings.Replace(good, "POST", "GET", 1), strings.Replace(good, `"htm"`, `"HTM"`, 1), strings.Replace(good, `"jti":"1"`, `"jti":1`, 1),
		strings.Replace(good, `"jti":"1",`, ``, 1), strings.Replace(good, fmt.Sprint(iat), "1e9", 1), strings.Replace(good, fmt.Sprint(iat), `"1"`, 1), strings.Replace(good, `}`, `,"exp":1}`, 1),
		strings.Replace(good, endpoint, endpoint+"?a#b", 1), strings.Replace(good, endpoint, "HTTP://LOCALHOST:5005/connect/%74oken", 1), strings.Replace(good, `"htm":"POST"`, `"htm":"GET","htm":"POST"`, 1),
	} {
		f.Add(header, claims)
	}
	for _, other := range []string{`{}`, strings.Replace(header, "dpop+jwt", "JWT", 1), strings.Replace(header, `"jwk"`, `"JWK"`, 1), strings.Replace(header, `"alg"`, `"crit":["x"],"x":1,"alg"`, 1), strings.Replace(header, `"alg"`, `"kid":"x","alg"`, 1)} {
		f.Add(other, good)
	}
	f.Fuzz(func(t *testing.T, header, claims string) {
		thumbprint, err := checker.Check(t.Context(), request(dpoptest.Key{T: t, Private: key.Private}.SignedOctets(header, claims)))
		if err != nil {
			if _, refused := dpop.AsRefusal(err); !refused {
				t.Fatalf("%s %s: %v", header, claims, err)
			}
			return
		}
		var said struct {
			JTI string  `json:"jti"`
			HTM string  `json:"htm"`
			HTU string  `json:"htu"`
			IAT float64 `json:"iat"`
		}
		if err := json.Unmarshal([]byte(claims), &said); err != nil {
			t.Fatalf("%s passes: %v", claims, err)
		}
		age := time.Since(time.Unix(int64(said.IAT), 0))
		if said.JTI == "" || said.HTM != http.MethodPost || !strings.HasPrefix(strings.ToLower(said.HTU), "http://localhost:5005/") || age > dpop.Age+time.Second || -age > dpop.Ahead+time.Second {
			t.Errorf("%s %s passes", header, claims)
		}
		if thumbprint != own || !strings.Contains(header, "dpop+jwt") {
			t.Errorf("%s passes for the key %s", header, thumbprint)
		}
	})
}

func encoded(t testing.TB, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
