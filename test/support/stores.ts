import { randomUUID } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';

declare global {
  // Set per project in jest.config.mjs.
  var STORES: 'embedded' | 'servers';
}

/** A migrated, empty pair of stores that nobody else uses, and the variables that name them. */
export interface Stores {
  readonly env: Readonly<Record<string, string>>;
  /** What `FLUSHALL` would do to a Redis that nobody else used. */
  flushCache(): Promise<void>;
  remove(): Promise<void>;
}

export const onServers = globalThis.STORES === 'servers';

export async function createStores(): Promise<Stores> {
  return onServers ? createServerStores(fromEnv('TEST_TEMPLATE_DATABASE')) : createEmbeddedStores();
}

/** Stores that no migration has been applied to. */
export async function createUnmigratedStores(): Promise<Stores> {
  return onServers ? createServerStores('template0') : embeddedStoresIn(newFolder());
}

/** A folder of this suite's own, not there yet. */
export function newFolder(): string {
  return join(fromEnv('TEST_FOLDER'), randomUUID().slice(0, 8));
}

async function createEmbeddedStores(): Promise<Stores> {
  const folder = newFolder();
  await cp(join(fromEnv('TEST_TEMPLATE_FOLDER'), 'pglite'), join(folder, 'pglite'), { recursive: true });
  return embeddedStoresIn(folder);
}

function embeddedStoresIn(folder: string): Stores {
  return {
    env: { DATABASE_URL: `pglite:${folder}`, REDIS_URL: 'memory:', DATA_DIR: folder },
    flushCache: async () => undefined,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function createServerStores(template: string): Promise<Stores> {
  const name = `uma_test_${process.pid}_${randomUUID().slice(0, 8)}`;
  await asAdmin((admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  const url = new URL(fromEnv('TEST_POSTGRES_URL'));
  url.pathname = `/${name}`;
  const redisUrl = fromEnv('TEST_REDIS_URL');
  return {
    env: { DATABASE_URL: url.href, REDIS_URL: redisUrl, REDIS_KEY_PREFIX: `${name}:`, DATA_DIR: newFolder() },
    flushCache: () => removeKeys(redisUrl, `${name}:`),
    async remove() {
      await asAdmin((admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      await removeKeys(redisUrl, `${name}:`);
    },
  };
}

async function asAdmin(work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: fromEnv('TEST_POSTGRES_URL') });
  await admin.connect();
  try {
    // Two suites that copy the template at once get in each other's way.
    await admin.query('SELECT pg_advisory_lock(4711)');
    await work(admin);
  } finally {
    await admin.end();
  }
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  await redis.quit();
}

function fromEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: is this run by jest.config.mjs?`);
  return value;
}
