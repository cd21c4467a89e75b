-- Companies in their thousands: a country code, the address blocks an organisation holds, keys to sort and to search by,
-- what was deleted and can come back, and the answers that a repeated request gets again.

-- +goose Up

DROP INDEX "IX_Companies_Name_Id";
ALTER TABLE "Companies"
  ALTER COLUMN "Country" TYPE varchar(100) COLLATE "C",
  ADD COLUMN "CountryCode" varchar(2) COLLATE "C" NOT NULL DEFAULT '', -- ISO 3166-1, empty when it is not known
  ADD COLUMN "Blocks" integer NOT NULL DEFAULT 0, -- MA-L assignments of the IEEE
  ADD COLUMN "BlocksKey" integer GENERATED ALWAYS AS (-"Blocks") STORED, -- most blocks first, and still names ascending
  ADD COLUMN "Edited" boolean NOT NULL DEFAULT false, -- by a person: an import leaves the words alone
  ADD COLUMN "NameKey" text COLLATE "C" NOT NULL DEFAULT '', -- what the name is sorted by, see db/fold.go
  ADD COLUMN "Folded" text, -- what is searched; NULL is filled in at the next start
  -- Folded holds bare words with one space between them, so no parser and no dictionary has to guess.
  ADD COLUMN "Words" tsvector GENERATED ALWAYS AS (array_to_tsvector(string_to_array("Folded", ' '))) STORED;
CREATE INDEX "IX_Companies_Name" ON "Companies" ("NameKey", "Id");
CREATE INDEX "IX_Companies_Country" ON "Companies" ("Country", "NameKey", "Id");
CREATE INDEX "IX_Companies_Blocks" ON "Companies" ("BlocksKey", "NameKey", "Id");
CREATE INDEX "IX_Companies_CountryCode_Name" ON "Companies" ("CountryCode", "NameKey", "Id");
CREATE INDEX "IX_Companies_CountryCode_Blocks" ON "Companies" ("CountryCode", "BlocksKey", "NameKey", "Id");
CREATE INDEX "IX_Companies_Unfolded" ON "Companies" ("Id") WHERE "Folded" IS NULL;
CREATE INDEX "IX_Companies_Words" ON "Companies" USING gin ("Words");

CREATE TABLE "DeletedCompanies" (
  "Id" varchar(36) PRIMARY KEY NOT NULL,
  "Name" varchar(200) NOT NULL,
  "Address" varchar(400) NOT NULL,
  "Country" varchar(100) NOT NULL,
  "CountryCode" varchar(2) NOT NULL,
  "Blocks" integer NOT NULL,
  "Edited" boolean NOT NULL,
  "Created" timestamptz NOT NULL,
  "Updated" timestamptz NOT NULL,
  "Deleted" timestamptz NOT NULL
);

CREATE TABLE "IdempotencyKeys" (
  "Key" varchar(64) PRIMARY KEY NOT NULL, -- SHA-256 of who asked and of the key they chose
  "Request" varchar(64) NOT NULL, -- SHA-256 of what they asked
  "Answer" text NOT NULL, -- the company as it was created, JSON
  "Expiration" timestamptz NOT NULL
);
CREATE INDEX "IX_IdempotencyKeys_Expiration" ON "IdempotencyKeys" ("Expiration");

-- +goose Down

DROP TABLE "IdempotencyKeys";
DROP TABLE "DeletedCompanies";
DROP INDEX "IX_Companies_Name", "IX_Companies_Country";
ALTER TABLE "Companies"
  DROP COLUMN "Words", DROP COLUMN "BlocksKey", DROP COLUMN "CountryCode", DROP COLUMN "Blocks", DROP COLUMN "Edited", DROP COLUMN "NameKey", DROP COLUMN "Folded",
  ALTER COLUMN "Country" TYPE varchar(100);
CREATE INDEX "IX_Companies_Name_Id" ON "Companies" (lower("Name"), "Id");
