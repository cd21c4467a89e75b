package listing

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
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
	return keyOf(name, strings.Join(keyWords(name), ""))
}

// formerKeys returns the keys that older versions of this program gave the spelling. They kept the spaces between words,
// but not those between single letters, and did not know that &amp; is a way to write "&".
func formerKeys(name string) []string {
	var keys []string
	for _, spelling := range []string{name, strings.ReplaceAll(name, "&", "&amp;")} {
		var key []string
		afterLetter := false
		for _, word := range keyWords(spelling) {
			letter := utf8.RuneCountInString(word) == 1 && unicode.IsLetter([]rune(word)[0])
			switch {
			case word == "":
			case letter && afterLetter:
				key[len(key)-1] += word
			default:
				key = append(key, word)
			}
			afterLetter = letter
		}
		keys = append(keys, keyOf(spelling, strings.Join(key, " ")))
	}
	return keys
}

// keyWords are the words of a name in small letters, legal forms in short; "and" is an empty one.
func keyWords(name string) []string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	for i, word := range words {
		if short, ok := legalForms[word]; ok {
			words[i] = short
		}
	}
	return words
}

// keyOf is the key, unless the name is nothing but punctuation.
func keyOf(name, key string) string { return cmp.Or(key, strings.ToLower(name)) }
