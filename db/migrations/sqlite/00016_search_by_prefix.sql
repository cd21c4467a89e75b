-- The word index knows longer beginnings of words, so that it steps through the rows of one instead of collecting those of each
-- word that begins so.

-- +goose Up

DROP TABLE "CompanySearch";
CREATE VIRTUAL TABLE "CompanySearch" USING fts5 (
  "Words", content = '', contentless_delete = 1, detail = none, prefix = '1 2 3 4 5 6 7 8 9 10 11 12', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO "CompanySearch" (rowid, "Words") SELECT "Number", "Folded" || ' ' || char(0xE000) || "CountryCode" FROM "Companies";

-- +goose Down

DROP TABLE "CompanySearch";
CREATE VIRTUAL TABLE "CompanySearch" USING fts5 (
  "Words", content = '', contentless_delete = 1, detail = none, prefix = '1 2 3 4 5 6', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO "CompanySearch" (rowid, "Words") SELECT "Number", "Folded" || ' ' || char(0xE000) || "CountryCode" FROM "Companies";
