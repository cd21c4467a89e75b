// Package sqlite3 stands in for github.com/mattn/go-sqlite3 and holds nothing.
//
// gorm.io/driver/sqlite imports that module for its side effect, the registration of a driver named "sqlite3". We open
// "sqlite", the pure-Go driver, and nothing else. Where a C compiler is installed the import alone would compile
// 250,000 lines of C at the first `go run .`, about a quarter of all the work, for a driver that nobody opens.
// The replace directive in go.mod puts this package in its place; decision 0003 says more.
package sqlite3
