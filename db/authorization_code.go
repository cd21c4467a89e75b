package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// AuthorizationCode is everything the token endpoint will compare or repeat when the code comes back (RFC 6749 §4.1.3).
type AuthorizationCode struct {
	ClientID            string    `json:"-"` // has a column, as the others without a name here
	RedirectURI         string    `json:"redirect_uri"`
	Scopes              []string  `json:"scopes"`
	Subject             string    `json:"-"`
	SessionID           string    `json:"-"`
	Nonce               string    `json:"nonce,omitempty"`
	CodeChallenge       string    `json:"code_challenge,omitempty"`
	CodeChallengeMethod string    `json:"code_challenge_method,omitempty"`
	CorrelationID       string    `json:"correlation_id,omitempty"`
	AuthTime            time.Time `json:"auth_time"`
	AMR                 []string  `json:"amr,omitempty"`
	ACR                 string    `json:"acr,omitempty"`             // when asked for
	IDTokenClaims       []string  `json:"id_token_claims,omitempty"` // asked for by name (OIDC Core §5.5)
	UserinfoClaims      []string  `json:"userinfo_claims,omitempty"`
	DPoPKey             string    `json:"dpop_jkt,omitempty"`  // thumbprint of the key it is bound to (RFC 9449 §10)
	Resources           []string  `json:"resources,omitempty"` // asked for by URI (RFC 8707 §2)

	// Created and Expires are for the table, which looks at them itself; a code that comes back says neither.
	Created, Expires time.Time `json:"-"`

	// FamilyID names all that descends from the code, see [FamilyOf]. The row has it from the start.
	FamilyID string `json:"-"`
}

// CodeReplayedError says that the code was redeemed before. Whoever sees it must take back what the code gave
// (RFC 6749 §4.1.2, RFC 9700 §2.1.1): Code.FamilyID.
type CodeReplayedError struct{ Code AuthorizationCode }

func (e *CodeReplayedError) Error() string {
	return "db: authorization code of client " + e.Code.ClientID + " was redeemed before"
}

// InsertAuthorizationCode stores the hash of the code with what belongs to it.
func (d *DB) InsertAuthorizationCode(ctx context.Context, code string, c AuthorizationCode) error {
	c.AuthTime = moment(c.AuthTime)
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("db: insert authorization code: %w", err)
	}
	key, expires := hashHandle(code), moment(c.Expires)
	grant := persistedGrant{Key: key, Type: grantAuthorizationCode, SubjectID: c.Subject, SessionID: c.SessionID,
		ClientID: c.ClientID, CreationTime: moment(c.Created), Expiration: &expires, Data: string(data), FamilyID: key}
	err = d.grant(ctx, []string{insertGrant}, func(in *statements) error {
		_, err := in.run(d.brief(ctx), insertGrant, grant.inserted()...)
		return err
	})
	if err != nil {
		return fmt.Errorf("db: insert authorization code: %w", err)
	}
	return nil
}

// consumeCode is the lock: of any number of requests with the same code the database lets exactly one through.
const consumeCode = `
	UPDATE "PersistedGrants" SET "ConsumedTime" = ?
	WHERE "Key" = ? AND "Type" = 'authorization_code' AND "ConsumedTime" IS NULL AND "Expiration" > ?
	RETURNING "Data", "ClientId", COALESCE("SubjectId", ''), COALESCE("SessionId", '')`

// ConsumeAuthorizationCode takes the code, exactly once. It returns [ErrNotFound] for a code that is unknown or expired at
// now, and a [*CodeReplayedError] for one that was taken before.
func (d *DB) ConsumeAuthorizationCode(ctx context.Context, code string, now time.Time) (AuthorizationCode, error) {
	key := hashHandle(code)
	grant := persistedGrant{FamilyID: key}
	err := d.grant(ctx, []string{consumeCode}, func(in *statements) error {
		return in.one(d.brief(ctx), consumeCode, []any{moment(now), key, moment(now)},
			&grant.Data, &grant.ClientID, &grant.SubjectID, &grant.SessionID)
	})
	if err == nil {
		return grant.authorizationCode()
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return AuthorizationCode{}, fmt.Errorf("db: consume authorization code: %w", err)
	}

	err = d.read(ctx).Where(`"Key" = ? AND "Type" = ? AND "ConsumedTime" IS NOT NULL`, key, grantAuthorizationCode).Take(&grant).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return AuthorizationCode{}, ErrNotFound
	}
	if err != nil {
		return AuthorizationCode{}, fmt.Errorf("db: look up consumed code: %w", err)
	}
	replayed, err := grant.authorizationCode()
	if err != nil {
		return AuthorizationCode{}, err
	}
	return AuthorizationCode{}, &CodeReplayedError{replayed}
}

func (grant persistedGrant) authorizationCode() (AuthorizationCode, error) {
	c := AuthorizationCode{ClientID: grant.ClientID, Subject: grant.SubjectID, SessionID: grant.SessionID, FamilyID: grant.FamilyID}
	if err := json.Unmarshal([]byte(grant.Data), &c); err != nil {
		return AuthorizationCode{}, fmt.Errorf("db: authorization code data: %w", err)
	}
	return c, nil
}
