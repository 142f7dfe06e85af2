import { Logger } from '@nestjs/common';
import type { PGlite } from '@electric-sql/pglite';
import type { DatabaseConfig } from '#config';
import { checkDatabase, explainAccess } from './database-check.js';
import type { DatabaseDriver } from './database-driver.js';
import { PostgresDriver } from './postgres.driver.js';

/**
 * Opens the database that the configuration names, and checks that it can be worked with.
 *
 * @throws StartupError
 */
export async function openDriver(
  config: DatabaseConfig,
  options: { readonly unlimitedStatements?: boolean } = {},
): Promise<DatabaseDriver> {
  if (config.kind === 'pglite') {
    // Only where it is used: its WebAssembly costs memory and time to load.
    const { PgliteDriver } = await import('./pglite.driver.js');
    return PgliteDriver.open(config.dataDir);
  }
  const logger = new Logger('Database');
  const driver = new PostgresDriver({
    ...config,
    ...options,
    onIdleError: (error) => logger.warn(`A database connection was lost: ${error.message}`),
  });
  try {
    await driver.withConnection((connection) => checkDatabase(connection, config));
    return driver;
  } catch (error) {
    await driver.close();
    throw explainAccess(error, config);
  }
}

/** Opens an embedded database in memory, gone when it is closed. */
export async function openMemoryDatabase(): Promise<PGlite> {
  const { openMemoryDatabase: open } = await import('./pglite.driver.js');
  return open();
}
