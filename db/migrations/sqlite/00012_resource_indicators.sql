-- The URI by which a client names an API (RFC 8707 §2). NULL: it cannot be named, a token is for it because of its scope.

-- +goose Up

ALTER TABLE "ApiResources" ADD COLUMN "ResourceUri" varchar(2000);
CREATE UNIQUE INDEX "IX_ApiResources_ResourceUri" ON "ApiResources" ("ResourceUri");

-- +goose Down

DROP INDEX "IX_ApiResources_ResourceUri";
ALTER TABLE "ApiResources" DROP COLUMN "ResourceUri";
