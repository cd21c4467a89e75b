package db

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// withoutMark spells letters that Unicode does not take apart, the way people type them who lack the key.
var withoutMark = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ħ': "h", 'ı': "i",
}

// fold returns the words of s as they are searched and sorted: lower-case, without accents and punctuation, in their
// compatible form (full-width letters become plain ones), with one space between them. It is done here and not in the
// database so that SQLite and PostgreSQL find the same rows in the same order, whatever extension or locale a server has.
func fold(s string) string {
	var folded strings.Builder
	folded.Grow(len(s))
	space := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r): // the accent of the letter before
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if space && folded.Len() > 0 {
				folded.WriteByte(' ')
			}
			space = false
			r = unicode.ToLower(r)
			if plain, ok := withoutMark[r]; ok {
				folded.WriteString(plain)
			} else {
				folded.WriteRune(r)
			}
		default:
			space = true
		}
	}
	return folded.String()
}

// maxTerms bounds what one search costs.
const maxTerms = 8

// searchTerms returns the words of a search, each of which must begin a word of the company. Of more than maxTerms words, a name
// and address that somebody has pasted, the longest count.
func searchTerms(search string) []string {
	terms := strings.Fields(fold(search))
	slices.SortFunc(terms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	terms = slices.Compact(terms)
	terms = terms[:min(len(terms), maxTerms)]
	slices.Sort(terms)
	return terms
}
