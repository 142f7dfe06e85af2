import { parseArgs } from 'node:util';
import { UserTotalsService } from '#users';
import { readConfig } from './read-config.js';
import { withServices } from './with-services.js';

/** Counts the users of each status anew. */
export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  return withServices(readConfig(), async (services) => {
    const totals = await services.get(UserTotalsService).recount();
    const counts = [...totals].map(([status, users]) => `${users} ${status}`);
    return counts.length === 0 ? 'There are no users.' : `Counted ${counts.join(', ')}.`;
  });
}
