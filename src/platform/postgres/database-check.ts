import type { DatabaseConfig } from '#config';
import { StartupError } from '#platform/errors';
import type { SqlConnection } from './database-driver.js';
import { NEEDED_BEHIND_PGBOUNCER } from './session-settings.js';

type PostgresConfig = Extract<DatabaseConfig, { kind: 'postgres' }>;

/** Refused startup parameters (08P01), and prepared statements that another connection has or lacks. */
const POOLER = /unsupported startup parameter|prepared statement "[^"]*" (does not exist|already exists)/;
const SQLSTATE_OF_ACCESS = /^(28|3D000|42501|08P01)/;
const TLS = /certificate|SSL|self.signed|ERR_TLS/i;

class PoolerError extends StartupError {
  constructor(variable: string) {
    super(`${variable}: this is PgBouncer, or a pooler like it. Name it by a URL with ?pgbouncer=true.`);
  }
}

/**
 * Checks what the application cannot set itself.
 *
 * @throws StartupError
 */
export async function checkDatabase(connection: SqlConnection, { variable, pgbouncer }: PostgresConfig): Promise<void> {
  const names = NEEDED_BEHIND_PGBOUNCER.map(([name]) => name);
  const settings = names.map((name) => `current_setting('${name}') AS "${name}"`).join(', ');
  const { rows } = await connection.query(
    `SELECT current_setting('server_encoding') AS encoding, current_schema() AS schema,
      pg_backend_pid() AS process, ${settings}`,
  );
  const found = rows[0] ?? {};
  if (found['encoding'] !== 'UTF8') {
    throw new StartupError(`${variable}: the database's encoding is ${String(found['encoding'])}, and must be UTF8.`);
  }
  if (!pgbouncer) {
    if (connection.toldProcess !== found['process']) throw new PoolerError(variable);
    return;
  }
  if (found['schema'] !== 'public')
    throw new StartupError(`${variable}: behind PgBouncer, search_path must be public.`);
  const other = NEEDED_BEHIND_PGBOUNCER.find(([name, value]) => found[name] !== value);
  if (other === undefined) return;
  throw new StartupError(`${variable}: behind PgBouncer, the database must have ${other[0]} = ${other[1]}.`);
}

/** Says which variable an error at the first connection comes from; other errors stay as they are. */
export function explainAccess(error: unknown, { variable }: PostgresConfig): unknown {
  if (!(error instanceof Error) || error instanceof StartupError) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (POOLER.test(error.message)) return new PoolerError(variable);
  if (SQLSTATE_OF_ACCESS.test(code) || TLS.test(`${code} ${error.message}`)) {
    return new StartupError(`${variable}: ${error.message}.`);
  }
  return error;
}
