// Package jwkset reads the public keys a client signs with (RFC 7517 §5), however they come: registered over the network, declared in a
// file, or given on a command line. The rules are the same everywhere.
package jwkset
