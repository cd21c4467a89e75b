package listing

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"silentrenew/db"
	"silentrenew/internal/country"
)

// organisationsCSV has the columns name, address, country code and blocks.
//
//go:embed organisations.csv.gz
var organisationsCSV []byte

// Embedded returns the companies of the listing that comes with the program.
func Embedded() ([]db.Company, error) {
	zip, err := gzip.NewReader(bytes.NewReader(organisationsCSV))
	if err != nil {
		return nil, fmt.Errorf("listing: %w", err)
	}
	records := csv.NewReader(zip)
	records.ReuseRecord = true
	var companies []db.Company
	for {
		r, err := records.Read()
		if err == io.EOF {
			return companies, nil
		}
		if err != nil {
			return nil, fmt.Errorf("listing: %w", err)
		}
		c := db.Company{ID: companyID(nameKey(r[0])), Name: r[0], Address: r[1], Country: unknownCountry, CountryCode: r[2]}
		if c.Blocks, err = strconv.Atoi(r[3]); err != nil {
			return nil, fmt.Errorf("listing: %w", err)
		}
		if name, ok := country.Name(r[2]); ok {
			c.Country = name
		}
		companies = append(companies, c)
	}
}

// companyID returns the id of an organisation. It hangs on the key alone, so it outlives spellings and moves.
func companyID(key string) string { return db.CompanyID("organisation:" + key) }

// WriteEmbedded writes companies as [Embedded] reads them.
func WriteEmbedded(w io.Writer, companies []db.Company) error {
	zip, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("listing: %w", err)
	}
	records := csv.NewWriter(zip)
	for _, c := range companies {
		if err := records.Write([]string{c.Name, c.Address, c.CountryCode, strconv.Itoa(c.Blocks)}); err != nil {
			return fmt.Errorf("listing: %w", err)
		}
	}
	records.Flush()
	if err := records.Error(); err != nil {
		return fmt.Errorf("listing: %w", err)
	}
	return zip.Close()
}
