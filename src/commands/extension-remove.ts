import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { listMigrations, MIGRATIONS_FOLDER, tablePrefix } from '#platform/database';
import { StartupError } from '#platform/errors';
import { openDriver, type SqlConnection } from '#platform/postgres';
import { readConfig } from './read-config.js';
import { EXTENSIONS_FOLDER } from './source-folders.js';
import { UsageError } from './usage.error.js';

/** Everything of one extension that a removal drops. */
interface Belongings {
  readonly tables: readonly string[];
  readonly types: readonly string[];
  readonly indexes: readonly string[];
  readonly migrations: readonly string[];
  readonly messages: number;
  /** How many users have attributes of it. */
  readonly users: number;
}

/** Says what of an extension it would drop; with `--yes`, drops it. */
export async function run(args: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { yes: { type: 'boolean', default: false } },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError();
  const folder = join(EXTENSIONS_FOLDER, name);
  if (!/^[a-z][a-z0-9-]*$/.test(name) || !existsSync(folder)) {
    throw new StartupError(`There is no folder src/extensions/${name}.`);
  }
  const others = (await readdir(EXTENSIONS_FOLDER)).filter((other) => other !== name);
  const alike = others.find((other) => tablePrefix(other).startsWith(tablePrefix(name)));
  if (alike !== undefined) throw new StartupError(`The tables of ${name} cannot be told from those of ${alike}.`);
  const driver = await openDriver(readConfig().migrationDatabase, { unlimitedStatements: true });
  try {
    return await driver.withConnection(async (connection) => {
      const found = await belongingsOf(name, connection);
      const lines = describe(name, found).join('\n');
      if (!values.yes) return `This would drop:\n${lines}\nRun it again with --yes to drop it all.`;
      if (found !== NOTHING) await drop(name, found, connection);
      await rm(folder, { recursive: true });
      return `Dropped:\n${lines}`;
    });
  } finally {
    await driver.close();
  }
}

const NOTHING: Belongings = { tables: [], types: [], indexes: [], migrations: [], messages: 0, users: 0 };

async function belongingsOf(name: string, connection: SqlConnection): Promise<Belongings> {
  const { rows } = await connection.query(`SELECT to_regclass('outbox_messages') AS name`);
  // A database that was never migrated.
  if (rows[0]?.['name'] === null) return NOTHING;
  const own = `${tablePrefix(name).replaceAll('_', '\\_')}%`;
  const column = async (sql: string, values: unknown[]): Promise<string[]> =>
    (await connection.query(sql, values)).rows.map((row) => String(row['name']));
  const files = await listMigrations({ folder: MIGRATIONS_FOLDER, extensions: EXTENSIONS_FOLDER, steps: {} });
  const migrations = files.filter(({ extension }) => extension === name).map((file) => file.name);
  const count = async (sql: string, value: string) => Number((await column(sql, [value]))[0]);
  return {
    tables: await column(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE $1 ORDER BY 1`,
      [own],
    ),
    types: await column(
      `SELECT typname AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
       WHERE n.nspname = 'public' AND t.typtype = 'e' AND typname LIKE $1 ORDER BY 1`,
      [own],
    ),
    indexes: await column(
      `SELECT indexname AS name FROM pg_indexes
       WHERE schemaname = 'public' AND tablename = 'users' AND indexname LIKE $1 ORDER BY 1`,
      [own],
    ),
    migrations: await column(
      `SELECT migration_name AS name FROM _prisma_migrations WHERE migration_name = ANY($1) ORDER BY 1`,
      [migrations],
    ),
    messages: await count(`SELECT count(*) AS name FROM outbox_messages WHERE split_part(handler, '.', 1) = $1`, name),
    users: await count(`SELECT count(*) AS name FROM users WHERE attributes::text LIKE $1`, `%"${name}.%`),
  };
}

function describe(name: string, { tables, types, indexes, migrations, messages, users }: Belongings): string[] {
  return [
    ...tables.map((table) => `  the table ${table} and its rows`),
    ...types.map((type) => `  the type ${type}`),
    ...indexes.map((index) => `  the index ${index} of users`),
    ...(users === 0 ? [] : [`  its attributes of ${users} users`]),
    ...(messages === 0 ? [] : [`  ${messages} messages that wait for its handlers`]),
    ...migrations.map((migration) => `  the record of the migration ${migration}`),
    `  the folder src/extensions/${name}`,
  ];
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

async function drop(name: string, found: Belongings, connection: SqlConnection): Promise<void> {
  await connection.execute('BEGIN');
  try {
    if (found.tables.length > 0) await connection.execute(`DROP TABLE ${quoted(found.tables)}`);
    if (found.types.length > 0) await connection.execute(`DROP TYPE ${quoted(found.types)}`);
    if (found.indexes.length > 0) await connection.execute(`DROP INDEX ${quoted(found.indexes)}`);
    if (found.users > 0) {
      await connection.query(
        `UPDATE users SET version = version + 1, attributes = (
           SELECT COALESCE(jsonb_object_agg(key, value), '{}') FROM jsonb_each(attributes)
           WHERE split_part(key, '.', 1) <> $1)
         WHERE attributes::text LIKE $2`,
        [name, `%"${name}.%`],
      );
    }
    await connection.query(`DELETE FROM outbox_messages WHERE split_part(handler, '.', 1) = $1`, [name]);
    await connection.query(`DELETE FROM jobs WHERE split_part(name, '.', 1) = $1`, [name]);
    await connection.query(`DELETE FROM _prisma_migrations WHERE migration_name = ANY($1)`, [found.migrations]);
    await connection.execute('COMMIT');
  } catch (error) {
    await connection.execute('ROLLBACK');
    throw error;
  }
}
