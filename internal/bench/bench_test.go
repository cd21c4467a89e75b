//go:build unix

package bench

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"silentrenew/db/dbtest"
)

var profile = flag.String("profile", "", "write a CPU profile of the provider under load to this file; ask for one benchmark only")

// operation is something clients ask for, with the least it can cost.
type operation struct {
	name     string
	clientID string
	prepare  func(*relyingParty) error // before the clock starts
	do       func(*relyingParty) error

	// The floor: signatures of this kind, one insert and one consuming update, these round trips.
	signs                      bool
	idToken                    string
	writes                     bool
	authorize, token, userinfo bool
	document                   string // instead: what a bare gin handler takes to write the same bytes
}

var operations = []operation{
	{name: "cycle-es256", clientID: "bench-es256", prepare: (*relyingParty).signIn, do: (*relyingParty).renew,
		signs: true, idToken: "ES256", writes: true, authorize: true, token: true, userinfo: true},
	{name: "cycle-rs256", clientID: "spa-client", prepare: (*relyingParty).signIn, do: (*relyingParty).renew,
		signs: true, idToken: "RS256", writes: true, authorize: true, token: true, userinfo: true},
	{name: "refresh", clientID: "bench-es256", do: (*relyingParty).refresh,
		prepare: func(rp *relyingParty) error {
			if err := rp.signIn(); err != nil {
				return err
			}
			return rp.authorizeAndRedeem("n", "openid companyApi offline_access")
		},
		signs: true, idToken: "ES256", writes: true, token: true},
	{name: "client-credentials", do: (*relyingParty).clientCredentials, signs: true, token: true},
	{name: "userinfo", clientID: "bench-es256", do: (*relyingParty).userinfo, userinfo: true,
		prepare: func(rp *relyingParty) error {
			if err := rp.signIn(); err != nil {
				return err
			}
			return rp.renew()
		}},
	{name: "introspection", prepare: (*relyingParty).clientCredentials, do: (*relyingParty).introspect, token: true},
	{name: "discovery", document: discoveryPath, do: func(rp *relyingParty) error { return rp.read(rp.issuer, discoveryPath) }},
	{name: "jwks", document: jwksPath, do: func(rp *relyingParty) error { return rp.read(rp.issuer, jwksPath) }},
}

// BenchmarkProvider measures every operation on both databases with 1, 8 and 32 clients. An operation costs cpu-ms/op; the
// floor is what it would cost at least, and x-floor is one in multiples of the other.
func BenchmarkProvider(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { eachOperation(b, filepath.Join(b.TempDir(), "silentrenew.db")) })
	b.Run("postgres", func(b *testing.B) { eachOperation(b, dbtest.Postgres(b)) })
}

func eachOperation(b *testing.B, database string) {
	p := startProvider(b, database)
	for _, op := range operations {
		b.Run(op.name, func(b *testing.B) {
			for _, clients := range []int{1, 8, 32} {
				b.Run(fmt.Sprint(clients), func(b *testing.B) { p.measure(b, op, clients) })
			}
		})
	}
}

// warmUp is how many operations come before the measured ones: connections open, statements prepared, caches filled.
const warmUp = 20

func (p *provider) measure(b *testing.B, op operation, clients int) {
	parties := make([]*relyingParty, clients)
	for i := range parties {
		parties[i] = newRelyingParty(p.Issuer, op.clientID)
		if op.prepare == nil {
			continue
		}
		if err := op.prepare(parties[i]); err != nil {
			b.Fatal(err)
		}
	}
	p.load(b, parties, warmUp*clients, op.do)
	floor := p.floor(b, op, parties, max(b.N, warmUp*clients))
	bare := p.bareServer(b, op, parties, max(b.N, warmUp*clients))
	for _, rp := range parties {
		clear(rp.steps)
	}
	if *profile != "" {
		p.order(b, order{Do: "profile", File: *profile})
		defer p.order(b, order{Do: "profile"})
	}

	b.ResetTimer()
	cost := p.load(b, parties, b.N, op.do)
	b.StopTimer()

	per := milliseconds(cost.provider) / float64(b.N)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.N)/cost.wall.Seconds(), "ops/s")
	b.ReportMetric(per, "cpu-ms/op")
	b.ReportMetric(milliseconds(cost.generator)/float64(b.N), "generator-cpu-ms/op")
	b.ReportMetric(floor, "floor-ms/op")
	b.ReportMetric(per/floor, "x-floor")
	if bare > 0 {
		b.ReportMetric(bare, "bare-server-ms/op")
		b.ReportMetric(per/bare, "x-bare-server")
	}
	percentiles(b, parties)
}

// floor returns the CPU milliseconds that the operation would cost with nothing around it.
func (p *provider) floor(b *testing.B, op operation, parties []*relyingParty, times int) float64 {
	b.Helper()
	times = min(times, 2000)
	if op.document != "" {
		cost := p.load(b, parties, times, func(rp *relyingParty) error { return rp.read(p.BareGinURL, op.document) })
		return milliseconds(cost.provider) / float64(times)
	}
	var total time.Duration
	if op.signs {
		total += p.order(b, order{Do: "signatures", Alg: op.idToken, Times: times})
	}
	if op.writes {
		total += p.order(b, order{Do: "writes", Times: times})
	}
	total += p.load(b, parties, times, func(rp *relyingParty) error {
		return rp.trips(p.Bare, op.authorize, op.token, op.userinfo)
	}).provider
	return milliseconds(total) / float64(times)
}

// bareServer returns the CPU milliseconds that the same work costs in one piece, done by the bare handler while the clients wait
// for it; 0 for an operation that is a round trip and nothing else.
func (p *provider) bareServer(b *testing.B, op operation, parties []*relyingParty, times int) float64 {
	b.Helper()
	if !op.signs {
		return 0
	}
	times = min(times, 2000)
	work := workload{signs: op.signs, writes: op.writes, stores: op.writes && !op.authorize, idToken: op.idToken}
	cost := p.load(b, parties, times, func(rp *relyingParty) error {
		return rp.trips(p.Bare+work.laden(), op.authorize, op.token, op.userinfo)
	})
	return milliseconds(cost.provider) / float64(times)
}
