package db

import (
	"strings"
	"unicode/utf8"
)

// Validate says what of the user cannot be stored or told, as a [*ValidationError], or nil.
func (u User) Validate() error {
	switch {
	case !fits(u.Username, 1, 200):
		return &ValidationError{"Username", "must have 1 to 200 characters"}
	case !fits(u.SubjectID, 1, 200) || strings.ContainsFunc(u.SubjectID, func(r rune) bool { return r <= ' ' || r > '~' }):
		return &ValidationError{"SubjectId", "must be printable ASCII without spaces, 200 characters at most (OIDC Core §2)"}
	}
	for _, claim := range u.Claims {
		switch {
		case !fits(claim.Type, 1, 250):
			return &ValidationError{"Claims", "must have types of 1 to 250 characters"}
		case !storable(claim.Value):
			return &ValidationError{"Claims", "must have values of text"}
		}
	}
	return nil
}

// fits reports whether a column takes the text that has at least so many characters.
func fits(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return n >= least && n <= most && storable(text)
}
