/**
 * The settings that SQL and the conversion of values depend on. A server, a database or a role may have others, so every
 * connection sets these when it opens.
 */
const SESSION_SETTINGS = {
  // Prisma sends times without their offset and ignores the offset of those that it reads.
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  // Code that locks a row reads what the transaction before it committed.
  default_transaction_isolation: 'read committed',
  // Prisma's own queries name this schema; those written by hand do not.
  search_path: 'public',
} as const;

/** What PgBouncer sets anew on each connection that it lends; the others would reach other clients. */
const KEPT_BY_PGBOUNCER = new Set(['TimeZone', 'DateStyle', 'standard_conforming_strings']);

const entries = Object.entries(SESSION_SETTINGS);

/** One script that sets all of them for the rest of a connection. */
export const SET_SESSION = toScript(entries);
/** The same through PgBouncer in transaction mode, for those that it keeps. */
export const SET_SESSION_THROUGH_PGBOUNCER = toScript(entries.filter(([name]) => KEPT_BY_PGBOUNCER.has(name)));
/** What the database or the role must have already where it is reached through PgBouncer; `search_path` apart. */
export const NEEDED_BEHIND_PGBOUNCER = entries.filter(
  ([name]) => !KEPT_BY_PGBOUNCER.has(name) && name !== 'search_path' && name !== 'IntervalStyle',
);

function toScript(settings: readonly (readonly [string, string])[]): string {
  return settings.map(([name, value]) => `SET ${name} TO '${value}'`).join('; ');
}
