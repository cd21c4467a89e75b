package db

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"
)

// expired lists what no longer counts, table by table. A device that asks late still hears that its code has
// expired rather than that there never was one (RFC 8628 §3.5). Login failures have no expiry of their own; a day is longer than
// any window in which they are counted. Sessions are not here: their end has to be told, see [DB.TakeExpiredSessions].
var expired = []struct {
	table, key, condition string
	age                   time.Duration
}{
	{"PersistedGrants", "Key", `"Expiration" <= ?`, 0},
	{"DeviceCodes", "UserCode", `"Expiration" <= ?`, time.Hour},
	{"IdempotencyKeys", "Key", `"Expiration" <= ?`, 0},
	{"RevokedTokens", "Jti", `"Expiration" <= ?`, 0},
	{"BffRecords", "Key", `"Expires" <= ?`, 0},
	{"DPoPNonces", "Name", `"Expiration" <= ?`, 0},
	{"LoginFailures", "Key", `COALESCE("BlockedUntil", "Since") <= ?`, 24 * time.Hour},
}

// How often expired rows are removed, and how many at a time (TokenCleanupInterval, TokenCleanupBatchSize).
const (
	cleanupInterval  = 3600 * time.Second
	cleanupBatchSize = 100
)

// KeepClean runs Cleanup now and every hour until ctx ends, then returns nil. A database that is busy or away is logged
// and tried again.
func (d *DB) KeepClean(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(cleanupInterval)
	defer tick.Stop()
	for {
		removed, err := d.Cleanup(ctx, time.Now(), cleanupBatchSize)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.Warn("could not remove expired rows", "error", err)
		case removed > 0:
			log.Debug("removed expired rows", "rows", removed)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Cleanup removes what expired before now: grants, device codes, revoked tokens, nonces, records of the BFF and login failures. It takes
// at most batch rows per statement, so that nobody waits long for the writer, and returns how many rows went.
func (d *DB) Cleanup(ctx context.Context, now time.Time, batch int) (removed int, err error) {
	batch = max(batch, 1)
	for _, rows := range expired {
		for {
			n, err := d.removeExpired(ctx, rows.table, rows.key, rows.condition, now.Add(-rows.age), batch)
			if err != nil {
				return removed, fmt.Errorf("db: clean up %s: %w", rows.table, err)
			}
			removed += n
			if n < batch {
				break
			}
		}
	}
	return removed, nil
}

func (d *DB) removeExpired(ctx context.Context, table, key, condition string, before time.Time, batch int) (removed int, err error) {
	statement := fmt.Sprintf(`DELETE FROM %q WHERE %q IN (SELECT %q FROM %q WHERE %s LIMIT ?)`, table, key, key, table, condition)
	err = d.write(ctx, func(tx *gorm.DB) error {
		result := tx.Exec(statement, moment(before), batch)
		removed = int(result.RowsAffected)
		return result.Error
	})
	return removed, err
}
