package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"silentrenew/db"
)

// singleClaims are the claims of OIDC Core §5.1 that have one value; of several rows the first counts.
var singleClaims = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
	"email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified",
	"address", "updated_at",
}

// activeUser returns the user with this subject identifier and reports whether they exist and may still sign in.
func (p *Provider) activeUser(ctx context.Context, subject string) (user db.User, active bool, err error) {
	user, err = p.db.UserBySubject(ctx, subject)
	if errors.Is(err, db.ErrNotFound) {
		return db.User{}, false, nil
	}
	if err != nil {
		return db.User{}, false, fmt.Errorf("read user: %w", err)
	}
	return user, user.Enabled, nil
}

// everyClaim tells userClaims to leave nothing out.
func everyClaim(string) bool { return true }

// userClaims returns the claims that wanted lets through, with their JSON types. A type with one row is a
// value, a type with several rows an array, so that role is "Admin" or ["Admin","Visitor"].
func userClaims(rows []db.UserClaim, wanted func(claimType string) bool) map[string]any {
	claims := make(map[string]any)
	for _, row := range rows {
		if !wanted(row.Type) {
			continue
		}
		value := claimValue(row.Type, row.Value)
		switch before := claims[row.Type].(type) {
		case nil:
			claims[row.Type] = value
		case []any:
			claims[row.Type] = append(before, value)
		default:
			if !slices.Contains(singleClaims, row.Type) {
				claims[row.Type] = []any{before, value}
			}
		}
	}
	return claims
}

// clientClaims returns what is said about the client itself, under its prefix; a type with several rows is an array here too.
func clientClaims(client db.Client) map[string]any {
	rows := make([]db.UserClaim, len(client.Claims))
	for i, claim := range client.Claims {
		rows[i] = db.UserClaim{Type: client.ClientClaimsPrefix + claim.Type, Value: claim.Value}
	}
	return userClaims(rows, everyClaim)
}

// claimValue gives a stored value the JSON type its claim has (OIDC Core §5.1).
func claimValue(claimType, value string) any {
	switch claimType {
	case "email_verified", "phone_number_verified":
		if verified, err := strconv.ParseBool(value); err == nil {
			return verified
		}
	case "updated_at": // seconds since the epoch
		if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
			return seconds
		}
	case "address": // an object, here mostly with the whole address in one member (OIDC Core §5.1.1)
		var address map[string]any
		if json.Unmarshal([]byte(value), &address) == nil {
			return address
		}
		return map[string]any{"formatted": value}
	}
	return value
}

// identityClaims returns the claim types the granted identity scope values stand for (OIDC Core §5.4).
func (g grantedScope) identityClaims() []string {
	var types []string
	for _, resource := range g.Identity {
		types = append(types, resource.Claims...)
	}
	return types
}

// accessTokenClaims returns the claim types the APIs of the granted scope want to find in the access token.
func (g grantedScope) accessTokenClaims() []string {
	var types []string
	for _, api := range g.APIs {
		types = append(types, api.Claims...)
	}
	for _, scope := range g.APIScopes {
		types = append(types, scope.Claims...)
	}
	return types
}

// oneOf lets the listed claim types through.
func oneOf(types []string) func(string) bool {
	return func(claimType string) bool { return slices.Contains(types, claimType) }
}
