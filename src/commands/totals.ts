import { parseArgs } from 'node:util';
import { PrismaService } from '#platform/database';
import { openDriver } from '#platform/postgres';
import { UserTotalsService } from '#users';
import { readConfig } from './read-config.js';

/** Counts the users of each status again, however long that takes. */
export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  const driver = await openDriver(readConfig().migrationDatabase, { unlimitedStatements: true });
  try {
    const totals = await new UserTotalsService(new PrismaService(driver)).recount();
    const counts = [...totals].map(([status, users]) => `${users} ${status}`);
    return counts.length === 0 ? 'There are no users.' : `Counted ${counts.join(', ')}.`;
  } finally {
    await driver.close();
  }
}
