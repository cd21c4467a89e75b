package spa

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
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

// company is a company as the API describes it.
type company struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	FullAddress string `json:"fullAddress"`
	Address     string `json:"address"`
	Country     string `json:"country"`
	CountryCode string `json:"countryCode"` // empty when it is not known
	Blocks      int    `json:"blocks"`
	Updated     string `json:"updated"` // RFC 3339

	tag string // the entity tag under which the API knows this version (RFC 9110 §8.8.3)
}

// companyPage is some companies and the cursors of the neighbouring pages, empty where there is none.
type companyPage struct {
	Companies []company `json:"companies"`
	Next      string    `json:"next"`
	Previous  string    `json:"prev"`
}

// companyQuery says which companies a page of the list shows, in the API's own words.
type companyQuery struct{ search, country, sort, cursor string }

// values are the parameters of the query, for the API as well as for an address of ours. What is not asked for is not said.
func (q companyQuery) values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"search": q.search, "country": q.country, "sort": q.sort, "cursor": q.cursor} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// countryCount is a country and how many companies it has.
type countryCount struct {
	Code      string `json:"code"` // empty for companies whose country is not known
	Name      string `json:"name"`
	Companies int    `json:"companies"`
}

// countryList has every country with companies in it, by name.
type countryList struct {
	Countries []countryCount `json:"countries"`
	Companies int            `json:"companies"` // of all countries together
}

// claim is one claim of the access token as the API saw it.
type claim struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func (a *companiesClient) companies(ctx context.Context, who caller, query companyQuery) (found companyPage, err error) {
	_, err = a.call(ctx, who, request{method: http.MethodGet, path: "/api/companies?" + query.values().Encode()}, &found)
	return found, err
}

// countries counts the companies that a search finds, by country; an empty search finds all.
func (a *companiesClient) countries(ctx context.Context, who caller, search string) (found countryList, err error) {
	_, err = a.call(ctx, who, request{method: http.MethodGet, path: "/api/countries?" + companyQuery{search: search}.values().Encode()}, &found)
	return found, err
}

// companyID is what the API's ids look like (RFC 9562 §4). Anything else, such as "..", stays out of the API's paths.
var companyID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (a *companiesClient) company(ctx context.Context, who caller, id string) (company, error) {
	return a.one(ctx, who, id, request{method: http.MethodGet})
}

// create sends the idempotency key of the form along, so that a form that is sent twice creates one company.
func (a *companiesClient) create(ctx context.Context, who caller, wanted company, key string) (created company, err error) {
	r := request{method: http.MethodPost, path: "/api/companies", body: bodyOf(wanted), headers: map[string]string{"Idempotency-Key": key}}
	created.tag, err = a.call(ctx, who, r, &created)
	return created, err
}

// replace changes the version that has the tag, and no other: 412 when somebody was faster.
func (a *companiesClient) replace(ctx context.Context, who caller, wanted company) (company, error) {
	return a.one(ctx, who, wanted.ID, request{method: http.MethodPut, body: bodyOf(wanted), headers: map[string]string{"If-Match": wanted.tag}})
}

// remove deletes the version that has the tag, and no other.
func (a *companiesClient) remove(ctx context.Context, who caller, id, tag string) error {
	_, err := a.one(ctx, who, id, request{method: http.MethodDelete, headers: map[string]string{"If-Match": tag}})
	return err
}

// restore undoes a deletion.
func (a *companiesClient) restore(ctx context.Context, who caller, id string) (company, error) {
	return a.one(ctx, who, id, request{method: http.MethodPost, path: "/restore"})
}

func (a *companiesClient) privacy(ctx context.Context, who caller) (claims []claim, err error) {
	_, err = a.call(ctx, who, request{method: http.MethodGet, path: "/api/companies/privacy"}, &claims)
	return claims, err
}

// one sends a request about one company; its path goes on behind the id.
func (a *companiesClient) one(ctx context.Context, who caller, id string, r request) (found company, err error) {
	if !companyID.MatchString(id) {
		return found, &apiError{status: http.StatusNotFound, detail: "there is no such company"}
	}
	r.path = "/api/companies/" + id + r.path
	found.tag, err = a.call(ctx, who, r, &found)
	return found, err
}

// bodyOf is what a person may say about a company.
func bodyOf(c company) map[string]string {
	return map[string]string{"name": c.Name, "address": c.Address, "country": c.Country}
}
