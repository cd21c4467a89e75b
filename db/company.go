package db

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Company is what the companies API serves.
type Company struct {
	ID          string // a UUID
	Name        string
	Address     string
	Country     string // English name
	CountryCode string // ISO 3166-1, empty when it is not known
	Blocks      int    // MA-L assignments of the IEEE
	Edited      bool   // by a person; see [DB.ImportCompanies]
	Created     time.Time
	Updated     time.Time
}

// FullAddress is the address with its country, as the article shows it.
func (c Company) FullAddress() string { return c.Address + " " + c.Country }

// companyRow is a company with the keys that it is sorted and searched by.
type companyRow struct {
	Company
	NameKey  string
	Folded   string
	Complete int `gorm:"->"` // no column: see fromIndex
}

// TableName implements gorm's Tabler.
func (companyRow) TableName() string { return "Companies" }

func rowOf(c Company) companyRow {
	return companyRow{Company: c, NameKey: nameKey(c), Folded: fold(c.Name + " " + c.FullAddress())}
}

// nameKey is what a company is sorted by: its name, but the tutorial's two come first (A13).
func nameKey(c Company) string {
	if tutorialCompanies[c.ID] {
		return " " + fold(c.Name)
	}
	return fold(c.Name)
}

func (c *Company) inUTC() { c.Created, c.Updated = moment(c.Created), moment(c.Updated) }

// Limits of the texts, in characters.
const (
	MaxCompanyName    = 200
	MaxCompanyAddress = 400
	maxCountry        = 100
)

// unseen is what no person means to write: control characters, spaces without width, marks that turn the direction of what
// follows, and what a decoder puts where it found no character.
var unseen = regexp.MustCompile(`[\x00-\x1f\x7f-\x9f\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fffd}]`)

// Validate trims the texts and returns a [*ValidationError] for one that is empty, too long or not one line of text.
func (c *Company) Validate() error {
	for _, field := range []struct {
		name    string
		value   *string
		longest int
	}{{"name", &c.Name, MaxCompanyName}, {"address", &c.Address, MaxCompanyAddress}, {"country", &c.Country, maxCountry}} {
		*field.value = strings.TrimSpace(*field.value)
		switch n := utf8.RuneCountInString(*field.value); {
		case n == 0:
			return &ValidationError{field.name, "is required"}
		case n > field.longest:
			return &ValidationError{field.name, fmt.Sprintf("must have at most %d characters", field.longest)}
		case !storable(*field.value) || unseen.MatchString(*field.value):
			return &ValidationError{field.name, "must be one line of text, without control characters and the like"}
		}
	}
	if len(c.CountryCode) > 2 || !storable(c.CountryCode) {
		return &ValidationError{"country", "must have a code of two letters"}
	}
	return nil
}

// Company reads one company. It returns [ErrNotFound] for an unknown id.
func (d *DB) Company(ctx context.Context, id string) (Company, error) {
	return company(d.read(ctx), id)
}

func company(tx *gorm.DB, id string) (Company, error) {
	if !storable(id) {
		return Company{}, ErrNotFound
	}
	var c Company
	if err := tx.Where(`"Id" = ?`, id).Take(&c).Error; err != nil {
		return Company{}, notFound(err)
	}
	c.inUTC()
	return c, nil
}

// InsertCompany stores a company and returns it with its new id. It returns a [*ValidationError] for a field that is
// empty or too long.
func (d *DB) InsertCompany(ctx context.Context, c Company) (Company, error) {
	if err := c.prepare(); err != nil {
		return Company{}, err
	}
	row := rowOf(c)
	if err := d.write(ctx, func(tx *gorm.DB) error { return tx.Create(&row).Error }); err != nil {
		return Company{}, fmt.Errorf("db: insert company: %w", err)
	}
	return c, nil
}

// prepare makes a new company of what a person typed.
func (c *Company) prepare() error {
	if err := c.Validate(); err != nil {
		return err
	}
	now := moment(time.Now())
	c.ID, c.Edited, c.Created, c.Updated = uuid.NewString(), true, now, now
	return nil
}

// ChangeCompany gives the company to change and stores what it returns, with nobody else writing in between. An error of
// change comes back as it is and nothing is stored. It returns [ErrNotFound] for an unknown id and a [*ValidationError]
// as [DB.InsertCompany] does. Id and times
// are not change's to choose, and a change that changes nothing stores nothing.
func (d *DB) ChangeCompany(ctx context.Context, id string, change func(current Company) (Company, error)) (Company, error) {
	var changed Company
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		current, err := company(tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}), id)
		if err != nil {
			return err
		}
		changed, err = change(current)
		if err != nil {
			return err
		}
		changed.ID, changed.Created, changed.Updated, changed.Edited = current.ID, current.Created, current.Updated, current.Edited
		if err := changed.Validate(); err != nil || changed == current {
			return err
		}
		changed.Edited = true
		changed.Updated = moment(time.Now())
		if !changed.Updated.After(current.Updated) { // two changes never carry the same time
			changed.Updated = current.Updated.Add(time.Microsecond)
		}
		row := rowOf(changed)
		return tx.Where(`"Id" = ?`, id).Select("*").Omit("ID", "Created").Updates(&row).Error
	})
	return changed, err
}
