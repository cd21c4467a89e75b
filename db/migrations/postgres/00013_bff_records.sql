-- What the backend of the front end keeps for browsers that hold no token: sessions, sign-ins under way, sign-outs heard of.

-- +goose Up

CREATE TABLE "BffRecords" (
  "Key" varchar(200) PRIMARY KEY,
  "SubjectId" varchar(200) NOT NULL DEFAULT '',
  "SessionId" varchar(100) NOT NULL DEFAULT '',
  "Version" bigint NOT NULL DEFAULT 1,
  "LeaseUntil" timestamptz,
  "Expires" timestamptz NOT NULL,
  "Data" text NOT NULL
);
CREATE INDEX "IX_BffRecords_SessionId" ON "BffRecords" ("SessionId");
CREATE INDEX "IX_BffRecords_SubjectId" ON "BffRecords" ("SubjectId");
CREATE INDEX "IX_BffRecords_Expires" ON "BffRecords" ("Expires");
COMMENT ON COLUMN "BffRecords"."Key" IS 'a hash of what the browser or the provider shows';
COMMENT ON COLUMN "BffRecords"."SessionId" IS 'the provider''s sid';
COMMENT ON COLUMN "BffRecords"."Version" IS 'grows with every change: who writes must have read the newest';
COMMENT ON COLUMN "BffRecords"."LeaseUntil" IS 'until then one process alone renews the tokens';
COMMENT ON COLUMN "BffRecords"."Data" IS 'sealed with a key that only the browser''s cookie gives';

-- A database that was seeded before the backend existed learns where it hears of sign-outs.
UPDATE "Clients" SET "BackChannelLogoutUri" = (
  SELECT substr("RedirectUri", 1, length("RedirectUri") - length('/bff/callback')) || '/bff/backchannel-logout'
  FROM "ClientRedirectUris" WHERE "ClientRedirectUris"."ClientId" = "Clients"."Id" AND "RedirectUri" LIKE '%/bff/callback' LIMIT 1)
WHERE "ClientId" = 'bff-client' AND "BackChannelLogoutUri" IS NULL;
UPDATE "Clients" SET "RefreshTokenReuseGraceSeconds" = 60 WHERE "ClientId" = 'bff-client' AND "RefreshTokenReuseGraceSeconds" = 0;

-- +goose Down

DROP TABLE "BffRecords";
