-- Companies in their thousands: a country code, the address blocks an organisation holds, keys to sort and to search by,
-- what was deleted and can come back, and the answers that a repeated request gets again.

-- +goose Up

DROP INDEX "IX_Companies_Name_Id";
ALTER TABLE "Companies" RENAME TO "CompaniesBefore";
CREATE TABLE "Companies" (
  "Number" integer PRIMARY KEY AUTOINCREMENT, -- the row in CompanySearch; it never changes
  "Id" varchar(36) NOT NULL UNIQUE, -- a UUID
  "Name" varchar(200) NOT NULL,
  "Address" varchar(400) NOT NULL,
  "Country" varchar(100) NOT NULL, -- English name
  "CountryCode" varchar(2) NOT NULL DEFAULT '', -- ISO 3166-1, empty when it is not known
  "Blocks" integer NOT NULL DEFAULT 0, -- MA-L assignments of the IEEE
  "BlocksKey" integer GENERATED ALWAYS AS (-"Blocks"), -- most blocks first, and still names ascending: one direction, one index
  "Edited" boolean NOT NULL DEFAULT false CHECK ("Edited" IN (0, 1)), -- by a person: an import leaves the words alone
  "NameKey" text NOT NULL DEFAULT '', -- what the name is sorted by, see db/fold.go
  "Folded" text, -- what is searched; NULL is filled in at the next start
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Updated" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "IX_Companies_Name" ON "Companies" ("NameKey", "Id");
CREATE INDEX "IX_Companies_Country" ON "Companies" ("Country", "NameKey", "Id");
CREATE INDEX "IX_Companies_Blocks" ON "Companies" ("BlocksKey", "NameKey", "Id");
CREATE INDEX "IX_Companies_CountryCode_Name" ON "Companies" ("CountryCode", "NameKey", "Id");
CREATE INDEX "IX_Companies_CountryCode_Blocks" ON "Companies" ("CountryCode", "BlocksKey", "NameKey", "Id");
CREATE INDEX "IX_Companies_Unfolded" ON "Companies" ("Id") WHERE "Folded" IS NULL;

-- The words alone, without their positions and without a copy of the text.
CREATE VIRTUAL TABLE "CompanySearch" USING fts5 (
  "Folded", content = '', contentless_delete = 1, detail = none, prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2'
);
-- +goose StatementBegin
CREATE TRIGGER "Companies_Insert" AFTER INSERT ON "Companies" BEGIN
  INSERT INTO "CompanySearch" (rowid, "Folded") VALUES (NEW."Number", NEW."Folded");
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Companies_Update" AFTER UPDATE OF "Folded" ON "Companies" WHEN OLD."Folded" IS NOT NEW."Folded" BEGIN
  DELETE FROM "CompanySearch" WHERE rowid = OLD."Number";
  INSERT INTO "CompanySearch" (rowid, "Folded") VALUES (NEW."Number", NEW."Folded");
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Companies_Delete" AFTER DELETE ON "Companies" BEGIN
  DELETE FROM "CompanySearch" WHERE rowid = OLD."Number";
END;
-- +goose StatementEnd

INSERT INTO "Companies" ("Id", "Name", "Address", "Country", "Created", "Updated")
  SELECT "Id", "Name", "Address", "Country", "Created", "Updated" FROM "CompaniesBefore";
DROP TABLE "CompaniesBefore";

CREATE TABLE "DeletedCompanies" (
  "Id" varchar(36) PRIMARY KEY NOT NULL,
  "Name" varchar(200) NOT NULL,
  "Address" varchar(400) NOT NULL,
  "Country" varchar(100) NOT NULL,
  "CountryCode" varchar(2) NOT NULL,
  "Blocks" integer NOT NULL,
  "Edited" boolean NOT NULL,
  "Created" datetime NOT NULL,
  "Updated" datetime NOT NULL,
  "Deleted" datetime NOT NULL
);

CREATE TABLE "IdempotencyKeys" (
  "Key" varchar(64) PRIMARY KEY NOT NULL, -- SHA-256 of who asked and of the key they chose
  "Request" varchar(64) NOT NULL, -- SHA-256 of what they asked
  "Answer" text NOT NULL, -- the company as it was created, JSON
  "Expiration" datetime NOT NULL
);
CREATE INDEX "IX_IdempotencyKeys_Expiration" ON "IdempotencyKeys" ("Expiration");

-- +goose Down

DROP TABLE "IdempotencyKeys";
DROP TABLE "DeletedCompanies";
DROP TRIGGER "Companies_Insert";
DROP TRIGGER "Companies_Update";
DROP TRIGGER "Companies_Delete";
DROP TABLE "CompanySearch";
ALTER TABLE "Companies" RENAME TO "CompaniesBefore";
CREATE TABLE "Companies" (
  "Id" varchar(36) PRIMARY KEY NOT NULL, -- a UUID
  "Name" varchar(200) NOT NULL,
  "Address" varchar(400) NOT NULL,
  "Country" varchar(100) NOT NULL,
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Updated" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "IX_Companies_Name_Id" ON "Companies" (lower("Name"), "Id");
INSERT INTO "Companies" ("Id", "Name", "Address", "Country", "Created", "Updated")
  SELECT "Id", "Name", "Address", "Country", "Created", "Updated" FROM "CompaniesBefore";
DROP TABLE "CompaniesBefore";
