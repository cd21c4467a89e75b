package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// leewayOption is the row of ServerOptions that says how long after its exp a token is accepted, as a Go duration.
const leewayOption = "Api.Leeway"

// maxLeeway is more than anybody needs to see the point.
const maxLeeway = 24 * time.Hour

// leeway returns what counts now. A row that makes no sense counts as 0, the strictest value: a slip of the hand must
// not keep expired tokens alive.
func (a *API) leeway(ctx context.Context) (time.Duration, error) {
	text, found, err := a.db.Option(ctx, leewayOption)
	if err != nil {
		return 0, err
	}
	if !found {
		return a.cfg.Leeway, nil
	}
	leeway, err := parseLeeway(text)
	if err != nil {
		return 0, nil
	}
	return leeway, nil
}

func parseLeeway(text string) (time.Duration, error) {
	leeway, err := time.ParseDuration(text)
	if err != nil || leeway < 0 || leeway > maxLeeway {
		return 0, refuseField(leewayOption, "%s must be a duration from 0s to %v, such as 300s or 5m", leewayOption, maxLeeway)
	}
	return leeway, nil
}

// labOptions serves GET /api/lab/options.
func (a *API) labOptions(c *gin.Context) error {
	leeway, err := a.leeway(c.Request.Context())
	if err != nil {
		return err
	}
	nonces, err := a.dpopNonces(c.Request.Context())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, map[string]string{leewayOption: leeway.String(), dpopNonceOption: strconv.FormatBool(nonces)})
	return nil
}

// changeLabOptions serves PATCH /api/lab/options {"Api.Leeway": "5m"}. The next request obeys.
func (a *API) changeLabOptions(c *gin.Context) error {
	e := eventOf(c)
	e.Kind = "option.changed"
	var leeway, nonces *string
	if err := readStrings(c, jsonType, map[string]**string{leewayOption: &leeway, dpopNonceOption: &nonces}); err != nil {
		return err
	}
	changes := map[string]string{}
	if leeway != nil {
		duration, err := parseLeeway(*leeway)
		if err != nil {
			return err
		}
		changes[leewayOption] = duration.String()
	}
	if nonces != nil {
		if *nonces != "true" && *nonces != "false" {
			return refuseField(dpopNonceOption, `%s must be "true" or "false"`, dpopNonceOption)
		}
		changes[dpopNonceOption] = *nonces
	}
	for name, value := range changes {
		if err := a.db.SetOption(c.Request.Context(), name, value); err != nil {
			return err
		}
		e.Parameters[name] = value
	}
	return a.labOptions(c)
}

// ownHost keeps strangers' pages from the lab, which knows no user. The Host must be ours, or a page could make its own
// name resolve to this machine and pass as one of ours (DNS rebinding). A page that changes something must be of an
// allowed origin; a request without an origin comes from no page.
func (a *API) ownHost(h handler) handler {
	return func(c *gin.Context) error {
		origin := c.GetHeader("Origin")
		switch {
		case !strings.EqualFold(c.Request.Host, a.host):
			return &Error{Status: http.StatusMisdirectedRequest, Code: Misdirected, Detail: "Host must be " + a.host}
		case origin != "" && !slices.Contains(a.cfg.AllowedOrigins, origin),
			origin == "" && c.GetHeader("Sec-Fetch-Site") == "cross-site":
			return &Error{Status: http.StatusForbidden, Code: Forbidden, Detail: "pages of this origin may not use the lab"}
		}
		return h(c)
	}
}
