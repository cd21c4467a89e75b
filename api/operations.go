package api

import (
	"net/http"
	"strings"
)

// operation is one row of the API: what the router serves and what the OpenAPI document says about it.
type operation struct {
	method, path string // with {id}
	id           string
	summary      string
	text         string
	status       int
	request      any // the parameters it reads, described by the tags of a struct
	contentType  string
	body         any // what it reads of that type
	answer       any // nil: no content
	headers      []string
	refusals     []int // beside those that every operation knows
	handler      protectedHandler
}

// operations is the table that the router and the document are made of.
func (a *API) operations() []operation {
	return []operation{
		{
			http.MethodGet, "/api/companies", "listCompanies", "List and search companies",
			"Pages are linked (RFC 8288): follow rel=\"next\" and rel=\"prev\", or send their cursor. The cost of a page does not grow with its position.",
			http.StatusOK, new(listRequest), "", nil, new(companyPage), []string{"ETag", "Link"}, []int{304, 400}, a.listCompanies,
		}, {
			http.MethodPost, "/api/companies", "createCompany", "Create a company",
			"For administrators. Send an Idempotency-Key, and it is safe to send the request again when no answer came.",
			http.StatusCreated, new(createRequest), jsonType, new(draftRequest), new(company), []string{"ETag", "Location"}, []int{400, 413, 415, 422}, a.administrators(a.createCompany),
		}, {
			http.MethodGet, "/api/companies/{id}", "getCompany", "Read a company", "",
			http.StatusOK, new(getRequest), "", nil, new(company), []string{"ETag"}, []int{304, 400, 404}, a.oneCompany,
		}, {
			http.MethodPut, "/api/companies/{id}", "replaceCompany", "Replace a company",
			"For administrators. If-Match keeps two editors from overwriting one another: 428 without it, 412 when the company has changed.",
			http.StatusOK, new(changeRequest), jsonType, new(draftRequest), new(company), []string{"ETag"}, []int{400, 404, 412, 413, 415, 428}, a.administrators(a.replaceCompany),
		}, {
			http.MethodPatch, "/api/companies/{id}", "patchCompany", "Change some of a company",
			"For administrators. A JSON Merge Patch (RFC 7396): what it does not name stays as it is.",
			http.StatusOK, new(changeRequest), mergePatchType, new(patchRequest), new(company), []string{"ETag"}, []int{400, 404, 412, 413, 415, 428}, a.administrators(a.patchCompany),
		}, {
			http.MethodDelete, "/api/companies/{id}", "deleteCompany", "Delete a company",
			"For administrators. It can be restored under the same id.",
			http.StatusNoContent, new(changeRequest), "", nil, nil, nil, []int{400, 404, 412, 428}, a.administrators(a.deleteCompany),
		}, {
			http.MethodPost, "/api/companies/{id}/restore", "restoreCompany", "Restore a deleted company",
			"For administrators: the undo of a deletion. Safe to send again: a company that is there is answered as it is.",
			http.StatusOK, new(restoreRequest), "", nil, new(company), []string{"ETag"}, []int{404}, a.administrators(a.restoreCompany),
		}, {
			http.MethodGet, "/api/companies/privacy", "listClaims", "List the claims of the access token",
			"For administrators: what the API saw in the token of this very request.",
			http.StatusOK, nil, "", nil, new([]claim), nil, nil, a.administrators(a.privacy),
		}, {
			http.MethodGet, "/api/countries", "listCountries", "Count companies by country", "",
			http.StatusOK, new(countriesRequest), "", nil, new(countryList), []string{"ETag"}, []int{304, 400}, a.countries,
		},
	}
}

// always are the refusals that every operation knows: the token, the role or scope, the rate, and our own failures.
var always = []int{401, 403, 429, 500, 503}

// route returns the path as gin writes it.
func (o operation) route() string {
	return strings.NewReplacer("{", ":", "}", "").Replace(o.path)
}
