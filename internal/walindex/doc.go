// Package walindex tells, without asking SQLite, whether anything was committed to a database in WAL mode.
//
// The file beside the database whose name ends in -shm is memory that all processes share which use it. Its first 48
// bytes, twice, describe where the write-ahead log ends (https://www.sqlite.org/walformat.html, section 2.1). Every commit,
// by whatever program, changes them before it is answered, and counts up by one. To compare them costs less than a hundredth
// of what the shortest query does.
//
// It is only ever read here. Where it cannot be read, on another operating system for instance, there is no news, and the
// caller has to ask SQLite.
package walindex
