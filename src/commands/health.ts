import { parseArgs } from 'node:util';
import { StartupError } from '#platform/errors';
import { readConfig } from './read-config.js';

const TIMEOUT_MS = 2_000;

/** The container's health check. */
export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  const { port, basePath } = readConfig();
  const answer = await fetch(`http://127.0.0.1:${port}${basePath}/health/live`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new StartupError(`The server answered ${answer.status}.`);
  return 'The server answers.';
}
