-- Expired grants are found by a walk along the keys, once an hour (cleanup.go). In the index by expiry each renewal would write
-- a page for that; it is left to the grants that stay.

-- +goose Up

DROP INDEX "IX_PersistedGrants_Expiration";
CREATE INDEX "IX_PersistedGrants_Expiration" ON "PersistedGrants" ("Expiration") WHERE "Type" NOT IN ('authorization_code', 'refresh_token');

-- +goose Down

DROP INDEX "IX_PersistedGrants_Expiration";
CREATE INDEX "IX_PersistedGrants_Expiration" ON "PersistedGrants" ("Expiration");
