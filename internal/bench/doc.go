// Package bench measures what the provider costs, against what its work must cost at least.
//
//	go test ./internal/bench -run '^$' -bench .        or: make bench
//	go test ./internal/bench -run '^$' -bench 'Provider/sqlite/cycle-es256/8' -profile cpu.out
//
// The unit is the renew cycle: an authorization request with prompt=none and the user's real cookie, the token request with
// the PKCE verifier, the userinfo request; over keep-alive connections, on a file database, with the log written to a file.
// A sample of the answers is checked as a client checks them, signatures included. Any answer that is not the right one
// fails the benchmark.
//
// The provider runs in a process of its own, this test binary once more, put together as main does it. So its CPU time
// (getrusage) is what the provider costs and nothing else: a load generator in Go costs about as much per request as the
// provider, and which half of a shared process a microsecond of scheduling or garbage collection belongs to, nobody can
// tell. What the generator itself took is printed beside it, because on a small machine it takes the cores away
// that the provider would use: wall time and percentiles depend on it, CPU time hardly.
//
// The unavoidable work is measured in that same process, right before the operation: the signatures with the bare
// crypto packages; one insert and one consuming update, prepared, in a table without indexes, in a file with the same settings;
// and the round trips, against a net/http handler without router that reads the same requests and writes answers of the same length, at
// the same number of clients. Their sum is floor-ms/op, and x-floor is what we cost in multiples of it. Ratios can be
// compared between machines; milliseconds cannot.
//
// The parts are cheaper one after the other, with warm caches, than in a server whose clients wait for it. So that same handler is asked
// to do all of it in the requests in which the provider does it, which is bare-server-ms/op.
//
// The package holds tests only:
//
//	bench_test.go   the operations, and what is printed
//	client_test.go  a relying party with its browser
//	load_test.go    any number of them at once, and their percentiles
//	server_test.go  the provider's process
//	floor_test.go   the unavoidable work
package bench
