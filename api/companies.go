package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/country"
)

// company is a company on the wire.
type company struct {
	ID          string `json:"id" required:"true" description:"never changes; usually a UUID"`
	Name        string `json:"name" required:"true"`
	FullAddress string `json:"fullAddress" required:"true" description:"the address, a space and the country"`
	Address     string `json:"address" required:"true"`
	Country     string `json:"country" required:"true" description:"English name; Unknown where the listing does not say"`
	CountryCode string `json:"countryCode" required:"true" pattern:"^([A-Z]{2})?$" description:"ISO 3166-1, empty when it is not known"`
	Blocks      int    `json:"blocks" required:"true" minimum:"0" description:"address blocks (MA-L) that the IEEE assigned to the company"`
	Updated     string `json:"updated" required:"true" format:"date-time" description:"when anything of it changed last, RFC 3339 in UTC"`
}

func toWire(c db.Company) company {
	return company{
		ID: c.ID, Name: c.Name, FullAddress: c.FullAddress(), Address: c.Address, Country: c.Country, CountryCode: c.CountryCode, Blocks: c.Blocks,
		Updated: c.Updated.Format(time.RFC3339Nano),
	}
}

// companyPage is one page of companies. Its cursors go into the parameter cursor; one that is missing leads nowhere.
type companyPage struct {
	Companies []company `json:"companies" required:"true" nullable:"false"`
	Next      string    `json:"next,omitempty" description:"cursor of the next page; missing at the end"`
	Previous  string    `json:"prev,omitempty" description:"cursor of the previous page; missing at the beginning"`
}

// Limits of a list.
const (
	standardLimit = 50
	maxLimit      = 200
	maxSearch     = 200 // characters
)

// listRequest describes the parameters that companyQuery reads.
type listRequest struct {
	Search      string      `query:"search" maxLength:"200" description:"words that each begin a word of name, address or country; case and accents do not matter"`
	Country     countryCode `query:"country" description:"ISO 3166-1 code: companies of this country only"`
	Sort        string      `query:"sort" enum:"name,-name,country,-country,blocks,-blocks" default:"name" description:"a minus turns the order round; with name the tutorial's two companies come first"`
	Limit       int         `query:"limit" minimum:"1" maximum:"200" default:"50" description:"companies per page"`
	Cursor      string      `query:"cursor" description:"next or prev of another page of the same search, country and sort"`
	After       string      `query:"after" deprecated:"true" description:"the older name of cursor"`
	IfNoneMatch string      `header:"If-None-Match" pattern:"^(\\*|(W/)?\"[!#-~]*\"( *, *(W/)?\"[!#-~]*\")*)?$" description:"an ETag you have: 304 when the page is still the same"`
}

// countryCode is the code of a country, empty for all countries.
type countryCode string

// Enum lists the codes of ISO 3166-1.
func (countryCode) Enum() []any {
	all := []any{""}
	for _, c := range country.All() {
		all = append(all, c.Code)
	}
	return all
}

// listCompanies serves GET /api/companies. Links lead to the neighbouring pages (RFC 8288 §3).
func (a *API) listCompanies(c *gin.Context, _ *accessToken) error {
	values, err := parametersOf(c.Request.URL)
	if err != nil {
		return err
	}
	query, err := companyQuery(values)
	if err != nil {
		return err
	}
	found, err := a.db.Companies(c.Request.Context(), query)
	if invalid, ok := errors.AsType[*db.ValidationError](err); ok && invalid.Field == "cursor" && c.Query("cursor") == "" {
		invalid.Field = "after" // as the client calls it
	}
	if err != nil {
		return explainDB(err)
	}
	page := companyPage{Companies: make([]company, 0, len(found.Companies)), Next: found.Next, Previous: found.Previous}
	for _, one := range found.Companies {
		page.Companies = append(page.Companies, toWire(one))
	}
	c.Header("Link", pageLinks(c.Request.URL, found))
	return writeTagged(c, http.StatusOK, page)
}

