package db_test

import (
	"database/sql"
	"reflect"
	"slices"
	"strings"
	"testing"

	"silentrenew/db"
	"silentrenew/db/dbtest"
)

// Part D1, in its order, and our own three columns at the end.
const clientsColumns = `Id Enabled ClientId ProtocolType RequireClientSecret ClientName Description ClientUri LogoUri RequireConsent
	AllowRememberConsent AlwaysIncludeUserClaimsInIdToken RequirePkce AllowPlainTextPkce RequireRequestObject
	AllowAccessTokensViaBrowser FrontChannelLogoutUri FrontChannelLogoutSessionRequired BackChannelLogoutUri
	BackChannelLogoutSessionRequired AllowOfflineAccess IdentityTokenLifetime AllowedIdentityTokenSigningAlgorithms
	AccessTokenLifetime AuthorizationCodeLifetime ConsentLifetime AbsoluteRefreshTokenLifetime SlidingRefreshTokenLifetime
	RefreshTokenUsage UpdateAccessTokenClaimsOnRefresh RefreshTokenExpiration AccessTokenType EnableLocalLogin IncludeJwtId
	AlwaysSendClientClaims ClientClaimsPrefix Created Updated LastAccessed UserSsoLifetime UserCodeType DeviceCodeLifetime
	NonEditable RefreshTokenReuseGraceSeconds RevokeFamilyOnReuse RenewLeadHint
	RequirePushedAuthorization RequireDPoP
	InitiateLoginUri PairWiseSubjectSalt SectorIdentifierUri JwksUri TokenEndpointAuthMethod TokenEndpointAuthSigningAlg
	UserinfoSignedResponseAlg RequestObjectSigningAlg DefaultMaxAge DefaultAcrValues PolicyUri TermsOfServiceUri RegistrationAccessToken
	CoordinateLifetimeWithUserSession`

// Parts D2 to D4 and the tables of our own.
var otherTables = map[string]string{
	"ClientRedirectUris":           "Id ClientId RedirectUri",
	"ClientPostLogoutRedirectUris": "Id ClientId PostLogoutRedirectUri",
	"ClientScopes":                 "Id ClientId Scope",
	"ClientGrantTypes":             "Id ClientId GrantType",
	"ClientCorsOrigins":            "Id ClientId Origin",
	"ClientRequestUris":            "Id ClientId RequestUri",
	"ClientSecrets":                "Id ClientId Description Value Expiration Type Created",
	"ClientClaims":                 "Id ClientId Type Value",
	"ClientProperties":             "Id ClientId Key Value",
	"ApiResources": "Id Enabled Name DisplayName Description AllowedAccessTokenSigningAlgorithms ShowInDiscoveryDocument Created Updated " +
		"LastAccessed NonEditable ResourceUri",
	"ApiResourceScopes":      "Id ApiResourceId Scope",
	"ApiResourceClaims":      "Id ApiResourceId Type",
	"ApiResourceSecrets":     "Id ApiResourceId Description Value Expiration Type Created",
	"ApiScopes":              "Id Enabled Name DisplayName Description Required Emphasize ShowInDiscoveryDocument",
	"ApiScopeClaims":         "Id ScopeId Type",
	"IdentityResources":      "Id Enabled Name DisplayName Description Required Emphasize ShowInDiscoveryDocument Created Updated NonEditable",
	"IdentityResourceClaims": "Id IdentityResourceId Type",
	"PairwiseSubjects":       "PairwiseId SubjectId Sector",
	"PersistedGrants": "Key Type SubjectId SessionId ClientId Description CreationTime Expiration ConsumedTime Data " +
		"FamilyId ParentKey IssuedJti RevokedTime",
	"DeviceCodes":        "UserCode DeviceCode SubjectId SessionId ClientId Description CreationTime Expiration Data",
	"Keys":               "Id Version Created Use Algorithm IsX509Certificate DataProtected Data Generation SignsFrom LongestLifetime",
	"ServerSideSessions": "Key Scheme SubjectId SessionId DisplayName Created Renewed Expires Data",
	"RevokedTokens":      "Jti Expiration",
	"ServerOptions":      "Name Value Updated",
	"LoginFailures":      "Key Count Since BlockedUntil",
	"Users":              "Id SubjectId Username PasswordHash Enabled Created Updated",
	"UserClaims":         "Id UserId Type Value",
	"DeletedCompanies":   "Id Name Address Country CountryCode Blocks Edited Created Updated Deleted",
	"BffRecords":         "Key SubjectId SessionId Version LeaseUntil Expires Data",
	"DPoPNonces":         "Name Value Expiration",
	"IdempotencyKeys":    "Key Request Answer Expiration",

	"ConfigurationVersion": "Id Version Sessions",
}

