import pg from 'pg';
import type { AppConfig, DatabaseConfig } from '#config';
import { StartupError } from '#platform/errors';
import type { DatabaseDriver } from './database-driver.js';
import { grantToApplication } from './grants.js';
import { openDriver } from './open-driver.js';
import { applyMigrations, migrationNames } from './schema-engine.js';

/** Any number that nobody else locks in this database; Prisma's own CLI uses another. */
const MIGRATION_LOCK = 8_714_301;

export class PendingMigrationsError extends StartupError {
  constructor([first, ...others]: readonly string[]) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    super(`The database lacks the migration ${first}${more}: run "npm run migrate" before starting.`);
  }
}

/**
 * Opens a database that has every migration: development applies what is missing, production refuses to start.
 *
 * @throws PendingMigrationsError
 */
export async function openMigrated(config: AppConfig): Promise<DatabaseDriver> {
  const driver = await openDriver(config.database);
  try {
    const pending = await pendingMigrations(driver);
    if (pending.length === 0) return driver;
    if (config.production) throw new PendingMigrationsError(pending);
    if (config.migrationDatabase.kind === 'postgres') {
      await migrate(config.migrationDatabase, config.database);
    } else await applyMigrations(driver.adapter);
    return driver;
  } catch (error) {
    await driver.close();
    throw error;
  }
}

export interface Migrated {
  /** The names of the migrations. */
  readonly applied: readonly string[];
  /** The role that was granted what it needs; `undefined` where the application owns the schema. */
  readonly role: string | undefined;
}

/**
 * Brings a database to the newest migration, as its schema's owner. Of two that run at once, one waits and then
 * finds nothing left to do.
 *
 * @param application whose role is granted what it needs, where it is another one
 */
export async function migrate(config: DatabaseConfig, application: DatabaseConfig): Promise<Migrated> {
  const release = config.kind === 'postgres' ? await lockMigrations(config.url) : undefined;
  try {
    const applied = await applyAll(config);
    return { applied, role: await grantToApplication(config, application) };
  } finally {
    await release?.();
  }
}

async function applyAll(config: DatabaseConfig): Promise<string[]> {
  const driver = await openDriver(config, { unlimitedStatements: true });
  try {
    return await applyMigrations(driver.adapter);
  } finally {
    await driver.close();
  }
}

/** The migrations on disk that the database has not had, oldest first. */
async function pendingMigrations(driver: DatabaseDriver): Promise<string[]> {
  const connection = await driver.adapter.connect();
  const query = (sql: string) => connection.queryRaw({ sql, args: [], argTypes: [] });
  const { rows: tables } = await query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL`);
  const applied = tables[0]?.[0]
    ? await query('SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL')
    : { rows: [] };
  const names = new Set(applied.rows.map(([name]) => name));
  return (await migrationNames()).filter((name) => !names.has(name));
}

/** @returns what gives the lock back */
async function lockMigrations(url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  } catch (error) {
    await client.end();
    throw error;
  }
  return () => client.end();
}
