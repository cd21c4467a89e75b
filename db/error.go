package db

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
	sqlite3 "modernc.org/sqlite"
	sqlite3lib "modernc.org/sqlite/lib"
)

// ErrNotFound says that no live row answers the question: unknown, expired, or never there.
var ErrNotFound = errors.New("db: not found")

// What may keep [Open] from opening a database; ErrBusy may meet any write. The error that wraps one of them is a single line for the person who
// started the program; nothing in the database was changed when it is returned.
var (
	ErrNewerSchema    = errors.New("db: schema is newer than this program")
	ErrCorrupt        = errors.New("db: damaged, or not an SQLite file")
	ErrAbsent         = errors.New("db: not made yet")
	ErrForeign        = errors.New("db: belongs to another program")
	ErrUnwritable     = errors.New("db: not writable")
	ErrBusy           = errors.New("db: locked by another program")
	ErrUnreachable    = errors.New("db: server not reachable")
	ErrUnsupportedURL = errors.New("db: unsupported address")
)

// ValidationError names the field that cannot be stored and says what is wrong with it.
type ValidationError struct {
	Field  string // the column's name
	Reason string // "must be at least 1 second"
}

func (e *ValidationError) Error() string { return e.Field + " " + e.Reason }

// openError keeps the sentence for people apart from the condition a program branches on.
type openError struct {
	condition, cause error
	sentence         string
}

func (e *openError) Error() string { return e.sentence }

func (e *openError) Unwrap() []error { return []error{e.condition, e.cause} }

func refuse(condition, cause error, format string, args ...any) error {
	sentence := fmt.Sprintf(format, args...)
	return &openError{condition: condition, cause: cause, sentence: strings.Join(strings.Fields(sentence), " ")}
}

// explainSQLite turns the result codes a person can do something about into a sentence.
func explainSQLite(err error, path string) error {
	var failure *sqlite3.Error
	var explained *openError
	if err == nil || errors.As(err, &explained) || !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff { // the primary result code
	case sqlite3lib.SQLITE_NOTADB, sqlite3lib.SQLITE_CORRUPT:
		return corrupt(path, err)
	case sqlite3lib.SQLITE_READONLY, sqlite3lib.SQLITE_CANTOPEN, sqlite3lib.SQLITE_PERM, sqlite3lib.SQLITE_FULL, sqlite3lib.SQLITE_IOERR:
		return unwritable(path, err)
	case sqlite3lib.SQLITE_BUSY, sqlite3lib.SQLITE_LOCKED:
		return refuse(ErrBusy, err, "the database %s is locked by another program: finish its transaction there and start again", path)
	}
	return err
}

func corrupt(path string, cause error) error {
	return refuse(ErrCorrupt, cause, "the database %s is damaged or is not an SQLite file (%v): nothing was changed; "+
		"restore a copy, or move it away to start afresh", path, cause)
}

func unwritable(path string, cause error) error {
	return refuse(ErrUnwritable, cause, "cannot write the database %s (%v): "+
		"name a file in a folder you may write to with --db", path, cause)
}

func absent(location string) error {
	return refuse(ErrAbsent, nil, "there is no database %s: start silentrenew once, or name another one with --db", location)
}

// nameLock adds ErrBusy to the error of a write that another program's lock kept out; other errors pass.
func nameLock(err error) error {
	if failure, ok := errors.AsType[*sqlite3.Error](err); ok && failure.Code()&0xff == sqlite3lib.SQLITE_BUSY {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

// notFound translates the libraries' words for it; other errors pass.
func notFound(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
