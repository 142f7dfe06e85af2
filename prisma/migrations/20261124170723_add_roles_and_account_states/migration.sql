-- AlterTable
ALTER TABLE "users" ADD COLUMN     "status_before_deletion" "user_status";

-- What they were before is not known: active, as every account was that nobody has touched.
UPDATE "users" SET "status_before_deletion" = 'active' WHERE "status" = 'deleted';

ALTER TABLE "users" ADD CONSTRAINT "users_status_before_deletion_check"
    CHECK (("status" = 'deleted') = ("status_before_deletion" IS NOT NULL) AND "status_before_deletion" <> 'deleted');

-- CreateTable
CREATE TABLE "roles" (
    "name" VARCHAR(50) NOT NULL,
    "description" VARCHAR(255),
    "permissions" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "built_in" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "roles_pkey" PRIMARY KEY ("name")
);

-- Every permission is admin's, so none is stored.
INSERT INTO "roles" ("name", "description", "permissions", "built_in") VALUES
    ('admin', 'Every permission', '{}', true),
    ('auditor', 'Reads users and the audit log', '{"users:read","audit:read"}', true),
    ('user', 'Every user has it', '{}', true);

-- CreateTable
CREATE TABLE "password_resets" (
    "user_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "password_resets_pkey" PRIMARY KEY ("user_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "password_resets_token_key" ON "password_resets"("token_hash");

-- AddForeignKey
ALTER TABLE "password_resets" ADD CONSTRAINT "password_resets_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
