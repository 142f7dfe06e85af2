import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { newFolder } from './stores.js';

const SOURCES = [
  'src',
  'prisma',
  'prisma.config.ts',
  'scripts',
  'package.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

/**
 * Copies what the project is built from, without its extensions.
 *
 * @param more files and folders
 * @returns the copy's folder
 */
export async function copyProject(...more: string[]): Promise<string> {
  const folder = newFolder();
  for (const part of [...SOURCES, ...more]) {
    await cp(part, join(folder, part), { recursive: true, filter: (path) => !/src.extensions.\w/.test(path) });
  }
  await mkdir(join(folder, 'src', 'extensions'), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Builds a copy of the project with this `index.ts` as an extension. @returns its folder */
export async function buildWith(name: string, source: string): Promise<string> {
  const folder = await copyProject();
  await mkdir(join(folder, 'src', 'extensions', name));
  await writeFile(join(folder, 'src', 'extensions', name, 'index.ts'), source);
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: folder });
  return folder;
}
