// Package admin is the administration of the provider from a command line: clients, APIs, scope values, users, keys, grants, sessions and
// initial access tokens, read and changed in the database of --db, whether a provider runs on it or not.
//
// Each noun is a file. Lists are tables for people, and JSON under the names of the columns with --json. What is lost for good asks
// first, unless --yes says so. A secret that is made here is shown once and stored as a hash. Errors are one line.
//
// A running provider notices at once, because it reads clients, users, grants and sessions when it needs them, and keys within half a
// minute. What only it can do, telling clients of a logout, it does within a minute; the commands say so.
package admin
