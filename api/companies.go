package api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// company is a company on the wire.
type company struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	FullAddress string `json:"fullAddress"`
	Address     string `json:"address"`
	Country     string `json:"country"`
}

func toWire(c db.Company) company {
	return company{ID: c.ID, Name: c.Name, FullAddress: c.FullAddress(), Address: c.Address, Country: c.Country}
}

// companyPage is one page of companies; next goes into the parameter after for the following one and is missing at the end.
type companyPage struct {
	Companies []company `json:"companies"`
	Next      string    `json:"next,omitempty"`
}

// Limits of a list.
const (
	standardLimit = 50
	maxLimit      = 200
	maxSearch     = 200 // bytes
)

// listCompanies serves GET /api/companies?search=&limit=&after=.
func (a *API) listCompanies(c *gin.Context, _ *accessToken) error {
	query, err := companyQuery(c.Request.URL.Query())
	if err != nil {
		return err
	}
	found, err := a.db.Companies(c.Request.Context(), query)
	if err != nil {
		return explainDB(err)
	}
	page := companyPage{Companies: make([]company, 0, len(found.Companies)), Next: found.Next}
	for _, one := range found.Companies {
		page.Companies = append(page.Companies, toWire(one))
	}
	c.JSON(http.StatusOK, page)
	return nil
}

func companyQuery(values url.Values) (db.CompanyQuery, error) {
	query := db.CompanyQuery{Search: values.Get("search"), Cursor: values.Get("after"), Limit: standardLimit}
	if len(query.Search) > maxSearch {
		return query, refuseField("search", "search must not be longer than %d bytes", maxSearch)
	}
	if text := values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			return query, refuseField("limit", "limit must be a number from 1 to %d", maxLimit)
		}
		query.Limit = limit
	}
	return query, nil
}

// oneCompany serves GET /api/companies/{id}.
func (a *API) oneCompany(c *gin.Context, _ *accessToken) error {
	found, err := a.db.Company(c.Request.Context(), c.Param("id"))
	if err != nil {
		return explainDB(err)
	}
	c.JSON(http.StatusOK, toWire(found))
	return nil
}

// explainDB translates what the database says about a request.
func explainDB(err error) error {
	if invalid, ok := errors.AsType[*db.ValidationError](err); ok {
		return refuseField(invalid.Field, "%s", invalid.Error())
	}
	if errors.Is(err, db.ErrNotFound) {
		return &Error{Status: http.StatusNotFound, Code: NotFound, Detail: "there is no such company"}
	}
	return err
}
