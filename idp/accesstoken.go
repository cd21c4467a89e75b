package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"silentrenew/db"
)

// accessTokenType marks a JWT as an access token, so that it cannot pass for an ID token (RFC 9068 §2.1).
const accessTokenType = "at+jwt"

// accessTokenInput is what an access token is made from, besides the client.
type accessTokenInput struct {
	JTI       string // identifies the token where it may have to be revoked
	JKT       string // thumbprint of the key it is bound to, "" for none (RFC 9449 §6)
	Granted   grantedScope
	User      db.User        // zero when the client acts for itself (RFC 6749 §4.4)
	Claims    []db.UserClaim // what may be said about the user, today's or as of the sign-in
	SessionID string
	AuthTime  time.Time
	AMR       []string

	Named     claimNames  // asked for by name, of a code only
	Delegated *delegation // somebody acts with the token (RFC 8693 §4.1); nil for any other grant
}

// mintAccessToken returns an access token that lives as long as the client's row says now: a JWT (RFC 9068 §2.2), or a
// handle for the same claims.
func (p *Provider) mintAccessToken(ctx context.Context, client db.Client, in accessTokenInput) (string, error) {
	claims := userClaims(in.Claims, oneOf(in.Granted.accessTokenClaims()))
	if in.User.SubjectID == "" || client.AlwaysSendClientClaims {
		maps.Copy(claims, clientClaims(client))
	}
	subject, err := p.subjectFor(ctx, client, in.User.SubjectID) // the client can read the token
	if err != nil {
		return "", err
	}
	now := time.Now().Unix() // from here on no row of a user or client can overwrite what the protocol says
	claims["iss"], claims["sub"], claims["aud"] = p.issuer, subject, p.audience(in.Granted)
	claims["client_id"], claims["scope"] = client.ClientID, in.Granted.Scope.String()
	claims["iat"], claims["nbf"], claims["exp"] = now, now, now+int64(client.AccessTokenLifetime)
	if in.User.SubjectID == "" {
		claims["sub"] = client.ClientID // RFC 9068 §2.2: no resource owner took part
	} else {
		claims["sid"] = in.SessionID
		claims["auth_time"] = in.AuthTime.Unix()
		claims["amr"] = in.AMR
	}
	if who := client.Properties[mayActProperty]; who != "" {
		claims["may_act"] = authorizedActor{who}
	}
	in.Delegated.into(claims)
	if client.PairWiseSubjectSalt != "" && in.User.SubjectID != "" {
		claims["sub"], claims["subject_type"] = subject, subjectPairwise // our own: how verifyAccessToken finds the user
	}
	if len(in.Named.Userinfo) > 0 {
		claims["userinfo_claims"] = in.Named.Userinfo // our own: what userinfo will be asked for with this token
	}
	if client.UserinfoSignedResponseAlg != "" {
		claims["userinfo_signed_alg"] = client.UserinfoSignedResponseAlg // our own, too
	}
	if in.JKT != "" {
		claims["cnf"] = confirmation{in.JKT}
	}
	if client.AccessTokenType == db.AccessTokenReference {
		return p.storeAccessToken(ctx, client, in, claims)
	}
	if client.IncludeJWTID {
		claims["jti"] = in.JTI // a row that leaves it out leaves RFC 9068 §2.2, and its tokens cannot be revoked
	}
	return p.keys.sign(ctx, jose.ES256, accessTokenType, claims)
}

// audience names the APIs the token is for, as the client named them when it did, or the provider itself when the scope
// reaches no API (RFC 9068 §3).
func (p *Provider) audience(granted grantedScope) any {
	names := granted.Audience
	if names == nil {
		for _, api := range granted.APIs {
			names = append(names, api.Name)
		}
	}
	switch len(names) {
	case 0:
		return p.issuer
	case 1:
		return names[0]
	}
	return names
}

// accessToken is a verified access token of ours.
type accessToken struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"`
	Audience  jwt.Audience `json:"aud"`
	ClientID  string       `json:"client_id"`
	SessionID string       `json:"sid,omitempty"`
	JTI       string       `json:"jti,omitempty"`
	Scope     string       `json:"scope"`
	Named     []string     `json:"userinfo_claims,omitempty"`
	SignedAlg string       `json:"userinfo_signed_alg,omitempty"` // of userinfo; "" for plain JSON
	IssuedAt  int64        `json:"iat"`                           // seconds since the epoch, as the next two (RFC 7519 §2)
	NotBefore int64        `json:"nbf"`
	Expires   int64        `json:"exp"`
	AuthTime  int64        `json:"auth_time,omitempty"`
	AMR       []string     `json:"amr,omitempty"`

	Act          *actor           `json:"act,omitempty"`
	MayAct       *authorizedActor `json:"may_act,omitempty"`
	SubjectType  string           `json:"subject_type,omitempty"` // pairwise, or ""
	Told         string           `json:"-"`                      // sub as the client knows it; Subject is the user's own
	Confirmation *confirmation    `json:"cnf,omitempty"`          // of a token that is bound to a key (RFC 9449 §6)

	claims json.RawMessage // all of them
}

// boundKey is the thumbprint of the key the token is bound to, "" for a bearer token.
func (t accessToken) boundKey() string {
	if t.Confirmation == nil {
		return ""
	}
	return t.Confirmation.JKT
}

// parseAccessToken reads the claims of an access token and keeps them all: introspection tells those we have no field for.
func parseAccessToken(claims []byte) (accessToken, error) {
	token := accessToken{claims: claims}
	err := json.Unmarshal(claims, &token)
	return token, err
}

// verifyAccessToken returns the claims of one of our access tokens that is alive and not revoked, without leeway: one
// clock stamped and checks it. It does not look at the audience; what the provider itself serves is guarded by scope.
func (p *Provider) verifyAccessToken(ctx context.Context, token string) (accessToken, error) {
	var claims accessToken
	refused := refuse(InvalidToken, "the access token is malformed, expired or revoked")
	if isReference(token) {
		var err error
		if claims, err = p.readReferenceToken(ctx, token); err != nil {
			return accessToken{}, err
		}
	} else {
		signed, err := p.keys.verify(ctx, token, accessTokenType)
		if err == nil {
			claims, err = parseAccessToken(signed)
		}
		if err != nil {
			refused.cause = err
			return accessToken{}, refused
		}
	}
	now := time.Now().Unix()
	switch {
	case claims.Issuer != p.issuer:
		refused.cause = fmt.Errorf("issued by %q", claims.Issuer)
		return accessToken{}, refused
	case now >= claims.Expires:
		return accessToken{}, refuse(InvalidToken, "the access token has expired")
	case now < claims.NotBefore:
		refused.cause = errors.New("not valid yet")
		return accessToken{}, refused
	}
	if claims.JTI != "" {
		revoked, err := p.db.TokenRevoked(ctx, claims.JTI)
		switch {
		case err != nil:
			return accessToken{}, fmt.Errorf("read revoked tokens: %w", err)
		case revoked:
			return accessToken{}, refuse(InvalidToken, "the access token was revoked")
		}
	}
	claims.Told = claims.Subject
	if claims.SubjectType != subjectPairwise {
		return claims, nil
	}
	var err error
	if claims.Subject, err = p.db.PairwiseSubject(ctx, claims.Told); errors.Is(err, db.ErrNotFound) {
		return accessToken{}, refused
	}
	return claims, err
}
