package db

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"
)

// expired lists what no longer counts, table by table. A device that asks late still hears that its code has
// expired rather than that there never was one (RFC 8628 §3.5). Login failures have no expiry of their own; a day after their count
// began, or after the block has ended if that was later, is longer than any window in which they are counted. Sessions are not here:
// their end has to be told, see [DB.TakeExpiredSessions].
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
	{"LoginFailures", "Key", `CASE WHEN "BlockedUntil" > "Since" THEN "BlockedUntil" ELSE "Since" END <= ?`, 24 * time.Hour},
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

// Cleanup removes what expired before now: grants, device codes, revoked tokens, nonces, records of the BFF and login failures. It
// walks each table once, from key to key: to be in an index by expiry would cost every code and refresh token a page, for
// what happens once an hour. It looks without holding anybody up and removes at most batch rows at a time, so that nobody waits long for
// the writer, and returns how many rows went.
func (d *DB) Cleanup(ctx context.Context, now time.Time, batch int) (removed int, err error) {
	batch = max(batch, 1)
	for _, rows := range expired {
		before, last := moment(now.Add(-rows.age)), ""
		for {
			var keys []string
			find := fmt.Sprintf(`SELECT %q FROM %q WHERE %q > ? AND %s ORDER BY %q LIMIT ?`, rows.key, rows.table, rows.key, rows.condition, rows.key)
			if err := d.read(ctx).Raw(find, last, before, batch).Scan(&keys).Error; err != nil {
				return removed, fmt.Errorf("db: clean up %s: %w", rows.table, err)
			}
			if len(keys) == 0 {
				break
			}
			last = keys[len(keys)-1]
			err := d.write(ctx, func(tx *gorm.DB) error {
				// The condition once more: somebody may have prolonged it meanwhile.
				result := tx.Exec(fmt.Sprintf(`DELETE FROM %q WHERE %q IN ? AND %s`, rows.table, rows.key, rows.condition), keys, before)
				removed += int(result.RowsAffected)
				return result.Error
			})
			if err != nil {
				return removed, fmt.Errorf("db: clean up %s: %w", rows.table, err)
			}
		}
	}
	return removed, nil
}
