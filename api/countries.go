package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/internal/country"
)

// countryCount is a country with companies in it.
type countryCount struct {
	Code      string `json:"code" required:"true" pattern:"^([A-Z]{2})?$" description:"ISO 3166-1; empty for companies whose country is not known"`
	Name      string `json:"name" required:"true"`
	Companies int    `json:"companies" required:"true" minimum:"1"`
}

// countryList has every country with companies in it, by name.
type countryList struct {
	Countries []countryCount `json:"countries" required:"true" nullable:"false"`
	Companies int            `json:"companies" required:"true" minimum:"0" description:"of all countries together"`
}

// countriesRequest describes the parameters of countries.
type countriesRequest struct {
	Search      string `query:"search" maxLength:"200" description:"count only the companies that this search finds"`
	IfNoneMatch string `header:"If-None-Match" pattern:"^(\\*|(W/)?\"[!#-~]*\"( *, *(W/)?\"[!#-~]*\")*)?$" description:"an ETag you have: 304 when the counts are still the same"`
}

// countries serves GET /api/countries: what a filter by country can offer.
func (a *API) countries(c *gin.Context, _ *accessToken) error {
	values, err := parametersOf(c.Request.URL)
	if err != nil {
		return err
	}
	if len(values["search"]) > 1 {
		return refuseField("search", "search was sent more than once")
	}
	search, err := searchOf(values)
	if err != nil {
		return err
	}
	counts, err := a.db.CompanyCountries(c.Request.Context(), search)
	if err != nil {
		return err
	}
	list := countryList{Countries: make([]countryCount, 0, len(counts))}
	for _, one := range counts {
		name, known := country.Name(one.Code)
		if !known {
			name = "Unknown"
		}
		list.Countries = append(list.Countries, countryCount{one.Code, name, one.Companies})
		list.Companies += one.Companies
	}
	slices.SortFunc(list.Countries, func(a, b countryCount) int { return strings.Compare(a.Name, b.Name) })
	return writeTagged(c, http.StatusOK, list)
}
