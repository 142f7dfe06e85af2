import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShadowDatabase } from '../platform/database/pglite.driver.js';
import { diffFromMigrations, MIGRATIONS_FOLDER } from '../platform/database/schema-engine.js';
import { StartupError } from '#platform/errors';
import { runToEnd } from './run-command.js';

// npm run migrate:new -- add_invitations: writes the SQL from the migrations to the schema, to be read and edited.
const NAME = /^[a-z][a-z0-9_]{2,99}$/;

async function newMigration(name: string | undefined): Promise<string> {
  if (name === undefined || !NAME.test(name)) {
    throw new StartupError('Name the migration in snake_case: npm run migrate:new -- add_invitations');
  }
  const shadow = await ShadowDatabase.open();
  try {
    const sql = await diffFromMigrations(shadow);
    if (sql.trim() === '') return 'The schema and the migrations agree: nothing to write.';
    const folder = join(MIGRATIONS_FOLDER, `${timestamp()}_${name}`);
    await mkdir(folder);
    await writeFile(join(folder, 'migration.sql'), sql);
    return `Wrote ${join(folder, 'migration.sql')}`;
  } finally {
    await shadow.close();
  }
}

function timestamp(): string {
  return new Date().toISOString().replace(/\D/g, '').slice(0, 14);
}

await runToEnd(() => newMigration(process.argv[2]));
