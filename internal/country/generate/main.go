// Generate writes the table of countries: go run ./generate names.csv.
package main

import (
	"encoding/csv"
	"fmt"
	"os"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// rewritten are the names that differ from the library's: three as addresses have them, two that changed since its tables
// were made.
var rewritten = map[string]string{"US": "USA", "HK": "Hong Kong", "MO": "Macao", "MK": "North Macedonia", "SZ": "Eswatini"}

// reserved are codes that CLDR knows and ISO 3166-1 does not assign to a country.
var reserved = map[string]bool{"AC": true, "CP": true, "DG": true, "EA": true, "EU": true, "EZ": true, "IC": true, "TA": true, "UN": true, "XK": true}

func main() {
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := csv.NewWriter(file)
	names := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			region, err := language.ParseRegion(code)
			if err != nil || !region.IsCountry() || region.String() != code || region.Canonicalize() != region || reserved[code] {
				continue
			}
			name := names.Name(region)
			if other, ok := rewritten[code]; ok {
				name = other
			}
			if name == "" { // withdrawn
				continue
			}
			if err := out.Write([]string{code, name}); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}
