-- The audit log has a schema of its own: Prisma describes no partitions, and what may be granted on it differs.
CREATE SCHEMA audit;

-- What happened. An id is a UUIDv7 (RFC 9562): it begins with the time, so a month is a range of ids.
CREATE TABLE audit.entries (
  id uuid NOT NULL PRIMARY KEY,
  time timestamptz(3) NOT NULL,
  action varchar(100) NOT NULL,
  outcome varchar(10) NOT NULL CHECK (outcome IN ('success', 'failure', 'denied')),
  actor_id uuid,
  actor_type varchar(10) NOT NULL CHECK (actor_type IN ('user', 'system', 'anonymous')),
  session_id uuid,
  target_type varchar(50) NOT NULL,
  target_id varchar(255),
  ip varchar(45),
  user_agent varchar(512),
  request_id varchar(128),
  changes jsonb,
  reason varchar(500),
  count integer NOT NULL DEFAULT 1
) PARTITION BY RANGE (id);

CREATE INDEX entries_actor_idx ON audit.entries (actor_id, id);
CREATE INDEX entries_target_idx ON audit.entries (target_id, id);
CREATE INDEX entries_action_idx ON audit.entries (action, id);
CREATE INDEX entries_outcome_idx ON audit.entries (outcome, id);
CREATE INDEX entries_request_idx ON audit.entries (request_id, id);

-- The hash chain of each month: the n-th link holds the hash of the n-th entry and of the link before.
CREATE TABLE audit.links (
  month date NOT NULL,
  sequence bigint NOT NULL CHECK (sequence > 0),
  entry_id uuid NOT NULL PRIMARY KEY,
  hash bytea NOT NULL
) PARTITION BY RANGE (entry_id);


-- Entries that are to be linked.
CREATE TABLE audit.unlinked (
  entry_id uuid NOT NULL PRIMARY KEY
);

-- Where a chain stood, signed: what is cut off behind it shows.
CREATE TABLE audit.checkpoints (
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL,
  kind varchar(10) NOT NULL CHECK (kind IN ('open', 'sealed', 'dropped')),
  month date NOT NULL,
  sequence bigint NOT NULL,
  hash bytea NOT NULL,
  entry_id uuid NOT NULL,
  time timestamptz(3) NOT NULL,
  previous bytea,
  public_key text NOT NULL,
  signature bytea NOT NULL
);

CREATE INDEX checkpoints_chain_idx ON audit.checkpoints (month, sequence);

-- How far each sink has been sent each chain, and (as the month -infinity) the checkpoints. Who is about to send claims it.
CREATE TABLE audit.deliveries (
  sink varchar(50) NOT NULL,
  month date NOT NULL,
  sequence bigint NOT NULL,
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (sink, month)
);

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entries EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.links EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.checkpoints EXECUTE FUNCTION audit.refuse();

-- The least id of a month.
CREATE FUNCTION audit.first_id(month date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM month::timestamp AT TIME ZONE 'UTC') * 1000)::bigint), 12, '0')
    || repeat('0', 20))::uuid
$$;

-- The months that there are partitions for.
CREATE VIEW audit.months AS
  SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'audit.entries'::regclass;

-- Makes what is missing from last month's partitions to those of so many months ahead. Attaching an empty table stops
-- nobody from writing. Runs as the owner: the application may call it, and could not make a table by itself.
CREATE FUNCTION audit.make_partitions(months_ahead integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first date := date_trunc('month', now() AT TIME ZONE 'UTC');
  month date;
  parent text;
  name text;
BEGIN
  PERFORM pg_advisory_xact_lock(8714302);
  FOR ahead IN -1..least(months_ahead, 24) LOOP
    month := first + make_interval(months => ahead);
    FOREACH parent IN ARRAY ARRAY['entries', 'links'] LOOP
      name := parent || to_char(month, '_YYYY_MM');
      CONTINUE WHEN to_regclass('audit.' || name) IS NOT NULL;
      EXECUTE format('CREATE TABLE audit.%I (LIKE audit.%I INCLUDING ALL)', name, parent);
      IF parent = 'links' THEN
        EXECUTE format('CREATE UNIQUE INDEX ON audit.%I (month, sequence)', name);
      END IF;
      EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I
        EXECUTE FUNCTION audit.refuse()', name);
      EXECUTE format('ALTER TABLE audit.%I ATTACH PARTITION audit.%I FOR VALUES FROM (%L) TO (%L)',
        parent, name, audit.first_id(month), audit.first_id((month + interval '1 month')::date));
    END LOOP;
  END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION audit.make_partitions(integer) FROM PUBLIC;

SELECT audit.make_partitions(3);
