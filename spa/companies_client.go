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
	"net/url"
	"regexp"
	"strconv"
)

// companiesClient calls the companies API on behalf of a user, with the token the user's page sent.
type companiesClient struct {
	root string
	http *http.Client
}

func newCompaniesClient(root string, client *http.Client) *companiesClient {
	// The token is for the API alone: a redirect to anywhere else is not followed.
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &companiesClient{root: root, http: &own}
}

// errUnreachable means that the API gave no answer at all.
var errUnreachable = errors.New("the API does not answer")

// apiError is a refusal by the API: its status and what its problem document says (RFC 9457 §3.1).
type apiError struct {
	status int
	detail string
	fields map[string]string // what is wrong with which field, when the API says so
}

func (e *apiError) Error() string { return fmt.Sprintf("API %d: %s", e.status, e.detail) }

// company is a company as the API describes it.
type company struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	FullAddress string `json:"fullAddress"`
	Address     string `json:"address"`
	Country     string `json:"country"`
}

// companyPage is some companies and the cursor to the next ones, empty at the end.
type companyPage struct {
	Companies []company `json:"companies"`
	Next      string    `json:"next"`
}

// claim is one claim of the access token as the API saw it.
type claim struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// companies asks for at most limit companies; 0 leaves it to the API.
func (a *companiesClient) companies(ctx context.Context, who caller, search, after string, limit int) (companyPage, error) {
	query := url.Values{}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	if search != "" {
		query.Set("search", search)
	}
	if after != "" {
		query.Set("after", after)
	}
	var found companyPage
	return found, a.call(ctx, who, http.MethodGet, "/api/companies?"+query.Encode(), nil, &found)
}

// companyID is what the API's ids look like (RFC 9562 §4). Anything else, such as "..", stays out of the API's paths.
var companyID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (a *companiesClient) company(ctx context.Context, who caller, id string) (company, error) {
	var found company
	if !companyID.MatchString(id) {
		return found, &apiError{status: http.StatusNotFound, detail: "there is no such company"}
	}
	return found, a.call(ctx, who, http.MethodGet, "/api/companies/"+url.PathEscape(id), nil, &found)
}

func (a *companiesClient) create(ctx context.Context, who caller, wanted company) (company, error) {
	var created company
	body := map[string]string{"name": wanted.Name, "address": wanted.Address, "country": wanted.Country}
	return created, a.call(ctx, who, http.MethodPost, "/api/companies", body, &created)
}

func (a *companiesClient) privacy(ctx context.Context, who caller) ([]claim, error) {
	var claims []claim
	return claims, a.call(ctx, who, http.MethodGet, "/api/companies/privacy", nil, &claims)
}

// maxAnswer bounds what we read of an answer, in bytes.
const maxAnswer = 1 << 20

// call sends one request and reads the answer into out. When the API does not take the token, and there is a way to another, it asks
// once more: what was answered with 401 was not done.
func (a *companiesClient) call(ctx context.Context, who caller, method, path string, body, out any) error {
	err := a.send(ctx, who, method, path, body, out)
	if refused, ok := errors.AsType[*apiError](err); !ok || refused.status != http.StatusUnauthorized || who.renew == nil {
		return err
	}
	if who.token, err = who.renew(ctx); err != nil {
		return err
	}
	return a.send(ctx, who, method, path, body, out)
}

// send sends one request. The correlation id goes with it, so that the API's event joins the story.
func (a *companiesClient) send(ctx context.Context, who caller, method, path string, body, out any) error {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode %s %s: %w", method, path, err)
		}
		payload = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.root+path, payload)
	if err != nil {
		return fmt.Errorf("prepare %s: %w", method, err)
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if err := who.authorize(request); err != nil {
		return err
	}
	response, err := a.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	defer response.Body.Close()
	who.relay(response)
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%w: read the answer: %w", errUnreachable, err)
	}
	if response.StatusCode >= 300 {
		return refusalOf(response, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("read %s %s: %w", method, path, err)
	}
	return nil
}

// refusalOf reads a problem document, or makes do with the status.
func refusalOf(response *http.Response, text []byte) *apiError {
	refused := &apiError{status: response.StatusCode, detail: http.StatusText(response.StatusCode)}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "application/problem+json" && kind != "application/json" {
		return refused
	}
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
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
	if problem.Field != "" {
		refused.fields = map[string]string{problem.Field: refused.detail}
	}
	return refused
}
