-- AlterTable
ALTER TABLE "users" ALTER COLUMN "password_hash" DROP NOT NULL;

-- CreateTable
CREATE TABLE "one_time_tokens" (
    "token_hash" BYTEA NOT NULL,
    "purpose" VARCHAR(30) NOT NULL,
    "user_id" UUID NOT NULL,
    "email" TEXT,
    "issued_by" UUID,
    "mail_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "one_time_tokens_pkey" PRIMARY KEY ("token_hash")
);

-- CreateTable
CREATE TABLE "sent_mails" (
    "id" UUID NOT NULL,
    "account" BYTEA NOT NULL,
    "address" BYTEA,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sent_mails_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "one_time_tokens_user_idx" ON "one_time_tokens"("user_id", "purpose");

-- CreateIndex
CREATE INDEX "one_time_tokens_issued_by_idx" ON "one_time_tokens"("issued_by");

-- CreateIndex
CREATE INDEX "one_time_tokens_expires_at_idx" ON "one_time_tokens"("expires_at");

-- CreateIndex
CREATE INDEX "sent_mails_account_idx" ON "sent_mails"("account", "sent_at");

-- CreateIndex
CREATE INDEX "sent_mails_address_idx" ON "sent_mails"("address", "sent_at");

-- CreateIndex
CREATE INDEX "sent_mails_sent_at_idx" ON "sent_mails"("sent_at");

-- AddForeignKey
ALTER TABLE "one_time_tokens" ADD CONSTRAINT "one_time_tokens_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Resets under way move over. One that an instance of an older release issues from now on is good on such an instance only.
INSERT INTO one_time_tokens (token_hash, purpose, user_id, issued_by, created_at, expires_at)
SELECT token_hash, 'operator_reset', user_id, issued_by, created_at, expires_at FROM password_resets
WHERE expires_at > now();
DELETE FROM password_resets;
