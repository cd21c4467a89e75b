-- Pushed authorization requests (RFC 9126). The requests themselves are rows of "PersistedGrants".

-- +goose Up

ALTER TABLE "Clients" ADD COLUMN "RequirePushedAuthorization" boolean NOT NULL DEFAULT false;

-- +goose Down

ALTER TABLE "Clients" DROP COLUMN "RequirePushedAuthorization";
