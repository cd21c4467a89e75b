package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// bffRecord is something the backend of the front end keeps for a browser. The database knows neither what the key was made
// from nor what the data say: both follow from a cookie.
type bffRecord struct {
	Key        string `gorm:"primaryKey"`
	SubjectID  string
	SessionID  string
	Version    int64
	LeaseUntil *time.Time
	Expires    time.Time
	Data       string
}

func (bffRecord) TableName() string { return "BffRecords" }

// InsertBFFRecord stores a record and reports whether it is new: of two with one key the first stays as it is.
func (d *DB) InsertBFFRecord(ctx context.Context, key, subject, sid, data string, expires time.Time) (bool, error) {
	row := bffRecord{Key: key, SubjectID: clean(subject), SessionID: clean(sid), Version: 1, Expires: moment(expires), Data: data}
	var inserted bool
	err := d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		inserted = result.RowsAffected == 1
		return result.Error
	})
	if err != nil {
		return false, fmt.Errorf("db: insert BFF record: %w", err)
	}
	return inserted, nil
}

// BFFRecord returns a record that is alive at now, with its version, from 1, and the end of its lease, zero without one. For
// any other key the version is 0.
func (d *DB) BFFRecord(ctx context.Context, key string, now time.Time) (data string, version int64, leaseUntil time.Time, err error) {
	var row bffRecord
	err = notFound(d.read(ctx).Where(`"Key" = ? AND "Expires" > ?`, key, moment(now)).Take(&row).Error)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", 0, time.Time{}, nil
	case err != nil:
		return "", 0, time.Time{}, fmt.Errorf("db: read BFF record: %w", err)
	}
	if row.LeaseUntil != nil {
		leaseUntil = moment(*row.LeaseUntil)
	}
	return row.Data, row.Version, leaseUntil, nil
}

// LeaseBFFRecord gives the record to one caller until a moment, and reports whether that was this one. Nobody gets a record
// that is leased already, or that has changed since the version the caller has read.
func (d *DB) LeaseBFFRecord(ctx context.Context, key string, version int64, now, until time.Time) (bool, error) {
	return d.changeBFFRecord(ctx, "lease", map[string]any{"LeaseUntil": moment(until)},
		`"Key" = ? AND "Version" = ? AND ("LeaseUntil" IS NULL OR "LeaseUntil" <= ?)`, key, version, moment(now))
}

// ReplaceBFFRecord stores what a record says from now on, ends its lease, and reports whether it could: not when somebody
// has changed or deleted it since the version the caller has read.
func (d *DB) ReplaceBFFRecord(ctx context.Context, key string, version int64, data string, expires time.Time) (bool, error) {
	return d.changeBFFRecord(ctx, "replace", map[string]any{"Data": data, "Version": version + 1, "LeaseUntil": nil, "Expires": moment(expires)},
		`"Key" = ? AND "Version" = ?`, key, version)
}

func (d *DB) changeBFFRecord(ctx context.Context, verb string, values map[string]any, condition string, args ...any) (changed bool, err error) {
	err = d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Model(&bffRecord{}).Where(condition, args...).Updates(values)
		changed = result.RowsAffected == 1
		return result.Error
	})
	if err != nil {
		return false, fmt.Errorf("db: %s BFF record: %w", verb, err)
	}
	return changed, nil
}

// TakeBFFRecord removes a record and returns what it said, to exactly one of any number of callers. The others find
// nothing, as does who comes after it has expired.
func (d *DB) TakeBFFRecord(ctx context.Context, key string, now time.Time) (data string, found bool, err error) {
	var taken []string
	err = d.write(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`DELETE FROM "BffRecords" WHERE "Key" = ? AND "Expires" > ? RETURNING "Data"`, key, moment(now)).Scan(&taken).Error
	})
	switch {
	case err != nil:
		return "", false, fmt.Errorf("db: take BFF record: %w", err)
	case len(taken) == 0:
		return "", false, nil
	}
	return taken[0], true, nil
}

// DeleteBFFRecord removes a record unless it has changed since the version the caller has read, and reports whether it did.
func (d *DB) DeleteBFFRecord(ctx context.Context, key string, version int64) (bool, error) {
	n, err := d.deleteBFFRecords(ctx, `"Key" = ? AND "Version" = ?`, key, version)
	return n > 0, err
}

// DeleteBFFSessions removes the records of a session at the provider, or of all sessions of a user when sid is empty
// (Back-Channel Logout §2.7), and returns how many there were. With both given both must fit.
func (d *DB) DeleteBFFSessions(ctx context.Context, subject, sid string) (int, error) {
	if !storable(subject + sid) {
		return 0, nil
	}
	switch {
	case sid == "" && subject == "":
		return 0, nil
	case sid == "":
		return d.deleteBFFRecords(ctx, `"SubjectId" = ?`, subject)
	case subject == "":
		return d.deleteBFFRecords(ctx, `"SessionId" = ?`, sid)
	}
	return d.deleteBFFRecords(ctx, `"SubjectId" = ? AND "SessionId" = ?`, subject, sid)
}

func (d *DB) deleteBFFRecords(ctx context.Context, condition string, args ...any) (removed int, err error) {
	err = d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Where(condition, args...).Delete(&bffRecord{})
		removed = int(result.RowsAffected)
		return result.Error
	})
	if err != nil {
		return 0, fmt.Errorf("db: delete BFF records: %w", err)
	}
	return removed, nil
}
