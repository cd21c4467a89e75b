-- What a client may register beyond IdentityServer4's columns (OIDC Registration §2, RFC 7591 §2), and the request URIs.

-- +goose Up

ALTER TABLE "Clients" ADD COLUMN "InitiateLoginUri" varchar(2000); -- where a login begun elsewhere starts (OIDC Core §4)
ALTER TABLE "Clients" ADD COLUMN "PairWiseSubjectSalt" varchar(200); -- NULL = the subject is the same for every client; else it is one per sector
ALTER TABLE "Clients" ADD COLUMN "SectorIdentifierUri" varchar(2000); -- NULL = the host of the redirect URIs is the sector
ALTER TABLE "Clients" ADD COLUMN "JwksUri" varchar(2000); -- where the client publishes its keys
ALTER TABLE "Clients" ADD COLUMN "TokenEndpointAuthMethod" varchar(50); -- NULL = any the client has a credential for
ALTER TABLE "Clients" ADD COLUMN "TokenEndpointAuthSigningAlg" varchar(20); -- of its assertions; NULL = any
ALTER TABLE "Clients" ADD COLUMN "UserinfoSignedResponseAlg" varchar(20); -- NULL = userinfo is plain JSON
ALTER TABLE "Clients" ADD COLUMN "RequestObjectSigningAlg" varchar(20); -- NULL = any, "none" included
ALTER TABLE "Clients" ADD COLUMN "DefaultMaxAge" integer CHECK (typeof("DefaultMaxAge") IN ('integer', 'null')); -- seconds since auth_time where a request has no max_age; NULL = any
ALTER TABLE "Clients" ADD COLUMN "DefaultAcrValues" varchar(300); -- space-separated, where a request asks for no acr
ALTER TABLE "Clients" ADD COLUMN "PolicyUri" varchar(2000); -- consent page
ALTER TABLE "Clients" ADD COLUMN "TermsOfServiceUri" varchar(2000); -- consent page
ALTER TABLE "Clients" ADD COLUMN "RegistrationAccessToken" varchar(64); -- base64url of its SHA-256 (RFC 7592 §3); NULL = not registered over the network

CREATE TABLE "ClientRequestUris" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "ClientId" integer NOT NULL REFERENCES "Clients" ("Id") ON DELETE CASCADE,
  "RequestUri" varchar(2000) NOT NULL -- where request objects may be fetched; a fragment is the hash of what is there
);
CREATE INDEX "IX_ClientRequestUris_ClientId" ON "ClientRequestUris" ("ClientId");

-- Whose a pairwise subject is (OIDC Core §8.1). It is a keyed hash, so there is no way back but a list.
CREATE TABLE "PairwiseSubjects" (
  "PairwiseId" varchar(60) PRIMARY KEY NOT NULL,
  "SubjectId" varchar(200) NOT NULL,
  "Sector" varchar(255) NOT NULL
);

-- +goose Down

DROP TABLE "PairwiseSubjects";
DROP TABLE "ClientRequestUris";
ALTER TABLE "Clients" DROP COLUMN "RegistrationAccessToken";
ALTER TABLE "Clients" DROP COLUMN "TermsOfServiceUri";
ALTER TABLE "Clients" DROP COLUMN "PolicyUri";
ALTER TABLE "Clients" DROP COLUMN "DefaultAcrValues";
ALTER TABLE "Clients" DROP COLUMN "DefaultMaxAge";
ALTER TABLE "Clients" DROP COLUMN "RequestObjectSigningAlg";
ALTER TABLE "Clients" DROP COLUMN "UserinfoSignedResponseAlg";
ALTER TABLE "Clients" DROP COLUMN "TokenEndpointAuthSigningAlg";
ALTER TABLE "Clients" DROP COLUMN "TokenEndpointAuthMethod";
ALTER TABLE "Clients" DROP COLUMN "JwksUri";
ALTER TABLE "Clients" DROP COLUMN "SectorIdentifierUri";
ALTER TABLE "Clients" DROP COLUMN "PairWiseSubjectSalt";
ALTER TABLE "Clients" DROP COLUMN "InitiateLoginUri";
