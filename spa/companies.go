package spa

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// companies serves GET /companies (A13): one page of the list, with how many companies each country has of those that
// the search finds. The query of the address is the state of the page, all of it, so an address can be handed on and Back
// leads where one was.
func (s *Server) companies(c *gin.Context, who caller) (page, error) {
	query := companyQuery{
		search: strings.TrimSpace(c.Query("search")), country: c.Query("country"), sort: c.Query("sort"), cursor: c.Query("cursor"),
	}
	found, err := s.api.companies(c.Request.Context(), who, query)
	counted := countryList{}
	if err == nil { // an API that refuses is asked once
		counted, err = s.api.countries(c.Request.Context(), who, query.search)
	}
	if err != nil {
		return page{}, inPlace{err, "companies", "Companies", func(trouble views.TroublePage) templ.Component {
			return views.Companies(views.CompaniesPage{Query: query.view(), Trouble: &trouble})
		}}
	}
	model := views.CompaniesPage{Query: query.view(), Total: counted.Companies}
	for _, one := range found.Companies {
		model.Companies = append(model.Companies, viewOf(one))
	}
	for _, one := range counted.Countries {
		model.Countries = append(model.Countries, views.CountryRow(one))
	}
	if found.Next != "" {
		model.Next = query.at(found.Next)
	}
	if found.Previous != "" {
		model.Previous = query.at(found.Previous)
	}
	return page{name: "companies", title: "Companies", content: views.Companies(model)}, nil
}

// at is the address of the page of the same list at a cursor.
func (q companyQuery) at(cursor string) string {
	q.cursor = cursor
	return "/companies?" + q.values().Encode()
}

func (q companyQuery) view() views.CompanyQuery {
	return views.CompanyQuery{Search: q.search, Country: q.country, Sort: q.sort}
}

func viewOf(c company) views.CompanyView {
	return views.CompanyView{
		ID: c.ID, Name: c.Name, FullAddress: c.FullAddress, Address: c.Address, Country: c.Country, CountryCode: c.CountryCode,
		Blocks: c.Blocks, Updated: c.Updated, Tag: c.tag,
	}
}
