package db

import (
	"fmt"
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

// clientChildren reads the six lists, the claims and the properties in one go: a silent renew asks for a client three
// times, and eight more round trips each would be most of its cost.
const clientChildren = `
	SELECT 'redirect' AS "Kind", "ClientId", "Id", '' AS "Name", "RedirectUri" AS "Value" FROM "ClientRedirectUris" WHERE "ClientId" IN ?
	UNION ALL SELECT 'post_logout', "ClientId", "Id", '', "PostLogoutRedirectUri" FROM "ClientPostLogoutRedirectUris" WHERE "ClientId" IN ?
	UNION ALL SELECT 'scope', "ClientId", "Id", '', "Scope" FROM "ClientScopes" WHERE "ClientId" IN ?
	UNION ALL SELECT 'grant', "ClientId", "Id", '', "GrantType" FROM "ClientGrantTypes" WHERE "ClientId" IN ?
	UNION ALL SELECT 'origin', "ClientId", "Id", '', "Origin" FROM "ClientCorsOrigins" WHERE "ClientId" IN ?
	UNION ALL SELECT 'request', "ClientId", "Id", '', "RequestUri" FROM "ClientRequestUris" WHERE "ClientId" IN ?
	UNION ALL SELECT 'claim', "ClientId", "Id", "Type", "Value" FROM "ClientClaims" WHERE "ClientId" IN ?
	UNION ALL SELECT 'property', "ClientId", "Id", "Key", "Value" FROM "ClientProperties" WHERE "ClientId" IN ?
	ORDER BY 1, 3`

// readClientChildren fills in the child rows of the clients, in the order they were registered.
func readClientChildren(tx *gorm.DB, clients []Client) error {
	if len(clients) == 0 {
		return nil
	}
	byID := make(map[int]*Client, len(clients))
	ids := make([]int, len(clients))
	for i := range clients {
		c := &clients[i]
		byID[c.ID], ids[i] = c, c.ID
		c.Created, c.Updated, c.LastAccessed = moment(c.Created), momentOrNil(c.Updated), momentOrNil(c.LastAccessed)
		c.Properties = map[string]string{}
	}

	var children []struct {
		Kind        string
		ClientID    int
		Name, Value string
	}
	if err := tx.Raw(clientChildren, ids, ids, ids, ids, ids, ids, ids, ids).Scan(&children).Error; err != nil {
		return fmt.Errorf("read child rows: %w", err)
	}
	for _, row := range children {
		c := byID[row.ClientID]
		switch row.Kind {
		case "redirect":
			c.RedirectURIs = append(c.RedirectURIs, row.Value)
		case "post_logout":
			c.PostLogoutRedirectURIs = append(c.PostLogoutRedirectURIs, row.Value)
		case "scope":
			c.Scopes = append(c.Scopes, row.Value)
		case "grant":
			c.GrantTypes = append(c.GrantTypes, row.Value)
		case "origin":
			c.CORSOrigins = append(c.CORSOrigins, row.Value)
		case "request":
			c.RequestURIs = append(c.RequestURIs, row.Value)
		case "claim":
			c.Claims = append(c.Claims, ClientClaim{row.Name, row.Value})
		case "property":
			c.Properties[row.Name] = row.Value
		}
	}

	for i := range clients {
		c := &clients[i]
		clip(&c.RedirectURIs, &c.PostLogoutRedirectURIs, &c.Scopes, &c.GrantTypes, &c.CORSOrigins)
	}

	var secrets []clientSecret
	if err := tx.Where(`"ClientId" IN ?`, ids).Order(`"Id"`).Find(&secrets).Error; err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	for _, s := range secrets {
		c := byID[s.ClientID]
		c.Secrets = append(c.Secrets, ClientSecret{s.Description, s.Value, momentOrNil(s.Expiration), s.Type, moment(s.Created)})
	}
	return nil
}
