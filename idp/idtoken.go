package idp

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
)

// idTokenType is the type of an ID token, as distinct from an access token or a logout token.
const idTokenType = "JWT"

// idTokenInput is what an ID token is made from, besides the client.
type idTokenInput struct {
	Granted     grantedScope
	User        db.User
	SessionID   string
	AuthTime    time.Time
	AMR         []string
	Nonce       string // of the authorization request, may be empty
	AccessToken string // issued beside it, "" for none
	Code        string // issued beside it at the authorization endpoint, "" for none
	NothingElse bool   // there is no access token to ask userinfo with, now or later
	Named       claimNames
}

// mintIDToken returns an ID token (OIDC Core §2). Claims about the user are left to userinfo unless the client's row asks
// for them here, or the client has no other way to them (OIDC Core §5.4). There is no azp: the only audience is the client it was issued to.
func (p *Provider) mintIDToken(ctx context.Context, client db.Client, in idTokenInput) (string, error) {
	claims := make(map[string]any)
	if client.AlwaysIncludeUserClaimsInIDToken || in.NothingElse {
		claims = userClaims(in.User.Claims, oneOf(in.Granted.identityClaims()))
	}
	maps.Copy(claims, userClaims(in.User.Claims, oneOf(in.Named.IDToken)))
	subject, err := p.subjectFor(ctx, client, in.User.SubjectID)
	if err != nil {
		return "", err
	}
	algorithm, now := idTokenAlgorithm(client), time.Now().Unix() // from here on no row of the user can overwrite what the protocol says
	claims["iss"], claims["sub"], claims["aud"] = p.issuer, subject, client.ClientID
	claims["iat"], claims["exp"] = now, now+int64(client.IdentityTokenLifetime)
	claims["auth_time"], claims["sid"], claims["amr"] = in.AuthTime.Unix(), in.SessionID, in.AMR
	if in.AccessToken != "" {
		claims["at_hash"] = leftHalfHash(algorithm, in.AccessToken)
	}
	if in.Code != "" { // OIDC Core §3.3.2.11
		claims["c_hash"] = leftHalfHash(algorithm, in.Code)
	}
	if in.Nonce != "" {
		claims["nonce"] = in.Nonce
	}
	if in.Named.ACR != "" {
		claims["acr"] = in.Named.ACR
	}
	return p.keys.sign(ctx, algorithm, idTokenType, claims)
}

// idTokenAlgorithm returns the first algorithm the client's row lists that we have, RS256 without a list: every client
// must understand that one (OIDC Core §15.1).
func idTokenAlgorithm(client db.Client) jose.SignatureAlgorithm {
	for name := range strings.SplitSeq(client.AllowedIdentityTokenSigningAlgorithms, ",") {
		if algorithm := jose.SignatureAlgorithm(strings.TrimSpace(name)); slices.Contains(signatureAlgorithms, algorithm) {
			return algorithm
		}
	}
	return jose.RS256
}

// leftHalfHash returns the left half of the hash of a token or code, as at_hash and c_hash tell it (OIDC Core §3.1.3.6, §3.3.2.11). The hash is that of the signature: SHA-256
// for the algorithms that end in 256, SHA-512 for Ed25519 (RFC 8032 §5.1).
func leftHalfHash(algorithm jose.SignatureAlgorithm, token string) string {
	if algorithm == jose.EdDSA {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// idTokenClaims are what an id_token_hint tells.
type idTokenClaims struct {
	Subject   string
	SessionID string
	ClientID  string // the audience
	Expires   time.Time
}

// hintedSubject returns the user's own subject identifier behind a hint, "" when it is nobody's. Client is the one at hand,
// which mostly is the hint's audience.
func (p *Provider) hintedSubject(ctx context.Context, hint idTokenClaims, client db.Client) (string, error) {
	if hint.ClientID != client.ClientID {
		audience, err := p.db.Client(ctx, hint.ClientID)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return "", err
		}
		client = audience // of a client that is gone we cannot tell: its subjects count as they are
	}
	return p.ownSubject(ctx, client, hint.Subject)
}

// verifyIDTokenHint returns the claims of an ID token we issued. It may have expired: the user was here, and that is what
// a hint is about (OIDC Core §3.1.2.1, RP-Initiated Logout §2). It does not check that its client or subject is the one
// at hand; the caller compares.
func (p *Provider) verifyIDTokenHint(ctx context.Context, hint string) (idTokenClaims, error) {
	var claims struct {
		Issuer    string           `json:"iss"`
		Subject   string           `json:"sub"`
		SessionID string           `json:"sid"`
		Audience  jwt.Audience     `json:"aud"`
		Expires   *jwt.NumericDate `json:"exp"`
	}
	refused := refuse(InvalidRequest, "id_token_hint is not an ID token of this provider")
	signed, err := p.keys.verify(ctx, hint, idTokenType)
	if err == nil {
		err = json.Unmarshal(signed, &claims)
	}
	if err != nil {
		refused.cause = err
		return idTokenClaims{}, refused
	}
	if claims.Issuer != p.issuer || claims.Subject == "" || len(claims.Audience) != 1 {
		return idTokenClaims{}, refused
	}
	return idTokenClaims{
		Subject: claims.Subject, SessionID: claims.SessionID, ClientID: claims.Audience[0], Expires: claims.Expires.Time(),
	}, nil
}
