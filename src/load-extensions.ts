import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Type } from '@nestjs/common';
import { StartupError } from '#platform/errors';
import { type ExtensionDefinition, extensionFaults, isDefinition } from '#platform/extensions';

const FOLDER = new URL('extensions/', import.meta.url);

export interface LoadedExtensions {
  readonly extensions: readonly ExtensionDefinition[];
  /** Folders whose name begins with `_` or `.`, and those that the configuration does not name. */
  readonly leftOut: readonly string[];
}

/**
 * The extensions of `src/extensions/<name>/index.ts`, sorted by name. Each file's default export is what
 * `defineExtension` returns, or a Nest module.
 *
 * @param only the names of those to load; all by default
 * @throws StartupError with one line for each fault
 */
export async function loadExtensions(only?: readonly string[], folder: URL = FOLDER): Promise<LoadedExtensions> {
  // The build leaves no folder behind where there is no extension.
  const entries = existsSync(folder) ? await readdir(fileURLToPath(folder), { withFileTypes: true }) : [];
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
  const leftOut = names.filter((name) => /^[_.]/.test(name) || only?.includes(name) === false);
  const absent = (only ?? []).filter((name) => !names.includes(name));
  const found = await Promise.all(
    names.filter((name) => !leftOut.includes(name)).map((name) => loadExtension(name, folder)),
  );
  const extensions = found.filter((one) => typeof one !== 'string');
  const faults = [
    ...absent.map((name) => `EXTENSIONS names ${name}, and there is no folder src/extensions/${name}.`),
    ...found.filter((one) => typeof one === 'string'),
    ...extensionFaults(extensions),
  ];
  if (faults.length > 0) throw new StartupError(faults.join('\n'));
  return { extensions, leftOut };
}

/** @returns what is wrong with it, if anything */
async function loadExtension(name: string, folder: URL): Promise<ExtensionDefinition | string> {
  const index = new URL(`${name}/index.js`, folder);
  const file = `src/extensions/${name}/index.ts`;
  if (!existsSync(index)) return `Extension ${name}: there is no ${file}.`;
  let exported: unknown;
  try {
    ({ default: exported } = (await import(index.href)) as { default?: unknown });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `Extension ${name}: ${file} cannot be loaded: ${oneLine(reason)}`;
  }
  if (isClass(exported)) return { name, api: '*', module: exported };
  if (!isDefinition(exported)) return `Extension ${name}: ${file} must default-export defineExtension({ … }).`;
  if (exported.name !== name) return `Extension ${name}: it calls itself ${exported.name}; name it like its folder.`;
  return exported;
}

function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .join(' ');
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && value.prototype !== undefined;
}
