import { rm } from 'node:fs/promises';
import process from 'node:process';
import pg from 'pg';

export default async function globalTeardown() {
  await rm(process.env.TEST_FOLDER, { recursive: true, force: true });
  if (process.env.TEST_POSTGRES_URL === undefined) return;
  const admin = new pg.Client({ connectionString: process.env.TEST_POSTGRES_URL });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${process.env.TEST_TEMPLATE_DATABASE} WITH (FORCE)`);
  await admin.end();
}
