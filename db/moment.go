package db

import (
	"strings"
	"time"
	"unicode/utf8"
)

// moment is a time as both databases keep it: UTC, whole microseconds. SQLite compares times as text, and only texts of
// one zone compare like times.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func momentOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	m := moment(*t)
	return &m
}

// storable reports whether s can be a value of a text column. PostgreSQL refuses what is not UTF-8 and the NUL character,
// so such a value from a request is simply not in the table.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// clean makes any text storable, for values that come from a request and have to be stored or searched for.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
