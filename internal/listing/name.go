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
// spaces between words, in "&" for "and", in dots between single letters (S.A. and SA, Z O.O. and z o.o.), and in how
// a legal form is written (Co.,Ltd and Company Limited). Everything else makes another organisation: an accent, a missing
// "Inc.", a place in brackets, a word in another order.
func nameKey(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	var key []string
	single := false // whether the word before was single letters
	for _, word := range words {
		if short, ok := legalForms[word]; ok {
			word = short
		}
		letter := len([]rune(word)) == 1 && unicode.IsLetter([]rune(word)[0])
		switch {
		case word == "":
		case letter && single:
			key[len(key)-1] += word
		default:
			key = append(key, word)
		}
		single = letter
	}
	if len(key) == 0 { // nothing but punctuation
		return strings.ToLower(name)
	}
	return strings.Join(key, " ")
}
