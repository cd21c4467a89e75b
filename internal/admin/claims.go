package admin

import (
	"slices"
	"strings"

	"silentrenew/db"
)

// claim is a claim about a user or a client.
type claim interface{ db.UserClaim | db.ClientClaim }

// withClaim returns the claims as an assignment to one type leaves them: = replaces the values there are, or with no text takes them away; += and -= add
// and take one.
func withClaim[C claim](claims []C, claimType string, one assignment) []C {
	claims = slices.DeleteFunc(slices.Clone(claims), func(c C) bool {
		there := db.UserClaim(c)
		return there.Type == claimType && (one.operation == "" || there.Value == one.value)
	})
	if one.operation != "-" && one.value != "" {
		claims = append(claims, C(db.UserClaim{Type: claimType, Value: one.value}))
	}
	return claims
}

// shownClaim says the values of one type for people.
func shownClaim[C claim](claims []C, claimType string) string {
	var values []string
	for _, c := range claims {
		if there := db.UserClaim(c); there.Type == claimType {
			values = append(values, there.Value)
		}
	}
	return shownValues(values)
}

func shownValues(values []string) string {
	if len(values) == 0 {
		return "not set"
	}
	return printable(strings.Join(values, ", "))
}
