-- CreateEnum
CREATE TYPE "ext_organizations_member_role" AS ENUM ('owner', 'member');

-- CreateTable
CREATE TABLE "ext_organizations_organizations" (
    "id" UUID NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ext_organizations_organizations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ext_organizations_members" (
    "organization_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" "ext_organizations_member_role" NOT NULL,

    CONSTRAINT "ext_organizations_members_pkey" PRIMARY KEY ("organization_id","user_id")
);

-- CreateTable
CREATE TABLE "ext_organizations_invitations" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "email" VARCHAR(255) NOT NULL,

    CONSTRAINT "ext_organizations_invitations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ext_organizations_teams" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "name" VARCHAR(100) NOT NULL,

    CONSTRAINT "ext_organizations_teams_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ext_organizations_members_user_id_idx" ON "ext_organizations_members"("user_id");

-- CreateIndex
CREATE INDEX "ext_organizations_invitations_email_idx" ON "ext_organizations_invitations"("email");

-- CreateIndex
CREATE UNIQUE INDEX "ext_organizations_invitations_key" ON "ext_organizations_invitations"("organization_id", "email");

-- CreateIndex
CREATE INDEX "ext_organizations_teams_organization_id_idx" ON "ext_organizations_teams"("organization_id");

-- AddForeignKey
ALTER TABLE "ext_organizations_members" ADD CONSTRAINT "ext_organizations_members_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "ext_organizations_organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ext_organizations_members" ADD CONSTRAINT "ext_organizations_members_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ext_organizations_invitations" ADD CONSTRAINT "ext_organizations_invitations_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "ext_organizations_organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ext_organizations_teams" ADD CONSTRAINT "ext_organizations_teams_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "ext_organizations_organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
