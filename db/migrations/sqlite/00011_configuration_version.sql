-- Two marks. One changes with every change of what the provider is configured with, the other when a session changes or
-- ends or a token is taken back, whoever does it and with whatever program. A process that keeps rows in memory compares
-- the marks with those it saw when it read them.

-- +goose Up

CREATE TABLE "ConfigurationVersion" (
  "Id" integer PRIMARY KEY NOT NULL DEFAULT 1 CHECK ("Id" = 1), -- one row
  "Version" text NOT NULL, -- random, so that a restored copy cannot repeat it
  "Sessions" text NOT NULL -- the same for sessions and revoked tokens
);
INSERT INTO "ConfigurationVersion" ("Version", "Sessions") VALUES (hex(randomblob(16)), hex(randomblob(16)));

-- +goose StatementBegin
CREATE TRIGGER "Clients_Inserted" AFTER INSERT ON "Clients" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Clients_Updated" AFTER UPDATE ON "Clients" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Clients_Deleted" AFTER DELETE ON "Clients" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientRedirectUris_Inserted" AFTER INSERT ON "ClientRedirectUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientRedirectUris_Updated" AFTER UPDATE ON "ClientRedirectUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientRedirectUris_Deleted" AFTER DELETE ON "ClientRedirectUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientPostLogoutRedirectUris_Inserted" AFTER INSERT ON "ClientPostLogoutRedirectUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientPostLogoutRedirectUris_Updated" AFTER UPDATE ON "ClientPostLogoutRedirectUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientPostLogoutRedirectUris_Deleted" AFTER DELETE ON "ClientPostLogoutRedirectUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientScopes_Inserted" AFTER INSERT ON "ClientScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientScopes_Updated" AFTER UPDATE ON "ClientScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientScopes_Deleted" AFTER DELETE ON "ClientScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientGrantTypes_Inserted" AFTER INSERT ON "ClientGrantTypes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientGrantTypes_Updated" AFTER UPDATE ON "ClientGrantTypes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientGrantTypes_Deleted" AFTER DELETE ON "ClientGrantTypes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientCorsOrigins_Inserted" AFTER INSERT ON "ClientCorsOrigins" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientCorsOrigins_Updated" AFTER UPDATE ON "ClientCorsOrigins" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientCorsOrigins_Deleted" AFTER DELETE ON "ClientCorsOrigins" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientSecrets_Inserted" AFTER INSERT ON "ClientSecrets" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientSecrets_Updated" AFTER UPDATE ON "ClientSecrets" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientSecrets_Deleted" AFTER DELETE ON "ClientSecrets" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientClaims_Inserted" AFTER INSERT ON "ClientClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientClaims_Updated" AFTER UPDATE ON "ClientClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientClaims_Deleted" AFTER DELETE ON "ClientClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientProperties_Inserted" AFTER INSERT ON "ClientProperties" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientProperties_Updated" AFTER UPDATE ON "ClientProperties" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientProperties_Deleted" AFTER DELETE ON "ClientProperties" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientRequestUris_Inserted" AFTER INSERT ON "ClientRequestUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientRequestUris_Updated" AFTER UPDATE ON "ClientRequestUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ClientRequestUris_Deleted" AFTER DELETE ON "ClientRequestUris" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "IdentityResources_Inserted" AFTER INSERT ON "IdentityResources" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "IdentityResources_Updated" AFTER UPDATE ON "IdentityResources" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "IdentityResources_Deleted" AFTER DELETE ON "IdentityResources" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "IdentityResourceClaims_Inserted" AFTER INSERT ON "IdentityResourceClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "IdentityResourceClaims_Updated" AFTER UPDATE ON "IdentityResourceClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "IdentityResourceClaims_Deleted" AFTER DELETE ON "IdentityResourceClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiScopes_Inserted" AFTER INSERT ON "ApiScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiScopes_Updated" AFTER UPDATE ON "ApiScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiScopes_Deleted" AFTER DELETE ON "ApiScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiScopeClaims_Inserted" AFTER INSERT ON "ApiScopeClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiScopeClaims_Updated" AFTER UPDATE ON "ApiScopeClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiScopeClaims_Deleted" AFTER DELETE ON "ApiScopeClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResources_Inserted" AFTER INSERT ON "ApiResources" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResources_Updated" AFTER UPDATE ON "ApiResources" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResources_Deleted" AFTER DELETE ON "ApiResources" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceScopes_Inserted" AFTER INSERT ON "ApiResourceScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceScopes_Updated" AFTER UPDATE ON "ApiResourceScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceScopes_Deleted" AFTER DELETE ON "ApiResourceScopes" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceClaims_Inserted" AFTER INSERT ON "ApiResourceClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceClaims_Updated" AFTER UPDATE ON "ApiResourceClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceClaims_Deleted" AFTER DELETE ON "ApiResourceClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceSecrets_Inserted" AFTER INSERT ON "ApiResourceSecrets" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceSecrets_Updated" AFTER UPDATE ON "ApiResourceSecrets" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ApiResourceSecrets_Deleted" AFTER DELETE ON "ApiResourceSecrets" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ServerOptions_Inserted" AFTER INSERT ON "ServerOptions" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ServerOptions_Updated" AFTER UPDATE ON "ServerOptions" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ServerOptions_Deleted" AFTER DELETE ON "ServerOptions" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Users_Inserted" AFTER INSERT ON "Users" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Users_Updated" AFTER UPDATE ON "Users" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Users_Deleted" AFTER DELETE ON "Users" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "UserClaims_Inserted" AFTER INSERT ON "UserClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "UserClaims_Updated" AFTER UPDATE ON "UserClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "UserClaims_Deleted" AFTER DELETE ON "UserClaims" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Keys_Inserted" AFTER INSERT ON "Keys" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Keys_Updated" AFTER UPDATE ON "Keys" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "Keys_Deleted" AFTER DELETE ON "Keys" BEGIN UPDATE "ConfigurationVersion" SET "Version" = hex(randomblob(16)); END;
-- +goose StatementEnd

