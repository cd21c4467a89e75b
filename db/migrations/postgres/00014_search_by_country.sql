-- The word index knows the country too, so that a search within one country does not collect the rows of all others. Its code
-- follows a character of the private use area, which no search has: it keeps only letters and digits.

-- +goose Up

ALTER TABLE "Companies" DROP COLUMN "Words";
ALTER TABLE "Companies" ADD COLUMN "Words" tsvector GENERATED ALWAYS AS (
  array_to_tsvector(array_append(string_to_array("Folded", ' '), U&'\E000' || "CountryCode"))) STORED;
CREATE INDEX "IX_Companies_Words" ON "Companies" USING gin ("Words");

-- +goose Down

ALTER TABLE "Companies" DROP COLUMN "Words";
ALTER TABLE "Companies" ADD COLUMN "Words" tsvector GENERATED ALWAYS AS (array_to_tsvector(string_to_array("Folded", ' '))) STORED;
CREATE INDEX "IX_Companies_Words" ON "Companies" USING gin ("Words");
