-- Windows in which wrong passwords are counted. The key is a keyed hash of what is counted.
CREATE TABLE "password_attempts" (
    "key" BYTEA NOT NULL,
    "places" INTEGER NOT NULL DEFAULT 0,
    "undecided" INTEGER NOT NULL DEFAULT 0,
    "began_at" TIMESTAMPTZ(3) NOT NULL,
    "placed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "password_attempts_pkey" PRIMARY KEY ("key")
);

CREATE INDEX "password_attempts_began_at_idx" ON "password_attempts"("began_at");

-- Takes a place in every window, or in none if one of them is full. A maximum of NULL counts without refusing.
-- Returns when the places were taken, or else the seconds after which to try again.
CREATE FUNCTION take_password_places(
    keys BYTEA[], maxima INTEGER[], window_ms BIGINT, undecided_ms BIGINT,
    OUT taken_at TIMESTAMPTZ, OUT retry_after INTEGER
) LANGUAGE plpgsql AS $$
DECLARE
    length CONSTANT INTERVAL := window_ms * INTERVAL '1 millisecond';
    now TIMESTAMPTZ(3);
    stale TIMESTAMPTZ;
BEGIN
    -- A crash of the server may lose the last half second of places; waiting for the disk costs each attempt 5 ms.
    PERFORM set_config('synchronous_commit', 'off', true);

    -- Begins the windows that are missing or over, and locks them all: in one order, so that no two calls deadlock.
    INSERT INTO password_attempts AS attempts (key, began_at, placed_at)
    SELECT key, clock_timestamp(), clock_timestamp() FROM unnest(keys) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET places = 0, undecided = 0, began_at = clock_timestamp()
    WHERE attempts.places = 0 OR attempts.began_at + length <= clock_timestamp();

    now := clock_timestamp();
    -- A process that took a place and left it undecided since then is dead: the attempt counts as a failure.
    stale := now - undecided_ms * INTERVAL '1 millisecond';

    SELECT max(CASE
        WHEN placed_at < stale OR places - undecided >= maximum THEN ceil(extract(epoch FROM began_at + length - now))
        ELSE 1
    END) INTO retry_after
    FROM password_attempts JOIN unnest(keys, maxima) AS limits (key, maximum) USING (key)
    WHERE places >= maximum;

    IF retry_after IS NULL THEN
        taken_at := now;
        UPDATE password_attempts
        SET places = places + 1, undecided = CASE WHEN placed_at < stale THEN 0 ELSE undecided END + 1, placed_at = now
        WHERE key = ANY (keys);
    ELSE
        -- A refused attempt leaves no empty windows behind.
        DELETE FROM password_attempts WHERE key = ANY (keys) AND places = 0;
    END IF;
END
$$;

-- Decides an attempt: a failure keeps its places, a success gives them back. Windows that began since are left alone.
CREATE FUNCTION settle_password_places(keys BYTEA[], taken_at TIMESTAMPTZ, failed BOOLEAN) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
    -- What a crash of the server loses here counts as a failure.
    PERFORM set_config('synchronous_commit', 'off', true);

    PERFORM FROM password_attempts WHERE key = ANY (keys) ORDER BY key FOR UPDATE;

    UPDATE password_attempts
    SET undecided = GREATEST(0, undecided - 1), places = places - CASE WHEN failed THEN 0 ELSE 1 END
    WHERE key = ANY (keys) AND began_at <= taken_at AND places > 0;
END
$$;
