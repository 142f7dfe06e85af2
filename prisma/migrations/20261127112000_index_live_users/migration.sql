-- no transaction
-- The users whose search text is still to be filled.
DROP INDEX CONCURRENTLY IF EXISTS "users_without_search_text_idx";
CREATE INDEX CONCURRENTLY "users_without_search_text_idx" ON "users"("id") WHERE (search_text IS NULL);
-- The search text's trigrams. Without a list of pending entries: reading that would slow every search.
DROP INDEX CONCURRENTLY IF EXISTS "users_search_text_idx";
CREATE INDEX CONCURRENTLY "users_search_text_idx" ON "users" USING GIN ("search_text" gin_trgm_ops) WITH (fastupdate = off);
-- Lists leave deleted users out. Indexes without them answer a deep page from the index alone.
DROP INDEX CONCURRENTLY IF EXISTS "users_live_created_at_idx";
CREATE INDEX CONCURRENTLY "users_live_created_at_idx" ON "users"("created_at", "id") WHERE (deleted_at IS NULL);
DROP INDEX CONCURRENTLY IF EXISTS "users_live_status_idx";
CREATE INDEX CONCURRENTLY "users_live_status_idx" ON "users"("status", "created_at", "id") WHERE (deleted_at IS NULL);
DROP INDEX CONCURRENTLY IF EXISTS "users_live_email_idx";
CREATE INDEX CONCURRENTLY "users_live_email_idx" ON "users"("email_lower", "id") WHERE (deleted_at IS NULL);
DROP INDEX CONCURRENTLY IF EXISTS "users_live_username_idx";
CREATE INDEX CONCURRENTLY "users_live_username_idx" ON "users"("username_lower", "id") WHERE (deleted_at IS NULL);
DROP INDEX CONCURRENTLY IF EXISTS "users_live_last_name_idx";
CREATE INDEX CONCURRENTLY "users_live_last_name_idx" ON "users"("last_name_lower", "id") WHERE (deleted_at IS NULL);
DROP INDEX CONCURRENTLY IF EXISTS "users_live_last_name_reverse_idx";
CREATE INDEX CONCURRENTLY "users_live_last_name_reverse_idx" ON "users"("last_name_lower" DESC NULLS LAST, "id" DESC) WHERE (deleted_at IS NULL);
DROP INDEX CONCURRENTLY IF EXISTS "users_deleted_idx";
CREATE INDEX CONCURRENTLY "users_deleted_idx" ON "users"("created_at", "id") WHERE (deleted_at IS NOT NULL);
DROP INDEX CONCURRENTLY IF EXISTS "users_search_idx";
DROP INDEX CONCURRENTLY IF EXISTS "users_created_at_idx";
DROP INDEX CONCURRENTLY IF EXISTS "users_status_idx";
DROP INDEX CONCURRENTLY IF EXISTS "users_email_sort_idx";
DROP INDEX CONCURRENTLY IF EXISTS "users_username_sort_idx";
DROP INDEX CONCURRENTLY IF EXISTS "users_last_name_sort_idx";
DROP INDEX CONCURRENTLY IF EXISTS "users_last_name_reverse_sort_idx";
