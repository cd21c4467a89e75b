// Package jwkset reads the public keys a client signs with (RFC 7517 §5), however they come: registered over the network, declared in a
// file, or given on a command line. The rules are the same everywhere. By these keys assertions, request objects and proofs are checked, those
// of Ed25519 under both names of the algorithm.
package jwkset
