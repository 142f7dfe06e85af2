import { describe, expect, it } from '@jest/globals';
import { foreignStatement } from '../../src/platform/database/extension-sql.js';

const OWN = [
  'CREATE TABLE "ext_my_teams_members" ("id" UUID NOT NULL, "user_id" UUID REFERENCES "users"("id"))',
  'CREATE TABLE IF NOT EXISTS public.ext_my_teams_members (id uuid)',
  'ALTER TABLE ONLY "ext_my_teams_members" ADD FOREIGN KEY ("user_id") REFERENCES "users"("id")',
  'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "ext_my_teams_key" ON "ext_my_teams_members"("id")',
  `CREATE INDEX "ext_my_teams_department_idx" ON "users"((attributes->>'my-teams.department'))`,
  'DROP INDEX CONCURRENTLY IF EXISTS "ext_my_teams_department_idx"',
  `CREATE TYPE "ext_my_teams_rank" AS ENUM ('owner', 'users; DROP TABLE users')`,
  `INSERT INTO ext_my_teams_members SELECT gen_random_uuid(), id FROM users`,
  'UPDATE ext_my_teams_members SET id = id',
  '/* DROP TABLE users; */ -- DROP TABLE users;\nDROP TABLE "ext_my_teams_members"',
];
const FOREIGN = [
  'ALTER TABLE "users" ADD COLUMN "x" TEXT',
  'alter table if exists only users drop column bio',
  'DROP TABLE "ext_billing_notes"',
  'DROP TABLE users',
  'CREATE TABLE "teams" ("id" UUID)',
  'CREATE INDEX "users_bio_idx" ON "users"("bio")',
  'CREATE INDEX "ext_my_teams_idx" ON "sessions"("id")',
  'DROP INDEX "users_email_key"',
  'UPDATE users SET roles = ARRAY[]::text[]',
  'DELETE FROM "public"."users"',
  'TRUNCATE users',
  'INSERT INTO users SELECT * FROM ext_my_teams_members',
  'CREATE TRIGGER ext_my_teams_t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()',
  'DO $$ BEGIN DELETE FROM users; END $$',
  'GRANT ALL ON users TO public',
  'CREATE SCHEMA ext_my_teams_x',
  'DROP TABLE ext_my_teams_members, users',
  'TRUNCATE ext_my_teams_members, users',
  'DROP INDEX ext_my_teams_idx, users_email_key',
  `INSERT INTO ext_my_teams_members VALUES ('--'); DROP TABLE users`,
  `INSERT INTO ext_my_teams_members VALUES ('/*'); DROP TABLE users; SELECT '*/'`,
  `INSERT INTO ext_my_teams_members VALUES (E'\\''); DROP TABLE users; --'`,
  'INSERT INTO ext_my_teams_members VALUES ($$ $$); DROP TABLE users',
];

describe("An extension's migration", () => {
  it.each(OWN)('may run %s', (sql) => {
    expect(foreignStatement(`${sql};\n`, 'my-teams')).toBeUndefined();
  });

  it.each(FOREIGN)('may not run %s', (sql) => {
    const own = 'CREATE TABLE "ext_my_teams_members" ("id" UUID NOT NULL);';
    expect(foreignStatement(`${own}\n${sql};\n`, 'my-teams')).toBeDefined();
  });
});
