-- What the provider remembers while it runs. All times are UTC.

-- +goose Up

CREATE TABLE "PersistedGrants" (
  "Key" varchar(200) PRIMARY KEY NOT NULL, -- hash of the handle
  "Type" varchar(50) NOT NULL, -- authorization_code, refresh_token, reference_token, user_consent
  "SubjectId" varchar(200),
  "SessionId" varchar(100),
  "ClientId" varchar(200) NOT NULL,
  "Description" varchar(200),
  "CreationTime" datetime NOT NULL,
  "Expiration" datetime, -- NULL = never
  "ConsumedTime" datetime, -- when it was redeemed
  "Data" text NOT NULL, -- JSON
  "FamilyId" varchar(200), -- shared by what descends from one sign-in
  "ParentKey" varchar(200), -- the grant this one replaced
  "IssuedJti" varchar(200) -- the access token it gave
);
CREATE INDEX "IX_PersistedGrants_SubjectId_ClientId_Type" ON "PersistedGrants" ("SubjectId", "ClientId", "Type");
CREATE INDEX "IX_PersistedGrants_SubjectId_SessionId_Type" ON "PersistedGrants" ("SubjectId", "SessionId", "Type");
CREATE INDEX "IX_PersistedGrants_Expiration" ON "PersistedGrants" ("Expiration");
CREATE INDEX "IX_PersistedGrants_FamilyId" ON "PersistedGrants" ("FamilyId");

CREATE TABLE "DeviceCodes" (
  "UserCode" varchar(200) PRIMARY KEY NOT NULL,
  "DeviceCode" varchar(200) NOT NULL,
  "SubjectId" varchar(200),
  "SessionId" varchar(100),
  "ClientId" varchar(200) NOT NULL,
  "Description" varchar(200),
  "CreationTime" datetime NOT NULL,
  "Expiration" datetime NOT NULL,
  "Data" text NOT NULL -- JSON
);
CREATE UNIQUE INDEX "IX_DeviceCodes_DeviceCode" ON "DeviceCodes" ("DeviceCode");
CREATE INDEX "IX_DeviceCodes_Expiration" ON "DeviceCodes" ("Expiration");

CREATE TABLE "Keys" (
  "Id" varchar(450) PRIMARY KEY NOT NULL, -- the kid
  "Version" integer NOT NULL DEFAULT 1 CHECK (typeof("Version") = 'integer'),
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Use" varchar(450) NOT NULL DEFAULT 'signing',
  "Algorithm" varchar(100) NOT NULL,
  "IsX509Certificate" boolean NOT NULL DEFAULT false CHECK ("IsX509Certificate" IN (0, 1)),
  "DataProtected" boolean NOT NULL DEFAULT false CHECK ("DataProtected" IN (0, 1)),
  "Data" text NOT NULL -- the private key as a JWK
);
CREATE INDEX "IX_Keys_Use" ON "Keys" ("Use");

CREATE TABLE "ServerSideSessions" (
  "Key" varchar(100) PRIMARY KEY NOT NULL, -- hash of the cookie's value
  "Scheme" varchar(100) NOT NULL DEFAULT 'idsrv',
  "SubjectId" varchar(200) NOT NULL,
  "SessionId" varchar(100) NOT NULL,
  "DisplayName" varchar(200),
  "Created" datetime NOT NULL,
  "Renewed" datetime NOT NULL,
  "Expires" datetime NOT NULL,
  "Data" text NOT NULL -- JSON; its lifetime is in seconds
);
CREATE INDEX "IX_ServerSideSessions_SubjectId" ON "ServerSideSessions" ("SubjectId");
CREATE INDEX "IX_ServerSideSessions_SessionId" ON "ServerSideSessions" ("SessionId");
CREATE INDEX "IX_ServerSideSessions_Expires" ON "ServerSideSessions" ("Expires");

CREATE TABLE "RevokedTokens" (
  "Jti" varchar(200) PRIMARY KEY NOT NULL,
  "Expiration" datetime NOT NULL -- when the token would have expired anyway
);
CREATE INDEX "IX_RevokedTokens_Expiration" ON "RevokedTokens" ("Expiration");

CREATE TABLE "ServerOptions" (
  "Name" varchar(200) PRIMARY KEY NOT NULL,
  "Value" text NOT NULL, -- durations as "10h0m0s"
  "Updated" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "LoginFailures" (
  "Key" text PRIMARY KEY NOT NULL, -- an account or an address
  "Count" integer NOT NULL DEFAULT 0 CHECK (typeof("Count") = 'integer'),
  "Since" datetime NOT NULL,
  "BlockedUntil" datetime
);

-- +goose Down

DROP TABLE "LoginFailures";
DROP TABLE "ServerOptions";
DROP TABLE "RevokedTokens";
DROP TABLE "ServerSideSessions";
DROP TABLE "Keys";
DROP TABLE "DeviceCodes";
DROP TABLE "PersistedGrants";
