import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** Migrates one template of each database, which every suite copies: copying takes a tenth of migrating. */
export default async function globalSetup() {
  const folder = await mkdtemp(join(tmpdir(), 'uma-test-'));
  process.env.TEST_FOLDER = folder;
  process.env.TEST_TEMPLATE_FOLDER = join(folder, 'template');
  await migrate(`pglite:${process.env.TEST_TEMPLATE_FOLDER}`);

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
  await run(process.execPath, ['dist/commands/migrate.js'], {
    env: { PATH: process.env.PATH, DATABASE_URL: url, DATA_DIR: process.env.TEST_FOLDER },
  });
}
