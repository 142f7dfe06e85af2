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

/** One script that sets all of them for the rest of a connection. */
export const SET_SESSION = Object.entries(SESSION_SETTINGS)
  .map(([name, value]) => `SET ${name} TO '${value}'`)
  .join('; ');
