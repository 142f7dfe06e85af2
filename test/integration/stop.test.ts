import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRETS } from '../support/app.js';
import { newAccount } from '../support/factories.js';
import { killPrograms, type SpawnedApp, spawnApp } from '../support/process.js';
import { createStores, type Stores } from '../support/stores.js';

/** How long (ms) an orchestrator waits before it kills the process. */
const PATIENCE_MS = 10_000;
/** Hashes that are slow enough for the stop to come during one. */
const SLOW_HASHES = { ARGON2_MEMORY_KIB: '65536', ARGON2_TIME_COST: '30' };

function registration(body: string): string {
  const head = ['POST /api/v1/users HTTP/1.1', 'Host: a', 'Content-Type: application/json'];
  return [...head, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

describe('A graceful stop', () => {
  let stores: Stores;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    stores = await createStores();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await killPrograms();
  });
  afterAll(() => stores.remove());

  const start = (overrides: Record<string, string> = {}) => spawnApp({ ...stores.env, ...SECRETS, ...overrides });

  /** Opens a connection and sends this part of a request. */
  async function send(app: SpawnedApp, text: string): Promise<Socket> {
    const { hostname, port } = new URL(app.api.origin);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }

  it('answers the current request, then ends the process', async () => {
    const app = await start(SLOW_HASHES);
    const answer = app.api.post('/users', newAccount());
    await sleep(400);
    const begun = Date.now();
    const outcome = app.stop('SIGTERM');
    expect((await answer).status).toBe(201);
    expect(await outcome).toMatchObject({ code: 0, stderr: '' });
    expect(Date.now() - begun).toBeLessThan(PATIENCE_MS);
    await expect(app.api.get('/health/live')).rejects.toThrow('fetch failed');
  });

  it('answers a request whose body is still arriving, also on SIGINT', async () => {
    const app = await start();
    const request = registration(JSON.stringify(newAccount()));
    const socket = await send(app, request.slice(0, -20));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await sleep(200);
    const outcome = app.stop('SIGINT');
    await sleep(200);
    socket.write(request.slice(-20));
    expect(await outcome).toMatchObject({ code: 0 });
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 201 /);
  });

  it('is not delayed by idle connections or incomplete requests', async () => {
    const app = await start();
    const idle = await send(app, 'GET /api/v1/health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(idle, 'data');
    await send(app, '');
    await send(app, 'GET /api/v1/users HT');
    await send(app, registration(JSON.stringify(newAccount())).slice(0, -20));
    await sleep(200);
    const begun = Date.now();
    expect(await app.stop()).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(Date.now() - begun).toBeLessThan(PATIENCE_MS);
  });
});
