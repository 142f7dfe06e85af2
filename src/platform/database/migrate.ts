import { Logger } from '@nestjs/common';
import type { AppConfig, DatabaseConfig } from '#config';
import { StartupError } from '#platform/errors';
import type { DatabaseDriver } from '#platform/postgres';
import { applicationRole, grantToRole } from './grants.js';
import { MigrationLock } from './migration-lock.js';
import { MIGRATIONS } from './migrations.js';
import { Migrator } from './migrator.js';
import { openDriver } from '#platform/postgres';

export class PendingMigrationsError extends StartupError {
  constructor([first, ...others]: readonly string[]) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    super(`The database lacks the migration ${first}${more}: run "npm run migrate" before starting.`);
  }
}

/**
 * Opens a database that has every migration: development applies what is missing, production refuses to start.
 *
 * @throws PendingMigrationsError, MigrationError
 */
export async function openMigrated(config: AppConfig): Promise<DatabaseDriver> {
  const driver = await openDriver(config.database);
  try {
    const { pending, unknown } = await driver.withConnection(async (connection) => {
      const migrator = new Migrator(connection, MIGRATIONS);
      return { pending: await migrator.pending(), unknown: await migrator.unknown() };
    });
    // Not refused: during an upgrade, the release before still runs, and a rollback starts it again.
    if (unknown.length > 0) {
      const more = unknown.length === 1 ? '' : ` and ${unknown.length - 1} more`;
      new Logger('Database').warn(
        `This release is older than the database, which has the migration ${unknown[0]}${more} that it lacks.`,
      );
    }
    if (pending.length > 0) {
      if (config.production) throw new PendingMigrationsError(pending);
      if (config.database.kind === 'postgres') await migrate(config.migrationDatabase, config.database);
      else await driver.withConnection((connection) => new Migrator(connection, MIGRATIONS).applyPending());
    }
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
 * Brings a database to the newest migration, as its schema's owner. When two run at once, the second waits and then
 * finds nothing left to do.
 *
 * @param application the database as the application's role opens it, which is granted what it needs
 * @throws MigrationError
 */
export async function migrate(
  owner: DatabaseConfig,
  application: DatabaseConfig,
  source = MIGRATIONS,
): Promise<Migrated> {
  const driver = await openDriver(owner, { unlimitedStatements: true });
  try {
    const lock = owner.kind === 'postgres' ? await MigrationLock.acquire(owner.url) : undefined;
    try {
      return await driver.withConnection(async (connection) => {
        const applied = await new Migrator(connection, source, lock).applyPending();
        const role = applicationRole(owner, application);
        if (role !== undefined) await grantToRole(role, connection);
        return { applied, role };
      });
    } finally {
      await lock?.release();
    }
  } finally {
    await driver.close();
  }
}
