package api

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
	"silentrenew/internal/country"
)

// draft is what a client says about a company: all of it, or for a patch some of it.
type draft struct{ name, address, country *string }

// draftRequest describes the body that creates or replaces a company.
type draftRequest struct {
	Name    string      `json:"name" required:"true" maxLength:"200" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]*[^\\s\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd][^\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]*$"`
	Address string      `json:"address" required:"true" maxLength:"400" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]*[^\\s\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd][^\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]*$"`
	Country countryText `json:"country" required:"true" description:"English name or code of ISO 3166-1, in any case; common other names are understood too"`
	_       struct{}    `additionalProperties:"false"`
}

// patchRequest describes a JSON Merge Patch (RFC 7396).
type patchRequest struct {
	Name    *string      `json:"name,omitempty" nullable:"false" maxLength:"200" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]*[^\\s\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd][^\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]*$"`
	Address *string      `json:"address,omitempty" nullable:"false" maxLength:"400" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]*[^\\s\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd][^\\x00-\\x1f\\x7f-\\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]*$"`
	Country *countryText `json:"country,omitempty" nullable:"false" description:"English name or code of ISO 3166-1"`
	_       struct{}     `additionalProperties:"false"`
}

// countryText is a country as people write it.
type countryText string

// Enum lists what is understood for certain.
func (countryText) Enum() []any {
	var all []any
	for _, c := range country.All() {
		all = append(all, c.Name)
	}
	for _, c := range country.All() {
		all = append(all, c.Code)
	}
	return all
}

// readDraft reads a body of the media type.
func readDraft(c *gin.Context, mediaType string) (draft, error) {
	var d draft
	err := readStrings(c, mediaType, map[string]**string{"name": &d.name, "address": &d.address, "country": &d.country})
	return d, err
}

// apply returns the company with what the draft says. Every complaint names its field.
func (d draft) apply(c db.Company) (db.Company, error) {
	for _, field := range []struct{ said, value *string }{{d.name, &c.Name}, {d.address, &c.Address}, {d.country, &c.Country}} {
		if field.said != nil {
			*field.value = *field.said
		}
	}
	if err := c.Validate(); err != nil {
		return db.Company{}, err
	}
	if d.country == nil {
		return c, nil
	}
	known, ok := country.Parse(*d.country)
	if !ok {
		return db.Company{}, refuseField("country", "country is not one of ISO 3166-1: write its English name or its code of two letters")
	}
	c.Country, c.CountryCode = known.Name, known.Code
	return c, nil
}

// full makes a draft that leaves nothing as it is: what it does not say is empty, and refused for that.
func (d draft) full() draft {
	empty := ""
	for _, field := range []**string{&d.name, &d.address, &d.country} {
		if *field == nil {
			*field = &empty
		}
	}
	return d
}

const (
	idempotencyKeyHeader = "Idempotency-Key"
	jsonType             = "application/json"
	mergePatchType       = "application/merge-patch+json"
)

// rememberAnswers is how long a repeated request gets its first answer again.
const rememberAnswers = 24 * time.Hour

var idempotencyKey = regexp.MustCompile(`^[!-~]{1,200}$`)

// createRequest describes the headers of a request that creates.
type createRequest struct {
	IdempotencyKey string `header:"Idempotency-Key" pattern:"^[!-~]{1,200}$" description:"of your choice, for instance a UUID: the same key with the same body creates one company however often it is sent within a day"`
}

// createCompany serves POST /api/companies, for administrators.
func (a *API) createCompany(c *gin.Context, token *accessToken) error {
	key := c.GetHeader(idempotencyKeyHeader)
	if _, sent := c.Request.Header[idempotencyKeyHeader]; sent && !idempotencyKey.MatchString(key) {
		return refuseField(idempotencyKeyHeader, "%s must be 1 to 200 visible ASCII characters", idempotencyKeyHeader)
	}
	said, err := readDraft(c, jsonType)
	if err != nil {
		return err
	}
	wanted, err := said.full().apply(db.Company{})
	if err != nil {
		return explainDB(err)
	}
	var created db.Company
	if key == "" {
		created, err = a.db.InsertCompany(c.Request.Context(), wanted)
	} else {
		once := db.Once{
			Key:     []string{token.ClientID, token.Subject, key},
			Request: strings.Join([]string{wanted.Name, wanted.Address, wanted.CountryCode}, "\n"),
			Expires: time.Now().Add(rememberAnswers),
		}
		created, _, err = a.db.InsertCompanyOnce(c.Request.Context(), once, wanted)
	}
	if err != nil {
		return explainDB(err)
	}
	c.Header("Location", "/api/companies/"+url.PathEscape(created.ID))
	return writeTagged(c, http.StatusCreated, toWire(created))
}

// changeRequest describes the address and the condition of a request that changes one company.
type changeRequest struct {
	ID      string `path:"id" description:"id of the company"`
	IfMatch string `header:"If-Match" required:"true" pattern:"^(\\*|(W/)?\"[!#-~]*\"( *, *(W/)?\"[!#-~]*\")*)$" description:"the ETag you saw, or * for whatever is there"`
}

// replaceCompany serves PUT /api/companies/{id}, for administrators.
func (a *API) replaceCompany(c *gin.Context, _ *accessToken) error {
	return a.change(c, jsonType, draft.full)
}

// patchCompany serves PATCH /api/companies/{id}, for administrators (RFC 7396). No member can be removed, so null is refused.
func (a *API) patchCompany(c *gin.Context, _ *accessToken) error {
	c.Header("Accept-Patch", mergePatchType) // RFC 5789 §3.1
	return a.change(c, mergePatchType, func(d draft) draft { return d })
}

func (a *API) change(c *gin.Context, mediaType string, completed func(draft) draft) error {
	seen, err := requirePrecondition(c)
	if err != nil {
		return err
	}
	said, err := readDraft(c, mediaType)
	if err != nil {
		return err
	}
	changed, err := a.db.ChangeCompany(c.Request.Context(), c.Param("id"), func(current db.Company) (db.Company, error) {
		if err := seen.check(toWire(current)); err != nil {
			return db.Company{}, err
		}
		return completed(said).apply(current)
	})
	if err != nil {
		return explainDB(err)
	}
	return writeTagged(c, http.StatusOK, toWire(changed))
}

// deleteCompany serves DELETE /api/companies/{id}, for administrators. The company can be restored.
func (a *API) deleteCompany(c *gin.Context, _ *accessToken) error {
	seen, err := requirePrecondition(c)
	if err != nil {
		return err
	}
	err = a.db.DeleteCompany(c.Request.Context(), c.Param("id"), func(current db.Company) error { return seen.check(toWire(current)) })
	if err != nil {
		return explainDB(err)
	}
	c.Status(http.StatusNoContent)
	return nil
}

// restoreRequest describes the address of a company that was deleted.
type restoreRequest struct {
	ID string `path:"id" description:"id the company had"`
}

// restoreCompany serves POST /api/companies/{id}/restore, for administrators: it undoes a deletion.
func (a *API) restoreCompany(c *gin.Context, _ *accessToken) error {
	restored, err := a.db.RestoreCompany(c.Request.Context(), c.Param("id"))
	if err != nil {
		return explainDB(err)
	}
	return writeTagged(c, http.StatusOK, toWire(restored))
}
