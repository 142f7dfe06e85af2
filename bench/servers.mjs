// Starts the two servers, each on its own database with the same rows, and removes everything afterwards.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createBareAuditTable, seedUsers, vacuumAndCheckpoint } from './seed.mjs';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const POOL_SIZE = 10;
const root = fileURLToPath(new URL('..', import.meta.url));
const postgresUrl = process.env.TEST_POSTGRES_URL ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

/** Creates and removes the databases, Redis keys and processes of a run. It creates no more after `signal` aborts. */
export class Setup {
  name = `uma_bench_${process.pid}`;
  keyPrefix = `${this.name}:`;
  databases = [];
  servers = [];

  constructor(signal) {
    this.signal = signal;
  }

  async connect() {
    this.redis = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
    this.redis.on('error', () => undefined); // Commands that fail report the error themselves.
    await this.redis.connect();
    const [{ server_version: version }] = await onDatabase(postgresUrl, 'SHOW server_version');
    this.postgresVersion = version.split(' ')[0];
    this.redisVersion = /redis_version:(\S+)/.exec(await this.redis.info('server'))?.[1];
  }

  /** The variables that the application is started with on a database. */
  environment(databaseUrl) {
    return ourEnvironment(this, databaseUrl);
  }

  /** Creates the application's database, migrates and seeds it, and copies it for the bare server. */
  async prepare(users) {
    const ours = await this.createDatabase('ours');
    const env = { ...ourEnvironment(this, ours), PATH: process.env.PATH };
    await promisify(execFile)(process.execPath, [join(root, 'dist/commands/uma.js'), 'migrate'], { env });
    await withClient(ours, (client) => seedUsers(client, users));
    const bare = await this.createDatabase('bare', 'ours');
    await withClient(bare, createBareAuditTable);
    await withClient(ours, vacuumAndCheckpoint);
    await withClient(bare, vacuumAndCheckpoint);
    return { ours, bare };
  }

  /** Removes every cached profile of the application, and nothing else, from Redis. */
  async clearProfiles() {
    await this.deleteKeys(`${this.keyPrefix}{user:*`);
  }

  /** Stops the servers first, because they use the databases. */
  async tearDown() {
    await this.creating?.catch(() => undefined);
    await Promise.all(this.servers.map((server) => server.stop()));
    for (const name of this.databases) await onDatabase(postgresUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    if (this.redis?.status === 'ready') await this.deleteKeys(`${this.keyPrefix}*`);
    this.redis?.disconnect();
  }

  async createDatabase(suffix, template) {
    const name = `${this.name}_${suffix}`;
    this.databases.push(name);
    this.signal.throwIfAborted();
    const copy = template === undefined ? '' : ` TEMPLATE ${this.name}_${template}`;
    this.creating = onDatabase(postgresUrl, `CREATE DATABASE ${name}${copy}`);
    await this.creating;
    const url = new URL(postgresUrl);
    url.pathname = `/${name}`;
    return url.href;
  }

  async deleteKeys(pattern) {
    for await (const keys of this.redis.scanStream({ match: pattern, count: 1_000 })) {
      if (keys.length > 0) await this.redis.unlink(...keys);
    }
  }
}

/** Starts the application as it is deployed: built, in production mode, with its log. */
export async function startOurs(setup, databaseUrl, { name = 'ours', script = join(root, 'dist/main.js') } = {}) {
  const server = new Server(name, await freePort());
  const env = { ...ourEnvironment(setup, databaseUrl), PORT: String(server.port), HOST: '127.0.0.1' };
  server.clearProfiles = () => setup.clearProfiles();
  server.spawn(script, env, setup);
  return server;
}

export async function startBare(setup, databaseUrl) {
  const server = new Server('bare', await freePort());
  const env = { PORT: String(server.port), DATABASE_URL: databaseUrl, POOL_SIZE: String(POOL_SIZE), ...secrets() };
  server.clearProfiles = async () => {
    server.child.send('clear profiles');
    await once(server.child, 'message', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
  };
  server.spawn(fileURLToPath(new URL('bare-server.mjs', import.meta.url)), env, setup);
  return server;
}

class Server {
  stderr = '';

  constructor(name, port) {
    this.name = name;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  get pid() {
    return this.child.pid;
  }

  /** Sends standard output to /dev/null: the cost of writing the log is measured, but the log is not kept. */
  spawn(script, env, setup) {
    setup.signal.throwIfAborted();
    setup.servers.push(this);
    this.child = spawn(process.execPath, [script], {
      env: { ...env, PATH: process.env.PATH, NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.exited = once(this.child, 'exit');
    this.child.stderr.on('data', (chunk) => {
      this.stderr = (this.stderr + String(chunk)).slice(-4_000);
    });
  }

  async waitUntilReady() {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const answer = await fetch(`${this.url}/api/v1/health/live`).catch(() => undefined);
      if (answer?.status === 200) return;
      if (this.child.exitCode !== null) throw new Error(`${this.name} exited during its start: ${this.stderr}`);
      await sleep(50);
    }
    throw new Error(`${this.name} did not answer within ${START_TIMEOUT_MS} ms: ${this.stderr}`);
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(force);
  }
}

function ourEnvironment({ keyPrefix }, databaseUrl) {
  return {
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    // The rate limits count every request as usual, but never refuse one.
    RATE_LIMIT_MAX_REQUESTS: '1000000000',
    AUTH_RATE_LIMIT_MAX: '1000000000',
    AUTH_RATE_LIMIT_ACCOUNT_MAX: '1000000000',
    AUTH_RATE_LIMIT_IP_MAX: '1000000000',
    DATABASE_URL: databaseUrl,
    DB_POOL_MAX: String(POOL_SIZE),
    REDIS_URL: redisUrl,
    REDIS_KEY_PREFIX: keyPrefix,
    ...secrets(),
  };
}

function secrets() {
  const [access, refresh] = [randomBytes(48), randomBytes(48)].map((bytes) => bytes.toString('base64url'));
  return { JWT_SECRET: access, JWT_REFRESH_SECRET: refresh };
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

export async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function onDatabase(connectionString, statement) {
  return withClient(connectionString, async (client) => (await client.query(statement)).rows);
}
