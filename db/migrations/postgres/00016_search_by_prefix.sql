-- The word index knows the beginnings of words as words of their own. GIN steps through the rows of each that a search asks for
-- side by side. For "begins with" it would first collect the rows of each alone.

-- +goose Up

ALTER TABLE "Companies" DROP COLUMN "Words";

-- What a company is found by: its words and their beginnings, up to the length in db/company_search.go, and the country's code
-- after a character of the private use area, which no search has.
-- +goose StatementBegin
CREATE FUNCTION "CompanyTerms"(folded text, code text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT array_to_tsvector(ARRAY(
    SELECT left(word, n) FROM unnest(string_to_array(folded, ' ')) AS word, generate_series(1, least(length(word), 12)) AS n
    UNION ALL SELECT U&'\E000' || code))
$$;
-- +goose StatementEnd
CREATE INDEX "IX_Companies_Terms" ON "Companies" USING gin ("CompanyTerms"("Folded", "CountryCode"));

-- +goose Down

DROP FUNCTION IF EXISTS "CompanySearch"; -- was once made here
DROP INDEX "IX_Companies_Terms";
DROP FUNCTION "CompanyTerms";
ALTER TABLE "Companies" ADD COLUMN "Words" tsvector GENERATED ALWAYS AS (
  array_to_tsvector(array_append(string_to_array("Folded", ' '), U&'\E000' || "CountryCode"))) STORED;
CREATE INDEX "IX_Companies_Words" ON "Companies" USING gin ("Words");
