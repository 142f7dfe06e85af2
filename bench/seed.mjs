// The same users for both servers: the application's own tables, filled by SQL.
import { Algorithm, hash } from '@node-rs/argon2';

export const PASSWORD = 'Correct-horse-7-battery!';
/** OWASP's minimum for argon2id, and the application's default. */
export const ARGON2 = { algorithm: Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** The first of the seeded users; all others have the role `user` alone. */
export const ADMIN = 1;

/** What the baseline writes beside each change. Its own table, whatever the application's migrations hold. */
const BARE_AUDIT_TABLE = `
  CREATE TABLE bare_audit_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action text NOT NULL,
    user_id uuid NOT NULL,
    ip text,
    changes jsonb,
    created_at timestamptz(3) NOT NULL DEFAULT now()
  );
  CREATE INDEX bare_audit_entries_user_idx ON bare_audit_entries (user_id, created_at);`;

/** Names that are computed, so that the load needs no list of them. */
export function emailOf(number) {
  return `user${String(number).padStart(6, '0')}@example.com`;
}

/** A version 7 UUID whose last digits are the user's number. */
export function idOf(number) {
  return `01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** Fills the migrated, empty tables with users 1 to `count`, created a second apart. */
export async function seedUsers(client, count) {
  // One hash for all: it costs the same to verify as a different one each, and seconds instead of minutes to make.
  const passwordHash = await hash(PASSWORD, ARGON2);
  await client.query(
    `INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, first_name, first_name_lower,
       last_name, last_name_lower, bio, roles, created_at, updated_at)
     SELECT ('01890000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, name, name, name || '@example.com',
       name || '@example.com', $1, first, lower(first), last, lower(last), repeat('Writes about engines. ', 4),
       CASE WHEN n = ${ADMIN} THEN ARRAY['admin', 'user'] ELSE ARRAY['user'] END, born, born
     FROM generate_series(1, $2::int) AS n,
       LATERAL (SELECT 'user' || lpad(n::text, 6, '0') AS name,
         (ARRAY['Ada', 'Alan', 'Barbara', 'Edsger', 'Grace', 'Leslie', 'Margaret'])[1 + n % 7] AS first,
         (ARRAY['Dijkstra', 'Hamilton', 'Hopper', 'King', 'Lamport', 'Liskov', 'Lovelace', 'Turing',
           'Wirth', 'Backus', 'Knuth'])[1 + n % 11] AS last,
         timestamptz '2025-01-01 00:00:00Z' + n * interval '1 second' AS born) AS made`,
    [passwordHash, count],
  );
}

/** What autovacuum and the checkpointer would otherwise do in the middle of a round. */
export async function tidy(client) {
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT').catch(() => undefined); // Superusers only; without it the first rounds write more.
}

export async function createBareAuditTable(client) {
  await client.query(BARE_AUDIT_TABLE);
}
