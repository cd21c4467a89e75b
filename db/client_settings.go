package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// The longest lifetime anybody may ask for, in seconds. It keeps now + lifetime inside what every date type can say.
const tenYears = 10 * 365 * 24 * 60 * 60

// ClientChange is an edit of a client's settings; a nil field stays as it is. The JSON names are the columns' names.
// UserSsoLifetime, ConsentLifetime and RenewLeadHint may be 0, which removes the limit or the advice.
type ClientChange struct {
	Enabled                      *bool `json:"Enabled,omitempty"`
	RequireConsent               *bool `json:"RequireConsent,omitempty"`
	AllowOfflineAccess           *bool `json:"AllowOfflineAccess,omitempty"`
	AccessTokenLifetime          *int  `json:"AccessTokenLifetime,omitempty"`          // seconds
	IdentityTokenLifetime        *int  `json:"IdentityTokenLifetime,omitempty"`        // seconds
	AuthorizationCodeLifetime    *int  `json:"AuthorizationCodeLifetime,omitempty"`    // seconds
	AbsoluteRefreshTokenLifetime *int  `json:"AbsoluteRefreshTokenLifetime,omitempty"` // seconds
	SlidingRefreshTokenLifetime  *int  `json:"SlidingRefreshTokenLifetime,omitempty"`  // seconds
	ConsentLifetime              *int  `json:"ConsentLifetime,omitempty"`              // seconds; 0 = never expires
	UserSSOLifetime              *int  `json:"UserSsoLifetime,omitempty"`              // seconds; 0 = as long as the session
	RenewLeadHint                *int  `json:"RenewLeadHint,omitempty"`                // seconds; 0 = no advice
}

// UpdateClientSettings stores the change and returns the client as it is now. It returns a [*ValidationError] naming the
// column that cannot take its value, and [ErrNotFound] for an unknown client. The next token already obeys (A20).
func (d *DB) UpdateClientSettings(ctx context.Context, clientID string, change ClientChange) (Client, error) {
	columns, err := change.columns()
	if err != nil {
		return Client{}, err
	}
	if !storable(clientID) {
		return Client{}, ErrNotFound
	}
	if len(columns) > 0 {
		columns["Updated"] = moment(time.Now())
		err := d.write(ctx, func(tx *gorm.DB) error {
			return tx.Model(&Client{}).Where(`"ClientId" = ?`, clientID).Updates(columns).Error
		})
		if err != nil {
			return Client{}, fmt.Errorf("db: change client %s: %w", clientID, err)
		}
	}
	return d.Client(ctx, clientID)
}

// columns lists what is to be written, or says which value is impossible.
func (change ClientChange) columns() (map[string]any, error) {
	columns := map[string]any{}
	for _, flag := range []struct {
		column string
		value  *bool
	}{
		{"Enabled", change.Enabled},
		{"RequireConsent", change.RequireConsent},
		{"AllowOfflineAccess", change.AllowOfflineAccess},
	} {
		if flag.value != nil {
			columns[flag.column] = *flag.value
		}
	}
	for _, lifetime := range []struct {
		column string
		value  *int
		least  int
		null   bool // 0 is stored as NULL
	}{
		{"AccessTokenLifetime", change.AccessTokenLifetime, 1, false},
		{"IdentityTokenLifetime", change.IdentityTokenLifetime, 1, false},
		{"AuthorizationCodeLifetime", change.AuthorizationCodeLifetime, 1, false},
		{"AbsoluteRefreshTokenLifetime", change.AbsoluteRefreshTokenLifetime, 0, false},
		{"SlidingRefreshTokenLifetime", change.SlidingRefreshTokenLifetime, 0, false},
		{"ConsentLifetime", change.ConsentLifetime, 0, true},
		{"UserSsoLifetime", change.UserSSOLifetime, 0, true},
		{"RenewLeadHint", change.RenewLeadHint, 0, true},
	} {
		switch n := lifetime.value; {
		case n == nil:
		case *n < lifetime.least || *n > tenYears:
			return nil, outOfRange(lifetime.column, lifetime.least)
		case *n == 0 && lifetime.null:
			columns[lifetime.column] = nil
		default:
			columns[lifetime.column] = *n
		}
	}
	return columns, nil
}

func outOfRange(column string, least int) *ValidationError {
	return &ValidationError{column, fmt.Sprintf("must be between %d and %d seconds (10 years)", least, tenYears)}
}
