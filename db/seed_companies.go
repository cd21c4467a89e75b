package db

import (
	_ "embed"
	"encoding/csv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// companiesCSV holds the tutorial's two companies and forty organisations of the IEEE's public MA-L listing, which asserts
// no copyright; names and addresses were cleaned by hand.
//
//go:embed companies.csv
var companiesCSV string

// companyNamespace makes the ids of seeded companies the same in every database (RFC 9562 §5.5), so that links to them last.
var companyNamespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://silent-renew.example/companies"))

func seedCompanies(tx *gorm.DB, now time.Time) (int, error) {
	records, err := csv.NewReader(strings.NewReader(companiesCSV)).ReadAll()
	if err != nil {
		return 0, err
	}
	var companies []Company
	for _, record := range records[1:] { // after the names of the columns
		companies = append(companies, Company{
			ID:      uuid.NewSHA1(companyNamespace, []byte(record[0])).String(),
			Name:    record[0],
			Address: record[1],
			Country: record[2],
			Created: moment(now),
			Updated: moment(now),
		})
	}
	return len(companies), tx.Create(&companies).Error
}
