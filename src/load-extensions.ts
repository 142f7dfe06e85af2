import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Type } from '@nestjs/common';
import { StartupError } from '#platform/errors';

const FOLDER = new URL('extensions/', import.meta.url);

/**
 * The modules of `src/extensions/<name>/index.ts`, each its file's default export, by name.
 *
 * @throws StartupError for a folder without one
 */
export async function loadExtensions(): Promise<Type[]> {
  // The build leaves no folder behind where there is no extension.
  if (!existsSync(FOLDER)) return [];
  const entries = await readdir(fileURLToPath(FOLDER), { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(names.toSorted().map(loadExtension));
}

async function loadExtension(name: string): Promise<Type> {
  const index = new URL(`${name}/index.js`, FOLDER);
  if (!existsSync(index)) throw new StartupError(`src/extensions/${name} has no index.ts`);
  const { default: module }: { default?: unknown } = await import(index.href);
  if (!isClass(module)) throw new StartupError(`src/extensions/${name}/index.ts does not default-export a Nest module`);
  return module;
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && value.prototype !== undefined;
}