// pageLinks returns the value of Link.
func pageLinks(here *url.URL, page db.CompanyPage) string {
	query := here.Query()
	query.Del("after")
	link := func(rel, cursor string) string {
		query.Set("cursor", cursor)
		if cursor == "" {
			query.Del("cursor")
		}
		return "<" + (&url.URL{Path: here.Path, RawQuery: query.Encode()}).String() + `>; rel="` + rel + `"`
	}
	links := link("first", "")
	if page.Previous != "" {
		links += ", " + link("prev", page.Previous)
	}
	if page.Next != "" {
		links += ", " + link("next", page.Next)
	}
	return links
}

// parametersOf reads the query of an address. What cannot be decoded is refused: left out, it would be another question.
func parametersOf(address *url.URL) (url.Values, error) {
	values, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		return nil, &Error{
			Status: http.StatusBadRequest, Code: InvalidRequest, Detail: "the query cannot be read: two hexadecimal digits follow a percent sign, and & stands between parameters", cause: err,
		}
	}
	return values, nil
}

func companyQuery(values url.Values) (db.CompanyQuery, error) {
	for _, name := range []string{"search", "country", "sort", "limit", "cursor", "after"} {
		if len(values[name]) > 1 {
			return db.CompanyQuery{}, refuseField(name, "%s was sent more than once", name)
		}
	}
	search, err := searchOf(values)
	if err != nil {
		return db.CompanyQuery{}, err
	}
	query := db.CompanyQuery{
		Search: search, Country: values.Get("country"), Sort: values.Get("sort"), Cursor: values.Get("cursor"), Limit: standardLimit,
	}
	if query.Cursor == "" {
		query.Cursor = values.Get("after")
	}
	if _, known := country.Name(query.Country); !known && query.Country != "" {
		return query, refuseField("country", "country must be a code of ISO 3166-1, two capital letters")
	}
	if values.Has("sort") && !slices.Contains(db.CompanySorts, query.Sort) {
		return query, refuseField("sort", "sort must be one of %v", db.CompanySorts)
	}
	if values.Has("limit") {
		limit, err := strconv.Atoi(values.Get("limit"))
		if err != nil || limit < 1 || limit > maxLimit {
			return query, refuseField("limit", "limit must be a number from 1 to %d", maxLimit)
		}
		query.Limit = limit
	}
	return query, nil
}

func searchOf(values url.Values) (string, error) {
	search := values.Get("search")
	if utf8.RuneCountInString(search) > maxSearch {
		return "", refuseField("search", "search must not be longer than %d characters", maxSearch)
	}
	return search, nil
}

// getRequest describes a request for one company.
type getRequest struct {
	ID          string `path:"id" description:"id of the company"`
	IfNoneMatch string `header:"If-None-Match" pattern:"^(\\*|(W/)?\"[!#-~]*\"( *, *(W/)?\"[!#-~]*\")*)?$" description:"an ETag you have: 304 when the company is still the same"`
}

// oneCompany serves GET /api/companies/{id}.
func (a *API) oneCompany(c *gin.Context, _ *accessToken) error {
	found, err := a.db.Company(c.Request.Context(), c.Param("id"))
	if err != nil {
		return explainDB(err)
	}
	return writeTagged(c, http.StatusOK, toWire(found))
}

// explainDB translates what the database says about a request.
func explainDB(err error) error {
	if invalid, ok := errors.AsType[*db.ValidationError](err); ok {
		return refuseField(invalid.Field, "%s", invalid.Error())
	}
	switch {
	case errors.Is(err, db.ErrNotFound):
		return &Error{Status: http.StatusNotFound, Code: NotFound, Detail: "there is no such company"}
	case errors.Is(err, db.ErrKeyReused):
		return &Error{
			Status: http.StatusUnprocessableEntity, Code: KeyReused, Field: idempotencyKeyHeader,
			Detail: "this Idempotency-Key came with another body before: take a new key for a new company",
		}
	}
	return err
}
