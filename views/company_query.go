package views

import (
	"net/url"
	"strings"
)

// CompanyQuery says which companies a list shows and in which order. Its address has no cursor, so it leads to the first
// page.
type CompanyQuery struct {
	Search  string
	Country string // ISO 3166-1 code, empty for all
	Sort    string // as the API calls it, empty for the usual order
}

func (q CompanyQuery) path() string {
	values := url.Values{}
	for name, value := range map[string]string{"search": q.Search, "country": q.Country, "sort": q.Sort} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return "/companies"
	}
	return "/companies?" + values.Encode()
}

func (q CompanyQuery) inCountry(code string) CompanyQuery {
	q.Country = code
	return q
}

// column is a column that sorts.
type column struct {
	key, label string
	most       bool // the first click sorts descending: the most first
}

var (
	columnName    = column{"name", "Name", false}
	columnCountry = column{"country", "Country", false}
	columnBlocks  = column{"blocks", "Blocks", true}
)

// sorted says in which direction the list is sorted by the column: ascending, descending, or neither. Words of aria-sort.
func (q CompanyQuery) sorted(by column) string {
	order := q.Sort
	if order == "" {
		order = columnName.key
	}
	switch {
	case order == by.key:
		return "ascending"
	case order == "-"+by.key:
		return "descending"
	}
	return "none"
}

// order says in words how the list is sorted, for those who cannot see the arrow.
func (q CompanyQuery) order() string {
	for _, by := range []column{columnName, columnCountry, columnBlocks} {
		if sorted := q.sorted(by); sorted != "none" {
			return "sorted by " + strings.ToLower(by.label) + ", " + sorted
		}
	}
	return ""
}

// sortedBy is the list after a click on the column: its own first direction, and then the other one.
func (q CompanyQuery) sortedBy(by column) CompanyQuery {
	first, second := by.key, "-"+by.key
	if by.most {
		first, second = second, first
	}
	current := q.Sort
	if current == "" {
		current = columnName.key
	}
	q.Sort = first
	if current == first {
		q.Sort = second
	}
	if q.Sort == columnName.key {
		q.Sort = "" // the usual order needs no word in the address
	}
	return q
}
