// Starts the built application in production on PostgreSQL and Redis (or, without them, on the embedded stores), and
// prints how long it took to the first answer and how much memory it rests at. Judges nothing: machines differ.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const ROUNDS = 3;
const REST_MS = 3_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const postgresUrl = process.env.TEST_POSTGRES_URL ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';
const folder = mkdtempSync(join(tmpdir(), 'uma-start-'));
const name = `uma_start_${process.pid}`;

async function answers(url) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function onServer(statement) {
  const admin = new pg.Client({ connectionString: postgresUrl });
  await admin.connect();
  await admin.query(statement);
  await admin.end();
}

/** Resident memory in MB, as Linux tells it. */
function residentMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

async function startOnce(env, port) {
  const began = performance.now();
  const child = spawn(process.execPath, ['dist/main.js'], { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/health`).catch(() => undefined);
      if (answer?.status === 200) break;
      if (child.exitCode !== null) throw new Error(`The application ended with ${child.exitCode}`);
      await sleep(5);
    }
    const startMs = Math.round(performance.now() - began);
    await sleep(REST_MS);
    return { startMs, restMb: residentMb(child.pid) };
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

const servers = (await answers(postgresUrl)) && (await answers(redisUrl));
const databaseUrl = new URL(postgresUrl);
databaseUrl.pathname = `/${name}`;
const port = 20_000 + (process.pid % 10_000);
const env = {
  PATH: process.env.PATH,
  NODE_ENV: 'production',
  PORT: String(port),
  HOST: '127.0.0.1',
  LOG_LEVEL: 'warn',
  DATABASE_URL: servers ? databaseUrl.href : `pglite:${folder}`,
  REDIS_URL: servers ? redisUrl : 'memory:',
  JWT_SECRET: randomBytes(48).toString('base64url'),
  JWT_REFRESH_SECRET: randomBytes(48).toString('base64url'),
};

try {
  if (servers) await onServer(`CREATE DATABASE ${name}`);
  execFileSync(process.execPath, ['dist/commands/uma.js', 'migrate'], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await startOnce(env, port));
  const median = (key) => rounds.map((round) => round[key]).toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)];
  const where = servers ? 'PostgreSQL and Redis' : 'the embedded stores';
  process.stdout.write(
    `Start on ${where}, Node ${process.version}, median of ${ROUNDS}: first answer after ${median('startMs')} ms, ` +
      `${median('restMb')} MB at rest.\n`,
  );
} finally {
  if (servers) await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  rmSync(folder, { recursive: true, force: true });
}
