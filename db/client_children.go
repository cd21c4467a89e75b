package db

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// The child tables of Clients. ClientID is the foreign key to Clients.Id here, not the protocol's client_id.
type (
	clientRedirectURI struct {
		ID, ClientID int
		RedirectURI  string
	}
	clientPostLogoutRedirectURI struct {
		ID, ClientID          int
		PostLogoutRedirectURI string
	}
	clientScope struct {
		ID, ClientID int
		Scope        string
	}
	clientGrantType struct {
		ID, ClientID int
		GrantType    string
	}
	clientCORSOrigin struct {
		ID, ClientID int
		Origin       string
	}
	clientRequestURI struct {
		ID, ClientID int
		RequestURI   string
	}
	clientSecret struct {
		ID, ClientID int
		Description  string `gorm:"default:null"`
		Value        string
		Expiration   *time.Time
		Type         string
		Created      time.Time
	}
	clientClaim struct {
		ID, ClientID int
		Type, Value  string
	}
	clientProperty struct {
		ID, ClientID int
		Key, Value   string
	}
)

func (clientRedirectURI) TableName() string           { return "ClientRedirectUris" }
func (clientPostLogoutRedirectURI) TableName() string { return "ClientPostLogoutRedirectUris" }
func (clientScope) TableName() string                 { return "ClientScopes" }
func (clientGrantType) TableName() string             { return "ClientGrantTypes" }
func (clientCORSOrigin) TableName() string            { return "ClientCorsOrigins" }
func (clientRequestURI) TableName() string            { return "ClientRequestUris" }
func (clientSecret) TableName() string                { return "ClientSecrets" }
func (clientClaim) TableName() string                 { return "ClientClaims" }
func (clientProperty) TableName() string              { return "ClientProperties" }

// clientChildren reads the six lists, the claims and the properties in one go: eight round trips would be most of what reading a
// client costs.
const clientChildren = `
	SELECT * FROM (
		SELECT 'redirect' AS "Kind", "ClientId", "Id", '' AS "Name", "RedirectUri" AS "Value" FROM "ClientRedirectUris"
		UNION ALL SELECT 'post_logout', "ClientId", "Id", '', "PostLogoutRedirectUri" FROM "ClientPostLogoutRedirectUris"
		UNION ALL SELECT 'scope', "ClientId", "Id", '', "Scope" FROM "ClientScopes"
		UNION ALL SELECT 'grant', "ClientId", "Id", '', "GrantType" FROM "ClientGrantTypes"
		UNION ALL SELECT 'origin', "ClientId", "Id", '', "Origin" FROM "ClientCorsOrigins"
		UNION ALL SELECT 'request', "ClientId", "Id", '', "RequestUri" FROM "ClientRequestUris"
		UNION ALL SELECT 'claim', "ClientId", "Id", "Type", "Value" FROM "ClientClaims"
		UNION ALL SELECT 'property', "ClientId", "Id", "Key", "Value" FROM "ClientProperties"
	) AS children`

// readClientChildren fills in the child rows, in the order they were registered, of one client or of all there are: to name each
// of many would take more parameters than a statement may have.
func readClientChildren(tx *gorm.DB, clients []Client) error {
	byID := make(map[int]*Client, len(clients))
	for i := range clients {
		c := &clients[i]
		byID[c.ID] = c
		c.Created, c.Updated, c.LastAccessed = moment(c.Created), momentOrNil(c.Updated), momentOrNil(c.LastAccessed)
		c.Properties = map[string]string{}
	}
	of, only := "", []any(nil)
	if len(clients) == 1 {
		of, only = ` WHERE "ClientId" = ?`, []any{clients[0].ID}
	}

	var children []clientChild
	if err := tx.Raw(clientChildren+of+` ORDER BY "Kind", "Id"`, only...).Scan(&children).Error; err != nil {
		return fmt.Errorf("read child rows: %w", err)
	}
	var secrets []clientSecret
	if err := tx.Raw(`SELECT * FROM "ClientSecrets"`+of+` ORDER BY "Id"`, only...).Scan(&secrets).Error; err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	for _, child := range children {
		if c := byID[child.ClientID]; c != nil { // nil: registered since the clients were read
			c.adopt(child)
		}
	}
	for _, s := range secrets {
		if c := byID[s.ClientID]; c != nil {
			c.Secrets = append(c.Secrets, ClientSecret{s.Description, s.Value, momentOrNil(s.Expiration), s.Type, moment(s.Created)})
		}
	}
	for i := range clients {
		c := &clients[i]
		clip(&c.RedirectURIs, &c.PostLogoutRedirectURIs, &c.Scopes, &c.GrantTypes, &c.CORSOrigins, &c.RequestURIs)
		c.Claims, c.Secrets = slices.Clip(c.Claims), slices.Clip(c.Secrets)
	}
	return nil
}

// clientChild is a row of clientChildren.
type clientChild struct {
	Kind        string
	ClientID    int
	Name, Value string
}

// adopt appends a child row to the list it belongs to.
func (c *Client) adopt(child clientChild) {
	switch child.Kind {
	case "redirect":
		c.RedirectURIs = append(c.RedirectURIs, child.Value)
	case "post_logout":
		c.PostLogoutRedirectURIs = append(c.PostLogoutRedirectURIs, child.Value)
	case "scope":
		c.Scopes = append(c.Scopes, child.Value)
	case "grant":
		c.GrantTypes = append(c.GrantTypes, child.Value)
	case "origin":
		c.CORSOrigins = append(c.CORSOrigins, child.Value)
	case "request":
		c.RequestURIs = append(c.RequestURIs, child.Value)
	case "claim":
		c.Claims = append(c.Claims, ClientClaim{child.Name, child.Value})
	case "property":
		c.Properties[child.Name] = child.Value
	}
}
