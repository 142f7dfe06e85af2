import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';

/** A migrated, empty pair of stores for one suite, and the variables that name them. */
export interface Stores {
  readonly env: Readonly<Record<string, string>>;
  /** Deletes the suite's keys, as `FLUSHALL` would in a Redis of its own. */
  flushCache(): Promise<void>;
  remove(): Promise<void>;
}

const POSTGRES_TEMPLATES = /base[/\\][14]$/;

/** Whether the suite that runs now uses PostgreSQL and Redis, and not the embedded stores. */
export function onServers(): boolean {
  return process.env.TEST_STORES === 'servers';
}

export async function createStores(): Promise<Stores> {
  return onServers() ? createServerStores(fromEnv('TEST_TEMPLATE_DATABASE')) : createEmbeddedStores('migrated');
}

/** Stores that no migration has been applied to. */
export async function createUnmigratedStores(): Promise<Stores> {
  return onServers() ? createServerStores('template0') : createEmbeddedStores('unmigrated');
}

/** Stores as a first start finds them: the embedded database does not exist yet. */
export async function createNewStores(): Promise<Stores> {
  return onServers() ? createServerStores('template0') : embeddedStoresIn(newFolder());
}

/** A folder of this suite's own, not there yet. */
export function newFolder(): string {
  return join(fromEnv('TEST_FOLDER'), randomUUID().slice(0, 8));
}

/** @param template what global-setup.mjs has prepared */
async function createEmbeddedStores(template: 'migrated' | 'unmigrated'): Promise<Stores> {
  const folder = newFolder();
  copyDatabase(join(fromEnv('TEST_FOLDER'), template, 'pglite'), join(folder, 'pglite'));
  return embeddedStoresIn(folder);
}

/** Copies without the contents of PostgreSQL's own templates, 600 files that no connection reads. */
function copyDatabase(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  if (POSTGRES_TEMPLATES.test(from)) return;
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copyDatabase(source, target);
    else copyFileSync(source, target);
  }
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
  await asAdmin(async (admin) => {
    // Two suites that copy the template at once get in each other's way.
    await admin.query('SELECT pg_advisory_lock(4711)');
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    const settings: Record<string, string> = JSON.parse(fromEnv('TEST_ODD_SETTINGS'));
    for (const [setting, value] of Object.entries(settings)) {
      await admin.query(
        `ALTER DATABASE ${name} SET ${setting} TO ${value.split(', ').map(pg.escapeLiteral).join(', ')}`,
      );
    }
  });
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
  if (value === undefined) throw new Error(`${name} is not set: is this run by "npm test"?`);
  return value;
}
