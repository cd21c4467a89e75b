package db

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Company is what the companies API serves.
type Company struct {
	ID      string // a UUID
	Name    string
	Address string
	Country string
	Created time.Time
	Updated time.Time
}

// FullAddress is the address with its country, as the article shows it.
func (c Company) FullAddress() string { return c.Address + " " + c.Country }

// CompanyQuery asks for one page of companies.
type CompanyQuery struct {
	Search string // part of name, address or country; ASCII letters match in either case
	Limit  int    // 1 to 200; anything else means 50
	After  string // Next of the page before
}

// CompanyPage is one page of companies, by name.
type CompanyPage struct {
	Companies []Company
	Next      string // opaque; empty at the end
}

// cursor is the place after which the next page begins. Pages hold still while companies come and go.
type cursor struct{ Name, ID string }

// Companies reads one page. It returns a [*ValidationError] for an After that did not come from a page.
func (d *DB) Companies(ctx context.Context, q CompanyQuery) (CompanyPage, error) {
	if q.Limit < 1 || q.Limit > 200 {
		q.Limit = 50
	}
	tx := d.read(ctx)
	if q.After != "" {
		after, err := parseCursor(q.After)
		if err != nil {
			return CompanyPage{}, err
		}
		tx = tx.Where(`(lower("Name"), "Id") > (lower(?), ?)`, after.Name, after.ID)
	}
	if q.Search != "" {
		pattern := "%" + likeEscaper.Replace(clean(q.Search)) + "%"
		tx = tx.Where(`lower("Name" || ' ' || "Address" || ' ' || "Country") LIKE lower(?) ESCAPE '!'`, pattern)
	}
	var companies []Company
	// One more than asked for tells whether there is a next page.
	if err := tx.Order(`lower("Name"), "Id"`).Limit(q.Limit + 1).Find(&companies).Error; err != nil {
		return CompanyPage{}, fmt.Errorf("db: list companies: %w", err)
	}
	page := CompanyPage{Companies: companies}
	if len(companies) > q.Limit {
		page.Companies = companies[:q.Limit]
		last := page.Companies[q.Limit-1]
		page.Next = cursor{last.Name, last.ID}.String()
	}
	for i := range page.Companies {
		page.Companies[i].inUTC()
	}
	return page, nil
}

var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func (c cursor) String() string {
	text, _ := json.Marshal(c) // two strings always can
	return base64.RawURLEncoding.EncodeToString(text)
}

func parseCursor(s string) (c cursor, err error) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || !storable(c.Name) || !storable(c.ID) {
		return cursor{}, &ValidationError{"after", "must be the next value of an earlier page"}
	}
	return c, nil
}

func (c *Company) inUTC() { c.Created, c.Updated = moment(c.Created), moment(c.Updated) }

// Company reads one company. It returns [ErrNotFound] for an unknown id.
func (d *DB) Company(ctx context.Context, id string) (Company, error) {
	if !storable(id) {
		return Company{}, ErrNotFound
	}
	var c Company
	if err := d.read(ctx).Where(`"Id" = ?`, id).Take(&c).Error; err != nil {
		return Company{}, notFound(err)
	}
	c.inUTC()
	return c, nil
}

// InsertCompany stores a company and returns it with its new id. It returns a [*ValidationError] for a field that is
// empty or too long.
func (d *DB) InsertCompany(ctx context.Context, c Company) (Company, error) {
	for _, field := range []struct {
		name    string
		value   *string
		longest int
	}{{"name", &c.Name, 200}, {"address", &c.Address, 400}, {"country", &c.Country, 100}} {
		*field.value = strings.TrimSpace(*field.value)
		switch n := utf8.RuneCountInString(*field.value); {
		case n == 0:
			return Company{}, &ValidationError{field.name, "is required"}
		case n > field.longest:
			return Company{}, &ValidationError{field.name, fmt.Sprintf("must have at most %d characters", field.longest)}
		case !storable(*field.value):
			return Company{}, &ValidationError{field.name, "must be text"}
		}
	}
	c.ID = uuid.NewString()
	c.Created = moment(time.Now())
	c.Updated = c.Created
	err := d.write(ctx, func(tx *gorm.DB) error { return tx.Create(&c).Error })
	if err != nil {
		return Company{}, fmt.Errorf("db: insert company: %w", err)
	}
	return c, nil
}
