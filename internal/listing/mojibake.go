package listing

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// misread finds UTF-8 that some program took for Windows-1252: "Ã¼" was "ü".
var misread = regexp.MustCompile(`[ÂÃÅâ][^\x00-\x7f]+`)

// windows1252 are the characters of the bytes 0x80 to 0x9f. Unicode gives the bytes above the same numbers.
const windows1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"

var bytesOf1252 = func() map[rune]byte {
	bytes := map[rune]byte{}
	b := byte(0x80)
	for _, r := range windows1252 {
		bytes[r] = b
		b++
	}
	return bytes
}()

// reread undoes what misreading did to a text, as often as it happened. What makes no sense as UTF-8 stays as it is.
func reread(s string) string {
	for range 3 {
		again := misread.ReplaceAllStringFunc(s, func(run string) string {
			var bytes []byte
			for _, r := range run {
				b, ok := bytesOf1252[r]
				if !ok && r > 0xff {
					return run
				}
				if !ok {
					b = byte(r)
				}
				bytes = append(bytes, b)
			}
			if !utf8.Valid(bytes) {
				return run
			}
			return string(bytes)
		})
		if again == s {
			break
		}
		s = again
	}
	return pairs.Replace(chinesePunctuation.ReplaceAllStringFunc(s, func(pair string) string {
		second, _ := utf8.DecodeLastRuneInString(pair)
		return string(second - 0x80)
	}))
}

// chinesePunctuation is the two bytes of a character in GB 2312 or KS X 1001 that were taken for two of Latin-1: full-width ASCII,
// and below the spaces, quotes and Roman numerals.
var chinesePunctuation = regexp.MustCompile("£[¡-þ]")

var pairs = strings.NewReplacer(
	"¡¡", " ", "¡¢", ",", "¡¤", "·", "¡®", "'", "¡¯", "'", "¡°", `"`, "¡±", `"`, "¢ò", "II", "¥±", "II",
	"¬", ",", // the second byte of a comma that has lost its first
)

// plain is the form of punctuation for which Unicode has none, or one with a space in it.
var plain = strings.NewReplacer("、", ", ", "。", ". ", "´", "'")
