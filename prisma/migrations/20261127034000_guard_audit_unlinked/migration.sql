-- An entry leaves the list of unlinked entries when it has a link, and in no other way.
CREATE FUNCTION audit.refuse_unlinked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM gone WHERE NOT EXISTS (SELECT FROM audit.links l WHERE l.entry_id = gone.entry_id)
  ) THEN
    RAISE EXCEPTION 'The audit log is append-only: an entry without a link stays in audit.unlinked'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER linked_only AFTER DELETE ON audit.unlinked REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_unlinked();
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON audit.unlinked EXECUTE FUNCTION audit.refuse();
