//go:build unix

package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// provider is the other process.
type provider struct {
	report
	orders  *json.Encoder
	reports *json.Decoder
}

// startProvider starts this binary once more, on a database of the kind "sqlite" or "postgres".
func startProvider(b *testing.B, database string) *provider {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	process := exec.Command(self)
	process.Env = append(os.Environ(), folderVariable+"="+b.TempDir(), databaseVariable+"="+database)
	process.Stderr = os.Stderr
	in, err := process.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := process.Wait(); err != nil {
			b.Error(err)
		}
	})
	p := &provider{orders: json.NewEncoder(in), reports: json.NewDecoder(out)}
	if err := p.reports.Decode(&p.report); err != nil {
		b.Fatal("the provider did not start:", err)
	}
	for _, path := range []string{discoveryPath, jwksPath} {
		fetch(p.BareGinURL + path)
	}
	return p
}

// order tells the other process what to do and returns the CPU time it took, or has used altogether.
func (p *provider) order(b *testing.B, do order) time.Duration {
	b.Helper()
	var told report
	if err := errors.Join(p.orders.Encode(do), p.reports.Decode(&told)); err != nil {
		b.Fatal(err)
	}
	if told.Error != "" {
		b.Fatal(told.Error)
	}
	return told.CPU
}

// spent is what a load cost: the other process, and this one.
type spent struct{ provider, generator, wall time.Duration }

// load has all relying parties do something, so many times altogether, and returns what that cost.
func (p *provider) load(b *testing.B, parties []*relyingParty, times int, do func(*relyingParty) error) spent {
	b.Helper()
	var wg sync.WaitGroup
	var taken atomic.Int64
	failures := make(chan error, len(parties))
	ours, theirs, began := processorTime(), p.order(b, order{Do: "cpu"}), time.Now()
	for _, rp := range parties {
		wg.Go(func() {
			for taken.Add(1) <= int64(times) {
				if err := do(rp); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	wg.Wait()
	cost := spent{wall: time.Since(began)}
	cost.provider, cost.generator = p.order(b, order{Do: "cpu"})-theirs, processorTime()-ours
	close(failures)
	for err := range failures {
		b.Error(err)
	}
	if b.Failed() {
		b.FailNow()
	}
	return cost
}

// percentiles reports the median and the 99th percentile of each step, and how far they are apart.
func percentiles(b *testing.B, parties []*relyingParty) {
	b.Helper()
	steps := map[string][]time.Duration{}
	for _, rp := range parties {
		for step, took := range rp.steps {
			steps[step] = append(steps[step], took...)
		}
		clear(rp.steps)
	}
	for step, took := range steps {
		slices.Sort(took)
		p50, p99 := took[len(took)/2], took[len(took)*99/100]
		b.ReportMetric(milliseconds(p50), fmt.Sprintf("p50-%s-ms", step))
		b.ReportMetric(milliseconds(p99), fmt.Sprintf("p99-%s-ms", step))
		b.ReportMetric(float64(p99)/float64(p50), fmt.Sprintf("p99/p50-%s", step))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
