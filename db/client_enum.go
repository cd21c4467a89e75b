package db

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The names of the enumerated columns' values, as IdentityServer writes them, each at its number. A value may be given as either.
var (
	refreshTokenUsageNames      = []string{"ReUse", "OneTimeOnly"}
	refreshTokenExpirationNames = []string{"Sliding", "Absolute"}
	accessTokenTypeNames        = []string{"Jwt", "Reference"}
)

// String returns the name of the value, its number when it has none.
func (u RefreshTokenUsage) String() string { return enumName(refreshTokenUsageNames, int(u)) }

// String returns the name of the value, its number when it has none.
func (e RefreshTokenExpiration) String() string { return enumName(refreshTokenExpirationNames, int(e)) }

// String returns the name of the value, its number when it has none.
func (t AccessTokenType) String() string { return enumName(accessTokenTypeNames, int(t)) }

// UnmarshalText takes the name in any case, or the number.
func (u *RefreshTokenUsage) UnmarshalText(text []byte) error {
	n, err := enumValue(refreshTokenUsageNames, string(text))
	*u = RefreshTokenUsage(n)
	return err
}

// UnmarshalText takes the name in any case, or the number.
func (e *RefreshTokenExpiration) UnmarshalText(text []byte) error {
	n, err := enumValue(refreshTokenExpirationNames, string(text))
	*e = RefreshTokenExpiration(n)
	return err
}

// UnmarshalText takes the name in any case, or the number.
func (t *AccessTokenType) UnmarshalText(text []byte) error {
	n, err := enumValue(accessTokenTypeNames, string(text))
	*t = AccessTokenType(n)
	return err
}

func enumName(names []string, n int) string {
	if n < 0 || n >= len(names) {
		return strconv.Itoa(n)
	}
	return names[n]
}

func enumValue(names []string, text string) (int, error) {
	text = strings.TrimSpace(text)
	n := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, text) })
	if n < 0 {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 0 || n >= len(names) {
			var all []string
			for i, name := range names {
				all = append(all, fmt.Sprintf("%s (%d)", name, i))
			}
			return 0, fmt.Errorf("must be %s", strings.Join(all, " or "))
		}
	}
	return n, nil
}

// ColumnName returns the column that a field of a row type stands for: ClientURI → ClientUri.
func ColumnName(field string) string { return columnNames.ColumnName("", field) }
