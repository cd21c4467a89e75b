package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Grant is a row of PersistedGrants as an administrator sees it: what a user allowed a client, or a client was given. It has no secret.
type Grant struct {
	Key       string // a hash of the handle
	Type      string // authorization_code, refresh_token, reference_token, user_consent and so on
	Subject   string // "" when the client acts for itself
	SessionID string
	ClientID  string
	Created   time.Time
	Expires   *time.Time // nil = never
	Consumed  *time.Time // when it was redeemed or exchanged, nil while it was not
	Revoked   *time.Time // when it was taken back, nil while it counts
	FamilyID  string     // what descends from one sign-in shares it
}

// GrantFilter chooses grants; an empty field chooses all.
type GrantFilter struct{ Key, Type, Subject, SessionID, ClientID string }

func (f GrantFilter) apply(tx *gorm.DB) *gorm.DB {
	for column, value := range map[string]string{"Key": f.Key, "Type": f.Type, "SubjectId": f.Subject, "SessionId": f.SessionID, "ClientId": f.ClientID} {
		if value != "" {
			tx = tx.Where(fmt.Sprintf(`%q = ?`, column), clean(value))
		}
	}
	return tx
}

// Grants lists the grants that have not expired, the newest first, those consumed or revoked included.
func (d *DB) Grants(ctx context.Context, filter GrantFilter, now time.Time) ([]Grant, error) {
	var rows []persistedGrant
	err := filter.apply(d.read(ctx)).Where(`"Expiration" IS NULL OR "Expiration" > ?`, moment(now)).
		Order(`"CreationTime" DESC, "Key"`).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("db: list grants: %w", err)
	}
	grants := make([]Grant, 0, len(rows))
	for _, row := range rows {
		grants = append(grants, Grant{row.Key, row.Type, row.SubjectID, row.SessionID, row.ClientID, moment(row.CreationTime),
			momentOrNil(row.Expiration), momentOrNil(row.ConsumedTime), momentOrNil(row.RevokedTime), row.FamilyID})
	}
	return grants, nil
}

// RevokeGrants takes back what the filter chooses, and with each grant its family: everything that descends from the same
// sign-in, access tokens included. A consent is forgotten, so the user is asked again. Until says how long the families have
// to be remembered. It returns how many grants were taken back that counted before, those of the families not counted.
func (d *DB) RevokeGrants(ctx context.Context, filter GrantFilter, now, until time.Time) (revoked int, err error) {
	err = d.transaction(ctx, func(tx *gorm.DB) (err error) {
		revoked, err = revokeGrants(tx, filter, now, until)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("db: revoke grants: %w", err)
	}
	return revoked, nil
}

func revokeGrants(tx *gorm.DB, filter GrantFilter, now, until time.Time) (revoked int, err error) {
	var rows []persistedGrant
	if err := filter.apply(tx).Where(`"RevokedTime" IS NULL AND ("Expiration" IS NULL OR "Expiration" > ?)`, moment(now)).Find(&rows).Error; err != nil {
		return 0, err
	}
	families := map[string]bool{}
	for _, row := range rows {
		if err := revokeGrant(tx, row, families, now, until); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

func revokeGrant(tx *gorm.DB, row persistedGrant, done map[string]bool, now, until time.Time) error {
	switch {
	case row.Type == grantUserConsent:
		return tx.Delete(&persistedGrant{}, `"Key" = ?`, row.Key).Error
	case row.FamilyID == "":
		return tx.Model(&persistedGrant{}).Where(`"Key" = ?`, row.Key).Update("RevokedTime", moment(now)).Error
	case done[row.FamilyID]:
		return nil
	}
	done[row.FamilyID] = true
	return revokeFamily(tx, row.FamilyID, now, until)
}
