package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"
)

// RefreshTokenUsage is the column of that name.
type RefreshTokenUsage int

// The numbers are IdentityServer's, so that a row can be copied over.
const (
	RefreshTokenReUse       RefreshTokenUsage = 0 // the same handle again
	RefreshTokenOneTimeOnly RefreshTokenUsage = 1 // rotation (RFC 9700 §4.14.2)
)

// RefreshTokenExpiration is the column of that name.
type RefreshTokenExpiration int

// The numbers are IdentityServer's.
const (
	RefreshTokenSliding  RefreshTokenExpiration = 0
	RefreshTokenAbsolute RefreshTokenExpiration = 1
)

// AccessTokenType is the column of that name.
type AccessTokenType int

// The numbers are IdentityServer's.
const (
	AccessTokenJWT       AccessTokenType = 0 // RFC 9068
	AccessTokenReference AccessTokenType = 1 // RFC 7662
)

// Client is one relying party as the Clients table and its child tables know it. Lifetimes are whole seconds, as in the
// columns, which people edit by hand; the methods ending in TTL say them as durations.
type Client struct {
	ID                                    int
	Enabled                               bool
	ClientID                              string
	ProtocolType                          string
	RequireClientSecret                   bool   // false = public client (RFC 6749 §2.1)
	ClientName                            string `gorm:"default:null"`
	Description                           string `gorm:"default:null"`
	ClientURI                             string `gorm:"default:null"`
	LogoURI                               string `gorm:"default:null"`
	RequireConsent                        bool
	AllowRememberConsent                  bool
	AlwaysIncludeUserClaimsInIDToken      bool
	RequirePKCE                           bool
	AllowPlainTextPKCE                    bool
	RequireRequestObject                  bool
	AllowAccessTokensViaBrowser           bool
	FrontChannelLogoutURI                 string `gorm:"default:null"`
	FrontChannelLogoutSessionRequired     bool
	BackChannelLogoutURI                  string `gorm:"default:null"`
	BackChannelLogoutSessionRequired      bool
	AllowOfflineAccess                    bool
	IdentityTokenLifetime                 int    // seconds
	AllowedIdentityTokenSigningAlgorithms string `gorm:"default:null"` // comma list; empty = the server's default
	AccessTokenLifetime                   int    // seconds
	AuthorizationCodeLifetime             int    // seconds
	ConsentLifetime                       *int   // seconds; nil = never expires
	AbsoluteRefreshTokenLifetime          int    // seconds; 0 = no cap when sliding
	SlidingRefreshTokenLifetime           int    // seconds
	RefreshTokenUsage                     RefreshTokenUsage
	UpdateAccessTokenClaimsOnRefresh      bool
	RefreshTokenExpiration                RefreshTokenExpiration
	AccessTokenType                       AccessTokenType
	EnableLocalLogin                      bool
	IncludeJWTID                          bool
	AlwaysSendClientClaims                bool
	ClientClaimsPrefix                    string
	Created                               time.Time
	Updated                               *time.Time // nil until somebody changes it through the program
	LastAccessed                          *time.Time // at most a minute old
	UserSSOLifetime                       *int       // seconds since auth_time; nil = as long as the session
	UserCodeType                          string     `gorm:"default:null"`
	DeviceCodeLifetime                    int        // seconds
	NonEditable                           bool
	RefreshTokenReuseGraceSeconds         int  // how long a rotated refresh token is still taken
	RevokeFamilyOnReuse                   bool // RFC 9700 §4.14.2
	RenewLeadHint                         *int // seconds; what the page is advised to renew ahead
	RequirePushedAuthorization            bool // RFC 9126 §6
	RequireDPoP                           bool // RFC 9449 §5.2: no token without a proof of possession

	// What OIDC Registration §2 adds.
	InitiateLoginURI            string `gorm:"default:null"` // where a login begun elsewhere starts (OIDC Core §4)
	PairWiseSubjectSalt         string `gorm:"default:null"` // empty = the subject is the same for every client
	SectorIdentifierURI         string `gorm:"default:null"` // empty = the host of the redirect URIs, see Sector
	JWKSURI                     string `gorm:"default:null"` // where the client publishes its keys
	TokenEndpointAuthMethod     string `gorm:"default:null"` // empty = any the client has a credential for
	TokenEndpointAuthSigningAlg string `gorm:"default:null"` // of its assertions; empty = any
	UserinfoSignedResponseAlg   string `gorm:"default:null"` // empty = userinfo is plain JSON
	RequestObjectSigningAlg     string `gorm:"default:null"` // empty = any, "none" included
	DefaultMaxAge               *int   // seconds since auth_time where a request has no max_age; nil = any
	DefaultACRValues            string `gorm:"default:null"` // space-separated, where a request asks for no acr
	PolicyURI                   string `gorm:"default:null"`
	TermsOfServiceURI           string `gorm:"default:null"`
	RegistrationAccessToken     string `gorm:"default:null"` // hash (RFC 7592 §3); empty = not registered over the network

	// CoordinateLifetimeWithUserSession ties refresh and reference tokens to the session they were given in, whose end is then
	// theirs, by expiry too. nil = as the option Authentication.CoordinateClientLifetimesWithUserSession says.
	CoordinateLifetimeWithUserSession *bool

	// The child tables.
	RedirectURIs           []string          `gorm:"-"` // compared byte for byte (RFC 9700 §2.1)
	PostLogoutRedirectURIs []string          `gorm:"-"`
	Scopes                 []string          `gorm:"-"`
	GrantTypes             []string          `gorm:"-"`
	CORSOrigins            []string          `gorm:"-"`
	RequestURIs            []string          `gorm:"-"` // where its request objects may be fetched (OIDC Core §6.2)
	Secrets                []ClientSecret    `gorm:"-"`
	Claims                 []ClientClaim     `gorm:"-"`
	Properties             map[string]string `gorm:"-"`
}

