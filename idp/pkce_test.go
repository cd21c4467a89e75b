package idp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// The vector of RFC 7636 Appendix B.
func ExampleCodeChallenge() {
	fmt.Println(CodeChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
	// Output: E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM
}

func TestVerifyCodeChallenge(t *testing.T) {
	long := strings.Repeat("a", 128)
	for _, row := range []struct {
		name                        string
		challenge, method, verifier string
		want                        Code // "" = accepted
	}{
		{"the verifier of the challenge (RFC 7636 §4.6)", testChallenge, "S256", testVerifier, ""},
		{"128 characters are allowed (§4.1)", CodeChallenge(long), "S256", long, ""},
		{"plain compares as it is (§4.6)", testVerifier, "plain", testVerifier, ""},
		{"neither challenge nor verifier: PKCE was not used", "", "", "", ""},
		{"another verifier", testChallenge, "S256", strings.Repeat("b", 43), InvalidGrant},
		{"the challenge itself is not its verifier", testChallenge, "S256", testChallenge, InvalidGrant},
		{"no verifier", testChallenge, "S256", "", InvalidGrant},
		{"a verifier nobody asked for: PKCE downgrade (RFC 9700 §4.8.2)", "", "", testVerifier, InvalidGrant},
		{"42 characters (§4.1)", CodeChallenge(long[:42]), "S256", long[:42], InvalidGrant},
		{"129 characters (§4.1)", CodeChallenge(long + "a"), "S256", long + "a", InvalidGrant},
		{"a space (§4.1)", CodeChallenge(long[:50] + " "), "S256", long[:50] + " ", InvalidGrant},
		{"plain when S256 was announced", testVerifier, "S256", testVerifier, InvalidGrant},
		{"an unknown method", testVerifier, "S512", testVerifier, InvalidGrant},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantCode(t, verifyCodeChallenge(row.challenge, row.method, row.verifier), row.want)
		})
	}
}

// wantCode checks that err is an Error with the code, or nil when the code is empty.
func wantCode(t testing.TB, err error, want Code) {
	t.Helper()
	var got Code
	if e, ok := errors.AsType[*Error](err); ok {
		got = e.Code
	} else if err != nil {
		t.Fatalf("not an Error: %v", err)
	}
	if got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// Whatever the verifier, S256 accepts none but the one the challenge was made from, and only of the form of RFC 7636 §4.1.
func FuzzCodeVerifier(f *testing.F) {
	for _, seed := range []string{testVerifier, "", "short", strings.Repeat("~", 128), strings.Repeat("x", 43) + "\x00", "ü" + testVerifier} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, verifier string) {
		if err := verifyCodeChallenge(testChallenge, challengeS256, verifier); (err == nil) != (verifier == testVerifier) {
			t.Errorf("verifier %q: %v", verifier, err)
		}
		if err := verifyCodeChallenge(CodeChallenge(verifier), challengeS256, verifier); (err == nil) != validCodeVerifier(verifier) {
			t.Errorf("verifier %q against its own challenge: %v", verifier, err)
		}
	})
}
