-- The clients (relying parties) and what is registered for them.
-- Names, types and defaults are IdentityServer4's (Entities/Client.cs); the last three columns of "Clients" are ours.

-- +goose Up

CREATE TABLE "Clients" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "Enabled" boolean NOT NULL DEFAULT true CHECK ("Enabled" IN (0, 1)),
  "ClientId" varchar(200) NOT NULL,
  "ProtocolType" varchar(200) NOT NULL DEFAULT 'oidc',
  "RequireClientSecret" boolean NOT NULL DEFAULT true CHECK ("RequireClientSecret" IN (0, 1)), -- false = public client
  "ClientName" varchar(200),
  "Description" varchar(1000),
  "ClientUri" varchar(2000),
  "LogoUri" varchar(2000),
  "RequireConsent" boolean NOT NULL DEFAULT false CHECK ("RequireConsent" IN (0, 1)),
  "AllowRememberConsent" boolean NOT NULL DEFAULT true CHECK ("AllowRememberConsent" IN (0, 1)),
  "AlwaysIncludeUserClaimsInIdToken" boolean NOT NULL DEFAULT false CHECK ("AlwaysIncludeUserClaimsInIdToken" IN (0, 1)), -- false = they come from userinfo
  "RequirePkce" boolean NOT NULL DEFAULT true CHECK ("RequirePkce" IN (0, 1)),
  "AllowPlainTextPkce" boolean NOT NULL DEFAULT false CHECK ("AllowPlainTextPkce" IN (0, 1)),
  "RequireRequestObject" boolean NOT NULL DEFAULT false CHECK ("RequireRequestObject" IN (0, 1)),
  "AllowAccessTokensViaBrowser" boolean NOT NULL DEFAULT false CHECK ("AllowAccessTokensViaBrowser" IN (0, 1)), -- only implicit and hybrid would need it
  "FrontChannelLogoutUri" varchar(2000),
  "FrontChannelLogoutSessionRequired" boolean NOT NULL DEFAULT true CHECK ("FrontChannelLogoutSessionRequired" IN (0, 1)),
  "BackChannelLogoutUri" varchar(2000),
  "BackChannelLogoutSessionRequired" boolean NOT NULL DEFAULT true CHECK ("BackChannelLogoutSessionRequired" IN (0, 1)),
  "AllowOfflineAccess" boolean NOT NULL DEFAULT false CHECK ("AllowOfflineAccess" IN (0, 1)), -- may ask for offline_access, that is for refresh tokens
  "IdentityTokenLifetime" integer NOT NULL DEFAULT 300 CHECK (typeof("IdentityTokenLifetime") = 'integer'), -- seconds; 300 s = 5 minutes
  "AllowedIdentityTokenSigningAlgorithms" varchar(100), -- comma list; NULL = the server's default
  "AccessTokenLifetime" integer NOT NULL DEFAULT 3600 CHECK (typeof("AccessTokenLifetime") = 'integer'), -- seconds; 3600 s = 1 hour
  "AuthorizationCodeLifetime" integer NOT NULL DEFAULT 300 CHECK (typeof("AuthorizationCodeLifetime") = 'integer'), -- seconds; 300 s = 5 minutes
  "ConsentLifetime" integer CHECK (typeof("ConsentLifetime") IN ('integer', 'null')), -- seconds; NULL = never expires
  "AbsoluteRefreshTokenLifetime" integer NOT NULL DEFAULT 2592000 CHECK (typeof("AbsoluteRefreshTokenLifetime") = 'integer'), -- seconds; 2592000 s = 30 days; 0 = no cap when sliding
  "SlidingRefreshTokenLifetime" integer NOT NULL DEFAULT 1296000 CHECK (typeof("SlidingRefreshTokenLifetime") = 'integer'), -- seconds; 1296000 s = 15 days; capped by the absolute one
  "RefreshTokenUsage" integer NOT NULL DEFAULT 1 CHECK (typeof("RefreshTokenUsage") = 'integer'), -- 0 = ReUse, 1 = OneTimeOnly
  "UpdateAccessTokenClaimsOnRefresh" boolean NOT NULL DEFAULT false CHECK ("UpdateAccessTokenClaimsOnRefresh" IN (0, 1)),
  "RefreshTokenExpiration" integer NOT NULL DEFAULT 1 CHECK (typeof("RefreshTokenExpiration") = 'integer'), -- 0 = Sliding, 1 = Absolute
  "AccessTokenType" integer NOT NULL DEFAULT 0 CHECK (typeof("AccessTokenType") = 'integer'), -- 0 = Jwt, 1 = Reference
  "EnableLocalLogin" boolean NOT NULL DEFAULT true CHECK ("EnableLocalLogin" IN (0, 1)),
  "IncludeJwtId" boolean NOT NULL DEFAULT true CHECK ("IncludeJwtId" IN (0, 1)), -- jti in the access token
  "AlwaysSendClientClaims" boolean NOT NULL DEFAULT false CHECK ("AlwaysSendClientClaims" IN (0, 1)),
  "ClientClaimsPrefix" varchar(200) DEFAULT 'client_',
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Updated" datetime,
  "LastAccessed" datetime, -- at most a minute old
  "UserSsoLifetime" integer CHECK (typeof("UserSsoLifetime") IN ('integer', 'null')), -- seconds since auth_time; NULL = as long as the session
  "UserCodeType" varchar(100),
  "DeviceCodeLifetime" integer NOT NULL DEFAULT 300 CHECK (typeof("DeviceCodeLifetime") = 'integer'), -- seconds; 300 s = 5 minutes
  "NonEditable" boolean NOT NULL DEFAULT false CHECK ("NonEditable" IN (0, 1)),
  "RefreshTokenReuseGraceSeconds" integer NOT NULL DEFAULT 0 CHECK (typeof("RefreshTokenReuseGraceSeconds") = 'integer'), -- seconds a rotated refresh token is still taken; 0 s = not at all
  "RevokeFamilyOnReuse" boolean NOT NULL DEFAULT true CHECK ("RevokeFamilyOnReuse" IN (0, 1)),
  "RenewLeadHint" integer CHECK (typeof("RenewLeadHint") IN ('integer', 'null')) -- seconds the page is advised to renew ahead of expiry; NULL = no advice
);
CREATE UNIQUE INDEX "IX_Clients_ClientId" ON "Clients" ("ClientId");

