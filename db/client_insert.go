package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"
)

// InsertClient registers a client with all its child rows, if [Client.Validate] accepts it.
func (d *DB) InsertClient(ctx context.Context, c Client) error {
	if err := c.Validate(); err != nil {
		return err
	}
	err := d.transaction(ctx, func(tx *gorm.DB) error { return insertClient(tx, c, time.Now()) })
	if err != nil {
		return fmt.Errorf("db: insert client %s: %w", c.ClientID, err)
	}
	return nil
}

func insertClient(tx *gorm.DB, c Client, now time.Time) error {
	c.ID, c.Created = 0, moment(now)
	return createClient(tx, c)
}

// createClient writes the row and the child rows.
func createClient(tx *gorm.DB, c Client) error {
	if err := tx.Create(&c).Error; err != nil {
		return err
	}
	return createChildRows(tx, c)
}

func createChildRows(tx *gorm.DB, c Client) error {
	for _, row := range childRows(c) {
		if err := tx.Create(row).Error; err != nil {
			return err
		}
	}
	return nil
}

// childRows lists the rows of the child tables, in the order in which the client names them.
func childRows(c Client) []any {
	var rows []any
	for _, uri := range c.RedirectURIs {
		rows = append(rows, &clientRedirectURI{ClientID: c.ID, RedirectURI: uri})
	}
	for _, uri := range c.PostLogoutRedirectURIs {
		rows = append(rows, &clientPostLogoutRedirectURI{ClientID: c.ID, PostLogoutRedirectURI: uri})
	}
	for _, scope := range c.Scopes {
		rows = append(rows, &clientScope{ClientID: c.ID, Scope: scope})
	}
	for _, grantType := range c.GrantTypes {
		rows = append(rows, &clientGrantType{ClientID: c.ID, GrantType: grantType})
	}
	for _, origin := range c.CORSOrigins {
		rows = append(rows, &clientCORSOrigin{ClientID: c.ID, Origin: origin})
	}
	for _, uri := range c.RequestURIs {
		rows = append(rows, &clientRequestURI{ClientID: c.ID, RequestURI: uri})
	}
	for _, s := range c.Secrets {
		if s.Created.IsZero() {
			s.Created = c.Created
		}
		rows = append(rows, &clientSecret{ClientID: c.ID, Description: s.Description, Value: s.Value,
			Expiration: momentOrNil(s.Expiration), Type: s.Type, Created: moment(s.Created)})
	}
	for _, claim := range c.Claims {
		rows = append(rows, &clientClaim{ClientID: c.ID, Type: claim.Type, Value: claim.Value})
	}
	for _, key := range slices.Sorted(maps.Keys(c.Properties)) {
		rows = append(rows, &clientProperty{ClientID: c.ID, Key: key, Value: c.Properties[key]})
	}
	return rows
}