// ClientSecret is one way a confidential client may prove itself.
type ClientSecret struct {
	Description string
	Value       string     // by Type: base64 of SHA-256, a public key as a JWK, or a secret that the provider can read again
	Expiration  *time.Time // nil = never
	Type        string     // "SharedSecret", "JsonWebKey" or "RecoverableSecret"
	Created     time.Time
}

// ClientClaim is a claim about the client itself.
type ClientClaim struct{ Type, Value string }

// NewClient returns a client with the defaults the columns have, and nothing registered.
func NewClient(clientID string) Client {
	return Client{
		ClientID:                          clientID,
		Enabled:                           true,
		ProtocolType:                      "oidc",
		RequireClientSecret:               true,
		AllowRememberConsent:              true,
		RequirePKCE:                       true,
		FrontChannelLogoutSessionRequired: true,
		BackChannelLogoutSessionRequired:  true,
		IdentityTokenLifetime:             300,
		AccessTokenLifetime:               3600,
		AuthorizationCodeLifetime:         300,
		AbsoluteRefreshTokenLifetime:      2592000, // 30 days
		SlidingRefreshTokenLifetime:       1296000, // 15 days
		RefreshTokenUsage:                 RefreshTokenOneTimeOnly,
		RefreshTokenExpiration:            RefreshTokenAbsolute,
		AccessTokenType:                   AccessTokenJWT,
		EnableLocalLogin:                  true,
		IncludeJWTID:                      true,
		ClientClaimsPrefix:                "client_",
		DeviceCodeLifetime:                300,
		RevokeFamilyOnReuse:               true,
	}
}

// AccessTokenTTL is how long an access token lives.
func (c Client) AccessTokenTTL() time.Duration { return seconds(c.AccessTokenLifetime) }

// IdentityTokenTTL is how long an ID token lives.
func (c Client) IdentityTokenTTL() time.Duration { return seconds(c.IdentityTokenLifetime) }

// AuthorizationCodeTTL is how long a code waits for its redemption (RFC 6749 §4.1.2).
func (c Client) AuthorizationCodeTTL() time.Duration { return seconds(c.AuthorizationCodeLifetime) }

// AbsoluteRefreshTokenTTL caps a chain of refresh tokens; 0 = no cap when sliding.
func (c Client) AbsoluteRefreshTokenTTL() time.Duration {
	return seconds(c.AbsoluteRefreshTokenLifetime)
}

// SlidingRefreshTokenTTL is how long an unused refresh token lives.
func (c Client) SlidingRefreshTokenTTL() time.Duration { return seconds(c.SlidingRefreshTokenLifetime) }

// RefreshTokenReuseGrace is how long a rotated refresh token is still taken.
func (c Client) RefreshTokenReuseGrace() time.Duration {
	return seconds(c.RefreshTokenReuseGraceSeconds)
}

// DeviceCodeTTL is how long a device code lives (RFC 8628 §3.2).
func (c Client) DeviceCodeTTL() time.Duration { return seconds(c.DeviceCodeLifetime) }

// ConsentTTL is how long a remembered consent counts; limited is false when it never expires.
func (c Client) ConsentTTL() (ttl time.Duration, limited bool) { return optional(c.ConsentLifetime) }

// UserSSOTTL is how long after auth_time a session still signs the user in to this client; limited is false when the
// session alone decides.
func (c Client) UserSSOTTL() (ttl time.Duration, limited bool) { return optional(c.UserSSOLifetime) }

// RenewLead is how far ahead of expiry the page is advised to renew; advised is false when the row gives no advice.
func (c Client) RenewLead() (lead time.Duration, advised bool) { return optional(c.RenewLeadHint) }

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func optional(n *int) (time.Duration, bool) {
	if n == nil {
		return 0, false
	}
	return seconds(*n), true
}

