package walk

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

// program is the binary running as a process of its own, on ports that stay the same when it is started again.
type program struct {
	t        *testing.T
	flags    []string
	database string // path of the SQLite file

	spa, idp, api string // public URLs

	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended and its log is read

	log *eventLog
}

// startProgram starts the program with flags on top of the ports, the database and the log format. It ends with the test.
func startProgram(t *testing.T, flags ...string) *program {
	t.Helper()
	p := newProgram(t)
	spa, idp, api := freeAddress(t), freeAddress(t), freeAddress(t)
	p.spa, p.idp, p.api = "http://"+spa, "http://"+idp, "http://"+api
	p.flags = append([]string{"--spa-addr", spa, "--idp-addr", idp, "--api-addr", api}, flags...)
	p.start()
	return p
}

// startSingleOrigin starts the program with all roles below one URL.
func startSingleOrigin(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	address := freeAddress(t)
	p.spa, p.idp, p.api = "http://"+address, "http://"+address+"/idp", "http://"+address
	p.flags = []string{"--single-origin", "auto", "--addr", address}
	p.start()
	return p
}

// startOnTwoSites starts the program with the provider on another site than the front end: 127.0.0.1 and localhost.
func startOnTwoSites(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	spa, idp, api := freeAddress(t), freeAddress(t), freeAddress(t)
	p.spa, p.idp, p.api = "http://"+spa, "http://"+strings.Replace(idp, "localhost", "127.0.0.1", 1), "http://"+api
	p.flags = []string{"--spa-addr", spa, "--idp-addr", strings.TrimPrefix(p.idp, "http://"), "--idp-url", p.idp, "--api-addr", api}
	p.start()
	return p
}

// startOnTwoSitesTLS does the same over https, where the provider's cookie may cross sites if the browser lets it.
func startOnTwoSitesTLS(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	spa, idp, api := freeAddress(t), freeAddress(t), freeAddress(t)
	p.spa, p.idp, p.api = "https://"+spa, "https://"+strings.Replace(idp, "localhost", "127.0.0.1", 1), "https://"+api
	p.flags = []string{"--tls", "--spa-addr", spa, "--idp-addr", idp, "--idp-url", p.idp, "--api-addr", api}
	p.start()
	return p
}

// anyCertificate is a client for a program whose local authority nobody here trusts.
var anyCertificate = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

func newProgram(t *testing.T) *program {
	p := &program{t: t, database: filepath.Join(t.TempDir(), "silentrenew.db"), log: newEventLog()}
	t.Cleanup(p.kill) // before the folder goes
	return p
}

// start runs the process and waits until all three roles answer.
func (p *program) start() {
	p.t.Helper()
	p.process = exec.Command(buildBinary(p.t), append([]string{"--db", p.database, "--log-format", "json", "--log-level", "debug"}, p.flags...)...)
	p.process.Dir = filepath.Dir(p.database)
	reader, writer := io.Pipe()
	p.process.Stdout, p.process.Stderr = writer, writer
	if err := p.process.Start(); err != nil {
		p.t.Fatal(err)
	}
	read, exited := make(chan struct{}), make(chan struct{})
	go func() { p.log.read(reader); close(read) }()
	go func(process *exec.Cmd) { process.Wait(); writer.Close(); <-read; close(exited) }(p.process)
	p.exited = exited

	for _, url := range []string{p.idp, p.api, p.spa} {
		p.waitHealthy(url + "/healthz")
	}
}

func (p *program) waitHealthy(url string) {
	p.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last string
	for {
		if response, err := anyCertificate.Get(url); err != nil {
			last = err.Error()
		} else {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
			last = response.Status
		}
		select {
		case <-p.exited:
			p.t.Fatalf("the program ended before %s answered:\n%s", url, p.log.tail(30))
		case <-deadline:
			p.t.Fatalf("%s: %s after %s; log:\n%s", url, last, patience, p.log.tail(30))
		case <-tick.C:
		}
	}
}

// stop asks the program to end, as Ctrl-C does, and returns its exit code.
func (p *program) stop() int {
	p.t.Helper()
	if runtime.GOOS == "windows" {
		p.t.Skip("Windows cannot send an interrupt to another process")
	}
	if err := p.process.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatalf("the program did not end within %s; log:\n%s", patience, p.log.tail(30))
	}
	return p.process.ProcessState.ExitCode()
}

