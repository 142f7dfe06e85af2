// Users with names of which some are common, some are uncommon and one is rare.
import { hash } from '@node-rs/argon2';
import { ADMIN, ARGON2, PASSWORD } from './seed.mjs';

/** Names that these shares of the users have; `uncommon` and `rare` are numbers of users. */
export const COMMON = { first: 'Maria', last: 'Garcia', share: 0.4 };
export const UNCOMMON = { name: 'Quistgaard', users: 1_000 };
export const RARE = { name: 'Zvezdana', user: 7_777 };

const BATCH = 100_000;
const DIGITS = 7;

/** Adds users number `from + 1` to `to`. Each has a search text as the application writes it. */
export async function seedCrowd(query, from, to) {
  const passwordHash = await hash(PASSWORD, ARGON2);
  for (let done = from; done < to; done += BATCH) {
    await query(
      `INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, first_name, last_name,
         last_name_lower, search_text, bio, status, deleted_at, status_before_deletion, roles, created_at, updated_at)
       SELECT ('01890000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, name, name, name || '@example.com',
         name || '@example.com', $1, first, last, lower(last),
         name || E'\\n' || name || E'@example.com\\n' || lower(first) || E'\\n' || lower(last),
         repeat('Writes about engines. ', 4), state::user_status,
         CASE WHEN state = 'deleted' THEN born END, CASE WHEN state = 'deleted' THEN 'active'::user_status END,
         CASE WHEN n = ${ADMIN} THEN ARRAY['admin', 'user'] ELSE ARRAY['user'] END, born, born
       FROM generate_series($2::int, $3::int) AS n, LATERAL (SELECT
         'user' || lpad(n::text, ${DIGITS}, '0') AS name,
         CASE WHEN n = ${RARE.user} THEN '${RARE.name}' WHEN n % 10 < 4 THEN '${COMMON.first}'
           ELSE (ARRAY['Ada', 'Alan', 'Barbara', 'Edsger', 'Grace', 'Leslie', 'Margaret'])[1 + n % 7] END AS first,
         CASE WHEN n <= 10 * ${UNCOMMON.users} AND n % 10 = 9 THEN '${UNCOMMON.name}'
           WHEN (n / 10) % 10 < 4 THEN '${COMMON.last}'
           ELSE (ARRAY['Dijkstra', 'Hamilton', 'Hopper', 'King', 'Lamport', 'Liskov', 'Lovelace', 'Turing', 'Wirth',
             'Backus', 'Knuth'])[1 + n % 11] END AS last,
         CASE WHEN n % 100 = 50 THEN 'inactive' WHEN n % 100 = 51 THEN 'suspended' WHEN n % 100 = 52 THEN 'deleted'
           ELSE 'active' END AS state,
         timestamptz '2025-01-01 00:00:00Z' + n * interval '1 second' AS born) AS made`,
      [passwordHash, done + 1, Math.min(done + BATCH, to)],
    );
  }
}

export function crowdName(number) {
  return `user${String(number).padStart(DIGITS, '0')}`;
}
