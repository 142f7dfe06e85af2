import { parseArgs } from 'node:util';
import { SearchTextsService } from '#users';
import { readConfig } from './read-config.js';
import { withServices } from './with-services.js';

/** Writes every search text that is not what this release makes of its user. */
export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  return withServices(readConfig(), async (services) => {
    const written = await services.get(SearchTextsService).rebuild((checked) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${checked} users checked\r`);
    });
    return written === 0 ? 'Every search text was right.' : `Wrote ${written} search text${written === 1 ? '' : 's'}.`;
  });
}
