package spa

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// newCompany serves GET /companies/new: the form whose draft survives (A49). It is shown to anybody with a token that the
// API takes; whether the user may create a company the API says on submit.
func (s *Server) newCompany(c *gin.Context, who caller) (page, error) {
	counted, err := s.api.countries(c.Request.Context(), who, "")
	if err != nil {
		return page{}, err
	}
	return companyForm(http.StatusOK, views.CompanyFormPage{Countries: names(counted), Lab: s.cfg.Lab}), nil
}

// editCompany serves GET /companies/{id}/edit.
func (s *Server) editCompany(c *gin.Context, who caller) (page, error) {
	found, err := s.api.company(c.Request.Context(), who, c.Param("id"))
	if err != nil {
		return page{}, err
	}
	counted, err := s.api.countries(c.Request.Context(), who, "")
	if err != nil {
		return page{}, err
	}
	saved := viewOf(found)
	return companyForm(http.StatusOK, views.CompanyFormPage{
		ID: found.ID, Saved: saved, Tag: found.tag, Name: found.Name, Address: found.Address, Country: found.Country, Countries: names(counted),
	}), nil
}

// createCompany serves POST /companies. What was typed comes back with every refusal, so nothing is ever lost.
func (s *Server) createCompany(c *gin.Context, who caller) (page, error) {
	form, err := readCompanyForm(c)
	if err != nil {
		return page{}, err
	}
	created, err := s.api.create(c.Request.Context(), who, form.wanted(), headerValue(c.PostForm("key")))
	if err != nil {
		return s.refusedForm(c, who, form, err)
	}
	return saved(http.StatusCreated, created, views.CompanyPage{Company: viewOf(created), Notice: views.Created}), nil
}

// replaceCompany serves POST /companies/{id}: the changes, if nobody else was faster. If somebody was, both versions come
// back side by side.
func (s *Server) replaceCompany(c *gin.Context, who caller) (page, error) {
	form, err := readCompanyForm(c)
	if err != nil {
		return page{}, err
	}
	changed, err := s.api.replace(c.Request.Context(), who, form.wanted())
	if err != nil {
		return s.refusedForm(c, who, form, err)
	}
	return saved(http.StatusOK, changed, views.CompanyPage{Company: viewOf(changed), Notice: views.Changed}), nil
}

// saved shows what was saved; the event tells the page that the draft has done its duty.
func saved(status int, c company, model views.CompanyPage) page {
	return page{
		status: status, name: "company", title: c.Name, content: views.Company(model),
		headers: map[string]string{"HX-Push-Url": "/companies/" + c.ID, "HX-Trigger": "company-saved"},
	}
}

// refusedForm gives the form back with what was typed and what is wrong with it.
func (s *Server) refusedForm(c *gin.Context, who caller, form companyDraft, err error) (page, error) {
	model := form.CompanyFormPage
	refused, ok := errors.AsType[*apiError](err)
	if !ok {
		if !errors.Is(err, errUnreachable) && !errors.Is(err, errProviderAway) {
			return page{}, err
		}
		trouble := s.troubleOf(c, err)
		model.Problem = trouble.what + " Your draft is kept. " + trouble.todo
		return companyForm(trouble.status, model), nil
	}
	switch refused.status {
	case http.StatusUnauthorized:
		model.LoginFirst = true
	case http.StatusForbidden:
		model.Problem = "Only an Admin may change companies. Your draft is kept: log out and log in with a different user."
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		trouble := s.troubleOf(c, err)
		model.Problem = trouble.what + " Your draft is kept. " + trouble.todo
	case http.StatusNotFound:
		model.Gone = true
	case http.StatusPreconditionFailed, http.StatusPreconditionRequired:
		return s.conflict(c, who, model)
	case http.StatusUnprocessableEntity:
		model.KeyReused = refused.code == "idempotency_key_reused"
		model.Problem = refused.detail
	default:
		model.Problem = refused.detail
		if refused.field == "name" || refused.field == "address" || refused.field == "country" {
			model.Problem, model.Fields = "One field needs another look.", map[string]string{refused.field: refused.detail}
		}
	}
	return companyForm(refused.status, model), nil
}

// loginFirst gives a form back that came in when its session here was over. It reports whether the request was a form.
func loginFirst(c *gin.Context) (page, bool) {
	if c.Request.Method != http.MethodPost || (c.FullPath() != "/companies" && c.FullPath() != "/companies/:id") {
		return page{}, false
	}
	form, err := readCompanyForm(c)
	if err != nil {
		return page{}, false
	}
	form.LoginFirst = true
	return companyForm(http.StatusUnauthorized, form.CompanyFormPage), true
}

// conflict fetches what somebody else saved and puts it beside what was typed.
func (s *Server) conflict(c *gin.Context, who caller, model views.CompanyFormPage) (page, error) {
	theirs, err := s.api.company(c.Request.Context(), who, model.ID)
	if err != nil {
		return page{}, err
	}
	model.Saved, model.Tag, model.Conflict = viewOf(theirs), theirs.tag, true
	return companyForm(http.StatusPreconditionFailed, model), nil
}

// companyForm is the form, with what was typed and what is wrong with it.
func companyForm(status int, form views.CompanyFormPage) page {
	answer := page{status: status, name: "company-form", title: "New company", content: views.CompanyForm(form)}
	if form.ID != "" {
		answer.title = "Edit " + form.Saved.Name
	}
	return answer
}

// companyDraft is the form as it came in.
type companyDraft struct{ views.CompanyFormPage }

func readCompanyForm(c *gin.Context) (companyDraft, error) {
	if err := readForm(c); err != nil {
		return companyDraft{}, err
	}
	return companyDraft{views.CompanyFormPage{
		ID: c.Param("id"), Tag: headerValue(c.PostForm("tag")),
		Name: strings.TrimSpace(c.PostForm("name")), Address: strings.TrimSpace(c.PostForm("address")), Country: strings.TrimSpace(c.PostForm("country")),
		Saved: views.CompanyView{Name: c.PostForm("saved-name"), Address: c.PostForm("saved-address"), Country: c.PostForm("saved-country")},
	}}, nil
}

func (d companyDraft) wanted() company {
	return company{ID: d.ID, Name: d.Name, Address: d.Address, Country: d.Country, tag: d.Tag}
}

// maxForm bounds a form, in bytes.
const maxForm = 16 << 10

func readForm(c *gin.Context) error {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	if err := c.Request.ParseForm(); err != nil {
		return &apiError{status: http.StatusBadRequest, detail: "the form could not be read"}
	}
	return nil
}

// headerValue lets through what may stand in a header, and nothing else: forms are typed by anybody.
func headerValue(text string) string {
	if len(text) > 200 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return text
}

func names(counted countryList) []string {
	var all []string
	for _, one := range counted.Countries {
		if one.Code != "" {
			all = append(all, one.Name)
		}
	}
	return all
}
