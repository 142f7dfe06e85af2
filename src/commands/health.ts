import { get } from 'node:http';
import { parseArgs } from 'node:util';
import { readListening } from './read-config.js';
import { StartupError } from '#platform/errors';

const TIMEOUT_MS = 2_000;
/** Where a server that listens on every address is asked. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The container's health check. Whatever else is configured is the server's affair: it has read it and answers. */
export async function run(args: string[]): Promise<string> {
  parseArgs({ args });
  const { host, port, apiVersion } = readListening();
  const path = `/api/${apiVersion}/health/live`;
  const address = LOOPBACK[host] ?? host;
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`;
  const status = await statusOf({ host: address, port, path });
  if (status === undefined) throw new StartupError(`${url} does not answer.`);
  if (status !== 200) throw new StartupError(`${url} answers ${status}.`);
  return 'The server answers.';
}

function statusOf(target: { host: string; port: number; path: string }): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get({ ...target, signal: AbortSignal.timeout(TIMEOUT_MS) }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on('error', () => resolve(undefined));
  });
}
