package walk

import (
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// request is one request of the browser and, once it came, the status of its answer.
type request struct {
	Method, URL, Type string
	Authorization     string // what the page asked for; never what only the browser adds
	Status            int
	Location          string // where a redirect led
}

// path returns the URL without its query.
func (r request) path() string { path, _, _ := strings.Cut(r.URL, "?"); return path }

// query returns the parameters of the URL.
func (r request) query() url.Values {
	_, query, _ := strings.Cut(r.URL, "?")
	values, _ := url.ParseQuery(query)
	return values
}

// networkLog remembers what the browser asked the network for, frames included, and what its console complained about.
type networkLog struct {
	mu       sync.Mutex
	requests []*request
	open     map[network.RequestID]*request
	errors   []string
}

func newNetworkLog() *networkLog { return &networkLog{open: map[network.RequestID]*request{}} }

// hear is called by the browser's connection for every event, in order.
func (l *networkLog) hear(event any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if previous := l.open[e.RequestID]; previous != nil && e.RedirectResponse != nil {
			previous.answered(e.RedirectResponse)
		}
		r := &request{Method: e.Request.Method, URL: e.Request.URL, Type: string(e.Type), Authorization: header(e.Request.Headers, "Authorization")}
		l.open[e.RequestID] = r
		l.requests = append(l.requests, r)
	case *network.EventResponseReceived:
		if r := l.open[e.RequestID]; r != nil {
			r.answered(e.Response)
		}
	case *runtime.EventExceptionThrown:
		l.errors = append(l.errors, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			l.errors = append(l.errors, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// complaints returns what the browser's console reported as errors so far, violated content security policies included,
// and forgets it.
func (l *networkLog) complaints() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.errors
	l.errors = nil
	return found
}

func (r *request) answered(response *network.Response) {
	r.Status = int(response.Status)
	r.Location = header(response.Headers, "Location")
}

func header(headers network.Headers, name string) string {
	for key, value := range headers {
		if strings.EqualFold(key, name) {
			return fmt.Sprint(value)
		}
	}
	return ""
}

// to returns the requests so far whose URL starts with prefix.
func (l *networkLog) to(prefix string) []request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []request
	for _, r := range l.requests {
		if strings.HasPrefix(r.URL, prefix) {
			found = append(found, *r)
		}
	}
	return found
}

// String lists every request, one a line, without what the query carries.
func (l *networkLog) String() string {
	var out strings.Builder
	for _, r := range l.to("") {
		fmt.Fprintf(&out, "%d %s %s %s\n", r.Status, r.Method, r.Type, r.URL)
	}
	return out.String()
}
