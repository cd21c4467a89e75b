package spa

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// companies serves GET /companies (A13).
func (s *Server) companies(c *gin.Context, who caller) (page, error) {
	search, after := strings.TrimSpace(c.Query("search")), c.Query("after")
	found, err := s.api.companies(c.Request.Context(), who, search, after, 0)
	if err != nil {
		return page{}, err
	}
	model := views.CompaniesPage{Search: search, More: after != ""}
	for _, one := range found.Companies {
		model.Companies = append(model.Companies, rowOf(one))
	}
	if found.Next != "" {
		model.Next = "/companies?" + url.Values{"after": {found.Next}, "search": {search}}.Encode()
	}
	return page{name: "companies", title: "Companies", content: views.Companies(model)}, nil
}

// company serves GET /companies/{id}.
func (s *Server) company(c *gin.Context, who caller) (page, error) {
	found, err := s.api.company(c.Request.Context(), who, c.Param("id"))
	if err != nil {
		return page{}, err
	}
	return page{name: "company", title: found.Name, content: views.Company(rowOf(found), false)}, nil
}

// newCompany serves GET /companies/new: the form whose draft survives (A49). It is shown to anybody with a token that the
// API takes; whether the user may create a company the API says on submit.
func (s *Server) newCompany(c *gin.Context, who caller) (page, error) {
	if _, err := s.api.companies(c.Request.Context(), who, "", "", 1); err != nil {
		return page{}, err
	}
	return companyForm(http.StatusOK, views.CompanyFormPage{}), nil
}

// maxForm bounds the form, in bytes.
const maxForm = 16 << 10

// createCompany serves POST /companies. What was typed comes back with every refusal, so nothing is ever lost.
func (s *Server) createCompany(c *gin.Context, who caller) (page, error) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	if err := c.Request.ParseForm(); err != nil {
		return companyForm(http.StatusBadRequest, views.CompanyFormPage{Problem: "The form could not be read."}), nil
	}
	form := views.CompanyFormPage{
		Name:    strings.TrimSpace(c.PostForm("name")),
		Address: strings.TrimSpace(c.PostForm("address")),
		Country: strings.TrimSpace(c.PostForm("country")),
	}
	created, err := s.api.create(c.Request.Context(), who, company{Name: form.Name, Address: form.Address, Country: form.Country})
	var refused *apiError
	switch {
	case err == nil:
		return page{
			status: http.StatusCreated, name: "company", title: created.Name, content: views.Company(rowOf(created), true),
			headers: map[string]string{"HX-Push-Url": "/companies/" + url.PathEscape(created.ID), "HX-Trigger": "company-created"},
		}, nil
	case !errors.As(err, &refused):
		if errors.Is(err, errUnreachable) {
			form.Problem = "The API at " + s.cfg.APIURL + " does not answer. Your draft is kept; try again."
			return companyForm(http.StatusServiceUnavailable, form), nil
		}
		return page{}, err
	case signedOut(refused):
		form.LoginFirst = true
	case refused.status == http.StatusForbidden:
		form.Problem = "Only an Admin may create companies. Your draft is kept: log out and log in with a different user."
	default:
		form.Problem, form.Fields = refused.detail, refused.fields
	}
	return companyForm(refused.status, form), nil
}

// companyForm is the form, with what was typed and what is wrong with it.
func companyForm(status int, form views.CompanyFormPage) page {
	return page{status: status, name: "company-form", title: "New company", content: views.CompanyForm(form), returnAfter: "/companies/new"}
}

func rowOf(c company) views.CompanyRow {
	return views.CompanyRow{ID: c.ID, Name: c.Name, FullAddress: c.FullAddress, Address: c.Address, Country: c.Country}
}
