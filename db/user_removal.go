package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// RemovedWithUser counts what went with a user.
type RemovedWithUser struct{ Sessions, Grants int }

// DeleteUser removes a user and takes back what was theirs: their sessions end as [DB.EndSession] ends one, so that a provider tells the
// clients, and their grants as [DB.RevokeGrants] does. Until says how long the families of these have to be remembered. The pairwise
// identifiers by which clients knew them stay, because a subject is never given to somebody else (OIDC Core §2). It returns [ErrNotFound] for an unknown subject.
func (d *DB) DeleteUser(ctx context.Context, subject string, now, until time.Time) (gone RemovedWithUser, err error) {
	if !storable(subject) {
		return gone, ErrNotFound
	}
	err = d.transaction(ctx, func(tx *gorm.DB) (err error) {
		result := tx.Where(`"SubjectId" = ?`, subject).Delete(&userRow{}) // the claims go with it
		if result.Error == nil && result.RowsAffected == 0 {
			return ErrNotFound
		}
		if result.Error != nil {
			return result.Error
		}
		var sessions []sessionRow
		lock := clause.Locking{Strength: clause.LockingStrengthUpdate} // on SQLite the transaction is the lock
		if err := tx.Clauses(lock).Where(`"SubjectId" = ? AND "Expires" > ?`, subject, moment(now)).Find(&sessions).Error; err != nil {
			return err
		}
		for _, session := range sessions {
			if err := endSession(tx, session, now); err != nil {
				return err
			}
		}
		grants, err := revokeGrants(tx, GrantFilter{Subject: subject}, now, until)
		if err != nil {
			return err
		}
		gone = RemovedWithUser{len(sessions), grants}
		return tx.Where(`"SubjectId" = ?`, subject).Delete(&deviceCodeRow{}).Error
	})
	if err != nil {
		return RemovedWithUser{}, fmt.Errorf("db: delete user: %w", err)
	}
	return gone, nil
}
