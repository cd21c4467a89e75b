-- What a scope value can stand for: claims about the user, or access to an API.

-- +goose Up

CREATE TABLE "IdentityResources" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "Enabled" boolean NOT NULL DEFAULT true CHECK ("Enabled" IN (0, 1)),
  "Name" varchar(200) NOT NULL,
  "DisplayName" varchar(200),
  "Description" varchar(1000),
  "Required" boolean NOT NULL DEFAULT false CHECK ("Required" IN (0, 1)),
  "Emphasize" boolean NOT NULL DEFAULT false CHECK ("Emphasize" IN (0, 1)),
  "ShowInDiscoveryDocument" boolean NOT NULL DEFAULT true CHECK ("ShowInDiscoveryDocument" IN (0, 1)),
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Updated" datetime,
  "NonEditable" boolean NOT NULL DEFAULT false CHECK ("NonEditable" IN (0, 1))
);
CREATE UNIQUE INDEX "IX_IdentityResources_Name" ON "IdentityResources" ("Name");

CREATE TABLE "IdentityResourceClaims" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "IdentityResourceId" integer NOT NULL REFERENCES "IdentityResources" ("Id") ON DELETE CASCADE,
  "Type" varchar(200) NOT NULL
);
CREATE INDEX "IX_IdentityResourceClaims_IdentityResourceId" ON "IdentityResourceClaims" ("IdentityResourceId");

CREATE TABLE "ApiScopes" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "Enabled" boolean NOT NULL DEFAULT true CHECK ("Enabled" IN (0, 1)),
  "Name" varchar(200) NOT NULL,
  "DisplayName" varchar(200),
  "Description" varchar(1000),
  "Required" boolean NOT NULL DEFAULT false CHECK ("Required" IN (0, 1)),
  "Emphasize" boolean NOT NULL DEFAULT false CHECK ("Emphasize" IN (0, 1)),
  "ShowInDiscoveryDocument" boolean NOT NULL DEFAULT true CHECK ("ShowInDiscoveryDocument" IN (0, 1))
);
CREATE UNIQUE INDEX "IX_ApiScopes_Name" ON "ApiScopes" ("Name");

CREATE TABLE "ApiScopeClaims" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ScopeId" integer NOT NULL REFERENCES "ApiScopes" ("Id") ON DELETE CASCADE,
  "Type" varchar(200) NOT NULL
);
CREATE INDEX "IX_ApiScopeClaims_ScopeId" ON "ApiScopeClaims" ("ScopeId");

CREATE TABLE "ApiResources" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "Enabled" boolean NOT NULL DEFAULT true CHECK ("Enabled" IN (0, 1)),
  "Name" varchar(200) NOT NULL,
  "DisplayName" varchar(200),
  "Description" varchar(1000),
  "AllowedAccessTokenSigningAlgorithms" varchar(100), -- comma list; NULL = the server's default
  "ShowInDiscoveryDocument" boolean NOT NULL DEFAULT true CHECK ("ShowInDiscoveryDocument" IN (0, 1)),
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Updated" datetime,
  "LastAccessed" datetime,
  "NonEditable" boolean NOT NULL DEFAULT false CHECK ("NonEditable" IN (0, 1))
);
CREATE UNIQUE INDEX "IX_ApiResources_Name" ON "ApiResources" ("Name");

CREATE TABLE "ApiResourceScopes" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ApiResourceId" integer NOT NULL REFERENCES "ApiResources" ("Id") ON DELETE CASCADE,
  "Scope" varchar(200) NOT NULL
);
CREATE INDEX "IX_ApiResourceScopes_ApiResourceId" ON "ApiResourceScopes" ("ApiResourceId");

CREATE TABLE "ApiResourceClaims" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ApiResourceId" integer NOT NULL REFERENCES "ApiResources" ("Id") ON DELETE CASCADE,
  "Type" varchar(200) NOT NULL
);
CREATE INDEX "IX_ApiResourceClaims_ApiResourceId" ON "ApiResourceClaims" ("ApiResourceId");

CREATE TABLE "ApiResourceSecrets" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ApiResourceId" integer NOT NULL REFERENCES "ApiResources" ("Id") ON DELETE CASCADE,
  "Description" varchar(1000),
  "Value" varchar(4000) NOT NULL, -- base64 of SHA-256
  "Expiration" datetime,
  "Type" varchar(250) NOT NULL DEFAULT 'SharedSecret',
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "IX_ApiResourceSecrets_ApiResourceId" ON "ApiResourceSecrets" ("ApiResourceId");

-- +goose Down

DROP TABLE "ApiResourceSecrets";
DROP TABLE "ApiResourceClaims";
DROP TABLE "ApiResourceScopes";
DROP TABLE "ApiResources";
DROP TABLE "ApiScopeClaims";
DROP TABLE "ApiScopes";
DROP TABLE "IdentityResourceClaims";
DROP TABLE "IdentityResources";
