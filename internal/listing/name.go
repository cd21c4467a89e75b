package listing

import (
	"strings"
	"unicode"
)

// legalForms are words of which one is short for the other.
var legalForms = map[string]string{
	"incorporated": "inc", "corporation": "corp", "company": "co", "limited": "ltd", "and": "",
}

// nameKey returns what the surely equal spellings of a name have in common. They differ in case, in punctuation and
// spaces (S.A. and SA, O2 Micro and O2Micro), in "&" for "and", and in how a legal form is written (Co.,Ltd and Company
// Limited). Everything else makes another organisation: an accent, a missing "Inc.", a place in brackets, a word in
// another order.
func nameKey(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	var key strings.Builder
	for _, word := range words {
		if short, ok := legalForms[word]; ok {
			word = short
		}
		key.WriteString(word)
	}
	if key.Len() == 0 { // nothing but punctuation
		return strings.ToLower(name)
	}
	return key.String()
}
