package idp

import (
	"encoding/json"
	"testing"

	"silentrenew/db"
)

func TestClaimsHaveTheirJSONTypes(t *testing.T) {
	for _, row := range []struct {
		name   string
		claims []db.UserClaim
		want   string
	}{
		{"one role is a string", []db.UserClaim{{Type: "role", Value: "Admin"}}, `{"role":"Admin"}`},
		{"several roles are an array", []db.UserClaim{{Type: "role", Value: "Admin"}, {Type: "role", Value: "Visitor"}, {Type: "role", Value: "Auditor"}}, `{"role":["Admin","Visitor","Auditor"]}`},
		{"a claim that has one value keeps its first (OIDC Core §5.1)", []db.UserClaim{{Type: "name", Value: "Mick"}, {Type: "name", Value: "Michael"}}, `{"name":"Mick"}`},
		{"an address is an object (§5.1.1)", []db.UserClaim{{Type: "address", Value: "Sunny Street 4"}}, `{"address":{"formatted":"Sunny Street 4"}}`},
		{"an address stored as one stays one", []db.UserClaim{{Type: "address", Value: `{"locality":"Bern","country":"CH"}`}}, `{"address":{"country":"CH","locality":"Bern"}}`},
		{"email_verified is a boolean", []db.UserClaim{{Type: "email_verified", Value: "true"}}, `{"email_verified":true}`},
		{"phone_number_verified is a boolean", []db.UserClaim{{Type: "phone_number_verified", Value: "False"}}, `{"phone_number_verified":false}`},
		{"updated_at is a number", []db.UserClaim{{Type: "updated_at", Value: "1795406400"}}, `{"updated_at":1795406400}`},
		{"any other claim is a string, also when it looks like a number", []db.UserClaim{{Type: "employee", Value: "007"}}, `{"employee":"007"}`},
		{"nothing known, nothing told", nil, `{}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := json.Marshal(userClaims(row.claims, everyClaim))
			if err != nil || string(got) != row.want {
				t.Errorf("got %s %v, want %s", got, err, row.want)
			}
		})
	}
}
