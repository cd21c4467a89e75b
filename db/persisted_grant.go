package db

import (
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// Values of PersistedGrants.Type.
const (
	grantAuthorizationCode = "authorization_code"
	grantInitialAccess     = "initial_access_token" // of nobody: it lets its bearer register clients
	grantReferenceToken    = "reference_token"
	grantRefreshToken      = "refresh_token"
	grantUserConsent       = "user_consent"
)

// persistedGrant is a row of PersistedGrants, which holds everything a user ever allowed a client: codes, consents,
// refresh and reference tokens. Data is JSON whose shape depends on Type.
type persistedGrant struct {
	Key          string `gorm:"primaryKey"` // hash of the handle; whoever reads the table cannot redeem it
	Type         string
	SubjectID    string `gorm:"default:null"`
	SessionID    string `gorm:"default:null"`
	ClientID     string
	Description  string `gorm:"default:null"`
	CreationTime time.Time
	Expiration   *time.Time
	ConsumedTime *time.Time
	RevokedTime  *time.Time
	Data         string
	FamilyID     string `gorm:"default:null"` // what descends from one sign-in shares it
	ParentKey    string `gorm:"default:null"` // the grant this one replaced
	IssuedJTI    string `gorm:"column:IssuedJti;default:null"`
}

func (persistedGrant) TableName() string { return "PersistedGrants" }

// grantColumns are those that columns scans.
const grantColumns = `"Key", COALESCE("SubjectId", ''), COALESCE("SessionId", ''), "ClientId", "CreationTime", "Expiration",
	"ConsumedTime", "RevokedTime", "Data", COALESCE("FamilyId", ''), COALESCE("ParentKey", '')`

func (grant *persistedGrant) columns() []any {
	return []any{&grant.Key, &grant.SubjectID, &grant.SessionID, &grant.ClientID, &grant.CreationTime, &grant.Expiration,
		&grant.ConsumedTime, &grant.RevokedTime, &grant.Data, &grant.FamilyID, &grant.ParentKey}
}

const insertGrant = `
	INSERT INTO "PersistedGrants" ("Key", "Type", "SubjectId", "SessionId", "ClientId", "CreationTime", "Expiration", "Data", "FamilyId", "ParentKey")
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// inserted are the arguments of insertGrant.
func (grant persistedGrant) inserted() []any {
	return []any{grant.Key, grant.Type, orNull(grant.SubjectID), orNull(grant.SessionID), grant.ClientID, grant.CreationTime,
		*grant.Expiration, grant.Data, orNull(grant.FamilyID), orNull(grant.ParentKey)}
}

// hashHandle is what the database keeps of a code or token: base64url of its SHA-256. The handle has 256 random bits,
// so there is nothing to guess and no need for a slow hash.
func hashHandle(handle string) string {
	sum := sha256.Sum256([]byte(handle))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
