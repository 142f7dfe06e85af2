-- Substring search. A trusted extension: the database's owner may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- CreateEnum
CREATE TYPE "user_status" AS ENUM ('active', 'inactive', 'suspended', 'deleted');

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "ip" VARCHAR(45),
    "user_agent" VARCHAR(512),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "ended_reason" VARCHAR(50),
    "token_id" UUID NOT NULL,
    "token_issued_at" TIMESTAMPTZ(3) NOT NULL,
    "parent_token_id" UUID,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "username" VARCHAR(50) NOT NULL,
    "email" VARCHAR(255) NOT NULL,
    "password_hash" VARCHAR(255) NOT NULL,
    "first_name" VARCHAR(100),
    "last_name" VARCHAR(100),
    "phone_number" VARCHAR(20),
    "date_of_birth" DATE,
    "profile_picture_url" VARCHAR(500),
    "bio" TEXT,
    "status" "user_status" NOT NULL DEFAULT 'active',
    "email_verified" BOOLEAN NOT NULL DEFAULT false,
    "roles" TEXT[] NOT NULL DEFAULT ARRAY['user']::TEXT[],
    "version" INTEGER NOT NULL DEFAULT 1,
    "is_active" BOOLEAN NOT NULL GENERATED ALWAYS AS ("status" = 'active') STORED,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_login" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "username_lower" TEXT COLLATE "C" NOT NULL,
    "email_lower" TEXT COLLATE "C" NOT NULL,
    "first_name_lower" TEXT COLLATE "C",
    "last_name_lower" TEXT COLLATE "C",

    CONSTRAINT "users_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "users_username_lower_check" CHECK ("username_lower" = lower("username" COLLATE "C")),
    CONSTRAINT "users_email_lower_check" CHECK ("email_lower" = lower("email" COLLATE "C")),
    CONSTRAINT "users_deleted_check" CHECK (("status" = 'deleted') = ("deleted_at" IS NOT NULL))
);

-- CreateIndex
CREATE INDEX "sessions_user_idx" ON "sessions"("user_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "users_created_at_idx" ON "users"("created_at", "id");

-- CreateIndex
CREATE INDEX "users_status_idx" ON "users"("status", "created_at", "id");

-- CreateIndex
CREATE INDEX "users_email_sort_idx" ON "users"("email_lower", "id");

-- CreateIndex
CREATE INDEX "users_username_sort_idx" ON "users"("username_lower", "id");

-- CreateIndex
CREATE INDEX "users_last_name_sort_idx" ON "users"("last_name_lower", "id");

-- CreateIndex
CREATE INDEX "users_last_name_reverse_sort_idx" ON "users"("last_name_lower" DESC NULLS LAST, "id" DESC);

-- CreateIndex
CREATE INDEX "users_roles_idx" ON "users" USING GIN ("roles");

-- CreateIndex
CREATE INDEX "users_search_idx" ON "users" USING GIN ("username_lower" gin_trgm_ops, "email_lower" gin_trgm_ops, "first_name_lower" gin_trgm_ops, "last_name_lower" gin_trgm_ops);

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email_lower") WHERE (deleted_at IS NULL);

-- CreateIndex
CREATE UNIQUE INDEX "users_username_key" ON "users"("username_lower") WHERE (deleted_at IS NULL);

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

