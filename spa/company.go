package spa

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// company serves GET /companies/{id}.
func (s *Server) company(c *gin.Context, who caller) (page, error) {
	return s.showCompany(c, who, views.CompanyPage{})
}

// showCompany fetches the company and how its country stands among the others; what the page has to say besides is in the
// model. Without the countries the page is still worth showing.
func (s *Server) showCompany(c *gin.Context, who caller, model views.CompanyPage) (page, error) {
	found, err := s.api.company(c.Request.Context(), who, c.Param("id"))
	if err != nil {
		return page{}, err
	}
	model.Company = viewOf(found)
	if counted, err := s.api.countries(c.Request.Context(), who, ""); err == nil {
		model.Standing = standingOf(counted, found.CountryCode)
	}
	return page{name: "company", title: found.Name, content: views.Company(model)}, nil
}

// standingOf sorts the countries by their companies, the most first, and finds the rank of one.
func standingOf(counted countryList, code string) *views.CountryStanding {
	known := slices.DeleteFunc(slices.Clone(counted.Countries), func(one countryCount) bool { return one.Code == "" })
	slices.SortStableFunc(known, func(a, b countryCount) int { return cmp.Compare(b.Companies, a.Companies) })
	at := slices.IndexFunc(known, func(one countryCount) bool { return one.Code == code })
	if code == "" || at < 0 {
		return nil
	}
	standing := &views.CountryStanding{Country: views.CountryRow(known[at]), Rank: at + 1, Total: counted.Companies}
	for _, one := range known {
		standing.Counts = append(standing.Counts, one.Companies)
	}
	return standing
}

// deleteCompany serves POST /companies/{id}/delete: the version that the user saw, and no other. The page then goes back
// to the list and offers the undo.
func (s *Server) deleteCompany(c *gin.Context, who caller) (page, error) {
	if err := readForm(c); err != nil {
		return page{}, err
	}
	err := s.api.remove(c.Request.Context(), who, c.Param("id"), headerValue(c.PostForm("tag")))
	if refused, ok := errors.AsType[*apiError](err); ok && (refused.status == http.StatusPreconditionFailed || refused.status == http.StatusPreconditionRequired) {
		answer, err := s.showCompany(c, who, views.CompanyPage{Notice: views.ChangedMeanwhile})
		answer.status = refused.status
		return answer, err
	}
	if err != nil {
		return page{}, err
	}
	return page{status: http.StatusNoContent, headers: map[string]string{"HX-Trigger": "company-deleted"}}, nil
}

// restoreCompany serves POST /companies/{id}/restore: the undo of a deletion.
func (s *Server) restoreCompany(c *gin.Context, who caller) (page, error) {
	if _, err := s.api.restore(c.Request.Context(), who, c.Param("id")); err != nil {
		return page{}, err
	}
	answer, err := s.showCompany(c, who, views.CompanyPage{Notice: views.Restored})
	answer.headers = map[string]string{"HX-Push-Url": "/companies/" + c.Param("id"), "HX-Trigger": "company-restored"}
	return answer, err
}
