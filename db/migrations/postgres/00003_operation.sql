-- What the provider remembers while it runs. All times are UTC.

-- +goose Up

CREATE TABLE "PersistedGrants" (
  "Key" varchar(200) PRIMARY KEY,
  "Type" varchar(50) NOT NULL,
  "SubjectId" varchar(200),
  "SessionId" varchar(100),
  "ClientId" varchar(200) NOT NULL,
  "Description" varchar(200),
  "CreationTime" timestamptz NOT NULL,
  "Expiration" timestamptz,
  "ConsumedTime" timestamptz,
  "Data" text NOT NULL,
  "FamilyId" varchar(200),
  "ParentKey" varchar(200),
  "IssuedJti" varchar(200)
);
CREATE INDEX "IX_PersistedGrants_SubjectId_ClientId_Type" ON "PersistedGrants" ("SubjectId", "ClientId", "Type");
CREATE INDEX "IX_PersistedGrants_SubjectId_SessionId_Type" ON "PersistedGrants" ("SubjectId", "SessionId", "Type");
CREATE INDEX "IX_PersistedGrants_Expiration" ON "PersistedGrants" ("Expiration");
CREATE INDEX "IX_PersistedGrants_FamilyId" ON "PersistedGrants" ("FamilyId");
COMMENT ON COLUMN "PersistedGrants"."Key" IS 'hash of the handle';
COMMENT ON COLUMN "PersistedGrants"."Type" IS 'authorization_code, refresh_token, reference_token, user_consent';
COMMENT ON COLUMN "PersistedGrants"."Expiration" IS 'NULL = never';
COMMENT ON COLUMN "PersistedGrants"."ConsumedTime" IS 'when it was redeemed';
COMMENT ON COLUMN "PersistedGrants"."Data" IS 'JSON';
COMMENT ON COLUMN "PersistedGrants"."FamilyId" IS 'shared by what descends from one sign-in';
COMMENT ON COLUMN "PersistedGrants"."ParentKey" IS 'the grant this one replaced';
COMMENT ON COLUMN "PersistedGrants"."IssuedJti" IS 'the access token it gave';

CREATE TABLE "DeviceCodes" (
  "UserCode" varchar(200) PRIMARY KEY,
  "DeviceCode" varchar(200) NOT NULL,
  "SubjectId" varchar(200),
  "SessionId" varchar(100),
  "ClientId" varchar(200) NOT NULL,
  "Description" varchar(200),
  "CreationTime" timestamptz NOT NULL,
  "Expiration" timestamptz NOT NULL,
  "Data" text NOT NULL
);
CREATE UNIQUE INDEX "IX_DeviceCodes_DeviceCode" ON "DeviceCodes" ("DeviceCode");
CREATE INDEX "IX_DeviceCodes_Expiration" ON "DeviceCodes" ("Expiration");
COMMENT ON COLUMN "DeviceCodes"."Data" IS 'JSON';

CREATE TABLE "Keys" (
  "Id" varchar(450) PRIMARY KEY,
  "Version" integer NOT NULL DEFAULT 1,
  "Created" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Use" varchar(450) NOT NULL DEFAULT 'signing',
  "Algorithm" varchar(100) NOT NULL,
  "IsX509Certificate" boolean NOT NULL DEFAULT false,
  "DataProtected" boolean NOT NULL DEFAULT false,
  "Data" text NOT NULL
);
CREATE INDEX "IX_Keys_Use" ON "Keys" ("Use");
COMMENT ON COLUMN "Keys"."Id" IS 'the kid';
COMMENT ON COLUMN "Keys"."Data" IS 'the private key as a JWK';

CREATE TABLE "ServerSideSessions" (
  "Key" varchar(100) PRIMARY KEY,
  "Scheme" varchar(100) NOT NULL DEFAULT 'idsrv',
  "SubjectId" varchar(200) NOT NULL,
  "SessionId" varchar(100) NOT NULL,
  "DisplayName" varchar(200),
  "Created" timestamptz NOT NULL,
  "Renewed" timestamptz NOT NULL,
  "Expires" timestamptz NOT NULL,
  "Data" text NOT NULL
);
CREATE INDEX "IX_ServerSideSessions_SubjectId" ON "ServerSideSessions" ("SubjectId");
CREATE INDEX "IX_ServerSideSessions_SessionId" ON "ServerSideSessions" ("SessionId");
CREATE INDEX "IX_ServerSideSessions_Expires" ON "ServerSideSessions" ("Expires");
COMMENT ON COLUMN "ServerSideSessions"."Key" IS 'hash of the cookie''s value';
COMMENT ON COLUMN "ServerSideSessions"."Data" IS 'JSON; its lifetime is in seconds';

CREATE TABLE "RevokedTokens" (
  "Jti" varchar(200) PRIMARY KEY,
  "Expiration" timestamptz NOT NULL
);
CREATE INDEX "IX_RevokedTokens_Expiration" ON "RevokedTokens" ("Expiration");
COMMENT ON COLUMN "RevokedTokens"."Expiration" IS 'when the token would have expired anyway';

CREATE TABLE "ServerOptions" (
  "Name" varchar(200) PRIMARY KEY,
  "Value" text NOT NULL,
  "Updated" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
COMMENT ON COLUMN "ServerOptions"."Value" IS 'durations as "10h0m0s"';

CREATE TABLE "LoginFailures" (
  "Key" text PRIMARY KEY,
  "Count" integer NOT NULL DEFAULT 0,
  "Since" timestamptz NOT NULL,
  "BlockedUntil" timestamptz
);
COMMENT ON COLUMN "LoginFailures"."Key" IS 'an account or an address';

-- +goose Down

DROP TABLE "LoginFailures";
DROP TABLE "ServerOptions";
DROP TABLE "RevokedTokens";
DROP TABLE "ServerSideSessions";
DROP TABLE "Keys";
DROP TABLE "DeviceCodes";
DROP TABLE "PersistedGrants";
