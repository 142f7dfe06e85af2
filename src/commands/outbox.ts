import { parseArgs } from 'node:util';
import { PrismaService } from '#platform/database';
import { StartupError } from '#platform/errors';
import { type ListedMessage, OutboxRepository } from '#platform/events';
import { openDriver } from '#platform/postgres';
import { readConfig } from './read-config.js';
import { UsageError } from './usage.error.js';

const MAX_LISTED = 100;
const MAX_ERROR_SHOWN = 100;

/** Lists the messages of the outbox, retries them or discards them. */
export async function run(args: string[]): Promise<string> {
  const { values } = parseArgs({ args, options: { retry: { type: 'string' }, discard: { type: 'string' } } });
  if (values.retry !== undefined && values.discard !== undefined) throw new UsageError('');
  const [retry, discard] = [values.retry, values.discard].map(readTarget);
  const driver = await openDriver(readConfig().database);
  try {
    const messages = new OutboxRepository(new PrismaService(driver));
    if (retry !== undefined) return said('Retrying', await messages.retry(retry.id), retry);
    if (discard !== undefined) return said('Discarded', await messages.discard(discard.id), discard);
    return await listed(messages);
  } finally {
    await driver.close();
  }
}

interface Target {
  /** `undefined` for all that were given up. */
  readonly id: bigint | undefined;
}

/** @throws UsageError for anything but a number or `all` */
function readTarget(text: string | undefined): Target | undefined {
  if (text === undefined) return undefined;
  if (text === 'all') return { id: undefined };
  if (!/^\d{1,18}$/.test(text)) throw new UsageError('');
  return { id: BigInt(text) };
}

function said(done: string, count: number, { id }: Target): string {
  if (count === 0 && id !== undefined) throw new StartupError(`There is no message ${id}.`);
  return `${done} ${count} ${count === 1 ? 'message' : 'messages'}.`;
}

async function listed(messages: OutboxRepository): Promise<string> {
  const { waiting, failed } = await messages.state();
  const rows = await messages.list(MAX_LISTED);
  const count = `${waiting} ${waiting === 1 ? 'message waits' : 'messages wait'}, ${failed} given up.`;
  return [count, ...rows.map(line)].join('\n');
}

function line({ id, handler, attempts, lastError, failed }: ListedMessage): string {
  const state = failed ? 'given up' : 'waits';
  const error = lastError === null ? '' : `: ${lastError.replaceAll(/\s+/g, ' ').slice(0, MAX_ERROR_SHOWN)}`;
  return `  ${id}  ${handler}  ${state} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${error}`;
}