// kill ends the program at once, as a power cut does.
func (p *program) kill() {
	if p.process == nil || p.process.Process == nil {
		return
	}
	p.process.Process.Kill()
	<-p.exited
}

// restart kills the program and starts it again on the same ports and the same database.
func (p *program) restart() {
	p.t.Helper()
	p.kill()
	p.start()
}

// line is one line of the program's log: an event, or something else the program said.
type line struct {
	Time    time.Time
	Message string            // the kind of the event
	Fields  map[string]string // its attributes and its parameters
	raw     string
}

// get returns a field by its wire name, "" when the line has none.
func (l line) get(name string) string { return l.Fields[name] }

func (l line) String() string { return l.raw }

// eventLog holds what the program logged so far and wakes whoever waits for more.
type eventLog struct {
	mu    sync.Mutex
	lines []line
	other []string // lines that are no JSON: the banner, a panic
	more  chan struct{}
}

func newEventLog() *eventLog { return &eventLog{more: make(chan struct{})} }

func (l *eventLog) read(r io.Reader) {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		l.add(scanner.Text())
	}
}

func (l *eventLog) add(text string) {
	var fields map[string]any
	entry := line{Fields: map[string]string{}, raw: text}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		l.other = append(l.other, text)
		return
	}
	parameters, _ := fields["parameters"].(map[string]any)
	delete(fields, "parameters")
	for _, values := range []map[string]any{parameters, fields} { // our own words last: no request may overwrite them
		for name, value := range values {
			entry.Fields[name] = fmt.Sprint(value)
		}
	}
	entry.Message = entry.Fields["msg"]
	entry.Time, _ = time.Parse(time.RFC3339Nano, entry.Fields["time"])
	l.lines = append(l.lines, entry)
	close(l.more)
	l.more = make(chan struct{})
}

// mark returns a place in the log: what was logged before it lies behind.
func (l *eventLog) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// since returns the lines after a mark that match, and a channel that closes when there are more lines to look at.
func (l *eventLog) since(mark int, match func(line) bool) ([]line, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []line
	for _, entry := range l.lines[min(mark, len(l.lines)):] {
		if match(entry) {
			found = append(found, entry)
		}
	}
	return found, l.more
}

// tail returns the last n lines, the banner first.
func (l *eventLog) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	out = append(out, l.other[max(0, len(l.other)-n):]...)
	for _, entry := range l.lines[max(0, len(l.lines)-n):] {
		out = append(out, entry.raw)
	}
	return strings.Join(out, "\n")
}

// is matches events of these kinds.
func is(kinds ...string) func(line) bool {
	return func(l line) bool { return slices.Contains(kinds, l.Message) }
}

// with narrows a match to events whose field has this value.
func with(match func(line) bool, field, value string) func(line) bool {
	return func(l line) bool { return match(l) && l.get(field) == value }
}

// events returns the events after a mark that match.
func (p *program) events(mark int, match func(line) bool) []line {
	found, _ := p.log.since(mark, match)
	return found
}

// waitEvents waits until n events after a mark match, and returns them.
func (p *program) waitEvents(mark, n int, within time.Duration, match func(line) bool) []line {
	p.t.Helper()
	deadline := time.After(within)
	for {
		found, more := p.log.since(mark, match)
		if len(found) >= n {
			return found
		}
		select {
		case <-more:
		case <-deadline:
			p.t.Fatalf("%d events of %d within %s:\n%v", len(found), n, within, found)
		}
	}
}

// waitEvent waits for the first event after a mark that matches.
func (p *program) waitEvent(mark int, within time.Duration, match func(line) bool) line {
	p.t.Helper()
	return p.waitEvents(mark, 1, within, match)[0]
}

// never asserts that no event after a mark matches while the time passes.
func (p *program) never(mark int, during time.Duration, match func(line) bool) {
	p.t.Helper()
	deadline := time.After(during)
	for {
		found, more := p.log.since(mark, match)
		if len(found) > 0 {
			p.t.Fatalf("must not happen: %v", found)
		}
		select {
		case <-more:
		case <-deadline:
			return
		}
	}
}