func TestD1D2D3D4TablesAndColumns(t *testing.T) {
	eachShell(t, func(t *testing.T, shell *sql.DB, _ *db.DB) {
		for table, names := range otherTables {
			if got, want := columnsOf(t, shell, table), strings.Fields(names); !slices.Equal(got, want) {
				t.Errorf("%s has %v, want %v", table, got, want)
			}
		}
		if got, want := columnsOf(t, shell, "Clients"), strings.Fields(clientsColumns); !slices.Equal(got, want) {
			t.Errorf("Clients has %v, want %v", got, want)
		}
	})
}

func TestD1DefaultsOfTheColumnsAreThoseOfNewClient(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dbtest.Exec(t, d, `INSERT INTO "Clients" ("ClientId") VALUES ('by-hand')`)
		got, err := d.Client(t.Context(), "by-hand")
		if err != nil {
			t.Fatal(err)
		}
		want := db.NewClient("by-hand")
		want.ID, want.Created, want.Properties = got.ID, got.Created, map[string]string{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
		if got.Created.IsZero() {
			t.Error("Created has no default")
		}
	})
}

func TestI21EveryLifetimeSaysItsUnitInTheDatabase(t *testing.T) {
	lifetimes := []string{"IdentityTokenLifetime", "AccessTokenLifetime", "AuthorizationCodeLifetime", "ConsentLifetime",
		"AbsoluteRefreshTokenLifetime", "SlidingRefreshTokenLifetime", "UserSsoLifetime", "DeviceCodeLifetime",
		"RefreshTokenReuseGraceSeconds", "RenewLeadHint"}
	eachShell(t, func(t *testing.T, shell *sql.DB, _ *db.DB) {
		for _, column := range lifetimes {
			if comment := commentOn(t, shell, "Clients", column); !strings.HasPrefix(comment, "seconds") {
				t.Errorf("%s: comment %q does not begin with its unit", column, comment)
			}
		}
		if got, want := commentOn(t, shell, "Clients", "AccessTokenLifetime"), "seconds; 3600 s = 1 hour"; got != want {
			t.Errorf("AccessTokenLifetime: comment %q, want %q", got, want)
		}
	})
}

// A learner's slip of the finger is refused at once instead of stopping the provider later.
func TestA20AWrongTypeIsRefusedWhereItIsTyped(t *testing.T) {
	eachShell(t, func(t *testing.T, shell *sql.DB, _ *db.DB) {
		for _, statement := range []string{
			`UPDATE "Clients" SET "AccessTokenLifetime" = 'one minute'`,
			`UPDATE "Clients" SET "AccessTokenLifetime" = NULL`,
			`UPDATE "Clients" SET "RequirePkce" = 'maybe'`,
		} {
			if _, err := shell.ExecContext(t.Context(), statement); err == nil {
				t.Errorf("%s was taken", statement)
			}
		}
	})
}

func TestD2ChildRowsGoWithTheirClient(t *testing.T) {
	eachShell(t, func(t *testing.T, shell *sql.DB, d *db.DB) {
		if _, err := shell.ExecContext(t.Context(), `DELETE FROM "Clients"`); err != nil {
			t.Fatal(err)
		}
		for table := range otherTables {
			if !strings.HasPrefix(table, "Client") {
				continue
			}
			var rows int
			if err := shell.QueryRowContext(t.Context(), `SELECT count(*) FROM "`+table+`"`).Scan(&rows); err != nil || rows != 0 {
				t.Errorf("%s keeps %d rows, %v", table, rows, err)
			}
		}
	})
}

// eachShell gives the test a seeded database and a shell on it.
func eachShell(t *testing.T, test func(t *testing.T, shell *sql.DB, d *db.DB)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed(t, d)
		test(t, dbtest.Shell(t, d), d)
	})
}

func columnsOf(t *testing.T, shell *sql.DB, table string) []string {
	t.Helper()
	rows, err := shell.QueryContext(t.Context(), `SELECT * FROM "`+table+`" LIMIT 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// commentOn reads PostgreSQL's comment, or what stands after the column in SQLite's text of the table (".schema Clients").
func commentOn(t *testing.T, shell *sql.DB, table, column string) string {
	t.Helper()
	var text string
	err := shell.QueryRowContext(t.Context(), `SELECT coalesce(col_description(('"' || $1 || '"')::regclass,
		(SELECT ordinal_position::int FROM information_schema.columns WHERE table_name = $1 AND column_name = $2)), '')`, table, column).Scan(&text)
	if err == nil {
		return text
	}
	if err := shell.QueryRowContext(t.Context(), `SELECT sql FROM sqlite_master WHERE name = ?`, table).Scan(&text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), `"`+column+`" `) {
			_, comment, _ := strings.Cut(line, "-- ")
			return strings.TrimSpace(comment)
		}
	}
	return ""
}
