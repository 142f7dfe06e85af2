import { parseArgs } from 'node:util';
import { StartupError } from '#platform/errors';
import { readConfig } from './read-config.js';

const TIMEOUT_MS = 2_000;

/** The container's health check. */
export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  const { port, basePath } = readConfig();
  const url = `http://127.0.0.1:${port}${basePath}/health/live`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  if (answer === undefined) throw new StartupError(`${url} does not answer.`);
  if (!answer.ok) throw new StartupError(`${url} answers ${answer.status}.`);
  return 'The server answers.';
}
