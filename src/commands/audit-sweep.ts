import { parseArgs } from 'node:util';
import { AuditRetention } from '#audit';
import { PrismaService } from '#platform/database';
import { openDriver } from '#platform/postgres';
import { readConfig } from './read-config.js';

/** Makes the partitions of the next months and drops those past their retention. */
export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  const config = readConfig();
  const driver = await openDriver(config.migrationDatabase, { unlimitedStatements: true });
  try {
    const dropped = await AuditRetention.on(new PrismaService(driver), config).sweep();
    return dropped.length === 0 ? 'Nothing to drop.' : `Dropped ${dropped.join(', ')}.`;
  } finally {
    await driver.close();
  }
}
