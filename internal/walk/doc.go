// Package walk follows the article with a real program, a real database file and a real browser.
//
// Each test starts the built binary on ports of its own, opens a fresh browser profile in headless Chromium and does what
// the reader does: signs in, looks at the companies, waits for the access token to end, switches silent renew on, edits
// AccessTokenLifetime with SQL, lets the provider's cookie run out. It sees what the reader sees, the page, and what the
// reader is told to watch, the log. The tests carry the id of the row they prove.
//
// The article waits for minutes; most tests shorten the lifetimes to seconds, and [TestRealTime] walks with the article's
// own numbers when SILENTRENEW_REALTIME=1.
//
// Without Chromium the tests skip; with SILENTRENEW_REQUIRE=chromium they fail instead. A test that fails leaves a
// screenshot, the page's HTML and the program's log in a folder that it names.
//
// The package holds tests only:
//
//	program_test.go   the binary as a process: start, log, kill, restart
//	database_test.go  the SQL that the article types by hand
//	browser_test.go   a person at a browser
//	network_test.go   what the browser asked the network for
//	article_realtime_test.go  the walks that take minutes, by its name the first to start
//	*_test.go         the walk, one file per part of the article
package walk
