import { parseArgs } from 'node:util';
import { migrate } from '#platform/database';
import { readConfig } from './read-config.js';

export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  const { database, migrationDatabase } = readConfig();
  const { applied, role } = await migrate(migrationDatabase, database);
  const done = applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`;
  return role === undefined ? done : `${done} Granted the role ${role} what it needs.`;
}
