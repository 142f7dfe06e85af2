import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import PostalMime from 'postal-mime';
import { StartupError } from '#platform/errors';
import { readConfig } from './read-config.js';

/** Prints the newest mail that was written to a file, as a mail program shows its text. */
export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  const to = readConfig().mail?.to;
  if (to?.kind !== 'files') throw new StartupError('Mails are written to files in development without MAIL_URL only.');
  const { folder } = to;
  const newest = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.eml'))
        .toSorted()
        .at(-1)
    : undefined;
  if (newest === undefined) throw new StartupError(`There is no mail in ${folder} yet.`);
  const file = join(folder, newest);
  const { to: recipients = [], subject = '', text = '' } = await PostalMime.parse(readFileSync(file));
  const addresses = recipients.map(({ address }) => address).join(', ');
  return `${file}\n\nTo: ${addresses}\nSubject: ${subject}\n\n${text.trimEnd()}`;
}
