package api

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"silentrenew/db"
)

// newCompany serves POST /api/companies, for administrators. All checks of the values are the database's.
func (a *API) newCompany(c *gin.Context, _ *accessToken) error {
	var wanted db.Company
	err := readStrings(c, map[string]*string{"name": &wanted.Name, "address": &wanted.Address, "country": &wanted.Country})
	if err != nil {
		return err
	}
	created, err := a.db.InsertCompany(c.Request.Context(), wanted)
	if err != nil {
		return explainDB(err)
	}
	c.Header("Location", "/api/companies/"+url.PathEscape(created.ID))
	c.JSON(http.StatusCreated, toWire(created))
	return nil
}
