-- Proof of possession (RFC 9449). The proofs that were used are rows of "RevokedTokens", as used client assertions are.

-- +goose Up

ALTER TABLE "Clients" ADD COLUMN "RequireDPoP" boolean NOT NULL DEFAULT false;

CREATE TABLE "DPoPNonces" (
  "Name" varchar(60) PRIMARY KEY NOT NULL, -- whose, and of which period
  "Value" varchar(60) NOT NULL, -- not a secret: clients are told it
  "Expiration" timestamptz NOT NULL
);
CREATE INDEX "IX_DPoPNonces_Expiration" ON "DPoPNonces" ("Expiration");

-- +goose Down

DROP TABLE "DPoPNonces";
ALTER TABLE "Clients" DROP COLUMN "RequireDPoP";
