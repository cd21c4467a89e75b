package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Consent is what a user allowed a client and asked the provider to remember.
type Consent struct {
	Subject, ClientID string
	Scopes            []string
	Claims            []string // by name, beyond what the scope values stand for (OIDC Core §5.5)
	Created           time.Time
	Expires           *time.Time // nil = never
}

type consentData struct {
	Scopes []string `json:"scopes"`
	Claims []string `json:"claims,omitempty"`
}

// consentKey gives each pair of user and client one row. The separator occurs in neither.
func consentKey(subject, clientID string) string {
	return hashHandle(subject + "\n" + clientID + "\n" + grantUserConsent)
}

// SaveConsent remembers a consent in place of an earlier one.
func (d *DB) SaveConsent(ctx context.Context, c Consent) error {
	data, err := json.Marshal(consentData{c.Scopes, c.Claims})
	if err != nil {
		return fmt.Errorf("db: save consent: %w", err)
	}
	grant := persistedGrant{Key: consentKey(c.Subject, c.ClientID), Type: grantUserConsent, SubjectID: c.Subject,
		ClientID: c.ClientID, CreationTime: moment(c.Created), Expiration: momentOrNil(c.Expires), Data: string(data)}
	replace := clause.OnConflict{
		Columns:   []clause.Column{{Name: "Key"}},
		DoUpdates: clause.AssignmentColumns([]string{"CreationTime", "Expiration", "Data"}),
	}
	err = d.write(ctx, func(tx *gorm.DB) error { return tx.Clauses(replace).Create(&grant).Error })
	if err != nil {
		return fmt.Errorf("db: save consent: %w", err)
	}
	return nil
}

// Consent finds what the user allowed the client. It returns [ErrNotFound] when nothing is remembered or it has expired.
func (d *DB) Consent(ctx context.Context, subject, clientID string, now time.Time) (Consent, error) {
	var grant persistedGrant
	err := d.read(ctx).Where(`"Key" = ? AND ("Expiration" IS NULL OR "Expiration" > ?)`, consentKey(subject, clientID), moment(now)).
		Take(&grant).Error
	if err != nil {
		return Consent{}, notFound(err)
	}
	var data consentData
	if err := json.Unmarshal([]byte(grant.Data), &data); err != nil {
		return Consent{}, fmt.Errorf("db: consent data: %w", err)
	}
	return Consent{subject, clientID, data.Scopes, data.Claims, moment(grant.CreationTime), momentOrNil(grant.Expiration)}, nil
}

// DeleteConsent forgets a consent. Forgetting one that is not there is no error.
func (d *DB) DeleteConsent(ctx context.Context, subject, clientID string) error {
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Where(`"Key" = ?`, consentKey(subject, clientID)).Delete(&persistedGrant{}).Error
	})
	if err != nil {
		return fmt.Errorf("db: delete consent: %w", err)
	}
	return nil
}
