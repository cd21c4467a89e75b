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
// counts for the next token, because [DB.Client] reads the row each time. The schema is written twice, as plain SQL in
// migrations/sqlite and migrations/postgres; each column of a lifetime says its unit there, and [Client] repeats it.
//
// Whoever reads the tables cannot act for a user: codes and refresh tokens are stored as hashes, a session's key is a hash of
// its cookie, passwords are argon2id, client secrets SHA-256 (they are random, not remembered). Signing keys are the
// exception, as in every developer's provider, so a new SQLite file can be read by its owner alone.
//
// Whatever must happen once happens in one statement: [DB.ConsumeAuthorizationCode] is an UPDATE that finds the code
// unconsumed or finds nothing. SQLite has one writer at a time, so writers of one process queue in memory, where waiting
// obeys the context, instead of polling the file's lock.
//
// Times are UTC with microseconds on both databases. A [DB] is safe for concurrent use, by several processes too.
package db
