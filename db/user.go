package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
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

type userRow struct {
	ID                                int
	SubjectID, Username, PasswordHash string
	Enabled                           bool
	Created                           time.Time
	Updated                           *time.Time
}

func (userRow) TableName() string { return "Users" }

type userClaimRow struct {
	ID, UserID  int
	Type, Value string
}

func (userClaimRow) TableName() string { return "UserClaims" }

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
// The claims are shared and must not be changed.
func (d *DB) UserBySubject(ctx context.Context, subject string) (User, error) {
	configured, err := d.configured(ctx)
	if err != nil {
		return User{}, err
	}
	return keep(&configured.remembered, configured.users, subject, func() (User, error) { return d.user(ctx, `"SubjectId" = ?`, subject) })
}

func (d *DB) user(ctx context.Context, condition, value string) (User, error) {
	if !storable(value) {
		return User{}, ErrNotFound
	}
	_, user, err := readUser(d.read(ctx), d.read(ctx).Where(condition, value))
	return user, err
}

// readUser reads the user that chosen chooses, and the claims in tx. It returns [ErrNotFound] when there is none.
func readUser(tx, chosen *gorm.DB) (id int, user User, err error) {
	var row userRow
	if err := chosen.Take(&row).Error; err != nil {
		return 0, User{}, notFound(err)
	}
	user = User{SubjectID: row.SubjectID, Username: row.Username, PasswordHash: row.PasswordHash, Enabled: row.Enabled}
	var claims []userClaimRow
	if err := tx.Where(`"UserId" = ?`, row.ID).Order(`"Id"`).Find(&claims).Error; err != nil {
		return 0, User{}, fmt.Errorf("db: read claims of user: %w", err)
	}
	for _, claim := range claims {
		user.Claims = append(user.Claims, UserClaim{claim.Type, claim.Value})
	}
	return row.ID, user, nil
}

// Users lists all users by name.
func (d *DB) Users(ctx context.Context) ([]User, error) {
	var rows []userRow
	if err := d.read(ctx).Order(`lower("Username")`).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("db: list users: %w", err)
	}
	var claims []userClaimRow
	if err := d.read(ctx).Order(`"Id"`).Find(&claims).Error; err != nil {
		return nil, fmt.Errorf("db: list users: %w", err)
	}
	byID, users := map[int]int{}, make([]User, len(rows))
	for i, row := range rows {
		byID[row.ID] = i
		users[i] = User{SubjectID: row.SubjectID, Username: row.Username, PasswordHash: row.PasswordHash, Enabled: row.Enabled}
	}
	for _, claim := range claims {
		if i, ok := byID[claim.UserID]; ok {
			users[i].Claims = append(users[i].Claims, UserClaim{claim.Type, claim.Value})
		}
	}
	return users, nil
}

// ReplaceUser puts the user in the place of the one with the same subject, claims included. It returns [ErrNotFound] when
// there is none.
func (d *DB) ReplaceUser(ctx context.Context, u User) error {
	return d.ChangeUser(ctx, u.SubjectID, func(there *User) error {
		*there = u
		return nil
	})
}

// ChangeUser is ReplaceUser for who changes some of what is there: nobody else changes the user between the reading and the writing.
// The function may be called once only, and its error calls the change off.
func (d *DB) ChangeUser(ctx context.Context, subject string, change func(u *User) error) error {
	if !storable(subject) {
		return ErrNotFound
	}
	var refused error
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		lock := clause.Locking{Strength: clause.LockingStrengthUpdate} // on SQLite the transaction is the lock
		id, u, err := readUser(tx, tx.Clauses(lock).Where(`"SubjectId" = ?`, subject))
		if err != nil {
			return err
		}
		if refused = change(&u); refused != nil {
			return refused
		}
		changed := map[string]any{"Username": u.Username, "PasswordHash": u.PasswordHash, "Enabled": u.Enabled, "Updated": moment(time.Now())}
		if err := tx.Model(&userRow{}).Where(`"Id" = ?`, id).Updates(changed).Error; err != nil {
			return err
		}
		if err := tx.Delete(&userClaimRow{}, `"UserId" = ?`, id).Error; err != nil {
			return err
		}
		return insertUserClaims(tx, id, u.Claims)
	})
	if err != nil && refused == nil {
		return fmt.Errorf("db: change user: %w", err)
	}
	return err
}

// InsertUser registers a user; see [HashPassword] for the hash.
func (d *DB) InsertUser(ctx context.Context, u User) error {
	err := d.transaction(ctx, func(tx *gorm.DB) error { return insertUser(tx, u, time.Now()) })
	if err != nil {
		return fmt.Errorf("db: insert user: %w", err)
	}
	return nil
}

func insertUser(tx *gorm.DB, u User, now time.Time) error {
	row := userRow{SubjectID: u.SubjectID, Username: u.Username, PasswordHash: u.PasswordHash, Enabled: u.Enabled, Created: moment(now)}
	if err := tx.Create(&row).Error; err != nil {
		return err
	}
	return insertUserClaims(tx, row.ID, u.Claims)
}

func insertUserClaims(tx *gorm.DB, userID int, claims []UserClaim) error {
	for _, claim := range claims {
		if err := tx.Create(&userClaimRow{UserID: userID, Type: claim.Type, Value: claim.Value}).Error; err != nil {
			return err
		}
	}
	return nil
}
