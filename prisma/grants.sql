-- What the application's role may do, where another one owns the schema. "npm run migrate" runs it after the
-- migrations, with the role's name in the place of :role.
GRANT USAGE ON SCHEMA public, audit TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :role;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :role;
REVOKE INSERT, UPDATE, DELETE ON _prisma_migrations FROM :role;
GRANT EXECUTE ON FUNCTION
  take_password_places(bytea[], integer[], bigint, bigint), settle_password_places(bytea[], timestamptz, boolean)
  TO :role;

-- The audit log grows, and that is all that the application can do to it.
REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM :role;
GRANT SELECT, INSERT ON audit.entries, audit.links, audit.checkpoints TO :role;
GRANT SELECT, INSERT, DELETE ON audit.unlinked TO :role;
GRANT SELECT, INSERT, UPDATE ON audit.deliveries TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.folds TO :role;
GRANT SELECT ON audit.months TO :role;
GRANT EXECUTE ON FUNCTION audit.first_id(date), audit.make_partitions(integer) TO :role;
