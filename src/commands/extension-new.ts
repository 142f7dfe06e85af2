import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { tablePrefix } from '#platform/database';
import { StartupError } from '#platform/errors';
import { EXTENSIONS_FOLDER, timestamp } from './source-folders.js';
import { extensionFiles } from './extension-template.js';
import { UsageError } from './usage.error.js';

const NAME = /^[a-z][a-z0-9]{0,19}(?:-[a-z0-9]{1,19})?$/;

/** Writes an extension that passes its own tests. */
export async function run(args: string[]): Promise<string> {
  const [name, ...more] = parseArgs({ args, allowPositionals: true }).positionals;
  if (name === undefined || more.length > 0) throw new UsageError();
  if (!NAME.test(name))
    throw new StartupError(`Name the extension in small letters, such as billing, and not ${name}.`);
  const folder = join(EXTENSIONS_FOLDER, name);
  if (existsSync(folder)) throw new StartupError(`src/extensions/${name} is there already.`);
  const alike = (await readdir(EXTENSIONS_FOLDER)).find(
    (other) => tablePrefix(other).startsWith(tablePrefix(name)) || tablePrefix(name).startsWith(tablePrefix(other)),
  );
  if (alike !== undefined)
    throw new StartupError(`Name it otherwise: its tables could not be told from those of ${alike}.`);
  for (const [path, content] of Object.entries(extensionFiles(name, timestamp()))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return `Wrote src/extensions/${name}. Next: npm test -- src/extensions/${name}`;
}
