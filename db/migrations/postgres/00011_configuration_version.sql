-- Two marks. One changes with every change of what the provider is configured with, the other when a session changes or
-- ends or a token is taken back, whoever does it and with whatever program. A process that keeps rows in memory compares
-- the marks with those it saw when it read them.

-- +goose Up

CREATE TABLE "ConfigurationVersion" (
  "Id" integer PRIMARY KEY NOT NULL DEFAULT 1 CHECK ("Id" = 1), -- one row
  "Version" text NOT NULL, -- random, so that a restored copy cannot repeat it
  "Sessions" text NOT NULL -- the same for sessions and revoked tokens
);

-- +goose StatementBegin
CREATE FUNCTION "ConfigurationChanged"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "ConfigurationVersion" ("Version", "Sessions") VALUES (md5(random()::text || clock_timestamp()::text), '')
    ON CONFLICT ("Id") DO UPDATE SET "Version" = excluded."Version";
  RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION "SessionsChanged"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "ConfigurationVersion" SET "Sessions" = md5(random()::text || clock_timestamp()::text);
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- Rows are watched by triggers that wait for the commit: the row above is locked for that moment only, so two people who
-- edit at the same time do not wait for one another, and cannot wait for one another for ever.
CREATE CONSTRAINT TRIGGER "Clients_Changed" AFTER INSERT OR UPDATE OR DELETE ON "Clients" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "Clients_Truncated" AFTER TRUNCATE ON "Clients" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientRedirectUris_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientRedirectUris" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientRedirectUris_Truncated" AFTER TRUNCATE ON "ClientRedirectUris" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientPostLogoutRedirectUris_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientPostLogoutRedirectUris" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientPostLogoutRedirectUris_Truncated" AFTER TRUNCATE ON "ClientPostLogoutRedirectUris" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientScopes_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientScopes" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientScopes_Truncated" AFTER TRUNCATE ON "ClientScopes" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientGrantTypes_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientGrantTypes" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientGrantTypes_Truncated" AFTER TRUNCATE ON "ClientGrantTypes" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientCorsOrigins_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientCorsOrigins" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientCorsOrigins_Truncated" AFTER TRUNCATE ON "ClientCorsOrigins" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientSecrets_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientSecrets" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientSecrets_Truncated" AFTER TRUNCATE ON "ClientSecrets" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientClaims_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientClaims" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientClaims_Truncated" AFTER TRUNCATE ON "ClientClaims" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientProperties_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientProperties" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientProperties_Truncated" AFTER TRUNCATE ON "ClientProperties" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ClientRequestUris_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ClientRequestUris" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ClientRequestUris_Truncated" AFTER TRUNCATE ON "ClientRequestUris" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "IdentityResources_Changed" AFTER INSERT OR UPDATE OR DELETE ON "IdentityResources" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "IdentityResources_Truncated" AFTER TRUNCATE ON "IdentityResources" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "IdentityResourceClaims_Changed" AFTER INSERT OR UPDATE OR DELETE ON "IdentityResourceClaims" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "IdentityResourceClaims_Truncated" AFTER TRUNCATE ON "IdentityResourceClaims" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ApiScopes_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ApiScopes" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ApiScopes_Truncated" AFTER TRUNCATE ON "ApiScopes" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ApiScopeClaims_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ApiScopeClaims" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ApiScopeClaims_Truncated" AFTER TRUNCATE ON "ApiScopeClaims" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ApiResources_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ApiResources" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ApiResources_Truncated" AFTER TRUNCATE ON "ApiResources" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ApiResourceScopes_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ApiResourceScopes" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ApiResourceScopes_Truncated" AFTER TRUNCATE ON "ApiResourceScopes" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ApiResourceClaims_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ApiResourceClaims" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ApiResourceClaims_Truncated" AFTER TRUNCATE ON "ApiResourceClaims" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ApiResourceSecrets_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ApiResourceSecrets" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ApiResourceSecrets_Truncated" AFTER TRUNCATE ON "ApiResourceSecrets" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "ServerOptions_Changed" AFTER INSERT OR UPDATE OR DELETE ON "ServerOptions" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "ServerOptions_Truncated" AFTER TRUNCATE ON "ServerOptions" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "Users_Changed" AFTER INSERT OR UPDATE OR DELETE ON "Users" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "Users_Truncated" AFTER TRUNCATE ON "Users" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "UserClaims_Changed" AFTER INSERT OR UPDATE OR DELETE ON "UserClaims" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "UserClaims_Truncated" AFTER TRUNCATE ON "UserClaims" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();
CREATE CONSTRAINT TRIGGER "Keys_Changed" AFTER INSERT OR UPDATE OR DELETE ON "Keys" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "ConfigurationChanged"();
CREATE TRIGGER "Keys_Truncated" AFTER TRUNCATE ON "Keys" FOR EACH STATEMENT EXECUTE FUNCTION "ConfigurationChanged"();

