// Package dbtest gives tests a real database.
//
// [New] is a migrated, empty SQLite file that goes when the test ends; [Seeded] holds the tutorial's rows as well. Both
// work inside a testing/synctest bubble. The flag -dump keeps the files and prints their names.
//
// [Each] runs one test on SQLite and on PostgreSQL. The server is the one SILENTRENEW_TEST_POSTGRES names, or one that is
// started for the test binary when PostgreSQL is installed; without either that half is skipped with one line on standard
// error, unless SILENTRENEW_REQUIRE lists postgres.
//
// [Exec] runs SQL behind the program's back, as a person with a database shell would.
package dbtest
