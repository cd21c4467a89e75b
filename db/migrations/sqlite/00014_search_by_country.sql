-- The word index knows the country too, so that a search within one country does not collect the rows of all others, and the
-- beginnings of words that people stop at while they type.

-- +goose Up

DROP TRIGGER "Companies_Insert";
DROP TRIGGER "Companies_Update";
DROP TRIGGER "Companies_Delete";
DROP TABLE "CompanySearch";

-- The words alone, without their positions and without a copy of the text. The country's code follows a character of the
-- private use area, which no search has: it keeps only letters and digits.
CREATE VIRTUAL TABLE "CompanySearch" USING fts5 (
  "Words", content = '', contentless_delete = 1, detail = none, prefix = '1 2 3 4 5 6', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO "CompanySearch" (rowid, "Words") SELECT "Number", "Folded" || ' ' || char(0xE000) || "CountryCode" FROM "Companies";
-- +goose StatementBegin
CREATE TRIGGER "Companies_Insert" AFTER INSERT ON "Companies" BEGIN
  INSERT INTO "CompanySearch" (rowid, "Words") VALUES (NEW."Number", NEW."Folded" || ' ' || char(0xE000) || NEW."CountryCode");
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Companies_Update" AFTER UPDATE OF "Folded", "CountryCode" ON "Companies"
WHEN (OLD."Folded", OLD."CountryCode") IS NOT (NEW."Folded", NEW."CountryCode") BEGIN
  DELETE FROM "CompanySearch" WHERE rowid = OLD."Number";
  INSERT INTO "CompanySearch" (rowid, "Words") VALUES (NEW."Number", NEW."Folded" || ' ' || char(0xE000) || NEW."CountryCode");
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Companies_Delete" AFTER DELETE ON "Companies" BEGIN
  DELETE FROM "CompanySearch" WHERE rowid = OLD."Number";
END;
-- +goose StatementEnd

-- +goose Down

DROP TRIGGER "Companies_Insert";
DROP TRIGGER "Companies_Update";
DROP TRIGGER "Companies_Delete";
DROP TABLE "CompanySearch";
CREATE VIRTUAL TABLE "CompanySearch" USING fts5 (
  "Folded", content = '', contentless_delete = 1, detail = none, prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO "CompanySearch" (rowid, "Folded") SELECT "Number", "Folded" FROM "Companies";
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
