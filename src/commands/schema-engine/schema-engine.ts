import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { listMigrations, type MigrationFile, MIGRATIONS_FOLDER } from '#platform/database';
import { openMemoryDatabase } from '#platform/postgres';
import { ShadowDatabase } from './shadow-database.js';

const SCHEMA_FOLDER = join(MIGRATIONS_FOLDER, '../schema');

/** A file of the schema language. */
export interface SchemaFile {
  readonly path: string;
  readonly content: string;
}

/**
 * The SQL that takes a database from the migrations' state to the schema files'; empty when they agree.
 *
 * @param migrations the core's by default
 * @param schema the core's by default
 */
export async function diffFromMigrations(
  migrations?: readonly MigrationFile[],
  schema?: readonly SchemaFile[],
): Promise<string> {
  const engine = await startEngine(new ShadowDatabase(await openMemoryDatabase()));
  const { exitCode, stdout } = await engine.diff({
    from: { tag: 'migrations', ...(await readMigrations(migrations)) },
    to: { tag: 'schemaDatamodel', files: [...(schema ?? (await readSchema()))] },
    script: true,
    exitCode: true,
    filters: { externalTables: [], externalEnums: [] },
  });
  return exitCode === 0 ? '' : (stdout ?? '');
}

/** Prisma's schema engine. There is one per process, which must end itself: a timer of the engine keeps it alive. */
export async function startEngine(database: SqlMigrationAwareDriverAdapterFactory): Promise<bindings.SchemaEngine> {
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = await readFile(path.replace(/\.js$/, '.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': { ...bindings } });
  bindings.__wbg_set_wasm(instance.exports);
  const start = instance.exports['__wbindgen_start'];
  if (typeof start === 'function') start();
  const adapter = bindMigrationAwareSqlAdapterFactory(database);
  return bindings.SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter);
}

/** The migrations as the engine's calls take them. */
export async function readMigrations(given?: readonly MigrationFile[]) {
  const migrations = given ?? (await listMigrations({ folder: MIGRATIONS_FOLDER, steps: {} }));
  const migrationDirectories = migrations.map(async ({ name, folder }) => ({
    path: name,
    migrationFile: {
      path: 'migration.sql',
      content: { tag: 'ok' as const, value: await readFile(join(folder, 'migration.sql'), 'utf8') },
    },
  }));
  return {
    baseDir: MIGRATIONS_FOLDER,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(migrationDirectories),
  };
}

/** The files of the core. */
export async function readSchema(): Promise<SchemaFile[]> {
  const names = (await readdir(SCHEMA_FOLDER)).filter((name) => name.endsWith('.prisma')).toSorted();
  return Promise.all(
    names.map(async (name) => ({ path: basename(name), content: await readFile(join(SCHEMA_FOLDER, name), 'utf8') })),
  );
}
