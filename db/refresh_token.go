package db

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// RefreshToken is what a refresh token stands for (RFC 6749 §1.5). All that descend from one sign-in are a family.
type RefreshToken struct {
	ClientID, Subject, SessionID string
	Scopes                       []string // as granted; asking for less once does not make it less (RFC 6749 §6)
	Resources                    []string // the APIs it is limited to, by URI (RFC 8707 §2.2); none = those of the scope
	AuthTime                     time.Time
	AMR                          []string
	Claims                       []UserClaim // what the first access token said about the user
	ACR                          string      // when asked for, as the next two (OIDC Core §5.5)
	IDTokenClaims                []string    // asked for by name
	UserinfoClaims               []string
	DPoPKey                      string    // thumbprint of the key it is bound to, "" for none (RFC 9449 §5)
	Started                      time.Time // when the family's first refresh token was issued; its lifetimes count from here
	Created, Expires             time.Time
	Consumed                     *time.Time // when it was exchanged for its successor; nil while it has none
	Revoked                      *time.Time // when it was taken back; nil while it counts
	FamilyID                     string     // see [FamilyOf]
	ParentKey                    string     // the grant it replaced: the first one's is a code, or none
}

// refreshTokenData is what the columns have no room for.
type refreshTokenData struct {
	Scopes         []string    `json:"scopes"`
	Resources      []string    `json:"resources,omitempty"`
	AuthTime       time.Time   `json:"auth_time"`
	AMR            []string    `json:"amr,omitempty"`
	Claims         []UserClaim `json:"claims,omitempty"`
	ACR            string      `json:"acr,omitempty"`
	IDTokenClaims  []string    `json:"id_token_claims,omitempty"`
	UserinfoClaims []string    `json:"userinfo_claims,omitempty"`
	Started        time.Time   `json:"started"`
	DPoPKey        string      `json:"dpop_jkt,omitempty"`
	Salt           []byte      `json:"salt,omitempty"` // with the parent's handle it gives this one's, see successorHandle
}

// RefreshTokenReusedError says that the token was exchanged before and its grace is over: two parties hold it
// (RFC 9700 §4.14.2). Token is the row as it was found.
type RefreshTokenReusedError struct{ Token RefreshToken }

func (e *RefreshTokenReusedError) Error() string {
	return "db: refresh token of client " + e.Token.ClientID + " was used before"
}

// FamilyOf names what descends from an authorization code or device code: whatever must be taken back with it.
func FamilyOf(handle string) string { return hashHandle(handle) }

func (t RefreshToken) grant(handle string, salt []byte) (persistedGrant, error) {
	data, err := json.Marshal(refreshTokenData{t.Scopes, t.Resources, moment(t.AuthTime), t.AMR, t.Claims, t.ACR, t.IDTokenClaims,
		t.UserinfoClaims, moment(t.Started), t.DPoPKey, salt})
	expires := moment(t.Expires)
	return persistedGrant{Key: hashHandle(handle), Type: grantRefreshToken, SubjectID: t.Subject, SessionID: t.SessionID,
		ClientID: t.ClientID, CreationTime: moment(t.Created), Expiration: &expires, Data: string(data),
		FamilyID: t.FamilyID, ParentKey: t.ParentKey}, err
}

func (grant persistedGrant) refreshToken() (RefreshToken, refreshTokenData, error) {
	var data refreshTokenData
	if err := json.Unmarshal([]byte(grant.Data), &data); err != nil {
		return RefreshToken{}, data, fmt.Errorf("db: refresh token data: %w", err)
	}
	return RefreshToken{
		ClientID: grant.ClientID, Subject: grant.SubjectID, SessionID: grant.SessionID, Scopes: data.Scopes, Resources: data.Resources,
		AuthTime: moment(data.AuthTime), AMR: data.AMR, Claims: data.Claims, ACR: data.ACR,
		IDTokenClaims: data.IDTokenClaims, UserinfoClaims: data.UserinfoClaims, Started: moment(data.Started), DPoPKey: data.DPoPKey,
		Created: moment(grant.CreationTime), Expires: moment(*grant.Expiration),
		Consumed: momentOrNil(grant.ConsumedTime), Revoked: momentOrNil(grant.RevokedTime),
		FamilyID: grant.FamilyID, ParentKey: grant.ParentKey,
	}, data, nil
}

// InsertRefreshToken stores the first refresh token of a family. When the family began with an authorization code that has been
// replayed meanwhile, the token is revoked from the start: what a replay takes back must not come to life after it. It returns
// [ErrNotFound] when the code is not there any more, because its client was removed or its time was up.
func (d *DB) InsertRefreshToken(ctx context.Context, handle string, t RefreshToken) error {
	grant, err := t.grant(handle, nil)
	if err != nil {
		return fmt.Errorf("db: insert refresh token: %w", err)
	}
	err = d.transaction(ctx, func(tx *gorm.DB) error {
		if t.ParentKey != "" {
			var parent persistedGrant
			lock := clause.Locking{Strength: clause.LockingStrengthUpdate} // on SQLite the transaction is the lock
			if err := tx.Clauses(lock).Where(`"Key" = ?`, t.ParentKey).Take(&parent).Error; err != nil {
				return notFound(err)
			}
			grant.RevokedTime = parent.RevokedTime
		}
		return tx.Create(&grant).Error
	})
	if err != nil {
		return fmt.Errorf("db: insert refresh token: %w", err)
	}
	return nil
}