// Client returns one client and its child rows as they are now: an edit of the tables by any program counts for the next
// token (decision 10), see memory.go. Its lists are shared and must not be changed. It returns [ErrNotFound]
// for an unknown client_id; a disabled client is returned with Enabled false.
func (d *DB) Client(ctx context.Context, clientID string) (Client, error) {
	if !storable(clientID) {
		return Client{}, ErrNotFound
	}
	configured, err := d.configured(ctx)
	if err != nil {
		return Client{}, err
	}
	client, err := keep(&configured.remembered, configured.clients, clientID, func() (Client, error) { return d.readClient(ctx, clientID) })
	client.Properties = maps.Clone(client.Properties)
	return client, err
}

func (d *DB) readClient(ctx context.Context, clientID string) (Client, error) {
	var c Client
	if err := d.read(ctx).Where(`"ClientId" = ?`, clientID).Take(&c).Error; err != nil {
		return Client{}, notFound(err)
	}
	clients := []Client{c}
	if err := readClientChildren(d.read(ctx), clients); err != nil {
		return Client{}, fmt.Errorf("db: read client %s: %w", clientID, err)
	}
	return clients[0], nil
}

// Clients lists every client by client_id.
func (d *DB) Clients(ctx context.Context) ([]Client, error) {
	var clients []Client
	if err := d.read(ctx).Order(`"ClientId"`).Find(&clients).Error; err != nil {
		return nil, fmt.Errorf("db: list clients: %w", err)
	}
	if err := readClientChildren(d.read(ctx), clients); err != nil {
		return nil, fmt.Errorf("db: list clients: %w", err)
	}
	return clients, nil
}

// CORSOriginAllowed reports whether an enabled client registers the origin, compared byte for byte.
func (d *DB) CORSOriginAllowed(ctx context.Context, origin string) (bool, error) {
	return d.originAllowed(ctx, "all", "", origin)
}

// OwnCORSOriginAllowed reports whether an enabled client registers the origin that was not itself registered over the network
// (RFC 7591): only then has somebody who runs the provider ever looked at it.
func (d *DB) OwnCORSOriginAllowed(ctx context.Context, origin string) (bool, error) {
	return d.originAllowed(ctx, "own", ` AND c."RegistrationAccessToken" IS NULL`, origin)
}

// OwnCORSOrigin returns the first origin of those that OwnCORSOriginAllowed allows, by client_id; "" when there is none.
func (d *DB) OwnCORSOrigin(ctx context.Context) (string, error) {
	var origin string
	err := d.row(ctx, `SELECT o."Origin" FROM "ClientCorsOrigins" o JOIN "Clients" c ON c."Id" = o."ClientId"
		WHERE c."Enabled" AND c."RegistrationAccessToken" IS NULL ORDER BY c."ClientId", o."Id" LIMIT 1`, nil, &origin)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("db: look up our own CORS origin: %w", err)
	}
	return origin, nil
}

func (d *DB) originAllowed(ctx context.Context, kept, condition, origin string) (bool, error) {
	configured, err := d.configured(ctx)
	if err != nil {
		return false, err
	}
	origins, err := keep(&configured.remembered, configured.origins, kept, func() ([]string, error) {
		var origins []string
		err := d.read(ctx).Raw(`SELECT DISTINCT o."Origin" FROM "ClientCorsOrigins" o JOIN "Clients" c ON c."Id" = o."ClientId"
			WHERE c."Enabled"` + condition).Scan(&origins).Error
		return origins, err
	})
	if err != nil {
		return false, fmt.Errorf("db: look up CORS origin: %w", err)
	}
	return slices.Contains(origins, origin), nil
}

// TouchClient notes that the client was here. It writes at most once a minute per client, so that the busiest client
// costs no more than the idlest.
func (d *DB) TouchClient(ctx context.Context, clientID string, now time.Time) error {
	client, err := d.Client(ctx, clientID)
	minuteAgo := moment(now.Add(-time.Minute))
	if errors.Is(err, ErrNotFound) || err == nil && client.LastAccessed != nil && client.LastAccessed.After(minuteAgo) {
		return nil
	}
	if err == nil {
		err = d.write(ctx, func(tx *gorm.DB) error {
			return tx.Model(&Client{}).Where(`"ClientId" = ? AND ("LastAccessed" IS NULL OR "LastAccessed" <= ?)`, clientID, minuteAgo).
				Update("LastAccessed", moment(now)).Error
		})
	}
	if err != nil {
		return fmt.Errorf("db: touch client %s: %w", clientID, err)
	}
	return nil
}

// JSONWebKey is the Type of a secret that is none: its Value is a public key (RFC 7517 §4).
const JSONWebKey = "JsonWebKey"

// SetPublicKeys puts the keys of a JWK Set, each as JSON, in the place of those that are there; none takes them away.
func (c *Client) SetPublicKeys(keys []string) {
	c.Secrets = slices.DeleteFunc(slices.Clone(c.Secrets), func(s ClientSecret) bool { return s.Type == JSONWebKey })
	for _, key := range keys {
		c.Secrets = append(c.Secrets, ClientSecret{Description: "jwks", Value: key, Type: JSONWebKey})
	}
}