CREATE TABLE "ClientRedirectUris" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "RedirectUri" varchar(2000) NOT NULL -- compared byte for byte
);
CREATE INDEX "IX_ClientRedirectUris_ClientId" ON "ClientRedirectUris" ("ClientId");

CREATE TABLE "ClientPostLogoutRedirectUris" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "PostLogoutRedirectUri" varchar(2000) NOT NULL
);
CREATE INDEX "IX_ClientPostLogoutRedirectUris_ClientId" ON "ClientPostLogoutRedirectUris" ("ClientId");

CREATE TABLE "ClientScopes" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "Scope" varchar(200) NOT NULL
);
CREATE INDEX "IX_ClientScopes_ClientId" ON "ClientScopes" ("ClientId");

CREATE TABLE "ClientGrantTypes" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "GrantType" varchar(250) NOT NULL
);
CREATE INDEX "IX_ClientGrantTypes_ClientId" ON "ClientGrantTypes" ("ClientId");

CREATE TABLE "ClientCorsOrigins" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "Origin" varchar(150) NOT NULL -- scheme, host and port; no slash at the end
);
CREATE INDEX "IX_ClientCorsOrigins_ClientId" ON "ClientCorsOrigins" ("ClientId");
CREATE INDEX "IX_ClientCorsOrigins_Origin" ON "ClientCorsOrigins" ("Origin");

CREATE TABLE "ClientSecrets" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "Description" varchar(2000),
  "Value" varchar(4000) NOT NULL, -- base64 of SHA-256
  "Expiration" datetime,
  "Type" varchar(250) NOT NULL DEFAULT 'SharedSecret',
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "IX_ClientSecrets_ClientId" ON "ClientSecrets" ("ClientId");

CREATE TABLE "ClientClaims" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "Type" varchar(250) NOT NULL,
  "Value" varchar(250) NOT NULL
);
CREATE INDEX "IX_ClientClaims_ClientId" ON "ClientClaims" ("ClientId");

CREATE TABLE "ClientProperties" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "Key" varchar(250) NOT NULL,
  "Value" varchar(2000) NOT NULL
);
CREATE INDEX "IX_ClientProperties_ClientId" ON "ClientProperties" ("ClientId");

-- +goose Down

DROP TABLE "ClientProperties";
DROP TABLE "ClientClaims";
DROP TABLE "ClientSecrets";
DROP TABLE "ClientCorsOrigins";
DROP TABLE "ClientGrantTypes";
DROP TABLE "ClientScopes";
DROP TABLE "ClientPostLogoutRedirectUris";
DROP TABLE "ClientRedirectUris";
DROP TABLE "Clients";
