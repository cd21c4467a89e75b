// Package seal encrypts the few values the provider must be able to read again, but whoever only has the database must not:
// private keys, and client secrets that are needed in clear. Everything else in the database is a hash.
//
// A sealed value is a compact JWE (RFC 7516 §7.1) with alg "dir" and enc "A256GCM", made and opened by go-jose. Its protected
// header names the purpose, so a value that somebody moves to another row does not open there.
//
// The key comes from the environment. Several may be given: the first one seals, all open, so that a key can be replaced while
// processes with either are running. A nil [*Sealer] stands for "no key was given": it leaves values as they are, and says so
// when asked to open a sealed one.
package seal
