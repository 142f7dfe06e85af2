import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { newFolder } from './stores.js';

const SOURCES = [
  'src',
  'prisma',
  'prisma.config.ts',
  'package.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

/** Builds a copy of the project with this `index.ts` as an extension. @returns its folder */
export async function buildWith(name: string, source: string): Promise<string> {
  const folder = newFolder();
  for (const part of SOURCES) await cp(part, join(folder, part), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await mkdir(join(folder, 'src', 'extensions', name));
  await writeFile(join(folder, 'src', 'extensions', name, 'index.ts'), source);
  await promisify(execFile)('npx', ['nest', 'build'], { cwd: folder });
  return folder;
}
