import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MIGRATIONS_FOLDER } from '#platform/database';
import { StartupError } from '#platform/errors';
import { UsageError } from './usage.error.js';

const NAME = /^[a-z][a-z0-9_]{2,99}$/;

/** Writes the SQL from the migrations to the schema, to be read and edited. */
export async function run(args: string[]): Promise<string> {
  const [name, ...more] = parseArgs({ args, allowPositionals: true }).positionals;
  if (name === undefined || more.length > 0) throw new UsageError();
  if (!NAME.test(name)) throw new StartupError('Name the migration in snake_case, such as add_invitations.');
  const { diffFromMigrations } = await loadEngine();
  const sql = await diffFromMigrations();
  if (sql.trim() === '') return 'The migrations lead to the schema: nothing to write.';
  const folder = join(MIGRATIONS_FOLDER, `${timestamp()}_${name}`);
  await mkdir(folder);
  await writeFile(join(folder, 'migration.sql'), sql);
  return `Wrote ${join(folder, 'migration.sql')}`;
}

/** Loads Prisma's schema engine, a development dependency that a production install lacks. */
async function loadEngine() {
  try {
    return await import('./schema-engine/index.js');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new StartupError(
      'migrate:new needs the development dependencies: run "npm ci" in a clone of the repository.',
    );
  }
}

function timestamp(): string {
  return new Date().toISOString().replace(/\D/g, '').slice(0, 14);
}
