import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { register, SECRETS } from '../support/app.js';
import { newAccount, PASSWORD } from '../support/factories.js';
import { inParallel } from '../support/parallel.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';

/** `npm run drill -- hostile` runs the full number. */
const SOCKETS = Number(process.env['SLOW_LOGINS'] ?? 200);
/** Milliseconds between two bytes of a socket. */
const BYTE_MS = 1_000;
const SAMPLE = 20;

const BODY = JSON.stringify({ email: 'slow@example.com', password: PASSWORD });
const HEAD = `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n`;

/** Sends the head of a login and then its body, a byte at a time; never the last one. */
async function logInSlowly(origin: string): Promise<Socket> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(HEAD);
  let sent = 0;
  const dripping = setInterval(() => {
    if (sent < BODY.length - 1) socket.write(BODY.charAt(sent++));
  }, BYTE_MS);
  socket.once('close', () => clearInterval(dripping));
  return socket;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe(`${SOCKETS} logins whose bodies arrive a byte at a time`, () => {
  let stores: Stores;
  let app: SpawnedApp;
  const account = newAccount();
  beforeAll(async () => {
    stores = await createStores();
    // If slow logins held places, they would fill the queue and the other logins would be refused.
    app = await spawnApp({ ...stores.env, ...SECRETS, HASH_QUEUE_MAX: '4' });
    await register(app.api, account);
  });
  afterAll(async () => {
    await killPrograms();
    await stores.remove();
  });

  async function timeLogins(): Promise<number[]> {
    const times: number[] = [];
    for (let count = 0; count < SAMPLE; count += 1) {
      const began = performance.now();
      const { status } = await app.api.post('/auth/login', { email: account.email, password: PASSWORD });
      expect(status).toBe(200);
      times.push(performance.now() - began);
    }
    return times;
  }

  it('hold no place in the hash queue: every other login is answered 200', async () => {
    const before = await timeLogins();
    const sockets = await inParallel(SOCKETS, () => logInSlowly(app.api.origin));
    try {
      const meanwhile = await timeLogins();
      process.stderr.write(
        `A login beside ${SOCKETS} slow ones: ${Math.round(median(meanwhile))} ms, without them ${Math.round(median(before))} ms\n`,
      );
      expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([]);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});
