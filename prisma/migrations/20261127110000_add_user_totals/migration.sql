-- How many users there are, by status. Each number is the sum of its rows: a transaction counts on a row that no other
-- one holds, so no writer waits for another.
CREATE TABLE "user_totals" (
    "status" "user_status" NOT NULL,
    "shard" UUID NOT NULL,
    "users" BIGINT NOT NULL,

    CONSTRAINT "user_totals_pkey" PRIMARY KEY ("status", "shard")
) WITH (fillfactor = 50);

CREATE FUNCTION count_users(counted user_status, change BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    UPDATE user_totals SET users = users + change
    WHERE (status, shard) = (
        SELECT status, shard FROM user_totals WHERE status = counted LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
        INSERT INTO user_totals (status, shard, users) VALUES (counted, gen_random_uuid(), change);
    END IF;
END
$$;

-- The triggers count with the owner's rights: while migrations run, the application has none on the new table yet.
CREATE FUNCTION count_added_users() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM count_users(status, count(*)) FROM added GROUP BY status;
    RETURN NULL;
END
$$;

CREATE FUNCTION count_removed_users() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM count_users(status, -count(*)) FROM removed GROUP BY status;
    RETURN NULL;
END
$$;

CREATE FUNCTION count_moved_user() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM count_users(OLD.status, -1), count_users(NEW.status, 1);
    RETURN NULL;
END
$$;

CREATE FUNCTION count_no_users() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM user_totals;
    RETURN NULL;
END
$$;

-- Keeps writers out until the numbers are there.
CREATE TRIGGER count_added AFTER INSERT ON "users" REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_added_users();
CREATE TRIGGER count_removed AFTER DELETE ON "users" REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION count_removed_users();
-- For each row, as only this spares the updates that leave the status alone.
CREATE TRIGGER count_moved AFTER UPDATE OF "status" ON "users"
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION count_moved_user();
CREATE TRIGGER count_none AFTER TRUNCATE ON "users" FOR EACH STATEMENT EXECUTE FUNCTION count_no_users();

INSERT INTO "user_totals" ("status", "shard", "users")
SELECT "status", gen_random_uuid(), count(*) FROM "users" GROUP BY "status";
