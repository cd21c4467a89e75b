package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// claim is one claim as the page lists it. A claim with several values is listed once for each.
type claim struct {
	Type  string `json:"type" required:"true"`
	Value string `json:"value" required:"true"`
}

// privacy serves GET /api/companies/privacy, for administrators: what the API saw in the token (A17).
func (a *API) privacy(c *gin.Context, token *accessToken) error {
	claims := []claim{}
	for _, name := range slices.Sorted(maps.Keys(token.Claims)) {
		for _, value := range textsOf(token.Claims[name]) {
			claims = append(claims, claim{name, value})
		}
	}
	c.JSON(http.StatusOK, claims)
	return nil
}

// textsOf returns the values of a claim: strings bare, everything else as the JSON it is.
func textsOf(value json.RawMessage) []string {
	var one string
	if json.Unmarshal(value, &one) == nil {
		return []string{one}
	}
	var many []json.RawMessage
	if json.Unmarshal(value, &many) != nil {
		return []string{string(value)}
	}
	var texts []string
	for _, v := range many {
		texts = append(texts, textsOf(v)...)
	}
	return texts
}
