-- Who can sign in, and the companies they come to look at.

-- +goose Up

CREATE TABLE "Users" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "SubjectId" varchar(200) NOT NULL, -- the sub claim
  "Username" varchar(200) NOT NULL,
  "PasswordHash" varchar(400) NOT NULL, -- argon2id
  "Enabled" boolean NOT NULL DEFAULT true CHECK ("Enabled" IN (0, 1)),
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Updated" datetime
);
CREATE UNIQUE INDEX "IX_Users_SubjectId" ON "Users" ("SubjectId");
CREATE UNIQUE INDEX "IX_Users_Username" ON "Users" (lower("Username"));

CREATE TABLE "UserClaims" (
  "Id" integer PRIMARY KEY AUTOINCREMENT,
  "UserId" integer NOT NULL REFERENCES "Users" ("Id") ON DELETE CASCADE,
  "Type" varchar(250) NOT NULL,
  "Value" text NOT NULL
);
CREATE INDEX "IX_UserClaims_UserId" ON "UserClaims" ("UserId");

CREATE TABLE "Companies" (
  "Id" varchar(36) PRIMARY KEY NOT NULL, -- a UUID
  "Name" varchar(200) NOT NULL,
  "Address" varchar(400) NOT NULL,
  "Country" varchar(100) NOT NULL,
  "Created" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "Updated" datetime NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "IX_Companies_Name_Id" ON "Companies" (lower("Name"), "Id");

-- +goose Down

DROP TABLE "Companies";
DROP TABLE "UserClaims";
DROP TABLE "Users";
