// Package listing turns the IEEE's public listing of MAC address blocks into companies.
//
// The listing is a CSV file with the columns Registry, Assignment, Organization Name and Organization Address, one row
// for each block. It is real and so it is untidy: one organisation stands on many rows, in several spellings, with
// Unicode spaces and full-width punctuation, and the country is two letters somewhere near the end of the address. A row
// walks through these files:
//
//	reader.go        bytes to rows: gzip or not, line numbers, and rows that are no rows
//	text.go          one kind of space, one kind of comma
//	mojibake.go      text that was read in the wrong encoding
//	name.go          which spellings are surely the same organisation
//	address.go       which country an address is in
//	places.go        cities, provinces and states that say so too
//	organisation.go  rows to organisations, each with the spelling and the address that most of its rows have
//	import.go        organisations to the database, batch by batch
//	embedded.go      the listing that comes with the program
//
// The embedded listing is the one Debian packages as ieee-data 20220827.1; the IEEE asserts no copyright in it. To make
// it again from any listing:
//
//	go run ./internal/listing/generate oui.csv.gz internal/listing/organisations.csv.gz
package listing

//go:generate go run ./generate oui.csv.gz organisations.csv.gz
