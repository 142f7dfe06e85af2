import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/index.js';
import { type DatabaseDriver } from '../../src/platform/postgres/database-driver.js';
import {
  listMigrations,
  migrate,
  MIGRATIONS,
  MIGRATIONS_FOLDER,
  migrationNames,
} from '../../src/platform/database/index.js';
import { openDriver } from '../../src/platform/postgres/index.js';
import { Migrator } from '../../src/platform/database/migrator.js';
import { SECRETS, startApp } from '../support/app.js';
import { onDatabase } from '../support/databases.js';
import { killPrograms, runCommand, runProgram, spawnApp } from '../support/process.js';
import { createStores, createUnmigratedStores, newFolder, onServers, type Stores } from '../support/stores.js';
import { waitUntil } from '../support/wait.js';

const FIRST = '20260101000000_first';
const SECOND = '20260102000000_second';
const IN_STEPS = '20260101000000_in_steps';

let stores: Stores;
beforeEach(async () => {
  stores = await createUnmigratedStores();
});
afterEach(() => stores.remove());

const config = () => loadConfig({ ...stores.env, ...SECRETS });

/** A folder with these migrations alone, by name. */
async function plant(migrations: Readonly<Record<string, string>>, folder = newFolder()): Promise<string> {
  for (const [name, sql] of Object.entries(migrations)) {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, 'migration.sql'), sql);
  }
  return folder;
}

async function migrateFrom(folder: string): Promise<readonly string[]> {
  const { database, migrationDatabase } = config();
  return (await migrate(migrationDatabase, database, { folder, steps: {} })).applied;
}

async function onDriver<T>(work: (driver: DatabaseDriver) => Promise<T>): Promise<T> {
  const driver = await openDriver(config().database);
  try {
    return await work(driver);
  } finally {
    await driver.close();
  }
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  return onDriver((driver) => driver.withConnection(async (connection) => (await connection.query(sql)).rows));
}

async function exists(name: string): Promise<boolean> {
  const [row] = await query(`SELECT to_regclass('${name}') IS NOT NULL AS present`);
  return row?.['present'] === true;
}

/** Runs a program of `test/support` on the stores. */
async function support(
  script: string,
  args: string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [resolve('test/support', script), ...args], {
    env: { PATH: process.env['PATH'], ...stores.env, ...env },
  });
  return JSON.parse(stdout);
}

const HISTORY = `SELECT migration_name, checksum, logs, rolled_back_at, applied_steps_count,
  started_at <= finished_at AS in_order, length(id) AS id_length FROM _prisma_migrations ORDER BY migration_name`;
const COLUMNS = `SELECT column_name, data_type, character_maximum_length, is_nullable, column_default
  FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`;

describe('The history of migrations', () => {
  it("is what Prisma's schema engine would write, and the engine finds nothing left to do", async () => {
    expect((await runCommand('migrate', stores.env)).code).toBe(0);
    const ours = { history: await query(HISTORY), columns: await query(COLUMNS) };
    expect(await support('engine-migrations.mjs')).toEqual({
      diagnosis: { editedMigrationNames: [], failedMigrationNames: [], hasMigrationsTable: true, history: null },
      applied: [],
    });
    await stores.remove();
    stores = await createUnmigratedStores();
    const { applied } = (await support('engine-migrations.mjs')) as { applied: string[] };
    expect(applied).toEqual((await listMigrations(MIGRATIONS)).map(({ name }) => name));
    expect({ history: await query(HISTORY), columns: await query(COLUMNS) }).toEqual(ours);
    expect((await runCommand('migrate', stores.env)).stdout).toBe('Nothing to migrate.\n');
  });
});

describe('The migrations of totals and search texts', () => {
  it('count the users that there are, whom searches find at once', async () => {
    const names = await migrationNames(MIGRATIONS_FOLDER);
    const older = newFolder();
    for (const name of names.filter((one) => one < '20261127110000')) {
      await cp(join(MIGRATIONS_FOLDER, name), join(older, name), { recursive: true });
    }
    await migrateFrom(older);
    await query(`
      INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, last_name, last_name_lower)
      SELECT gen_random_uuid(), 'old' || n, 'old' || n, n || '@old.org', n || '@old.org', 'none', 'Ångström', 'ångström'
      FROM generate_series(1, 30) AS n`);
    expect(await migrateFrom(MIGRATIONS_FOLDER)).toEqual(names.filter((one) => one >= '20261127110000'));
    const test = await startApp({}, stores);
    const { token } = await test.admin();
    const total = async (path: string) =>
      (await test.api.get(path, { token })).body.data.pagination.totalItems as number;
    expect([await total('/users'), await total('/users?search=angstrom')]).toEqual([31, 30]);
    await test.close();
  });
});