// RefreshToken finds a refresh token that has not expired, consumed and revoked ones included. It returns [ErrNotFound]
// for any other handle.
func (d *DB) RefreshToken(ctx context.Context, handle string, now time.Time) (RefreshToken, error) {
	var grant persistedGrant
	err := d.grant(ctx, []string{selectRefreshToken}, func(in *statements) error { // the writer has the page at hand
		return in.one(d.brief(ctx), selectRefreshToken, []any{hashHandle(handle), moment(now)}, grant.columns()...)
	})
	if err != nil {
		return RefreshToken{}, notFound(err)
	}
	token, _, err := grant.refreshToken()
	return token, err
}

const selectRefreshToken = `SELECT ` + grantColumns + ` FROM "PersistedGrants" WHERE "Key" = ? AND "Type" = 'refresh_token' AND "Expiration" > ?`

// consumeRefreshToken is the lock: of any number of requests with the same token the database lets exactly one through.
const consumeRefreshToken = `
	UPDATE "PersistedGrants" SET "ConsumedTime" = ?
	WHERE "Key" = ? AND "Type" = 'refresh_token' AND "ConsumedTime" IS NULL AND "RevokedTime" IS NULL AND "Expiration" > ?`

// RotateRefreshToken exchanges a refresh token for its successor, exactly once, and returns the successor's handle. Who
// comes again within the grace, while nobody has used the successor, gets the same handle again: the first answer was
// lost, or two tabs asked at once. Anybody later gets a [*RefreshTokenReusedError]. It returns [ErrNotFound] for a token
// that is unknown, expired or revoked. Token is what [DB.RefreshToken] said of the handle; the successor takes over everything but its expiry.
func (d *DB) RotateRefreshToken(ctx context.Context, handle string, token RefreshToken, expires, now time.Time, grace time.Duration) (successor string, err error) {
	salt := make([]byte, sha256.Size)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	if successor, err = successorHandle(handle, salt); err != nil {
		return "", err
	}
	key := hashHandle(handle)
	token.Created, token.Expires, token.ParentKey = now, expires, key
	child, err := token.grant(successor, salt)
	if err != nil {
		return "", fmt.Errorf("db: rotate refresh token: %w", err)
	}
	err = d.grant(ctx, []string{consumeRefreshToken, insertGrant}, func(in *statements) error {
		taken, err := in.run(d.brief(ctx), consumeRefreshToken, moment(now), key, moment(now))
		if err != nil {
			return err
		}
		if taken == 0 {
			return sql.ErrNoRows
		}
		_, err = in.run(d.brief(ctx), insertGrant, child.inserted()...)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		successor, err = d.earlierSuccessor(ctx, handle, now, grace)
	}
	if err != nil {
		return "", fmt.Errorf("db: rotate refresh token: %w", err)
	}
	return successor, nil
}

// earlierSuccessor answers an exchange that found nothing to take.
func (d *DB) earlierSuccessor(ctx context.Context, handle string, now time.Time, grace time.Duration) (string, error) {
	token, err := d.RefreshToken(ctx, handle, now)
	if err != nil {
		return "", err
	}
	if token.Revoked != nil || token.Consumed == nil {
		return "", ErrNotFound
	}
	if grace <= 0 || !now.Before(token.Consumed.Add(grace)) {
		return "", &RefreshTokenReusedError{token}
	}
	var child persistedGrant
	err = d.read(ctx).Where(`"FamilyId" = ? AND "Type" <> 'authorization_code' AND "ParentKey" = ? AND "ConsumedTime" IS NULL`, token.FamilyID, hashHandle(handle)).Take(&child).Error
	if errors.Is(err, gorm.ErrRecordNotFound) { // it was used, so the first answer did arrive
		return "", &RefreshTokenReusedError{token}
	}
	if err != nil {
		return "", err
	}
	_, data, err := child.refreshToken()
	if err != nil {
		return "", err
	}
	return successorHandle(handle, data.Salt)
}

// successorHandle derives a successor's handle from the token it replaces and a salt kept in the successor's row. So the
// same successor can be returned again although only its hash is stored: who reads the table lacks the token, and who
// holds an old token lacks the salt, or an old token would be as good as the newest (RFC 5869).
func successorHandle(handle string, salt []byte) (string, error) {
	derived, err := hkdf.Key(sha256.New, []byte(handle), salt, "refresh token successor", sha256.Size)
	if err != nil {
		return "", fmt.Errorf("db: derive refresh token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(derived), nil
}

// ExtendRefreshToken moves the expiry of a token that is used again and again (RefreshTokenUsage = ReUse). It returns
// [ErrNotFound] when the token does not count any more at now.
func (d *DB) ExtendRefreshToken(ctx context.Context, handle string, expires, now time.Time) error {
	var live bool
	err := d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Model(&persistedGrant{}).Where(`"Key" = ? AND "Type" = ? AND "ConsumedTime" IS NULL AND "RevokedTime" IS NULL AND "Expiration" > ?`,
			hashHandle(handle), grantRefreshToken, moment(now)).Update("Expiration", moment(expires))
		live = result.RowsAffected == 1
		return result.Error
	})
	if err != nil {
		return fmt.Errorf("db: extend refresh token: %w", err)
	}
	if !live {
		return ErrNotFound
	}
	return nil
}
