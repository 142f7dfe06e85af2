-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "token_number" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "token_used" BOOLEAN NOT NULL DEFAULT true;
