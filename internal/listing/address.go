package listing

import (
	"regexp"
	"strings"
	"unicode"

	"silentrenew/internal/country"
)

// Shapes of what follows a code.
var (
	zipCode        = regexp.MustCompile(`^\d{5}(-\d{4})?$`)
	postcodePrefix = regexp.MustCompile(`^([A-Z]{2})-\d{4,5}$`)
	dutchPostcode  = regexp.MustCompile(`^\d{4} [A-Z]{2}$`)
	ukPostcode     = regexp.MustCompile(`^[A-Z]{1,2} ?\d[A-Z\d]? ?\d[A-Z]{2}$`)
	usState        = regexp.MustCompile(`^(A[LKZR]|C[AOT]|D[EC]|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[TA]|W[AVIY])( \d{5}(-\d{4})?)?$`)
)

// maxAfterCode is how many words may follow the country's code: a postcode, or what some wrote instead of one.
const maxAfterCode = 4

// splitAddress takes the country out of an address: "2181 Buchanan Loop Ferndale WA US 98248" is in US, and the rest is
// for the postman. The code is empty when the address does not say.
func splitAddress(address string) (rest, code string) {
	words := withoutPlaceholder(strings.Fields(tidy(address)))
	i := codeAt(words)
	if i < 0 {
		words, code = withoutCode(words)
		return tidy(strings.Join(withoutRepeats(words), " ")), code
	}
	code = words[i]
	before, after := words[:i], words[i+1:]
	switch {
	case isZIP(stateOfCode[code], after): // California; Canada has no such postcodes
		code, before = "US", words[:i+1]
	case besideUS[code] && len(before) > 0 && isZIP(before[len(before)-1], after):
		code = "US"
	case country.Is(strings.Join(after, " "), code): // "TW R.O.C."
		after = nil
	case len(before) > 0 && len(after) > 0 && country.Is(before[len(before)-1]+" "+after[0], code): // "UNITED GB KINGDOM"
		before, after = before[:len(before)-1], after[1:]
	}
	if place, ok := placeAtEnd(before); ok && !(place == "CN" && cityStates[code]) { // companies of Hong Kong have factories in Guangdong
		code = place
	}
	if withdrawn, ok := withdrawnCodes[code]; ok {
		code = withdrawn
	}
	if !hasDigit(after) || !cityStates[code] {
		if shorter := withoutCountry(before, code); len(shorter) < len(before) {
			before = strings.Fields(strings.TrimRight(strings.Join(shorter, " "), ", "))
		}
	}
	return tidy(strings.Join(withoutRepeats(append(before[:len(before):len(before)], after...)), " ")), code
}

// withoutCode finds the country of an address that has no code, and takes its name away.
func withoutCode(words []string) (rest []string, code string) {
	if code, found := countryNamed(words); found {
		return withoutCountry(words, code), code
	}
	for _, word := range words { // DK-6430
		if prefix := postcodePrefix.FindStringSubmatch(word); prefix != nil {
			if _, ok := country.Name(prefix[1]); ok {
				return words, prefix[1]
			}
		}
	}
	if n := len(words); n > 1 && isZIP(words[n-2], words[n-1:]) {
		return words, "US"
	}
	code, _ = placeAtEnd(words)
	return words, code
}

// placeholders stand where there is no postcode.
var placeholders = map[string]bool{"N/A": true, "NIL": true, "NONE": true, "NULL": true, "-": true, ".": true}

// withoutPlaceholder takes one away from the end. After another code, NA is one too and not Namibia.
func withoutPlaceholder(words []string) []string {
	for n := len(words) - 1; n > 0; n-- {
		_, afterCode := country.Name(words[n-1])
		if !placeholders[strings.ToUpper(words[n])] && (words[n] != "NA" || !afterCode) {
			break
		}
		words = words[:n]
	}
	return words
}

// codeAt returns the index of the country's code, the last one that something like a postcode follows; -1 if there is none.
func codeAt(words []string) int {
	for i := len(words) - 1; i >= max(0, len(words)-1-maxAfterCode); i-- {
		if _, ok := country.Name(words[i]); !ok && withdrawnCodes[words[i]] == "" {
			continue
		}
		if prefix := postcodePrefix.FindStringSubmatch(words[max(i-1, 0)]); i > 1 && prefix != nil && prefix[1] == words[i-2] {
			return i - 2 // NL NL-3454 PT is in the Netherlands
		}
		if j := i - 2; j >= 0 && words[j] == "NL" && dutchPostcode.MatchString(strings.Join(words[j+1:], " ")) {
			return j // 5656 AE is in Eindhoven
		}
		if i > 0 {
			rest := strings.Join(words[i:], " ")
			switch before := words[i-1]; {
			case before == "GB" && ukPostcode.MatchString(rest): // SO 30 4DA is in Southampton
				return i - 1
			case before == "US" && usState.MatchString(rest): // MA 02192 is in Massachusetts
				return i - 1
			}
		}
		return i
	}
	return -1
}

// countryNamed finds the last name of a country in an address without a code.
func countryNamed(words []string) (code string, found bool) {
	for end := len(words); end > 0; end-- {
		for start := max(0, end-4); start < end; start++ {
			name := strings.Join(words[start:end], " ")
			if c, ok := country.Parse(name); ok && len(name) > 3 {
				return c.Code, true
			}
		}
	}
	return "", false
}

// partOfName are words before the name of a country that make it the name of something else.
var partOfName = map[string]bool{
	"of": true, "or": true, "the": true, "north": true, "south": true, "western": true, "northern": true, "upper": true, "lower": true,
	"new": true, "de": true, "du": true, "del": true, "di": true,
}

// withoutCountry removes the country's own name from the end, where the country is written again.
func withoutCountry(words []string, code string) []string {
	for again := true; again; {
		again = false
		for n := min(4, len(words)-1); n > 0; n-- {
			name := strings.Join(words[len(words)-n:], " ")
			if len(name) > 1 && country.Is(name, code) && !partOfName[strings.ToLower(words[len(words)-n-1])] {
				words, again = words[:len(words)-n], true
				break
			}
		}
	}
	return words
}

// withoutRepeats makes "Shenzhen Shenzhen" and "Hong Kong, Hong Kong" one: the form has a line for the city and a line for the province.
func withoutRepeats(words []string) []string {
	var kept []string
	for i := 0; i < len(words); {
		n := repeated(kept, words[i:])
		if n == 0 {
			kept = append(kept, words[i])
			n = 1
		}
		i += n
	}
	return kept
}

// repeated returns how many words at the beginning of next have just been said.
func repeated(said, next []string) int {
	for n := min(3, len(said), len(next)); n > 0; n-- {
		if _, ok := country.Parse(strings.Join(next[:min(n+1, len(next))], " ")); ok && n == 1 { // Grand Cayman, Cayman Islands
			continue
		}
		a, b := bare(said[len(said)-n:]), bare(next[:n])
		if strings.EqualFold(a, b) && a != "" && !hasDigit(next[:n]) && len(a) > 2 {
			return n
		}
	}
	return 0
}

// bare returns the words without the punctuation around them.
func bare(words []string) string {
	var b strings.Builder
	for _, word := range words {
		b.WriteString(strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

func hasDigit(words []string) bool {
	return strings.ContainsFunc(strings.Join(words, " "), unicode.IsDigit)
}
