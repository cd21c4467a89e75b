package listing

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

var (
	spaceBeforeComma = regexp.MustCompile(`\s+([,;])`)
	noSpaceAfter     = regexp.MustCompile(`,([^\s\d,.])`)
	looseMark        = regexp.MustCompile(`(^|\s)\pM+`) // an accent of nothing
	commas           = regexp.MustCompile(`,(\s*,)+`)
)

// tidy returns s as it was meant, without HTML entities and misread UTF-8, in its compatible form (NFKC makes a full-width
// comma a comma and a no-break space a space), without characters that cannot be seen, with single spaces, and with
// commas the way people write them.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r): // zero-width spaces, marks of direction
			return -1
		case r == unicode.ReplacementChar: // lost before it came to us
			return '?'
		}
		return r
	}, norm.NFKC.String(plain.Replace(reread(html.UnescapeString(s)))))
	s = looseMark.ReplaceAllString(s, "$1")
	s = strings.Join(strings.Fields(s), " ")
	s = spaceBeforeComma.ReplaceAllString(s, "$1")
	s = commas.ReplaceAllString(s, ",")
	s = noSpaceAfter.ReplaceAllString(s, ", $1")
	return strings.Trim(s, " ,;")
}
