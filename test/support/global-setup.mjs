import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { parse } from 'yaml';

const run = promisify(execFile);

const SHARED_MEMORY = '/dev/shm';
const SPACE_NEEDED_BYTES = 2 ** 31;
/** Small segments and buffers: a copy is written in a tenth of the time, and opens in half the time. */
const INITDB_OPTIONS = ['--wal-segsize=1'];
const POSTGRES_SETTINGS = ['shared_buffers = 8MB', 'max_connections = 5', 'min_wal_size = 2MB'];

/**
 * Unlike what the application needs: it must set them itself. Times are read correctly by accident where the zone is UTC.
 */
const ODD_SETTINGS = {
  timezone: 'Asia/Kathmandu',
  datestyle: 'German, DMY',
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  default_transaction_isolation: 'serializable',
  search_path: 'audit',
};

/** Prepares once what every suite needs: migrated databases to copy, and the parsed API description. */
export default async function globalSetup() {
  const folder = await mkdtemp(join(await fastestFolder(), 'uma-test-'));
  process.env.TEST_FOLDER = folder;
  process.env.TEST_ODD_SETTINGS = JSON.stringify(ODD_SETTINGS);
  process.env.TEST_MET_ANSWERS = join(folder, 'met-answers');
  process.env.TEST_DESCRIPTION = join(folder, 'openapi.json');
  await writeFile(process.env.TEST_DESCRIPTION, JSON.stringify(parse(await readFile('docs/api/openapi.yaml', 'utf8'))));
  await Promise.all([migrateEmbedded(folder), migrateOnServer()]);
}

/** A folder in memory if there is room: copying a database of 500 files takes a tenth of the time it takes on disk. */
async function fastestFolder() {
  const { bavail, bsize } = await statfs(SHARED_MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= SPACE_NEEDED_BYTES ? SHARED_MEMORY : tmpdir();
}

async function migrateEmbedded(folder) {
  const [unmigrated, migrated] = ['unmigrated', 'migrated'].map((name) => join(folder, name));
  const dataDir = join(unmigrated, 'pglite');
  await mkdir(unmigrated);
  const database = await PGlite.create({ dataDir, initDbStartParams: INITDB_OPTIONS });
  await database.close();
  const odd = Object.entries(ODD_SETTINGS).map(([name, value]) => `${name} = '${value}'`);
  await appendFile(join(dataDir, 'postgresql.conf'), [...POSTGRES_SETTINGS, ...odd].join('\n'));
  await cp(unmigrated, migrated, { recursive: true });
  await migrate(`pglite:${migrated}`);
}

async function migrateOnServer() {
  if (process.env.TEST_POSTGRES_URL === undefined) return;
  process.env.TEST_TEMPLATE_DATABASE = `uma_test_${process.pid}_template`;
  const admin = new pg.Client({ connectionString: process.env.TEST_POSTGRES_URL });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${process.env.TEST_TEMPLATE_DATABASE}`);
  await admin.end();
  const url = new URL(process.env.TEST_POSTGRES_URL);
  url.pathname = `/${process.env.TEST_TEMPLATE_DATABASE}`;
  await migrate(url.href);
}

async function migrate(url) {
  await run(process.execPath, ['dist/commands/uma.js', 'migrate'], {
    env: { PATH: process.env.PATH, DATABASE_URL: url, DATA_DIR: process.env.TEST_FOLDER },
  });
}
