package db

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// companyNamespace makes the ids of seeded and imported companies the same in every database (RFC 9562 §5.5), so that
// links to them last.
var companyNamespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://silent-renew.example/companies"))

// CompanyID returns the id of the company that has this name for good.
func CompanyID(name string) string { return uuid.NewSHA1(companyNamespace, []byte(name)).String() }

// tutorial holds the two companies of the article.
var tutorial = []Company{
	{ID: CompanyID("IT_Solutions Ltd"), Name: "IT_Solutions Ltd", Address: "583 Wall Dr. Gwynn Oak, MD 21207", Country: "USA", CountryCode: "US"},
	{ID: CompanyID("Admin_Solutions Ltd"), Name: "Admin_Solutions Ltd", Address: "312 Forest Avenue, BF 923", Country: "USA", CountryCode: "US"},
}

var tutorialCompanies = map[string]bool{tutorial[0].ID: true, tutorial[1].ID: true}

func (urls SeedURLs) seedCompanies(tx *gorm.DB, now time.Time) (int, error) {
	companies := tutorial
	if urls.Companies != nil {
		more, err := urls.Companies()
		if err != nil {
			return 0, err
		}
		companies = append(companies[:len(companies):len(companies)], more...)
	}
	changes, err := upsert(tx, companies, moment(now))
	return changes.Added, err
}