describe('A migration that fails', () => {
  it('changes nothing, says why in one line, and is applied once its file is corrected', async () => {
    const folder = await plant({ [FIRST]: 'CREATE TABLE planted (id int);\nSELECT 1 / 0;\n' });
    await expect(migrateFrom(folder)).rejects.toThrow(`The migration ${FIRST} failed: division by zero`);
    expect(await query(HISTORY)).toEqual([]);
    expect(await exists('planted')).toBe(false);
    await plant({ [FIRST]: 'CREATE TABLE planted (id int);', [SECOND]: 'ALTER TABLE planted ADD n int;' }, folder);
    expect(await migrateFrom(folder)).toEqual([FIRST, SECOND]);
    expect(await migrateFrom(folder)).toEqual([]);
  });

  it('keeps what the migrations before it have done', async () => {
    const folder = await plant({
      [FIRST]: 'CREATE TABLE planted (id int);',
      [SECOND]: 'ALTER TABLE absent ADD n int;',
    });
    await expect(migrateFrom(folder)).rejects.toThrow(`The migration ${SECOND} failed: `);
    expect((await query(HISTORY)).map(({ migration_name: name }) => name)).toEqual([FIRST]);
  });

  it("recorded by Prisma's engine is applied too, and the engine then finds nothing left to do", async () => {
    const folder = await plant({ [FIRST]: 'SELECT 1 / 0;' });
    await expect(support('engine-migrations.mjs', [folder])).rejects.toThrow('external connector error');
    await plant({ [FIRST]: 'CREATE TABLE planted (id int);' }, folder);
    expect(await migrateFrom(folder)).toEqual([FIRST]);
    expect(await support('engine-migrations.mjs', [folder])).toMatchObject({
      diagnosis: { editedMigrationNames: [], failedMigrationNames: [], history: null },
      applied: [],
    });
  });
});

describe('A migration whose SQL was applied, but which was never marked as finished', () => {
  it('is finished at once when this release has no step for it', async () => {
    const folder = await plant({ [FIRST]: 'CREATE TABLE planted (id int);' });
    expect(await migrateFrom(folder)).toEqual([FIRST]);
    await query('UPDATE _prisma_migrations SET finished_at = NULL');
    expect(await migrateFrom(folder)).toEqual([FIRST]);
    expect(await migrateFrom(folder)).toEqual([]);
  });
});

describe('A production start on the database of another release', () => {
  const PRODUCTION = { ...SECRETS, NODE_ENV: 'production', ARGON2_MEMORY_KIB: '19456', ARGON2_TIME_COST: '2' };
  beforeEach(async () => {
    await stores.remove();
    stores = await createStores();
  });
  afterEach(killPrograms);

  it('serves requests where the database is newer, with one warning that names what this release lacks', async () => {
    for (const name of ['20990102000000_last', '20990101000000_later']) {
      await query(`INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
        VALUES ('${name}', '', '${name}', now(), 1)`);
    }
    const app = await spawnApp({ ...stores.env, ...PRODUCTION });
    expect((await app.api.get('/health/ready')).status).toBe(200);
    await app.stop();
    const others = app.logged().filter(({ level }) => level !== 'info');
    expect(others.map(({ level, msg }) => [level, msg])).toEqual([
      [
        'warn',
        'This release is older than the database, which has the migration 20990101000000_later and 1 more that it lacks.',
      ],
    ]);
  });

  it('is refused where the database is older, with one line that names what it lacks', async () => {
    const newest = (await listMigrations(MIGRATIONS)).at(-1)?.name;
    await query(`DELETE FROM _prisma_migrations WHERE migration_name = '${newest}'`);
    expect(await runProgram('main.js', { ...stores.env, ...PRODUCTION, PORT: '0' })).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: `The database lacks the migration ${newest}: run "npm run migrate" before starting.\n`,
    });
  });
});

const concurrently = (column: string) => `-- no transaction
DROP INDEX CONCURRENTLY IF EXISTS planted_idx;
CREATE INDEX CONCURRENTLY planted_idx ON planted (${column});
`;

