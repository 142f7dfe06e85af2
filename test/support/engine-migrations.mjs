// Prints what Prisma's schema engine says of the database in DATABASE_URL, and which migrations it then applies to it:
// node engine-migrations.mjs [migrations folder]. It is a separate program, as a process can have one schema
// engine.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { readMigrations, startEngine } from '../../dist/commands/schema-engine/index.js';
import { listMigrations, MIGRATIONS } from '../../dist/platform/database/index.js';
import { SET_SESSION } from '../../dist/platform/postgres/session-settings.js';

const filters = { externalTables: [], externalEnums: [] };

/** The adapter's own way of running scripts cuts them at semicolons (PrismaPg) or misses their errors (PrismaPGlite). */
function runScriptsBy(factory, run) {
  const connect = factory.connect.bind(factory);
  const executeScript = async (script) => {
    for (const part of parts(script)) await run(part);
  };
  factory.connect = async () => Object.assign(await connect(), { executeScript });
  return factory;
}

/** Statements that are sent together run in one transaction, which some migrations cannot. */
function parts(script) {
  return script.startsWith('-- no transaction') ? script.split(/;$/m).filter((part) => part.trim() !== '') : [script];
}

async function setSession(client) {
  await client.query(SET_SESSION);
}

async function open(url) {
  if (url.startsWith('pglite:')) {
    const dataDir = join(url.slice('pglite:'.length), 'pglite');
    await mkdir(dataDir, { recursive: true });
    const client = await PGlite.create({ dataDir, extensions: { pg_trgm } });
    await client.exec(SET_SESSION);
    const factory = runScriptsBy(new PrismaPGlite(client), (script) => client.exec(script));
    return { factory, close: () => client.close() };
  }
  const options = { connectionString: url, onConnect: setSession };
  const pool = new pg.Pool(options);
  return { factory: runScriptsBy(new PrismaPg(pool), (script) => pool.query(script)), close: () => pool.end() };
}

const [, , folder] = process.argv;
const migrationsList = await readMigrations(
  await listMigrations(folder === undefined ? MIGRATIONS : { folder, steps: {} }),
);
const { factory, close } = await open(process.env.DATABASE_URL);
const engine = await startEngine(factory);
const diagnosis = await engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters });
const { appliedMigrationNames: applied } = await engine.applyMigrations({ migrationsList, filters });
await close();
process.stdout.write(JSON.stringify({ diagnosis, applied }));
// Ends the process, because the schema engine leaves a timer running.
process.exit(0);
