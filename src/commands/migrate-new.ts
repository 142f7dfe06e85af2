import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { listMigrations, type MigrationFile, MIGRATIONS_FOLDER } from '#platform/database';
import { StartupError } from '#platform/errors';
import { loadExtensions } from '../load-extensions.js';
import { attributeIndex, attributeIndexSql } from '#platform/extensions';
import { EXTENSIONS_FOLDER, ROOT_FOLDER, timestamp } from './source-folders.js';
import { UsageError } from './usage.error.js';

const NAME = /^[a-z][a-z0-9_]{2,99}$/;

/** What a migration is written for. */
interface Target {
  /** Of the new migration. */
  readonly folder: string;
  readonly name: string;
  /** The extension, or none for the core. */
  readonly extension: string | undefined;
}

/** Writes the SQL from the migrations to the schema, to be read and edited. */
export async function run(args: string[]): Promise<string> {
  const target = readTarget(parseArgs({ args, allowPositionals: true }).positionals);
  const { diffFromMigrations } = await loadEngine();
  const migrations = await migrationsFor(target);
  const diff = await diffFromMigrations(migrations, await schemaFor(target));
  const indexes = await missingIndexes(target, migrations);
  const written: string[] = [];
  if (diff.trim() !== '') written.push(await write(target, target.name, diff));
  // Apart, as they cannot be made in a transaction, and after it, by name.
  if (indexes.length > 0) {
    written.push(await write(target, `${target.name}_indexes`, `-- no transaction\n${indexes.join('\n')}\n`));
  }
  return written.length === 0 ? 'The migrations lead to the schema: nothing to write.' : `Wrote ${written.join(', ')}`;
}

/** @returns the file's path */
async function write(target: Target, name: string, sql: string): Promise<string> {
  const folder = join(target.folder, `${timestamp()}_${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'migration.sql'), sql);
  return relative(ROOT_FOLDER, join(folder, 'migration.sql'));
}

function readTarget([first, second, ...more]: string[]): Target {
  if (first === undefined || more.length > 0) throw new UsageError();
  const name = second ?? first;
  if (!NAME.test(name)) throw new StartupError('Name the migration in snake_case, such as add_invitations.');
  if (second === undefined) return { folder: MIGRATIONS_FOLDER, name, extension: undefined };
  if (!existsSync(join(EXTENSIONS_FOLDER, first)))
    throw new StartupError(`There is no folder src/extensions/${first}.`);
  return {
    folder: join(EXTENSIONS_FOLDER, first, 'migrations'),
    name: `${first.replaceAll('-', '_')}_${name}`,
    extension: first,
  };
}

/** The core's and the extension's own: what others have added, and not migrated yet, stays out. */
async function migrationsFor({ extension }: Target): Promise<MigrationFile[]> {
  const all = await listMigrations({ folder: MIGRATIONS_FOLDER, extensions: EXTENSIONS_FOLDER, steps: {} });
  return all.filter((one) => one.extension === undefined || one.extension === extension);
}

async function schemaFor({ extension }: Target) {
  const names =
    extension !== undefined && existsSync(join(EXTENSIONS_FOLDER, extension, 'schema.prisma')) ? [extension] : [];
  const script = new URL('../../scripts/assemble-schema.mjs', import.meta.url);
  const assembler = (await import(script.href)) as { assemble(names: string[]): Promise<SchemaFile[]> };
  try {
    return await assembler.assemble(names);
  } catch (error) {
    throw error instanceof Error ? new StartupError(error.message) : error;
  }
}

/** The statements for indexes of its attributes that no migration makes. */
async function missingIndexes({ extension }: Target, migrations: readonly MigrationFile[]): Promise<string[]> {
  if (extension === undefined) return [];
  const { extensions } = await loadExtensions();
  const attributes = extensions.find(({ name }) => name === extension)?.attributes ?? {};
  const files = migrations.map(({ folder }) => readFile(join(folder, 'migration.sql'), 'utf8'));
  const written = (await Promise.all(files)).join('\n');
  return Object.entries(attributes)
    .filter(([, { unique, searchable }]) => unique || searchable)
    .filter(([name, definition]) => !written.includes(`"${attributeIndex(extension, name, definition)}"`))
    .map(([name, definition]) => attributeIndexSql(extension, name, definition));
}

interface SchemaFile {
  readonly path: string;
  readonly content: string;
}

/** Loads Prisma's schema engine, a development dependency that a production install lacks. */
async function loadEngine() {
  try {
    return await import('./schema-engine/index.js');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new StartupError(
      'migrate:new needs the development dependencies: run "npm ci" in a clone of the repository.',
    );
  }
}
