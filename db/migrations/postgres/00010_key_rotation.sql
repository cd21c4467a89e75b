-- Signing keys that follow one another, and clients whose tokens end with the session.

-- +goose Up

ALTER TABLE "Keys" ADD COLUMN "Generation" integer NOT NULL DEFAULT 0;
ALTER TABLE "Keys" ADD COLUMN "SignsFrom" timestamptz;
ALTER TABLE "Keys" ADD COLUMN "LongestLifetime" integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN "Keys"."Generation" IS 'counts the keys of one algorithm';
COMMENT ON COLUMN "Keys"."SignsFrom" IS 'published before, signs from then on until the next generation does';
COMMENT ON COLUMN "Keys"."LongestLifetime" IS 'seconds; of the tokens it has signed';

UPDATE "Keys" SET
  "SignsFrom" = "Created",
  "Generation" = (SELECT count(*) FROM "Keys" k WHERE k."Use" = "Keys"."Use" AND k."Algorithm" = "Keys"."Algorithm"
    AND (k."Created" < "Keys"."Created" OR k."Created" = "Keys"."Created" AND k."Id" <= "Keys"."Id")),
  "LongestLifetime" = 15552000 + (SELECT coalesce(max(greatest("AccessTokenLifetime", "IdentityTokenLifetime")), 0) FROM "Clients"); -- a safe guess: 180 days more

CREATE UNIQUE INDEX "IX_Keys_Use_Algorithm_Generation" ON "Keys" ("Use", "Algorithm", "Generation");

ALTER TABLE "Clients" ADD COLUMN "CoordinateLifetimeWithUserSession" boolean;
COMMENT ON COLUMN "Clients"."CoordinateLifetimeWithUserSession" IS 'NULL = as the server option says';

-- +goose Down

ALTER TABLE "Clients" DROP COLUMN "CoordinateLifetimeWithUserSession";
DROP INDEX "IX_Keys_Use_Algorithm_Generation";
ALTER TABLE "Keys" DROP COLUMN "LongestLifetime";
ALTER TABLE "Keys" DROP COLUMN "SignsFrom";
ALTER TABLE "Keys" DROP COLUMN "Generation";
