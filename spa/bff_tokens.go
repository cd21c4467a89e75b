package spa

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// idClaims are the claims of a verified ID token that the BFF works with.
type idClaims struct {
	subject, nonce, sid string
	authTime            int64
}

// verifyIDToken checks the ID token of a token response (OIDC Core §3.1.3.7): go-oidc looks at signature, iss, aud and exp,
// the rest is here. The nonce is the caller's to compare.
func (b *bff) verifyIDToken(ctx context.Context, tokens *oauth2.Token) (idClaims, error) {
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return idClaims{}, fmt.Errorf("%w: no ID token", errBadAnswer)
	}
	token, err := b.provider.verifier(b.clientID).Verify(ctx, raw)
	if err != nil {
		return idClaims{}, fmt.Errorf("%w: %w", errBadAnswer, err)
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(tokens.AccessToken); err != nil { // OIDC Core §3.1.3.8
			return idClaims{}, fmt.Errorf("%w: %w", errBadAnswer, err)
		}
	}
	var more struct {
		AZP      string `json:"azp"`
		SID      string `json:"sid"`
		AuthTime int64  `json:"auth_time"`
	}
	if err := token.Claims(&more); err != nil {
		return idClaims{}, fmt.Errorf("%w: %w", errBadAnswer, err)
	}
	if more.AZP != "" && more.AZP != b.clientID || more.AZP == "" && len(token.Audience) > 1 { // OIDC Core §3.1.3.7 (3, 4, 5)
		return idClaims{}, fmt.Errorf("%w: the ID token is for another client too", errBadAnswer)
	}
	return idClaims{subject: token.Subject, nonce: token.Nonce, sid: more.SID, authTime: more.AuthTime}, nil
}

// take puts the tokens of a response in place of those the session had. A response without a new refresh token or ID token
// leaves the old ones (RFC 6749 §6, R27).
func (s *bffSession) take(tokens *oauth2.Token) error {
	if tokens.AccessToken == "" || !strings.EqualFold(tokens.Type(), "Bearer") || tokens.ExpiresIn <= 0 {
		return fmt.Errorf("%w: it lacks a bearer token with an end", errBadAnswer)
	}
	s.AccessToken, s.Expires = tokens.AccessToken, tokens.Expiry
	s.Issued = s.Expires.Add(-time.Duration(tokens.ExpiresIn) * time.Second)
	if tokens.RefreshToken != "" {
		s.RefreshToken = tokens.RefreshToken
	}
	if raw, _ := tokens.Extra("id_token").(string); raw != "" {
		s.IDToken = raw
	}
	return nil
}

// describeUser asks userinfo for the user's name and roles. Its sub must be that of the ID token (OIDC Core §5.3.2).
func (b *bff) describeUser(ctx context.Context, provider *oidc.Provider, session *bffSession, tokens *oauth2.Token) error {
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return fmt.Errorf("%w: userinfo: %w", errProviderAway, err)
	}
	if info.Subject != session.Subject {
		return fmt.Errorf("%w: userinfo speaks of another user", errBadAnswer)
	}
	var claims struct {
		Name              string `json:"name"`
		GivenName         string `json:"given_name"`
		PreferredUsername string `json:"preferred_username"`
		Role              any    `json:"role"` // one, or several
	}
	if err := info.Claims(&claims); err != nil {
		return fmt.Errorf("%w: userinfo: %w", errBadAnswer, err)
	}
	for _, name := range []string{claims.Name, claims.GivenName, claims.PreferredUsername, session.Subject} {
		if name != "" {
			session.Name = name
			break
		}
	}
	switch role := claims.Role.(type) {
	case string:
		session.Roles = []string{role}
	case []any:
		for _, one := range role {
			if name, ok := one.(string); ok {
				session.Roles = append(session.Roles, name)
			}
		}
	}
	return nil
}

// tokenError sorts a failure of the token endpoint. What the provider refuses by name stays an *oauth2.RetrieveError;
// everything else may pass: no answer, a proxy's error page, an overloaded server.
func tokenError(err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if ok && refused.ErrorCode != "" && refused.Response != nil && refused.Response.StatusCode < 500 {
		return err
	}
	return fmt.Errorf("%w: %w", errProviderAway, err)
}

// isInvalidGrant reports whether the provider will never take this refresh token again (RFC 6749 §5.2).
func isInvalidGrant(err error) bool {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	return ok && refused.ErrorCode == "invalid_grant"
}
