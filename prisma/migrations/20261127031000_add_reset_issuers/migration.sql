-- A token without an issuer, from before this column, is refused. No foreign key: its lock on the issuer's row would let
-- two operators who issue tokens for each other deadlock.
ALTER TABLE "password_resets" ADD COLUMN     "issued_by" UUID;

-- CreateIndex
CREATE INDEX "password_resets_issued_by_idx" ON "password_resets"("issued_by");
