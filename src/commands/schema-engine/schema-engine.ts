import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { MIGRATIONS_FOLDER, migrationNames } from '#platform/database';
import { openMemoryDatabase } from '#platform/postgres';
import { ShadowDatabase } from './shadow-database.js';

const SCHEMA_FOLDER = join(MIGRATIONS_FOLDER, '../schema');

/**
 * The SQL that takes a database from the migrations' state to the schema files'; empty when they agree.
 *
 * @param folder of the migrations
 */
export async function diffFromMigrations(folder = MIGRATIONS_FOLDER): Promise<string> {
  const engine = await startEngine(new ShadowDatabase(await openMemoryDatabase()));
  const { exitCode, stdout } = await engine.diff({
    from: { tag: 'migrations', ...(await readMigrations(folder)) },
    to: { tag: 'schemaDatamodel', files: await readSchema() },
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
export async function readMigrations(folder: string) {
  const migrationDirectories = (await migrationNames(folder)).map(async (path) => ({
    path,
    migrationFile: {
      path: 'migration.sql',
      content: { tag: 'ok' as const, value: await readFile(join(folder, path, 'migration.sql'), 'utf8') },
    },
  }));
  return {
    baseDir: folder,
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
