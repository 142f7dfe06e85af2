-- no transaction
-- Finds a user's live sessions without reading the ended ones. Logins continue while it is built.
DROP INDEX CONCURRENTLY IF EXISTS "sessions_live_idx";
CREATE INDEX CONCURRENTLY "sessions_live_idx" ON "sessions"("user_id", "last_used_at") WHERE (ended_at IS NULL);
