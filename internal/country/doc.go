// Package country knows the countries of ISO 3166-1: their two-letter codes and their English names.
//
// The names are those of the Unicode CLDR, taken from golang.org/x/text by generate and kept in names.csv, so that the
// program does not compile the names of every language. Three are written the way an address writes them: USA (as the
// article does), Hong Kong and Macao. [Parse] reads what people type: a code, a name in any case and with or without its accents, and some
// common other names.
package country

//go:generate go run ./generate names.csv
