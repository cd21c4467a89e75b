package country

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed names.csv
var namesCSV string

// Country is one of ISO 3166-1.
type Country struct {
	Code string // two letters
	Name string // English
}

// others are common names that are not in the table.
var others = map[string]string{
	"United States": "US", "United States of America": "US", "America": "US", "U.S.A.": "US", "U.S.": "US",
	"UK": "GB", "U.K.": "GB", "Great Britain": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB", "Northern Ireland": "GB",
	"Korea": "KR", "Republic of Korea": "KR", "ROK": "KR", "P.R.China": "CN", "P. R. China": "CN", "PR China": "CN", "PRC": "CN",
	"Taiwan, R.O.C.": "TW", "R.O.C.": "TW", "The Netherlands": "NL", "Holland": "NL", "Deutschland": "DE", "Czech Republic": "CZ",
	"Turkey": "TR", "Russian Federation": "RU", "Viet Nam": "VN", "UAE": "AE", "Ivory Coast": "CI", "Burma": "MM", "Macau": "MO",
	"Hong Kong SAR": "HK", "Espana": "ES", "Italia": "IT", "Osterreich": "AT", "Schweiz": "CH", "Brasil": "BR", "Macedonia": "MK", "Türkiye": "TR", "Cabo Verde": "CV", "Swaziland": "SZ",
}

var tables = sync.OnceValue(func() (t struct {
	all    []Country
	names  map[string]string // code → name
	parsed map[string]string // folded name or code → code
}) {
	t.names, t.parsed = map[string]string{}, map[string]string{}
	for line := range strings.Lines(namesCSV) {
		code, name, _ := strings.Cut(strings.TrimSpace(line), ",")
		name = strings.Trim(name, `"`)
		t.all = append(t.all, Country{code, name})
		t.names[code] = name
		t.parsed[fold(code)], t.parsed[fold(name)] = code, code
	}
	for name, code := range others {
		t.parsed[fold(name)] = code
	}
	return t
})

// All returns every country, by code. The slice is the package's own.
func All() []Country { return tables().all }

// Name returns the English name of a code in capital letters, and whether there is such a code.
func Name(code string) (string, bool) {
	name, ok := tables().names[code]
	return name, ok
}

// Parse reads a code or a name.
func Parse(text string) (Country, bool) {
	code, ok := tables().parsed[fold(text)]
	return Country{code, tables().names[code]}, ok
}

// fold keeps letters and digits alone: lower-case, without accents, spaces and dots.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// Is reports whether text is the code or a name of the country.
func Is(text, code string) bool {
	c, ok := Parse(text)
	return ok && c.Code == code
}
