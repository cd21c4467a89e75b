package db

import "testing"

// SearchFewAsMany makes searches among a test's few companies take the ways that they take among a million.
func SearchFewAsMany(t testing.TB) {
	for _, n := range []*int{&glanced, &searched, &counted, &expected, &few} {
		before := *n
		*n /= 25
		t.Cleanup(func() { *n = before })
	}
}
