import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { newFolder } from './stores.js';

/** What the container image holds besides its dependencies. */
const FILES = ['package.json', 'dist', 'prisma'];

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: true; readonly optional?: true; devOptional?: true }>>;
}

/**
 * Assembles the built application in a folder, as `npm ci --omit=dev --omit=optional` installs it.
 *
 * @returns the folder
 */
export async function installForProduction(): Promise<string> {
  const folder = newFolder();
  for (const name of FILES) await cp(name, join(folder, name), { recursive: true });
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock;
  for (const [path, { dev, optional, devOptional }] of Object.entries(packages)) {
    if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || dev || optional || devOptional) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await symlink(resolve(path), join(folder, path));
  }
  return folder;
}