describe('A migration outside a transaction', () => {
  it('runs statement by statement, and from its start again after a failure', async () => {
    const folder = await plant({ [FIRST]: 'CREATE TABLE planted (id int);', [SECOND]: concurrently('absent') });
    const failure = new RegExp(`^The migration ${SECOND} failed: .*absent`);
    for (let attempt = 0; attempt < 2; attempt += 1) await expect(migrateFrom(folder)).rejects.toThrow(failure);
    expect((await query(HISTORY)).map(({ migration_name: name }) => name)).toEqual([FIRST]);
    await plant({ [SECOND]: concurrently('id') }, folder);
    expect(await migrateFrom(folder)).toEqual([SECOND]);
    expect(await exists('planted_idx')).toBe(true);
  });
});

describe("A step in code after a migration's SQL", () => {
  it('continues where it was killed, and finishes the migration', async () => {
    const folder = await plant({
      [IN_STEPS]: `CREATE TABLE planted (id int, filled int DEFAULT 0);
        INSERT INTO planted SELECT generate_series(1, 10);`,
      [SECOND]: 'ALTER TABLE planted ADD n int;',
    });
    const run = (env = {}) => support('migrate-in-steps.mjs', [folder], env);
    const filled = 'SELECT count(*)::int AS count FROM planted WHERE filled = 1';
    const pending = () =>
      onDriver((driver) =>
        driver.withConnection((connection) => new Migrator(connection, { folder, steps: {} }).pending()),
      );

    await expect(run({ KILL_AT: '4' })).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(await query(filled)).toEqual([{ count: 3 }]);
    expect(await pending()).toEqual([IN_STEPS, SECOND]);
    await expect(run({ KILL_AT: '8' })).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(await query(filled)).toEqual([{ count: 7 }]);
    expect(await run()).toEqual([IN_STEPS, SECOND]);
    expect(await query(filled)).toEqual([{ count: 10 }]);
    expect(await pending()).toEqual([]);
    expect(await support('engine-migrations.mjs', [folder])).toMatchObject({
      diagnosis: { history: null },
      applied: [],
    });
  });
});

if (onServers) {
  describe('Two migrators at once', () => {
    it('build an index CONCURRENTLY once: the process that waits does not block the one that builds', async () => {
      const folder = await plant({
        [FIRST]: `CREATE FUNCTION slow(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql
            AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN n; END $$;
          CREATE TABLE planted (id int);
          INSERT INTO planted SELECT generate_series(1, 20);`,
        [SECOND]: '-- no transaction\nCREATE INDEX CONCURRENTLY planted_idx ON planted (slow(id));\n',
      });
      const outcomes = await Promise.all([migrateFrom(folder), migrateFrom(folder), migrateFrom(folder)]);
      expect(outcomes.toSorted((a, b) => b.length - a.length)).toEqual([[FIRST, SECOND], [], []]);
      expect(await query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'planted_idx'::regclass`)).toEqual([
        { indisvalid: true },
      ]);
    });
  });

  describe('A migration that needs a lock which a long transaction holds', () => {
    it.each(['ALTER TABLE planted ADD n int;', 'DROP TABLE planted;', 'TRUNCATE planted;'])(
      'lets reads pass within a second, and tries again: %s',
      async (sql) => {
        const folder = await plant({ [FIRST]: 'CREATE TABLE planted (id int);' });
        await migrateFrom(folder);
        await plant({ [SECOND]: sql }, folder);
        await onDatabase(stores, async (holder) => {
          await holder.query('BEGIN; SELECT * FROM planted');
          const migrating = migrateFrom(folder);
          await onDatabase(stores, async (reader) => {
            await waitUntil('the migration waits', async () => {
              const { rowCount } = await reader.query(
                `SELECT FROM pg_locks WHERE NOT granted AND relation = 'planted'::regclass`,
              );
              return rowCount === 1;
            });
            const begun = performance.now();
            await reader.query('SELECT * FROM planted');
            expect(performance.now() - begun).toBeLessThan(1_000);
          });
          await holder.query('COMMIT');
          expect(await migrating).toEqual([SECOND]);
        });
      },
    );
  });

  describe('A migrator that loses its lock', () => {
    it('commits nothing more', async () => {
      const folder = await plant({ [FIRST]: 'CREATE TABLE planted (id int);\nSELECT pg_sleep(2);\n' });
      const cutOff = onDatabase(stores, async (client) => {
        const holders = `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database
          WHERE locktype = 'advisory' AND objid = 8714301 AND datname = current_database()`;
        await waitUntil('the lock is held', async () => (await client.query(holders)).rowCount === 1);
      });
      await expect(migrateFrom(folder)).rejects.toThrow(`The migration ${FIRST} failed: `);
      await cutOff;
      expect(await exists('planted')).toBe(false);
    });
  });
}
