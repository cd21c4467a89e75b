package listing

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"silentrenew/db"
	"silentrenew/internal/country"
)

// organisations gathers rows by nameKey.
type organisations map[string][]row

// place is an address and the code of its country.
type place struct{ address, code string }

func (all organisations) add(r row) {
	key := nameKey(r.name)
	all[key] = append(all[key], r)
}

// unknownCountry is written where an address does not say.
const unknownCountry = "Unknown"

// companies returns one company per organisation, by id: the same rows make the same companies, in whatever order they come.
func (all organisations) companies() []db.Company {
	var companies []db.Company
	for _, key := range slices.Sorted(maps.Keys(all)) {
		names, places, blocks := map[string]int{}, map[place]int{}, map[string]bool{}
		saysCountry := slices.ContainsFunc(all[key], func(r row) bool { return r.code != "" })
		for _, r := range all[key] {
			names[r.name]++
			blocks[r.assignment] = true
			if r.code != "" || !saysCountry {
				places[place{r.address, r.code}]++
			}
		}
		at := most(places, func(a, b place) int { // the longer one tells the postman more
			return cmp.Or(-cmp.Compare(len(a.address), len(b.address)), cmp.Compare(a.address, b.address), cmp.Compare(a.code, b.code))
		})
		name := most(names, func(a, b string) int { return cmp.Or(cmp.Compare(capitals(a), capitals(b)), cmp.Compare(a, b)) })
		c := db.Company{
			ID: companyID(key), Name: name, Address: at.address, Country: unknownCountry, CountryCode: at.code, Blocks: len(blocks),
		}
		if name, ok := country.Name(at.code); ok {
			c.Country = name
		}
		companies = append(companies, c)
	}
	return companies
}

// formerIDs are the ids under which older versions of this program stored the organisations, by the id of now where they
// differ. An id that another organisation has now is none.
func (all organisations) formerIDs() map[string][]string {
	former := map[string][]string{}
	for key, rows := range all {
		var ids []string
		for _, r := range rows {
			for _, formerKey := range formerKeys(r.name) {
				if all[formerKey] == nil {
					ids = append(ids, companyID(formerKey))
				}
			}
		}
		if len(ids) > 0 {
			slices.Sort(ids)
			former[companyID(key)] = slices.Compact(ids)
		}
	}
	return former
}

// most returns the key with the highest count, of several the one that compares first.
func most[K comparable](counts map[K]int, compare func(a, b K) int) K {
	return slices.MinFunc(slices.Collect(maps.Keys(counts)), func(a, b K) int {
		return cmp.Or(-cmp.Compare(counts[a], counts[b]), compare(a, b))
	})
}

// capitals counts capital letters, of which a name that is shouted has more.
func capitals(s string) int {
	return len(s) - len(strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return -1
		}
		return r
	}, s))
}
