package db

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// SeedURLs are the public addresses that redirect URIs are built from, and where more companies come from.
type SeedURLs struct {
	SPA string // "http://localhost:4200"
	BFF string // where /bff/callback answers; empty = at the SPA's address
	API string // by which clients name the companies API (RFC 8707 §2); empty = not at all

	// Declared leaves out the tutorial's clients and users: somebody declares their own. Without the URL of the companies API that is left
	// out too.
	Declared bool

	// NoCompanies leaves those out altogether: the API, whose they are, runs elsewhere and brings them.
	NoCompanies bool

	// Companies returns those to browse beside the tutorial's two. It is asked while the table is empty; nil means none.
	Companies func() ([]Company, error)
}

// SeedResult counts what was inserted; 0 means that the table had rows already and was left alone.
type SeedResult struct {
	Clients, IdentityResources, APIScopes, APIResources, Users, Companies int
}

// Seed fills the tables that are empty and touches no other (A2): the tutorial's clients, resources and users, and some
// companies to browse. It is one transaction, and replicas that seed at the same moment take turns.
func (d *DB) Seed(ctx context.Context, urls SeedURLs) (SeedResult, error) {
	var result SeedResult
	err := d.transaction(ctx, func(tx *gorm.DB) error {
		if err := lockForSeed(tx); err != nil {
			return err
		}
		now := time.Now()
		for _, table := range []struct {
			name     string
			seed     func(tx *gorm.DB, now time.Time) (int, error)
			inserted *int
		}{
			{"Clients", urls.seedClients, &result.Clients},
			{"IdentityResources", seedIdentityResources, &result.IdentityResources},
			{"ApiScopes", seedAPIScopes, &result.APIScopes},
			{"ApiResources", urls.seedAPIResources, &result.APIResources},
			{"Users", seedUsers, &result.Users},
			{"Companies", urls.seedCompanies, &result.Companies},
		} {
			if urls.leavesOut(table.name) {
				continue
			}
			var rows int64
			if err := tx.Table(table.name).Count(&rows).Error; err != nil {
				return err
			}
			if rows > 0 {
				continue
			}
			n, err := table.seed(tx, now)
			if err != nil {
				return fmt.Errorf("%s: %w", table.name, err)
			}
			*table.inserted = n
		}
		return nil
	})
	if err != nil {
		return SeedResult{}, fmt.Errorf("db: seed: %w", err)
	}
	return result, nil
}

func (urls SeedURLs) leavesOut(table string) bool {
	switch table {
	case "Clients", "Users":
		return urls.Declared
	case "ApiScopes", "ApiResources":
		return urls.Declared && urls.API == ""
	case "Companies":
		return urls.NoCompanies
	}
	return false
}

// lockForSeed lets one seeding transaction in at a time. On SQLite a writing transaction already is alone.
func lockForSeed(tx *gorm.DB) error {
	if tx.Name() != "postgres" {
		return nil
	}
	return tx.Exec(`LOCK TABLE "Clients" IN EXCLUSIVE MODE`).Error
}
