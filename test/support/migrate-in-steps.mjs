// Migrates DATABASE_URL from a folder of planted migrations, whose "_in_steps" one fills the column "filled" of a table,
// one row per batch, and kills its process in the batch of the row KILL_AT.
import process from 'node:process';
import { loadConfig } from '../../dist/config/index.js';
import { migrate } from '../../dist/platform/database/index.js';

const killAt = Number(process.env.KILL_AT);

async function fillOne(connection) {
  const { rows } = await connection.query(
    `UPDATE planted SET filled = filled + 1 WHERE id = (SELECT min(id) FROM planted WHERE filled = 0) RETURNING id`,
  );
  if (Number(rows[0]?.id) === killAt) process.kill(process.pid, 'SIGKILL');
  return rows.length === 0;
}

const { migrationDatabase, database } = loadConfig(process.env);
const source = { folder: process.argv[2], steps: { '20260101000000_in_steps': fillOne } };
const { applied } = await migrate(migrationDatabase, database, source);
process.stdout.write(JSON.stringify(applied));
