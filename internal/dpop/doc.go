// Package dpop checks proofs of possession (RFC 9449): a JWT that a client signs anew for every request, which shows that it
// holds the key its token is bound to. Whoever steals the token without the key has stolen nothing.
//
// The provider and the companies API both receive proofs and may not share their own code, so what the specification says
// once (RFC 9449 §4.3) stands here once:
//
//	proof.go    one JWT: header, signature, claims
//	checker.go  one request: is the proof about it, is it fresh, is it the first use
//	nonce.go    values of the server's choice that a proof must repeat (RFC 9449 §8, §9)
//	target.go   htu, compared as URLs and not as text
//
// What has to be remembered lies in the database behind [Store], so that every replica knows it. No signature is checked
// while it is asked.
package dpop
