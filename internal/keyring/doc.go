// Package keyring makes, keeps and retires the provider's signing keys (RFC 7517), one line of generations per algorithm.
//
// A key's life, by the columns of its row in Keys:
//
//	Created     it is published, so that every process and every client's copy of the key set knows it
//	SignsFrom   it signs, and the generation before it stops
//	            the next generation's SignsFrom: it stops signing, and is published and accepted as before
//	            + LongestLifetime + retention: the last token it signed has expired; the row is deleted
//
// LongestLifetime is noted before a token of a longer lifetime than ever is signed, so an edit of Clients that shortens a lifetime
// afterwards cannot retire a key under a token that is still alive.
//
// Processes share the database and nothing else. Each looks now and then what is due; that only one makes the next
// generation is decided by the unique index on algorithm and generation, in the INSERT itself.
//
// The private part is sealed when the environment gives a key for that, see package seal.
package keyring
