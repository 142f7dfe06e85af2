import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SqlConnection } from '#platform/postgres';

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../prisma/migrations/', import.meta.url));

/** First line of a migration that cannot run in a transaction, such as one with CREATE INDEX CONCURRENTLY. */
const NO_TRANSACTION = '-- no transaction';

/**
 * Changes rows after a migration's SQL, one batch per call, each in a transaction. After a kill it is called again, so
 * each batch finds by itself what is left to do.
 *
 * @returns whether nothing is left
 */
export type MigrationStep = (connection: SqlConnection) => Promise<boolean>;

export interface MigrationSource {
  readonly folder: string;
  /** By the name of a migration, which is finished only when its step is. */
  readonly steps: Readonly<Record<string, MigrationStep>>;
}

export const MIGRATIONS: MigrationSource = { folder: MIGRATIONS_FOLDER, steps: {} };

/** Names of the migrations in a folder, oldest first. */
export async function migrationNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

export async function readMigration(folder: string, name: string) {
  const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
  return {
    sql,
    transactional: !sql.startsWith(NO_TRANSACTION),
    /** As Prisma computes it. */
    checksum: createHash('sha256').update(sql).digest('hex'),
  };
}
