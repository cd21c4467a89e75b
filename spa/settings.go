package spa

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// clientSettings are the settings the browser's UserManager starts with, under the names oidc-client-ts uses (A6); strategy
// and the two words of userStore are our own. Four
// of them keep the defaults of the article's older library, which its successor changed: loadUserInfo, monitorSession and
// includeIdTokenInSilentRenew are on, automaticSilentRenew is off until the learner switches it on (A30).
// validateSubOnSilentRenew stays on, unlike in the article: a renewal must not swap the user (OIDC Core §3.1.2.6).
type clientSettings struct {
	Authority             string `json:"authority"`
	ClientID              string `json:"client_id"`
	RedirectURI           string `json:"redirect_uri"`
	Scope                 string `json:"scope"`
	ResponseType          string `json:"response_type"`
	PostLogoutRedirectURI string `json:"post_logout_redirect_uri"`

	AutomaticSilentRenew bool   `json:"automaticSilentRenew"`
	SilentRedirectURI    string `json:"silent_redirect_uri"`
	ExpiringNotification int    `json:"accessTokenExpiringNotificationTimeInSeconds"` // seconds before exp
	LoadUserInfo         bool   `json:"loadUserInfo"`
	MonitorSession       bool   `json:"monitorSession"`
	IncludeIDToken       bool   `json:"includeIdTokenInSilentRenew"`
	ValidateSub          bool   `json:"validateSubOnSilentRenew"`
	UserStore            string `json:"userStore"` // session or local
	Strategy             string `json:"strategy"`  // article, none, iframe, refresh or bff: static/js/strategy.js
}

func newClientSettings(cfg Config) clientSettings {
	return clientSettings{
		Authority: cfg.Authority, ClientID: cfg.ClientID, RedirectURI: cfg.URL + "/signin-callback",
		Scope: "openid profile companyApi", ResponseType: "code", PostLogoutRedirectURI: cfg.URL + "/signout-callback",
		SilentRedirectURI: cfg.URL + silentCallbackPath, ExpiringNotification: 60, LoadUserInfo: true, MonitorSession: true,
		IncludeIDToken: true, ValidateSub: true, UserStore: "session",
		Strategy: "article",
	}
}

// pageConfig is what every page carries for its script (static/js/config.js).
func (s *Server) pageConfig() string {
	text, err := json.Marshal(map[string]any{
		"authority": s.cfg.Authority, "api": s.cfg.APIURL, "lab": s.cfg.Lab, "bff": s.bff != nil, "settings": s.settings, "calls": apiCalls,
	})
	if err != nil {
		panic(err) // strings, numbers and booleans only
	}
	return string(text)
}

// settingsJSON serves GET /settings.json: the settings, for people and tools.
func (s *Server) settingsJSON(c *gin.Context) { c.IndentedJSON(http.StatusOK, s.settings) }

// settingsPage serves GET /settings: every rule of the game in one place (A6, A20, A24, A30, A42).
func (s *Server) settingsPage(*gin.Context) page {
	return page{name: "settings", title: "Settings", content: views.Settings(views.SettingsPage{Lab: s.cfg.Lab})}
}
