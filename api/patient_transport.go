package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// How long the provider is left alone after an answer, and after none. A token that names an unknown key makes us look
// for new keys; without a pause, whoever sends garbage could make us hammer the provider. The pause is also the longest a
// new key can take to be accepted when it signs before it was published in time.
const (
	pauseAfterAnswer  = 10 * time.Second
	pauseAfterFailure = 2 * time.Second
)

// maxDocument bounds what we read of a discovery document or key set, in bytes.
const maxDocument = 1 << 20

// unreachableError says that the provider gave no usable answer.
type unreachableError struct{ cause error }

func (e *unreachableError) Error() string { return e.cause.Error() }

func (e *unreachableError) Unwrap() error { return e.cause }

// asUnreachable marks an error as one of the provider's absence.
func asUnreachable(err error) error {
	if marked, ok := errors.AsType[*unreachableError](err); ok {
		return marked
	}
	if err == nil {
		err = errors.New("no answer in time")
	}
	return &unreachableError{err}
}

// patientTransport asks for a document at most once per pause and gives the same answer again in between. It is for
// the discovery document and the key set, whose callers already share requests under way.
type patientTransport struct {
	next http.RoundTripper

	mu      sync.Mutex
	answers map[string]answer // by URL, of which there are two
}

type answer struct {
	until  time.Time
	header http.Header
	body   []byte
	err    error
}

func newPatientTransport(next http.RoundTripper) *patientTransport {
	if next == nil {
		next = http.DefaultTransport
	}
	return &patientTransport{next: next, answers: make(map[string]answer)}
}

// RoundTrip implements [http.RoundTripper]. Any status but 200 is an error, as is a document that is too long.
func (t *patientTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := req.URL.String()
	known, ok := t.answers[key]
	if !ok || !time.Now().Before(known.until) {
		known = t.ask(req)
		t.answers[key] = known
	}
	if known.err != nil {
		return nil, &unreachableError{known.err}
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: known.header.Clone(), Body: io.NopCloser(bytes.NewReader(known.body)), ContentLength: int64(len(known.body)), Request: req,
	}, nil
}

func (t *patientTransport) ask(req *http.Request) answer {
	header, body, err := t.fetch(req)
	pause := pauseAfterAnswer
	if err != nil {
		pause = pauseAfterFailure
	}
	return answer{until: time.Now().Add(pause), header: header, body: body, err: err}
}

func (t *patientTransport) fetch(req *http.Request) (http.Header, []byte, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s answers %s", req.URL, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err == nil && len(body) > maxDocument {
		err = fmt.Errorf("%s is longer than %d bytes", req.URL, maxDocument)
	}
	return resp.Header, body, err
}
