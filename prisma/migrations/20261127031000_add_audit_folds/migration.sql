-- Repeats of a failure that have no entry yet. Every process adds its own, and any process writes the entry of a fold
-- that is over, so that a killed process loses no count that it has stored.
CREATE TABLE audit.folds (
  -- HMAC-SHA256 of what the repeats have in common.
  key bytea NOT NULL PRIMARY KEY,
  -- The latest of the repeats, as a row of audit.entries.
  entry jsonb NOT NULL,
  count integer NOT NULL CHECK (count > 0),
  ends_at timestamptz NOT NULL
);

CREATE INDEX folds_ends_at_idx ON audit.folds (ends_at);
