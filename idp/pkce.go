package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// Code challenge methods (RFC 7636 §6.2.2).
const (
	challengeS256  = "S256"
	challengePlain = "plain" // only for clients whose row allows it: whoever reads the request can redeem the code
)

// s256Length is how many characters BASE64URL(SHA256(…)) has, so no other challenge can ever match a verifier.
const s256Length = 43

// CodeChallenge returns the S256 challenge of a verifier: BASE64URL(SHA256(ASCII(verifier))) (RFC 7636 §4.2).
func CodeChallenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// validCodeVerifier reports whether s is 43 to 128 unreserved characters (RFC 7636 §4.1). A code_challenge has the same
// form (RFC 7636 §4.2).
func validCodeVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}

// verifyCodeChallenge compares the verifier of a token request with the challenge its authorization request sent
// (RFC 7636 §4.6). Both are absent for a client that does without PKCE.
func verifyCodeChallenge(challenge, method, verifier string) error {
	switch {
	case challenge == "" && verifier == "":
		return nil
	case challenge == "":
		// Accepting it would let an attacker strip the challenge from the authorization request (RFC 9700 §4.8.2).
		return refuse(InvalidGrant, "code_verifier: the authorization request sent no code_challenge")
	case verifier == "":
		return refuse(InvalidGrant, "code_verifier is missing")
	case !validCodeVerifier(verifier):
		return refuse(InvalidGrant, "code_verifier must be 43 to 128 letters, digits, '-', '.', '_' or '~' (RFC 7636 section 4.1)")
	}
	computed := verifier
	if method == challengeS256 {
		computed = CodeChallenge(verifier)
	} else if method != challengePlain {
		return refuse(InvalidGrant, "code_challenge_method %s is unknown", method)
	}
	if subtle.ConstantTimeCompare([]byte(computed), []byte(challenge)) != 1 {
		return refuse(InvalidGrant, "code_verifier does not match the code_challenge of the authorization request")
	}
	return nil
}