-- A session that begins changes nothing that anybody could have kept.
CREATE CONSTRAINT TRIGGER "ServerSideSessions_Changed" AFTER UPDATE OR DELETE ON "ServerSideSessions" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "SessionsChanged"();
CREATE TRIGGER "ServerSideSessions_Truncated" AFTER TRUNCATE ON "ServerSideSessions" FOR EACH STATEMENT EXECUTE FUNCTION "SessionsChanged"();
CREATE CONSTRAINT TRIGGER "RevokedTokens_Changed" AFTER INSERT OR UPDATE OR DELETE ON "RevokedTokens" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "SessionsChanged"();
CREATE TRIGGER "RevokedTokens_Truncated" AFTER TRUNCATE ON "RevokedTokens" FOR EACH STATEMENT EXECUTE FUNCTION "SessionsChanged"();

INSERT INTO "ConfigurationVersion" ("Version", "Sessions")
  VALUES (md5(random()::text || clock_timestamp()::text), md5(random()::text || clock_timestamp()::text));

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
DROP TRIGGER "Clients_Truncated" ON "Clients";
DROP TRIGGER "Clients_Changed" ON "Clients";
DROP TRIGGER "ClientRedirectUris_Truncated" ON "ClientRedirectUris";
DROP TRIGGER "ClientRedirectUris_Changed" ON "ClientRedirectUris";
DROP TRIGGER "ClientPostLogoutRedirectUris_Truncated" ON "ClientPostLogoutRedirectUris";
DROP TRIGGER "ClientPostLogoutRedirectUris_Changed" ON "ClientPostLogoutRedirectUris";
DROP TRIGGER "ClientScopes_Truncated" ON "ClientScopes";
DROP TRIGGER "ClientScopes_Changed" ON "ClientScopes";
DROP TRIGGER "ClientGrantTypes_Truncated" ON "ClientGrantTypes";
DROP TRIGGER "ClientGrantTypes_Changed" ON "ClientGrantTypes";
DROP TRIGGER "ClientCorsOrigins_Truncated" ON "ClientCorsOrigins";
DROP TRIGGER "ClientCorsOrigins_Changed" ON "ClientCorsOrigins";
DROP TRIGGER "ClientSecrets_Truncated" ON "ClientSecrets";
DROP TRIGGER "ClientSecrets_Changed" ON "ClientSecrets";
DROP TRIGGER "ClientClaims_Truncated" ON "ClientClaims";
DROP TRIGGER "ClientClaims_Changed" ON "ClientClaims";
DROP TRIGGER "ClientProperties_Truncated" ON "ClientProperties";
DROP TRIGGER "ClientProperties_Changed" ON "ClientProperties";
DROP TRIGGER "ClientRequestUris_Truncated" ON "ClientRequestUris";
DROP TRIGGER "ClientRequestUris_Changed" ON "ClientRequestUris";
DROP TRIGGER "IdentityResources_Truncated" ON "IdentityResources";
DROP TRIGGER "IdentityResources_Changed" ON "IdentityResources";
DROP TRIGGER "IdentityResourceClaims_Truncated" ON "IdentityResourceClaims";
DROP TRIGGER "IdentityResourceClaims_Changed" ON "IdentityResourceClaims";
DROP TRIGGER "ApiScopes_Truncated" ON "ApiScopes";
DROP TRIGGER "ApiScopes_Changed" ON "ApiScopes";
DROP TRIGGER "ApiScopeClaims_Truncated" ON "ApiScopeClaims";
DROP TRIGGER "ApiScopeClaims_Changed" ON "ApiScopeClaims";
DROP TRIGGER "ApiResources_Truncated" ON "ApiResources";
DROP TRIGGER "ApiResources_Changed" ON "ApiResources";
DROP TRIGGER "ApiResourceScopes_Truncated" ON "ApiResourceScopes";
DROP TRIGGER "ApiResourceScopes_Changed" ON "ApiResourceScopes";
DROP TRIGGER "ApiResourceClaims_Truncated" ON "ApiResourceClaims";
DROP TRIGGER "ApiResourceClaims_Changed" ON "ApiResourceClaims";
DROP TRIGGER "ApiResourceSecrets_Truncated" ON "ApiResourceSecrets";
DROP TRIGGER "ApiResourceSecrets_Changed" ON "ApiResourceSecrets";
DROP TRIGGER "ServerOptions_Truncated" ON "ServerOptions";
DROP TRIGGER "ServerOptions_Changed" ON "ServerOptions";
DROP TRIGGER "Users_Truncated" ON "Users";
DROP TRIGGER "Users_Changed" ON "Users";
DROP TRIGGER "UserClaims_Truncated" ON "UserClaims";
DROP TRIGGER "UserClaims_Changed" ON "UserClaims";
DROP TRIGGER "Keys_Truncated" ON "Keys";
DROP TRIGGER "Keys_Changed" ON "Keys";
DROP TRIGGER "ServerSideSessions_Truncated" ON "ServerSideSessions";
DROP TRIGGER "ServerSideSessions_Changed" ON "ServerSideSessions";
DROP TRIGGER "RevokedTokens_Truncated" ON "RevokedTokens";
DROP TRIGGER "RevokedTokens_Changed" ON "RevokedTokens";
DROP FUNCTION "SessionsChanged"();
DROP FUNCTION "ConfigurationChanged"();
DROP TABLE "ConfigurationVersion";
