// Package db keeps what must survive a restart: clients and resources, users, sessions, grants, keys, options, companies.
//
// [Open] takes a file name or a postgres:// URL, brings the schema up to date and returns a [DB]. There is one method per
// question the other packages ask; no SQL and no gorm leaves this folder. One file per noun holds the type callers see,
// the row behind it and its queries: client.go, session.go, authorization_code.go, consent.go and so on.
//
// Tables and columns carry the names IdentityServer4 gave them, so that the SQL of the article works by hand:
//
//	sqlite3 silentrenew.db "update Clients set AccessTokenLifetime=60"
//
// counts for the next token. Clients, resources, users and options are kept in memory, but only as long as a mark in the
// database stays the same that triggers change with every change of those tables, by whatever program (memory.go).
// The schema is written twice, as plain SQL in migrations/sqlite and migrations/postgres; each column of a lifetime says
// its unit there, and [Client] repeats it.
//
// Whoever reads the tables cannot act for a user: codes and refresh tokens are stored as hashes, a session's key is a hash of
// its cookie, passwords are argon2id, client secrets SHA-256 (they are random, not remembered). What has to be read
// again, private keys above all, is sealed by the callers when they have a key for it (package seal); a new SQLite file can be read by
// its owner alone either way.
//
// Whatever must happen once happens in one statement: [DB.ConsumeAuthorizationCode] is an UPDATE that finds the code
// unconsumed or finds nothing. SQLite has one writer at a time, so writers of one process queue in memory, where waiting
// obeys the context, instead of polling the file's lock; a transaction is a few statements, and nothing is signed while one
// is open. Codes and refresh tokens that wait at the same moment are committed together (grant_writer.go). The statements of
// a renewal are prepared once (prepared.go), the rest goes through gorm.
//
// # After a power cut
//
// SQLite writes ahead (WAL) with synchronous=NORMAL: a commit is in the log file before it is answered, but the disk is told
// to keep it only at the next checkpoint, after four thousand pages. A crash of the program or its end by kill -9
// loses nothing. A power cut or a crash of the operating system may lose the last commits, whole commits from the end and
// never a part of one, and the file stays sound. What that means here: who had just signed in signs in again; a code or
// refresh token issued just before is unknown, so the client starts over; and a code or refresh token that was taken just
// before might count as not taken, until it expires. On PostgreSQL the server's synchronous_commit decides, by default on.
//
// Times are UTC with microseconds on both databases. A [DB] is safe for concurrent use, by several processes too.
package db
