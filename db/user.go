package db

import (
	"context"
	"fmt"
)

// User is somebody who can sign in at the provider.
type User struct {
	SubjectID    string // the sub claim: never reassigned, says nothing about the person (OIDC Core §2)
	Username     string
	PasswordHash string // argon2id in the PHC string format
	Enabled      bool
	Claims       []UserClaim
}

// UserClaim is one statement about a user; a type may occur several times.
type UserClaim struct{ Type, Value string }

// Claim returns the first value of the claim, or "".
func (u User) Claim(claimType string) string {
	for _, claim := range u.Claims {
		if claim.Type == claimType {
			return claim.Value
		}
	}
	return ""
}

// UserByName finds a user by the name they sign in with; ASCII letters match in either case.
// It returns [ErrNotFound] for an unknown name. The caller looks at Enabled.
func (d *DB) UserByName(ctx context.Context, username string) (User, error) {
	return d.user(ctx, `lower("Username") = lower(?)`, username)
}

// UserBySubject finds a user by the sub claim. It returns [ErrNotFound] for an unknown subject.
func (d *DB) UserBySubject(ctx context.Context, subject string) (User, error) {
	return d.user(ctx, `"SubjectId" = ?`, subject)
}

func (d *DB) user(ctx context.Context, condition, value string) (User, error) {
	if !storable(value) {
		return User{}, ErrNotFound
	}
	var row struct {
		ID                                int
		SubjectID, Username, PasswordHash string
		Enabled                           bool
	}
	tx := d.read(ctx)
	if err := tx.Table("Users").Where(condition, value).Take(&row).Error; err != nil {
		return User{}, notFound(err)
	}
	user := User{SubjectID: row.SubjectID, Username: row.Username, PasswordHash: row.PasswordHash, Enabled: row.Enabled}
	if err := tx.Table("UserClaims").Where(`"UserId" = ?`, row.ID).Order(`"Id"`).Find(&user.Claims).Error; err != nil {
		return User{}, fmt.Errorf("db: read claims of user: %w", err)
	}
	return user, nil
}
