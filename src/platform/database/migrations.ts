import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartupError } from '#platform/errors';
import type { SqlConnection } from '#platform/postgres';
import { foreignStatement, tablePrefix } from './extension-sql.js';

const BUILT_EXTENSIONS = fileURLToPath(new URL('../../extensions/', import.meta.url));
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
  /** The core's migrations. */
  readonly folder: string;
  /** A folder of extensions, each with a folder of migrations. */
  readonly extensions?: string;
  /** By the name of a migration, which is finished only when its step is. */
  readonly steps: Readonly<Record<string, MigrationStep>>;
}

/** Where a migration lies. */
export interface MigrationFile {
  /** Begins with its time: all migrations together have one order. */
  readonly name: string;
  readonly folder: string;
  /** The extension that it belongs to. */
  readonly extension: string | undefined;
}

export const MIGRATIONS: MigrationSource = { folder: MIGRATIONS_FOLDER, extensions: BUILT_EXTENSIONS, steps: {} };

/** The migrations of the core and of the extensions, oldest first. */
export async function listMigrations({ folder, extensions }: MigrationSource): Promise<MigrationFile[]> {
  const found = [await migrationsIn(folder, undefined)];
  for (const extension of extensions === undefined ? [] : await foldersIn(extensions)) {
    if (!/^[_.]/.test(extension))
      found.push(await migrationsIn(join(extensions ?? '', extension, 'migrations'), extension));
  }
  return found.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names of the migrations in a folder, oldest first. */
export async function migrationNames(folder: string): Promise<string[]> {
  return (await migrationsIn(folder, undefined)).map(({ name }) => name);
}

async function migrationsIn(folder: string, extension: string | undefined): Promise<MigrationFile[]> {
  return (await foldersIn(folder)).map((name) => ({ name, folder: join(folder, name), extension }));
}

async function foldersIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

/** @throws StartupError for one of an extension that changes what is not its own */
export async function readMigration({ folder, name, extension }: MigrationFile) {
  const sql = await readFile(join(folder, 'migration.sql'), 'utf8');
  const foreign = extension === undefined ? undefined : foreignStatement(sql, extension);
  if (foreign !== undefined) {
    throw new StartupError(
      `it may only touch what is named ${tablePrefix(extension ?? '')}…, and indexes of users under such a name: ${foreign}`,
    );
  }
  return {
    name,
    sql,
    transactional: !sql.startsWith(NO_TRANSACTION),
    /** As Prisma computes it. */
    checksum: createHash('sha256').update(sql).digest('hex'),
  };
}
