package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// serverOption is a setting changed while the program runs, under its IdentityServer name
// ("Authentication.CookieLifetime"). Who reads it knows the default and the form of the value.
type serverOption struct {
	Name    string `gorm:"primaryKey"`
	Value   string
	Updated time.Time
}

func (serverOption) TableName() string { return "ServerOptions" }

// Option returns one option as it is now; set is false when nobody has set it and the default counts.
func (d *DB) Option(ctx context.Context, name string) (value string, set bool, err error) {
	configured, err := d.configured(ctx)
	if err != nil {
		return "", false, err
	}
	options, err := keep(&configured.remembered, configured.options, "all", func() (map[string]string, error) { return d.Options(ctx) })
	if err != nil {
		return "", false, fmt.Errorf("db: read option %s: %w", name, err)
	}
	value, set = options[name]
	return value, set, nil
}

// SetOption sets one option. The caller has validated the value.
func (d *DB) SetOption(ctx context.Context, name, value string) error {
	row := serverOption{name, value, moment(time.Now())}
	err := d.write(ctx, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
	})
	if err != nil {
		return fmt.Errorf("db: set option %s: %w", name, err)
	}
	return nil
}

// Options reads all options somebody has set.
func (d *DB) Options(ctx context.Context) (map[string]string, error) {
	var rows []serverOption
	if err := d.read(ctx).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("db: list options: %w", err)
	}
	options := make(map[string]string, len(rows))
	for _, row := range rows {
		options[row.Name] = row.Value
	}
	return options, nil
}

// SecretOption returns a value that is random and stays: the first caller's proposal, for all callers from then on.
func (d *DB) SecretOption(ctx context.Context, name, proposal string) (string, error) {
	value, set, err := d.Option(ctx, name)
	if set || err != nil {
		return value, err
	}
	row := serverOption{name, proposal, moment(time.Now())}
	err = d.write(ctx, func(tx *gorm.DB) error { return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error })
	if err != nil {
		return "", fmt.Errorf("db: set option %s: %w", name, err)
	}
	value, _, err = d.Option(ctx, name)
	return value, err
}