-- A session that begins changes nothing that anybody could have kept, unless it takes another's place (REPLACE INTO).
-- +goose StatementBegin
CREATE TRIGGER "ServerSideSessions_Replaced" BEFORE INSERT ON "ServerSideSessions" WHEN EXISTS (SELECT 1 FROM "ServerSideSessions" WHERE "Key" = NEW."Key") BEGIN UPDATE "ConfigurationVersion" SET "Sessions" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ServerSideSessions_Updated" AFTER UPDATE ON "ServerSideSessions" BEGIN UPDATE "ConfigurationVersion" SET "Sessions" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "ServerSideSessions_Deleted" AFTER DELETE ON "ServerSideSessions" BEGIN UPDATE "ConfigurationVersion" SET "Sessions" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "RevokedTokens_Inserted" AFTER INSERT ON "RevokedTokens" BEGIN UPDATE "ConfigurationVersion" SET "Sessions" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "RevokedTokens_Updated" AFTER UPDATE ON "RevokedTokens" BEGIN UPDATE "ConfigurationVersion" SET "Sessions" = hex(randomblob(16)); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER "RevokedTokens_Deleted" AFTER DELETE ON "RevokedTokens" BEGIN UPDATE "ConfigurationVersion" SET "Sessions" = hex(randomblob(16)); END;
-- +goose StatementEnd

-- A code is found by its hash alone, and a renewal stores one: of the indexes it would have to enter only that of expiry is
-- of use. What "Type" <> 'authorization_code' leaves out, a query has to leave out in the same words.
DROP INDEX "IX_PersistedGrants_SubjectId_ClientId_Type";
DROP INDEX "IX_PersistedGrants_SubjectId_SessionId_Type";
DROP INDEX "IX_PersistedGrants_FamilyId";
CREATE INDEX "IX_PersistedGrants_SubjectId_ClientId_Type" ON "PersistedGrants" ("SubjectId", "ClientId", "Type") WHERE "Type" = 'user_consent';
CREATE INDEX "IX_PersistedGrants_SubjectId_SessionId_Type" ON "PersistedGrants" ("SubjectId", "SessionId", "Type") WHERE "Type" <> 'authorization_code';
CREATE INDEX "IX_PersistedGrants_FamilyId" ON "PersistedGrants" ("FamilyId") WHERE "Type" <> 'authorization_code';

-- +goose Down

