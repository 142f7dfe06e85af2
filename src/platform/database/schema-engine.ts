import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

const PRISMA_FOLDER = fileURLToPath(new URL('../../../prisma/', import.meta.url));
export const MIGRATIONS_FOLDER = join(PRISMA_FOLDER, 'migrations');
const SCHEMA_FOLDER = join(PRISMA_FOLDER, 'schema');

const NO_FILTERS = { externalTables: [], externalEnums: [] };

/** The engine answers plain objects: `{ message }` and a stack from inside the WebAssembly. */
export class MigrationError extends Error {}

/**
 * Applies the pending migrations, as `prisma migrate deploy` does, and keeps the same `_prisma_migrations` table.
 *
 * @returns the names of the migrations that were applied
 */
export async function applyMigrations(factory: SqlMigrationAwareDriverAdapterFactory): Promise<string[]> {
  return withEngine(factory, async (engine) => {
    const answer = await engine.applyMigrations({ migrationsList: await readMigrations(), filters: NO_FILTERS });
    return answer.appliedMigrationNames;
  });
}

/** The SQL that takes a database from the migrations' state to the schema files'; empty when they agree. */
export async function diffFromMigrations(shadow: SqlMigrationAwareDriverAdapterFactory): Promise<string> {
  return withEngine(shadow, async (engine) => {
    const answer = await engine.diff({
      from: { tag: 'migrations', ...(await readMigrations()) },
      to: { tag: 'schemaDatamodel', files: await readSchema() },
      script: true,
      exitCode: true,
      filters: NO_FILTERS,
    });
    return answer.exitCode === 0 ? '' : (answer.stdout ?? '');
  });
}

/** Names of the migrations on disk, oldest first. */
export async function migrationNames(): Promise<string[]> {
  const entries = await readdir(MIGRATIONS_FOLDER, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

async function withEngine<T>(
  factory: SqlMigrationAwareDriverAdapterFactory,
  work: (engine: bindings.SchemaEngine) => Promise<T>,
): Promise<T> {
  await loadWasm();
  const datamodels = (await readSchema()).map((file): [string, string] => [file.path, file.content]);
  try {
    const engine = await bindings.SchemaEngine.new(
      { datamodels },
      () => undefined,
      bindMigrationAwareSqlAdapterFactory(factory),
    );
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } catch (error) {
    throw new MigrationError(error instanceof Error ? error.message : JSON.stringify(error), { cause: error });
  }
}

let wasm: Promise<void> | undefined;

function loadWasm(): Promise<void> {
  wasm ??= (async () => {
    const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
    const bytes = await readFile(path.replace(/\.js$/, '.wasm'));
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...bindings } });
    bindings.__wbg_set_wasm(instance.exports);
    const start = instance.exports['__wbindgen_start'];
    if (typeof start === 'function') start();
  })();
  return wasm;
}

async function readMigrations() {
  const migrationDirectories = (await migrationNames()).map(async (path) => ({
    path,
    migrationFile: {
      path: 'migration.sql',
      content: { tag: 'ok' as const, value: await readFile(join(MIGRATIONS_FOLDER, path, 'migration.sql'), 'utf8') },
    },
  }));
  return {
    baseDir: MIGRATIONS_FOLDER,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(migrationDirectories),
  };
}

async function readSchema() {
  const names = (await readdir(SCHEMA_FOLDER)).filter((name) => name.endsWith('.prisma')).toSorted();
  return Promise.all(
    names.map(async (name) => ({ path: basename(name), content: await readFile(join(SCHEMA_FOLDER, name), 'utf8') })),
  );
}
