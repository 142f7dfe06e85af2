-- CreateTable
CREATE TABLE "idempotent_answers" (
    "key" BYTEA NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "claim_id" UUID NOT NULL,
    "claimed_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "status" SMALLINT,
    "body" TEXT,
    "etag" TEXT,
    "location" TEXT,

    CONSTRAINT "idempotent_answers_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "idempotent_answers_expires_at_idx" ON "idempotent_answers"("expires_at");