DROP INDEX "IX_PersistedGrants_FamilyId";
DROP INDEX "IX_PersistedGrants_SubjectId_SessionId_Type";
DROP INDEX "IX_PersistedGrants_SubjectId_ClientId_Type";
CREATE INDEX "IX_PersistedGrants_SubjectId_ClientId_Type" ON "PersistedGrants" ("SubjectId", "ClientId", "Type");
CREATE INDEX "IX_PersistedGrants_SubjectId_SessionId_Type" ON "PersistedGrants" ("SubjectId", "SessionId", "Type");
CREATE INDEX "IX_PersistedGrants_FamilyId" ON "PersistedGrants" ("FamilyId");
DROP TRIGGER "Clients_Inserted";
DROP TRIGGER "Clients_Updated";
DROP TRIGGER "Clients_Deleted";
DROP TRIGGER "ClientRedirectUris_Inserted";
DROP TRIGGER "ClientRedirectUris_Updated";
DROP TRIGGER "ClientRedirectUris_Deleted";
DROP TRIGGER "ClientPostLogoutRedirectUris_Inserted";
DROP TRIGGER "ClientPostLogoutRedirectUris_Updated";
DROP TRIGGER "ClientPostLogoutRedirectUris_Deleted";
DROP TRIGGER "ClientScopes_Inserted";
DROP TRIGGER "ClientScopes_Updated";
DROP TRIGGER "ClientScopes_Deleted";
DROP TRIGGER "ClientGrantTypes_Inserted";
DROP TRIGGER "ClientGrantTypes_Updated";
DROP TRIGGER "ClientGrantTypes_Deleted";
DROP TRIGGER "ClientCorsOrigins_Inserted";
DROP TRIGGER "ClientCorsOrigins_Updated";
DROP TRIGGER "ClientCorsOrigins_Deleted";
DROP TRIGGER "ClientSecrets_Inserted";
DROP TRIGGER "ClientSecrets_Updated";
DROP TRIGGER "ClientSecrets_Deleted";
DROP TRIGGER "ClientClaims_Inserted";
DROP TRIGGER "ClientClaims_Updated";
DROP TRIGGER "ClientClaims_Deleted";
DROP TRIGGER "ClientProperties_Inserted";
DROP TRIGGER "ClientProperties_Updated";
DROP TRIGGER "ClientProperties_Deleted";
DROP TRIGGER "ClientRequestUris_Inserted";
DROP TRIGGER "ClientRequestUris_Updated";
DROP TRIGGER "ClientRequestUris_Deleted";
DROP TRIGGER "IdentityResources_Inserted";
DROP TRIGGER "IdentityResources_Updated";
DROP TRIGGER "IdentityResources_Deleted";
DROP TRIGGER "IdentityResourceClaims_Inserted";
DROP TRIGGER "IdentityResourceClaims_Updated";
DROP TRIGGER "IdentityResourceClaims_Deleted";
DROP TRIGGER "ApiScopes_Inserted";
DROP TRIGGER "ApiScopes_Updated";
DROP TRIGGER "ApiScopes_Deleted";
DROP TRIGGER "ApiScopeClaims_Inserted";
DROP TRIGGER "ApiScopeClaims_Updated";
DROP TRIGGER "ApiScopeClaims_Deleted";
DROP TRIGGER "ApiResources_Inserted";
DROP TRIGGER "ApiResources_Updated";
DROP TRIGGER "ApiResources_Deleted";
DROP TRIGGER "ApiResourceScopes_Inserted";
DROP TRIGGER "ApiResourceScopes_Updated";
DROP TRIGGER "ApiResourceScopes_Deleted";
DROP TRIGGER "ApiResourceClaims_Inserted";
DROP TRIGGER "ApiResourceClaims_Updated";
DROP TRIGGER "ApiResourceClaims_Deleted";
DROP TRIGGER "ApiResourceSecrets_Inserted";
DROP TRIGGER "ApiResourceSecrets_Updated";
DROP TRIGGER "ApiResourceSecrets_Deleted";
DROP TRIGGER "ServerOptions_Inserted";
DROP TRIGGER "ServerOptions_Updated";
DROP TRIGGER "ServerOptions_Deleted";
DROP TRIGGER "Users_Inserted";
DROP TRIGGER "Users_Updated";
DROP TRIGGER "Users_Deleted";
DROP TRIGGER "UserClaims_Inserted";
DROP TRIGGER "UserClaims_Updated";
DROP TRIGGER "UserClaims_Deleted";
DROP TRIGGER "Keys_Inserted";
DROP TRIGGER "Keys_Updated";
DROP TRIGGER "Keys_Deleted";
DROP TRIGGER "ServerSideSessions_Replaced";
DROP TRIGGER "ServerSideSessions_Updated";
DROP TRIGGER "ServerSideSessions_Deleted";
DROP TRIGGER "RevokedTokens_Inserted";
DROP TRIGGER "RevokedTokens_Updated";
DROP TRIGGER "RevokedTokens_Deleted";
DROP TABLE "ConfigurationVersion";
