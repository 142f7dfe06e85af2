// Fills the application's tables with the same users for both servers.
import { Algorithm, hash } from '@node-rs/argon2';

export const PASSWORD = 'Correct-horse-7-battery!';
/** OWASP's minimum for argon2id, and the application's default. */
export const ARGON2 = { algorithm: Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** The number of the only seeded admin. All other users have just the role `user`. */
export const ADMIN = 1;

/** The bare server's audit table. It is separate, so that it does not depend on the application's migrations. */
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

/** Computed from the user's number, so that the load needs no list of users. */
export function emailOf(number) {
  return `user${String(number).padStart(6, '0')}@example.com`;
}

/** A version 7 UUID that ends in the user's number. */
export function idOf(number) {
  return `01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** Adds users 1 to `count` to the empty tables, with creation times one second apart. */
export async function seedUsers(client, count) {
  // All users share one hash: verifying it costs the same, and seeding takes seconds instead of minutes.
  const passwordHash = await hash(PASSWORD, ARGON2);
  await client.query(
    `INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, first_name, last_name,
       last_name_lower, search_text, bio, roles, created_at, updated_at)
     SELECT ('01890000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, name, name, name || '@example.com',
       name || '@example.com', $1, first, last, lower(last),
       name || E'\\n' || name || E'@example.com\\n' || lower(first) || E'\\n' || lower(last), repeat('Writes about engines. ', 4),
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

/** Runs now what autovacuum and the checkpointer would otherwise do during a round. */
export async function vacuumAndCheckpoint(client) {
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT').catch(() => undefined); // Superusers only. Without it, the first rounds write more.
}

export async function createBareAuditTable(client) {
  await client.query(BARE_AUDIT_TABLE);
}
