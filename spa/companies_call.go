package spa

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
)

// Reasons for which the API gave no answer.
var (
	errUnreachable = errors.New("the API does not answer")
	errSlow        = fmt.Errorf("%w in time", errUnreachable)
)

// apiError is a refusal by the API: its status and what its problem document says (RFC 9457 §3.1).
type apiError struct {
	status     int
	detail     string
	code       string // one word to branch on, when the API says one
	field      string // what is to blame, when the API says so
	retryAfter int    // seconds, 0 when the API does not say
}

func (e *apiError) Error() string { return fmt.Sprintf("API %d: %s", e.status, e.detail) }

// request is one request to the API.
type request struct {
	method, path string            // the path with its query, below the API's root
	body         any               // sent as JSON; nil for none
	headers      map[string]string // those that are empty are not sent
}

// maxAnswer bounds what we read of an answer, in bytes.
const maxAnswer = 1 << 20

// call sends one request, reads the answer into out and returns its entity tag. When the API does not take the token, and there is a way
// to another, it asks once more: what was answered with 401 was not done.
func (a *companiesClient) call(ctx context.Context, who caller, r request, out any) (tag string, err error) {
	tag, err = a.send(ctx, who, r, out)
	if refused, ok := errors.AsType[*apiError](err); !ok || refused.status != http.StatusUnauthorized || who.renew == nil {
		return tag, err
	}
	if who.token, err = who.renew(ctx); err != nil {
		return "", err
	}
	return a.send(ctx, who, r, out)
}

// send sends one request. The correlation id goes with it, so that the API's event joins the story.
func (a *companiesClient) send(ctx context.Context, who caller, r request, out any) (tag string, err error) {
	sent, err := a.prepare(ctx, who, r)
	if err != nil {
		return "", err
	}
	response, err := a.http.Do(sent)
	if err != nil {
		return "", noAnswer(ctx, err)
	}
	defer response.Body.Close()
	who.relay(response)
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", noAnswer(ctx, err)
	}
	switch {
	case response.StatusCode >= 300:
		return "", refusalOf(response, text)
	case response.StatusCode == http.StatusNoContent:
		return "", nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return "", fmt.Errorf("read %s %s: %w", r.method, r.path, err)
	}
	return response.Header.Get("ETag"), nil
}

func (a *companiesClient) prepare(ctx context.Context, who caller, r request) (*http.Request, error) {
	var payload io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("encode %s %s: %w", r.method, r.path, err)
		}
		payload = bytes.NewReader(text)
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, a.root+r.path, payload)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", r.method, err)
	}
	sent.Header.Set("Accept", "application/json")
	if r.body != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.headers {
		if value != "" {
			sent.Header.Set(name, value)
		}
	}
	return sent, who.authorize(sent)
}

// noAnswer tells apart a page that went away, an API that is slow and one that is not there.
func noAnswer(ctx context.Context, err error) error {
	var timed interface{ Timeout() bool }
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &timed) && timed.Timeout():
		return fmt.Errorf("%w: %w", errSlow, err)
	}
	return fmt.Errorf("%w: %w", errUnreachable, err)
}

// refusalOf reads a problem document, or makes do with the status.
func refusalOf(response *http.Response, text []byte) *apiError {
	refused := &apiError{status: response.StatusCode, detail: http.StatusText(response.StatusCode)}
	refused.retryAfter, _ = strconv.Atoi(response.Header.Get("Retry-After"))
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "application/problem+json" && kind != "application/json" {
		return refused
	}
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Code   string `json:"error"`
		Field  string `json:"field"`
	}
	if json.Unmarshal(text, &problem) != nil {
		return refused
	}
	switch {
	case problem.Detail != "":
		refused.detail = problem.Detail
	case problem.Title != "":
		refused.detail = problem.Title
	}
	refused.code, refused.field = problem.Code, problem.Field
	return refused
}
