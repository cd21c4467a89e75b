-- Refresh tokens: a family that was taken back stays in the table, so that people can see what happened to it.

-- +goose Up

ALTER TABLE "PersistedGrants" ADD COLUMN "RevokedTime" timestamptz;
COMMENT ON COLUMN "PersistedGrants"."RevokedTime" IS 'when it was taken back; NULL = never';

-- +goose Down

ALTER TABLE "PersistedGrants" DROP COLUMN "RevokedTime";
